/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/fragments.h"
#include "tests/unit/unit.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define SECOND 1000000000ll

/*
 * One packet's fragments as words: begin-end in bytes, "+" when more follow. A
 * first one has the port 53 unless ":port" says otherwise. What comes of each is
 * one letter: F first, I inherited, o orphan, X overlap.
 */
static struct facts
fragment_of(const char *word)
{
	unsigned int begin = 0, end = 0, port = 53;
	char more = ' ';
	struct facts f;

	facts_clear(&f);
	CU_ASSERT_FATAL(sscanf(word, "%u-%u%c%u", &begin, &end, &more, &port) >= 2);
	if (more == ':')
		more = ' ';
	f.src = (struct ip_addr){ .value = 0x0a010002, .family = IP_V4 };
	f.dst = (struct ip_addr){ .value = 0x0a020003, .family = IP_V4 };
	f.protocol = f.first_header = IPPROTO_UDP;
	f.fragment_id = 7;
	f.fragment_offset = begin;
	f.fragment_bytes = end - begin;
	f.flags = begin == 0 ? FACT_FRAGMENT_FIRST | FACT_HAS_PORTS : FACT_FRAGMENT_LATER;
	if (more != '+')
		f.flags |= FACT_FRAGMENT_LAST;
	if (begin == 0) {
		f.sport = 4660;
		f.dport = (uint16_t)port;
	}
	return f;
}

static char
letter(const struct facts *f)
{
	if (f->unreadable != READABLE)
		return f->unreadable == UNREADABLE_OVERLAP ? 'X' : '?';
	if (f->flags & FACT_FRAGMENT_FIRST)
		return 'F';
	return (f->flags & FACT_PORTS_INHERITED) != 0 ? 'I' : 'o';
}

static struct fragments *
new_table(size_t tracked)
{
	struct fragments *t = fragments_new(tracked);

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	return t;
}

static char
track(struct fragments *t, const char *word, uint32_t place, int64_t now)
{
	struct facts f = fragment_of(word);

	fragments_track(t, &f, place, now);
	return letter(&f);
}

