/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captures before the decoder alone.
 *
 *   decode_captures damage POLICY CAPTURE ...
 *       every packet as it is, the first ones of each capture truncated at every byte,
 *       and many with flipped bits: what decoding promises must hold, and whatever
 *       comes of it must be judged. One line on success; a broken promise aborts.
 *   decode_captures tuples CAPTURE
 *       what was read of every packet and of what it carries, one JSON line each.
 */
#include "agent/watch/capture_file.h"
#include "agent/watch/fragments.h"
#include "agent/watch/watch_judge.h"
#include "rules/policy_parse.h"
#include "tests/fuzz/decode_promises.h"

#include <inttypes.h>
#include <stdio.h>

/* As many bytes as the pre-filter hands over, and more than any headers take. */
#define LONGEST_CUT	256u
#define FIRST_PACKETS	16u
#define FLIPS		1000u

struct counts {
	uint64_t captures, packets, truncated, flipped, inner;
};

struct damage {
	struct classifier *classifier;
	struct fragments *fragments;
	struct counts counts;
	uint64_t random;
	int link;
	int64_t now_ns;
};

/* ---- what is done to one packet -------------------------------------------- */

static void
judge(struct damage *d, struct facts *f)
{
	struct judgement j;
	struct watch_seen seen = { WITNESS_TAP_INGRESS,
	    classifier_owner(d->classifier, &f->src), SEGMENT_NONE, "",
	    WATCH_TAG_UNKNOWN };

	fragments_track(d->fragments, f, 0, d->now_ns++);
	must_be_recordable(f);
	watch_judge(d->classifier, f, &seen, 1763700000, &j);
	seen.witness = WITNESS_TAP_EGRESS;
	seen.out = classifier_owner(d->classifier, &f->dst);
	watch_judge(d->classifier, f, &seen, 1763700000, &j);
}

/* From a copy of its very length, so that a sanitizer sees one byte too many read. */
static void
decode_one(struct damage *d, const uint8_t *bytes, uint32_t captured, uint32_t length)
{
	uint8_t *copy = malloc(captured == 0 ? 1 : captured);
	struct decode_rest rest;
	struct facts f;

	must(copy != NULL);
	memcpy(copy, bytes, captured);
	must_decode(d->link, copy, captured, length);
	decode_frame(d->link, copy, captured, length, &f, &rest);
	judge(d, &f);
	while (decode_inner(&rest, &f)) {
		judge(d, &f);
		d->counts.inner++;
	}
	free(copy);
}

static void
truncate_everywhere(struct damage *d, const uint8_t *bytes, uint32_t captured,
    uint32_t length)
{
	for (uint32_t cut = 0; cut < captured && cut <= LONGEST_CUT; cut++) {
		decode_one(d, bytes, cut, length);
		decode_one(d, bytes, cut, cut);
		d->counts.truncated += 2;
	}
}

/* xorshift64*: the same on every run. */
static uint32_t
below(struct damage *d, uint32_t n)
{
	d->random ^= d->random >> 12;
	d->random ^= d->random << 25;
	d->random ^= d->random >> 27;
	return (uint32_t)((d->random * 0x2545f4914f6cdd1dull >> 32) % n);
}

/* One to eight bits, most of them where headers stand. */
static void
flip_bits(struct damage *d, uint8_t *bytes, uint32_t captured)
{
	uint32_t reach = captured > 64 && below(d, 4) != 0 ? 64 : captured;

	for (uint32_t n = 1 + below(d, 8); n > 0; n--)
		bytes[below(d, reach)] ^= (uint8_t)(1u << below(d, 8));
}

/* ---- what is done to one capture ------------------------------------------- */

struct packets {
	struct capture_packet *at;
	size_t n;
};

static void
free_packets(struct packets *p)
{
	union { const uint8_t *in; void *out; } bytes;

	for (size_t i = 0; i < p->n; i++) {
		bytes.in = p->at[i].bytes;
		free(bytes.out);
	}
	free(p->at);
}

/* Up to where the capture can be read; *link. */
static struct packets
read_packets(const char *name, int *link)
{
	struct packets p = { NULL, 0 };
	struct capture_packet next;
	char why[256];
	struct capture_file *file = capture_file_open(name, CAPTURE_AUTO, why, sizeof(why));

	if (file == NULL)
		return p;
	*link = capture_file_link_type(file);
	while (capture_file_next(file, &next) > 0) {
		uint8_t *copy = malloc(next.captured + 1u);

		p.at = realloc(p.at, (p.n + 1) * sizeof(p.at[0]));
		must(copy != NULL && p.at != NULL);
		memcpy(copy, next.bytes, next.captured);
		next.bytes = copy;
		p.at[p.n++] = next;
	}
	capture_file_close(file);
	return p;
}

