/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets beside the log: read by libpcap, bounded, owner-only, and nothing believed. */
#include "agent/record/packet_ring.h"

#include "agent/record/event.h"
#include "agent/record/pcapng.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECOND	INT64_C(1000000000)
#define MIB	((uint64_t)1 << 20)

struct bed {
	char path[64];
	int directory;
	struct packet_ring *ring;
};

static const struct record_evidence rules = { .packets = 4, .snap = 128, .ring_mb = 1 };

static void
open_ring(struct bed *b)
{
	b->ring = packet_ring_new(b->directory, "1.2.3");
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->ring);
	packet_ring_rules(b->ring, &rules);
}

static void
make(struct bed *b)
{
	snprintf(b->path, sizeof(b->path), "/tmp/sekisho-ring-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(b->path));
	b->directory = open(b->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	open_ring(b);
}

/* Calls "each" for every file of the ring; how many bytes they have together. */
static uint64_t
files(const struct bed *b, void (*each)(const struct bed *b, const char *name))
{
	DIR *dir = opendir(b->path);
	const struct dirent *entry;
	uint64_t bytes = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
	while ((entry = readdir(dir)) != NULL) {
		struct stat st;

		if (entry->d_name[0] == '.')
			continue;
		CU_ASSERT_EQUAL(fstatat(b->directory, entry->d_name, &st, 0), 0);
		CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);
		bytes += (uint64_t)st.st_size;
		if (each != NULL)
			each(b, entry->d_name);
	}
	closedir(dir);
	return bytes;
}

static void
remove_one(const struct bed *b, const char *name)
{
	CU_ASSERT_EQUAL(unlinkat(b->directory, name, 0), 0);
}

static void
unmake(struct bed *b)
{
	packet_ring_free(b->ring);
	(void)files(b, remove_one);
	close(b->directory);
	CU_ASSERT_EQUAL(rmdir(b->path), 0);
}

static struct packet
packet_of(uint64_t key, enum packet_link link)
{
	struct packet p = { .key = key, .time_ns = 1700000000123456789 + (int64_t)key,
		.length = 90, .captured = 42, .nth = 1, .link = (uint8_t)link,
		.witness = WITNESS_TAP_INGRESS, .interface = "mn0" };

	memset(p.bytes, (int)(key & 0xff), p.captured);
	memcpy(p.bytes, &key, sizeof(key));
	return p;
}

/* ---- messages -------------------------------------------------------------------- */

static void
a_message_is_checked(void)
{
	const struct packet good = packet_of(1, PACKET_ETHERNET);
	const size_t length = PACKET_HEAD + good.captured;
	struct packet p, out;
	const char *why;

	CU_ASSERT_EQUAL(packet_check(&good, length, &out, &why), 0);
	CU_ASSERT_EQUAL(out.captured, 42);
	CU_ASSERT_EQUAL(packet_check(&good, length - 1, &out, &why), -EPROTO);
	CU_ASSERT_EQUAL(packet_check(&good, length + 1, &out, &why), -EPROTO);
	CU_ASSERT_EQUAL(packet_check(&good, PACKET_HEAD - 1, &out, &why), -EPROTO);
	CU_ASSERT_EQUAL(packet_check(&good, 0, &out, &why), -EPROTO);
#define BAD(change) do { p = good; change; \
	CU_ASSERT_EQUAL(packet_check(&p, PACKET_HEAD + good.captured, &out, &why), -EPROTO); \
	CU_ASSERT_PTR_NOT_NULL(why); } while (0)
	BAD(p.captured = 43);
	BAD(p.captured = 65535);
	BAD(p.link = PACKET_LINKS);
	BAD(p.witness = 0);
	BAD(p.witness = WITNESS_GATE | WITNESS_TAP_EGRESS);
	BAD(p.time_ns = -1);
	BAD(p.nth = RECORD_EVIDENCE_PACKETS + 1);
	BAD(p.length = 41);
	BAD(memset(p.interface, 'a', sizeof(p.interface)));
	BAD(p.interface[0] = '\0');
	BAD(p.interface[1] = '\x1b');
	BAD(p.interface[1] = ' ');
#undef BAD
}

/* ---- files ----------------------------------------------------------------------- */

static unsigned int packets_read;
static uint64_t keys_read;