static void
sequences_follow_the_table(void)
{
	static const struct {
		const char *what, *fragments, *letters;
	} rows[] = {
		{ "in order", "0-16+ 16-32+ 32-40", "FII" },
		{ "backwards", "32-40 16-32+ 0-16+", "ooF" },
		{ "the first one last but one", "32-40 0-16+ 16-32+", "oFI" },
		{ "no first", "16-32+ 32-40", "oo" },
		{ "repeats", "0-16+ 0-16+ 16-32+ 16-32+ 0-16+ 32-40 32-40", "FFIIFII" },
		{ "repeat of the whole packet", "0-16+ 16-24 0-16+ 16-24", "FIFI" },
		{ "overlap from behind", "0-16+ 8-24", "FX" },
		{ "overlap by one unit at its front", "0-16+ 24-40+ 16-32+", "FIX" },
		{ "overlap in a hole too small", "0-16+ 32-48+ 16-40+", "FIX" },
		{ "a hole filled exactly", "0-16+ 32-48+ 16-32+", "FII" },
		{ "inside of another", "0-32+ 8-16+", "FX" },
		{ "around another", "8-16+ 0-32+", "oX" },
		{ "same begin, shorter", "0-32+ 32-64+ 32-48+", "FIX" },
		{ "same begin, longer", "0-32+ 32-48+ 32-64+", "FIX" },
		{ "same end", "0-32+ 32-64+ 48-64+", "FIX" },
		{ "around several", "0-8+ 8-16+ 16-24+ 8-24+", "FIIX" },
		{ "all that follow", "0-16+ 8-24+ 24-32+ 32-40+ 0-16+", "FXXXX" },
		{ "until it is done", "0-16+ 8-24+ 16-24 0-16+ 16-24", "FXXFI" },
		{ "first with another port", "0-16+ 0-16+80", "FX" },
		{ "last byte rounded up", "0-16+ 24-27 24-32", "FIX" },
		{ "behind the end", "0-16+ 32-40 40-48+", "FIX" },
		{ "the end, said to go on", "0-8+ 16-24 16-24+", "FIX" },
		{ "two ends", "0-16+ 32-40 24-32", "FIX" },
		{ "an end before what was seen", "0-16+ 32-40+ 24-32", "FIX" },
		{ "an end that was said to go on", "0-16+ 24-32+ 24-32", "FIX" },
		{ "on behind the end, at it", "0-16+ 24-32 16-32+", "FIX" },
		{ "done, then the same number again", "0-16+ 16-24 0-16+80 16-32+ 32-40",
		  "FIFII" },
		{ "done, then a later one of another size", "0-16+ 16-24 24-32+ 0-24+ 32-40",
		  "FIoFI" },
		{ "not done: a hole", "0-16+ 24-32 0-16+80", "FIX" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fragments *t = new_table(64);
		char got[32], copy[128], *save, *word;
		size_t n = 0;

		snprintf(copy, sizeof(copy), "%s", rows[i].fragments);
		for (word = strtok_r(copy, " ", &save); word != NULL;
		    word = strtok_r(NULL, " ", &save))
			got[n++] = track(t, word, 1, SECOND);
		got[n] = '\0';
		if (strcmp(got, rows[i].letters) != 0)
			fprintf(stderr, "%s: %s\n", rows[i].what, got);
		CU_ASSERT_STRING_EQUAL(got, rows[i].letters);
		fragments_free(t);
	}
}

static void
a_later_one_gets_all_that_the_first_one_said(void)
{
	struct fragments *t = new_table(64);
	struct facts first = fragment_of("0-24+"), later = fragment_of("24-40");

	first.protocol = later.protocol = IPPROTO_TCP;
	first.tcp_flags = TCP_FLAG_SYN;
	fragments_track(t, &first, 1, SECOND);
	fragments_track(t, &later, 1, SECOND);
	CU_ASSERT_EQUAL(later.sport, 4660);
	CU_ASSERT_EQUAL(later.dport, 53);
	CU_ASSERT_EQUAL(later.tcp_flags, TCP_FLAG_SYN);
	CU_ASSERT_EQUAL(later.flags, FACT_FRAGMENT_LATER | FACT_FRAGMENT_LAST |
	    FACT_HAS_PORTS | FACT_PORTS_INHERITED);
	CU_ASSERT_EQUAL(first.flags, FACT_FRAGMENT_FIRST | FACT_HAS_PORTS);

	/* a second first one that says otherwise, while the packet is not done */
	first.fragment_id = 8;
	fragments_track(t, &first, 1, SECOND);
	first.tcp_flags = TCP_FLAG_ACK;
	fragments_track(t, &first, 1, SECOND);
	CU_ASSERT_EQUAL(letter(&first), 'X');
	fragments_free(t);
}

/* Whatever makes it another packet, in the first one or the later one. */
static void
ports_are_inherited_within_one_packet_only(void)
{
	static const struct { const char *what; size_t offset, size; } fields[] = {
#define FIELD(f) #f, offsetof(struct facts, f), sizeof(((struct facts *)NULL)->f)
		{ FIELD(src.value) }, { FIELD(dst.value) }, { FIELD(fragment_id) },
		{ FIELD(protocol) }, { FIELD(vlan[0]) }, { FIELD(vlan[1]) },
		{ FIELD(vlan[2]) }, { FIELD(tunnel) }, { FIELD(level) },
#undef FIELD
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		for (size_t byte = 0; byte < fields[i].size; byte++) {
			struct fragments *t = new_table(64);
			struct facts first = fragment_of("0-16+"), later = fragment_of("16-24");

			((uint8_t *)&later)[fields[i].offset + byte] ^= 1;
			fragments_track(t, &first, 1, SECOND);
			fragments_track(t, &later, 1, SECOND);
			if (letter(&later) != 'o')
				fprintf(stderr, "%s byte %zu\n", fields[i].what, byte);
			CU_ASSERT_EQUAL(letter(&later), 'o');
			fragments_free(t);
		}
	}
}

static void
places_do_not_mix(void)
{
	struct fragments *t = new_table(64);

	CU_ASSERT_EQUAL(track(t, "0-16+", 1, SECOND), 'F');
	CU_ASSERT_EQUAL(track(t, "8-24", 2, SECOND), 'o');
	CU_ASSERT_EQUAL(track(t, "16-24", 1, SECOND), 'I');
	fragments_free(t);
}

/* IPv6: only the first fragment says what the packet carries. */
static void
a_later_ipv6_fragment_cannot_choose_its_protocol(void)
{
	struct fragments *t = new_table(64);
	struct facts first = fragment_of("0-16+"), later = fragment_of("16-24");

	first.src.family = first.dst.family = later.src.family = later.dst.family = IP_V6;
	later.protocol = IPPROTO_ICMPV6;
	fragments_track(t, &first, 1, SECOND);
	fragments_track(t, &later, 1, SECOND);
	CU_ASSERT_EQUAL(later.protocol, IPPROTO_UDP);
	CU_ASSERT_EQUAL(later.dport, 53);
	fragments_free(t);
}

static void
a_first_one_without_ports_gives_none(void)
{
	static const enum unreadable why[] = { READABLE, UNREADABLE_TINY,
	    UNREADABLE_TRUNCATED };

	for (size_t i = 0; i < sizeof(why) / sizeof(why[0]); i++) {
		struct fragments *t = new_table(64);
		struct facts first = fragment_of("0-16+"), later = fragment_of("16-24");
		struct facts across = fragment_of("8-24");

		/* one that cannot be read may have shown its ports all the same */
		if (why[i] == READABLE)
			first.flags &= (uint16_t)~FACT_HAS_PORTS;
		first.unreadable = (uint8_t)why[i];
		fragments_track(t, &first, 1, SECOND);
		CU_ASSERT_EQUAL(first.unreadable, why[i]);
		fragments_track(t, &later, 1, SECOND);
		CU_ASSERT_EQUAL(letter(&later), 'o');
		CU_ASSERT_EQUAL(later.flags, FACT_FRAGMENT_LATER | FACT_FRAGMENT_LAST);
		/* its place is known all the same */
		first.fragment_id = across.fragment_id = 8;
		fragments_track(t, &first, 1, SECOND);
		fragments_track(t, &across, 1, SECOND);
		CU_ASSERT_EQUAL(letter(&across), 'X');
		fragments_free(t);
	}
}

/* The reason that decoding gave is the better one. */
static void
what_was_unreadable_before_stays_so(void)
{
	struct fragments *t = new_table(64);
	struct facts first = fragment_of("0-16+"), tiny = fragment_of("8-24+");
	struct facts later = fragment_of("24-32");

	fragments_track(t, &first, 1, SECOND);
	tiny.unreadable = UNREADABLE_TINY;
	fragments_track(t, &tiny, 1, SECOND);
	CU_ASSERT_EQUAL(tiny.unreadable, UNREADABLE_TINY);
	first.fragment_id = tiny.fragment_id = 8;
	tiny.fragment_offset = 16;
	fragments_track(t, &first, 1, SECOND);
	fragments_track(t, &tiny, 1, SECOND);
	CU_ASSERT_EQUAL(tiny.unreadable, UNREADABLE_TINY);
	CU_ASSERT_FALSE(tiny.flags & FACT_PORTS_INHERITED);
	fragments_track(t, &later, 1, SECOND);
	CU_ASSERT_EQUAL(letter(&later), 'X');
	fragments_free(t);
}

static void
what_has_no_possible_place_is_left_alone(void)
{
	struct fragments *t = new_table(64);
	struct facts whole = fragment_of("0-16"), bad = fragment_of("8-24+"), copy;
	struct fragments_ledger l;

	whole.flags = FACT_HAS_PORTS;
	copy = whole;
	fragments_track(t, &whole, 1, SECOND);
	CU_ASSERT_EQUAL(memcmp((uint8_t *)&whole, (uint8_t *)&copy, sizeof(copy)), 0);
	bad.unreadable = UNREADABLE_FRAGMENT;
	fragments_track(t, &bad, 1, SECOND);
	CU_ASSERT_EQUAL(track(t, "0-16+", 1, SECOND), 'F');	/* no overlap with it */
	fragments_ledger(t, &l);
	CU_ASSERT_EQUAL(l.firsts, 1);
	CU_ASSERT_EQUAL(l.orphans + l.inherited + l.overlaps + l.evicted, 0);
	fragments_free(t);
}

static void
fragments_are_forgotten_in_time(void)
{
	struct fragments *t = new_table(64);

	CU_ASSERT_EQUAL(track(t, "0-16+", 1, SECOND), 'F');
	CU_ASSERT_EQUAL(track(t, "16-32+", 1, SECOND + FRAGMENTS_KEPT_NS), 'I');
	CU_ASSERT_EQUAL(track(t, "8-24+", 1, SECOND + FRAGMENTS_KEPT_NS + 1), 'o');
	CU_ASSERT_EQUAL(track(t, "0-8+", 1, SECOND + FRAGMENTS_KEPT_NS + 1), 'F');
	fragments_free(t);
}

/* The largest packet over Ethernet, each of its pieces sent twice. */
static void
the_largest_packet_is_remembered_piece_by_piece(void)
{
	struct fragments *t = new_table(64);
	char word[32];
	char want = 'F';

	for (unsigned int at = 0; at < 65515; at += 1480, want = 'I') {
		unsigned int end = at + 1480 < 65515 ? at + 1480 : 65515;

		snprintf(word, sizeof(word), "%u-%u%s", at, end, end < 65515 ? "+" : "");
		CU_ASSERT_EQUAL(track(t, word, 1, SECOND), want);
		CU_ASSERT_EQUAL(track(t, word, 1, SECOND), want);
	}
	fragments_free(t);
}

static void
smaller_pieces_are_joined_and_no_overlap_is_missed(void)
{
	struct fragments *t = new_table(64);
	char word[32];

	for (unsigned int at = 0; at < 16000; at += 16) {
		snprintf(word, sizeof(word), "%u-%u+", at, at + 16);
		CU_ASSERT_EQUAL(track(t, word, 1, SECOND), at == 0 ? 'F' : 'I');
	}
	CU_ASSERT_EQUAL(track(t, "15984-16000+", 1, SECOND), 'I');	/* a late repeat */
	CU_ASSERT_EQUAL(track(t, "16-32+", 1, SECOND), 'X');
	CU_ASSERT_EQUAL(track(t, "16000-16008+", 1, SECOND), 'X');
	fragments_free(t);
}

/* Exactly what was joined, as if it had come in one piece, is an overlap as well. */
static void
a_joined_piece_has_no_repeat(void)
{
	struct fragments *t = new_table(64);
	unsigned int end = FRAGMENTS_PIECES * 8;
	char word[32];

	for (unsigned int at = 0; at < end + 8; at += 8) {
		snprintf(word, sizeof(word), "%u-%u+", at, at + 8);
		CU_ASSERT_EQUAL(track(t, word, 1, SECOND), at == 0 ? 'F' : 'I');
	}
	snprintf(word, sizeof(word), "0-%u+", end);
	CU_ASSERT_EQUAL(track(t, word, 1, SECOND), 'X');
	fragments_free(t);
}

static void
too_many_holes_are_an_overlap(void)
{
	struct fragments *t = new_table(64);
	char word[32];

	for (unsigned int i = 0; i <= FRAGMENTS_PIECES; i++) {
		snprintf(word, sizeof(word), "%u-%u+", i * 16, i * 16 + 8);
		CU_ASSERT_EQUAL(track(t, word, 1, SECOND),
		    i == 0 ? 'F' : i < FRAGMENTS_PIECES ? 'I' : 'X');
	}
	fragments_free(t);
}

/* More packets than there is room for: the newest of a bucket are known. */
static void
the_oldest_goes(void)
{
	struct fragments *t = new_table(1);	/* one bucket */
	struct fragments_ledger l;
	unsigned int known = 0;

	for (uint32_t place = 0; place < 20; place++)
		CU_ASSERT_EQUAL(track(t, "0-16+", place, SECOND + place), 'F');
	fragments_ledger(t, &l);
	CU_ASSERT_EQUAL(l.firsts, 20);
	CU_ASSERT_EQUAL(l.evicted, 16);
	for (uint32_t place = 19; place >= 16; place--)
		known += track(t, "16-24+", place, SECOND + 20) == 'I';
	CU_ASSERT_EQUAL(known, 4);
	CU_ASSERT_EQUAL(track(t, "16-24+", 15, SECOND + 21), 'o');
	CU_ASSERT_EQUAL(track(t, "24-32+", 16, SECOND + 22), 'o');	/* went for 15 */
	CU_ASSERT_EQUAL(track(t, "24-32+", 19, SECOND + 22), 'I');
	fragments_ledger(t, &l);
	CU_ASSERT_EQUAL(l.inherited, 5);
	CU_ASSERT_EQUAL(l.orphans, 2);
	CU_ASSERT_EQUAL(l.evicted, 18);
	fragments_free(t);
}

/* What is over makes room before anything that is not. */
static void
room_is_made_by_what_is_over(void)
{
	struct fragments *t = new_table(4);
	struct fragments_ledger l;
	int64_t late = SECOND + FRAGMENTS_KEPT_NS + 1;

	track(t, "0-16+", 0, SECOND);
	for (uint32_t place = 1; place < 4; place++)
		track(t, "0-16+", place, SECOND + 2);
	CU_ASSERT_EQUAL(track(t, "0-16+", 4, late), 'F');
	for (uint32_t place = 1; place <= 4; place++)
		CU_ASSERT_EQUAL(track(t, "16-24+", place, late), 'I');
	fragments_ledger(t, &l);
	CU_ASSERT_EQUAL(l.evicted, 0);
	fragments_free(t);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "sequences follow the table", sequences_follow_the_table },
		{ "a later one gets all that the first one said",
		  a_later_one_gets_all_that_the_first_one_said },
		{ "ports are inherited within one packet only",
		  ports_are_inherited_within_one_packet_only },
		{ "places do not mix", places_do_not_mix },
		{ "a later IPv6 fragment cannot choose its protocol",
		  a_later_ipv6_fragment_cannot_choose_its_protocol },
		{ "a first one without ports gives none",
		  a_first_one_without_ports_gives_none },
		{ "what was unreadable before stays so",
		  what_was_unreadable_before_stays_so },
		{ "what has no possible place is left alone",
		  what_has_no_possible_place_is_left_alone },
		{ "fragments are forgotten in time", fragments_are_forgotten_in_time },
		{ "the largest packet is remembered piece by piece",
		  the_largest_packet_is_remembered_piece_by_piece },
		{ "smaller pieces are joined and no overlap is missed",
		  smaller_pieces_are_joined_and_no_overlap_is_missed },
		{ "a joined piece has no repeat", a_joined_piece_has_no_repeat },
		{ "too many holes are an overlap", too_many_holes_are_an_overlap },
		{ "the oldest goes", the_oldest_goes },
		{ "room is made by what is over", room_is_made_by_what_is_over },
		CU_TEST_INFO_NULL,
	};

	return unit_main("fragments", tests);
}