static void
flip_some(struct damage *d, const struct packets *p)
{
	for (uint32_t i = 0; i < FLIPS; i++) {
		const struct capture_packet *one = &p->at[below(d, (uint32_t)p->n)];
		uint8_t *copy;

		if (one->captured == 0)
			continue;
		copy = malloc(one->captured);
		must(copy != NULL);
		memcpy(copy, one->bytes, one->captured);
		flip_bits(d, copy, one->captured);
		decode_one(d, copy, one->captured, one->length);
		free(copy);
		d->counts.flipped++;
	}
}

static void
damage_capture(struct damage *d, const char *name)
{
	struct packets p = read_packets(name, &d->link);

	d->counts.captures++;
	for (size_t i = 0; i < p.n; i++) {
		decode_one(d, p.at[i].bytes, p.at[i].captured, p.at[i].length);
		if (i < FIRST_PACKETS)
			truncate_everywhere(d, p.at[i].bytes, p.at[i].captured,
			    p.at[i].length);
	}
	d->counts.packets += p.n;
	if (p.n > 0)
		flip_some(d, &p);
	free_packets(&p);
}

static int
damage(const char *policy, int n, char **captures)
{
	struct diag *diag = diag_new();
	struct checked *checked = checked_new(policy_parse_file(policy, diag), 0, diag);
	struct damage d = { .random = 0x9e3779b97f4a7c15, .now_ns = 1 };

	must(checked != NULL);
	d.classifier = classifier_new(checked);
	d.fragments = fragments_new(FRAGMENTS_TRACKED);
	must(d.classifier != NULL && d.fragments != NULL);
	for (int i = 0; i < n; i++)
		damage_capture(&d, captures[i]);
	printf("%" PRIu64 " captures, %" PRIu64 " packets and %" PRIu64 " in them, %" PRIu64
	    " truncated, %" PRIu64 " with flipped bits\n", d.counts.captures,
	    d.counts.packets, d.counts.inner, d.counts.truncated, d.counts.flipped);
	fragments_free(d.fragments);
	classifier_free(d.classifier);
	checked_free(checked);
	diag_free(diag);
	return d.counts.packets > 0 ? 0 : 1;
}

/* ---- tuples ---------------------------------------------------------------- */

static void
print_tuple(size_t number, const struct facts *f)
{
	char src[IP_RANGE_TEXT_SIZE], dst[IP_RANGE_TEXT_SIZE];

	printf("{\"packet\":%zu,\"level\":%u,\"tunnel\":\"%s\",\"unreadable\":\"%s\"", number,
	    f->level, tunnel_name((enum tunnel)f->tunnel),
	    unreadable_name((enum unreadable)f->unreadable));
	if (f->src.family != IP_NONE)
		printf(",\"arp\":%s,\"protocol\":%u,\"source\":\"%s\",\"destination\":\"%s\"",
		    f->flags & FACT_ARP ? "true" : "false", f->protocol,
		    address_print(&f->src, src), address_print(&f->dst, dst));
	if (f->flags & FACT_HAS_PORTS)
		printf(",\"sport\":%u,\"dport\":%u", f->sport, f->dport);
	for (size_t i = 0; i < FACT_VLANS && f->vlan[i] != 0; i++)
		printf("%s%u%s", i == 0 ? ",\"vlan\":[" : ",", f->vlan[i] - 1u,
		    i + 1 == FACT_VLANS || f->vlan[i + 1] == 0 ? "]" : "");
	puts("}");
}

static int
tuples(const char *capture)
{
	char why[256];
	struct capture_file *file = capture_file_open(capture, CAPTURE_AUTO, why,
	    sizeof(why));
	struct capture_packet p;
	struct decode_rest rest;
	struct facts f;

	if (file == NULL)
		return 0;
	for (size_t n = 1; capture_file_next(file, &p) > 0; n++) {
		decode_frame(capture_file_link_type(file), p.bytes, p.captured, p.length, &f,
		    &rest);
		print_tuple(n, &f);
		while (decode_inner(&rest, &f))
			print_tuple(n, &f);
	}
	capture_file_close(file);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[1], "damage") == 0)
		return damage(argv[2], argc - 3, argv + 3);
	if (argc == 3 && strcmp(argv[1], "tuples") == 0)
		return tuples(argv[2]);
	fprintf(stderr, "usage: decode_captures damage POLICY CAPTURE ... | tuples CAPTURE\n");
	return 2;
}