static void
read_by_libpcap(const struct bed *b, const char *name)
{
	char path[512], error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *h;
	const uint8_t *bytes;
	uint64_t key;
	pcap_t *p;
	int r;

	snprintf(path, sizeof(path), "%s/%s", b->path, name);
	p = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, error);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	while ((r = pcap_next_ex(p, &h, &bytes)) == 1) {
		memcpy(&key, bytes, sizeof(key));
		CU_ASSERT_EQUAL(h->caplen, 42);
		CU_ASSERT_EQUAL(h->len, 90);
		CU_ASSERT_EQUAL(h->ts.tv_sec * SECOND + h->ts.tv_usec,
		    1700000000123456789 + (int64_t)key);
		packets_read++;
		keys_read += key;
	}
	if (r != PCAP_ERROR_BREAK)
		printf("%s: %s\n", name, pcap_geterr(p));
	CU_ASSERT_EQUAL(r, PCAP_ERROR_BREAK);
	pcap_close(p);
}

static void
libpcap_reads_what_was_written(void)
{
	struct bed b;
	uint64_t sum = 0;

	make(&b);
	for (uint64_t key = 1; key <= 30; key++) {
		struct packet p = packet_of(key, (enum packet_link)(key % PACKET_LINKS));

		snprintf(p.interface, sizeof(p.interface), "if%u", (unsigned int)key % 4);
		p.witness = key % 2 ? WITNESS_TAP_EGRESS : WITNESS_GATE;
		packet_ring_add(b.ring, &p, false, 1);
		sum += key;
	}
	packets_read = 0;
	keys_read = 0;
	CU_ASSERT_EQUAL(files(&b, read_by_libpcap), packet_ring_count(b.ring).bytes);
	CU_ASSERT_EQUAL(packets_read, 30);
	CU_ASSERT_EQUAL(keys_read, sum);
	CU_ASSERT_EQUAL(packet_ring_count(b.ring).written, 30);
	unmake(&b);
}

/* 100,000 violations: never more bytes than promised, the newest packets stay. */
static void
the_ring_is_bounded(void)
{
	struct bed b;
	struct packet_ring_count c;

	make(&b);
	for (uint64_t key = 0; key < 100000; key++) {
		const struct packet p = packet_of(key, PACKET_ETHERNET);

		packet_ring_add(b.ring, &p, false, (int64_t)key * SECOND);
		if (key % 1000 == 0)
			CU_ASSERT(files(&b, NULL) <= MIB);
	}
	c = packet_ring_count(b.ring);
	CU_ASSERT_EQUAL(c.written, 100000);
	CU_ASSERT(c.files_gone > 10);
	CU_ASSERT_EQUAL(files(&b, NULL), c.bytes);
	CU_ASSERT(c.bytes <= MIB);
	/* most of the ring is in use, and it ends with the latest packet */
	CU_ASSERT(c.bytes > MIB * 3 / 4);
	packets_read = 0;
	keys_read = 0;
	(void)files(&b, read_by_libpcap);
	CU_ASSERT_EQUAL(keys_read, (uint64_t)packets_read * (2 * 99999 - packets_read + 1) / 2);
	unmake(&b);
}

/* A start counts what is there, and never writes into it again. */
static void
it_goes_on_after_a_restart(void)
{
	struct bed b;
	uint64_t bytes;

	make(&b);
	for (int i = 0; i < 2000; i++) {
		const struct packet p = packet_of((uint64_t)i, PACKET_ETHERNET);

		packet_ring_free(b.ring);
		open_ring(&b);
		packet_ring_add(b.ring, &p, false, 1);
	}
	bytes = files(&b, NULL);
	CU_ASSERT_EQUAL(bytes, packet_ring_count(b.ring).bytes);
	CU_ASSERT(bytes <= MIB);
	packets_read = 0;
	(void)files(&b, read_by_libpcap);
	CU_ASSERT(packets_read >= 1000 && packets_read <= 1025);
	unmake(&b);
}

static void
what_is_not_kept_is_counted(void)
{
	struct record_evidence none = rules;
	struct bed b;
	struct packet p = packet_of(1, PACKET_ETHERNET);

	make(&b);
	packet_ring_add(b.ring, &p, true, 1);			/* the disk is full */
	none.packets = 0;
	packet_ring_rules(b.ring, &none);
	packet_ring_add(b.ring, &p, false, 1);
	packet_ring_rules(b.ring, &rules);
	p.captured = 129;					/* more than was asked for */
	packet_ring_add(b.ring, &p, false, 1);
	CU_ASSERT_EQUAL(packet_ring_count(b.ring).not_kept, 3);
	CU_ASSERT_EQUAL(packet_ring_count(b.ring).written, 0);
	CU_ASSERT_EQUAL(files(&b, NULL), 0);
	p.captured = 42;
	for (unsigned int i = 0; i < PACKET_RING_RATE + 10; i++)
		packet_ring_add(b.ring, &p, false, 5 * SECOND);
	CU_ASSERT_EQUAL(packet_ring_count(b.ring).written, PACKET_RING_RATE);
	CU_ASSERT_EQUAL(packet_ring_count(b.ring).not_kept, 13);
	/* the watcher's own account, and one that began anew */
	p.not_sent = 100;
	packet_ring_add(b.ring, &p, false, 9 * SECOND);
	packet_ring_add(b.ring, &p, false, 9 * SECOND);
	p.not_sent = 7;
	packet_ring_add(b.ring, &p, false, 9 * SECOND);
	CU_ASSERT_EQUAL(packet_ring_count(b.ring).not_sent, 107);
	unmake(&b);
}

static void
a_smaller_ring_at_once(void)
{
	struct record_evidence large = rules;
	struct bed b;

	make(&b);
	large.ring_mb = 4;
	packet_ring_rules(b.ring, &large);
	for (uint64_t key = 0; key < 20000; key++) {
		const struct packet p = packet_of(key, (enum packet_link)(key % PACKET_LINKS));

		packet_ring_add(b.ring, &p, false, (int64_t)key * SECOND);
	}
	CU_ASSERT(files(&b, NULL) > MIB);
	packet_ring_rules(b.ring, &rules);
	CU_ASSERT(files(&b, NULL) <= MIB);
	unmake(&b);
}

static void
names_are_ours_or_not(void)
{
	static const char *const foreign[] = { "", "packets-", "packets-1-ethernet.pcapng",
		"packets-0000000000-ethernet.pcapng", "packets-0000000001-ethernet.pcapng.old",
		"packets-0000000001-token.pcapng", "packets-99999999999-ipv4.pcapng",
		"violations.jsonl" };
	enum packet_link link;
	unsigned long number;
	uint64_t key;

	CU_ASSERT_TRUE(packet_ring_parse("packets-0000000012-ipv4.pcapng", &number, &link));
	CU_ASSERT_EQUAL(number, 12);
	CU_ASSERT_EQUAL(link, PACKET_IPV4);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		CU_ASSERT_FALSE(packet_ring_parse(foreign[i], &number, &link));
	CU_ASSERT_TRUE(packet_ring_key("sekisho 00000000000000ff last gate", 34, &key));
	CU_ASSERT_EQUAL(key, 255);
	CU_ASSERT_FALSE(packet_ring_key("sekisho 00000000000000fg 1", 26, &key));
	CU_ASSERT_FALSE(packet_ring_key("sekisho 00", 10, &key));
	CU_ASSERT_FALSE(packet_ring_key(NULL, 0, &key));
}

/* ---- blocks ---------------------------------------------------------------------- */

/* Any byte of a block turned over: an error or another block, never beyond its end. */
static void
blocks_are_not_believed(void)
{
	const struct pcapng_packet p = { .time_ns = 5, .captured = 3, .length = 3,
		.bytes = (const uint8_t *)"abc", .inbound = true, .comment = "a comment" };
	uint8_t block[PCAPNG_BLOCK_MAX];
	const size_t n = pcapng_packet(block, &p);
	struct pcapng_block b;
	const char *comment;
	size_t length;
	int64_t ns;

	CU_ASSERT_TRUE(pcapng_next(block, n, &b));
	CU_ASSERT_TRUE(pcapng_look(&b, &ns, &comment, &length));
	CU_ASSERT_EQUAL(ns, 5);
	CU_ASSERT(length == 9 && memcmp(comment, "a comment", 9) == 0);
	for (size_t cut = 0; cut < n; cut++)
		CU_ASSERT_FALSE(pcapng_next(block, cut, &b));
	for (size_t bit = 0; bit < 8 * n; bit++) {
		uint8_t *exact = malloc(n);

		CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
		memcpy(exact, block, n);
		exact[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (pcapng_next(exact, n, &b) && pcapng_look(&b, &ns, &comment, &length) &&
		    comment != NULL)
			CU_ASSERT((const uint8_t *)comment + length <= exact + n);
		free(exact);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "a message is checked", a_message_is_checked },
		{ "libpcap reads what was written", libpcap_reads_what_was_written },
		{ "the ring is bounded", the_ring_is_bounded },
		{ "it goes on after a restart", it_goes_on_after_a_restart },
		{ "what is not kept is counted", what_is_not_kept_is_counted },
		{ "a smaller ring at once", a_smaller_ring_at_once },
		{ "names are ours or not", names_are_ours_or_not },
		{ "blocks are not believed", blocks_are_not_believed },
		CU_TEST_INFO_NULL,
	};

	return unit_main("packet_ring", tests);
}
