/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/capture_file.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <pcap/dlt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM 4096u

/* A capture file in the making, in either byte order. */
struct image {
	uint8_t bytes[ROOM];
	size_t size;
	bool swapped;
};

static void
put32(struct image *m, uint32_t value)
{
	if (m->swapped)
		value = __builtin_bswap32(value);
	CU_ASSERT_FATAL(m->size + 4 <= ROOM);
	memcpy(m->bytes + m->size, &value, 4);
	m->size += 4;
}

static void
put16(struct image *m, uint16_t value)
{
	if (m->swapped)
		value = __builtin_bswap16(value);
	memcpy(m->bytes + m->size, &value, 2);
	m->size += 2;
}

static void
begin(struct image *m, bool swapped, uint32_t magic, uint16_t minor, uint32_t snapshot,
    uint32_t link)
{
	memset(m, 0, sizeof(*m));
	m->swapped = swapped;
	put32(m, magic);
	put16(m, 2);
	put16(m, minor);
	put32(m, 0);
	put32(m, 0);
	put32(m, snapshot);
	put32(m, link);
}

/* "claimed" may lie about the "real" bytes that follow. */
static void
packet(struct image *m, uint32_t sec, uint32_t fraction, uint32_t claimed, uint32_t real,
    uint32_t length)
{
	put32(m, sec);
	put32(m, fraction);
	put32(m, claimed);
	put32(m, length);
	for (uint32_t i = 0; i < real; i++)
		m->bytes[m->size++] = (uint8_t)i;
}

static struct capture_file *
open_image(const struct image *m, enum capture_reader reader, char *why, size_t size)
{
	char name[] = "/tmp/sekisho-test-XXXXXX";
	struct capture_file *f;
	int fd = mkstemp(name), error;

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL_FATAL(write(fd, m->bytes, m->size), (ssize_t)m->size);
	close(fd);
	f = capture_file_open(name, reader, why, size);
	error = errno;
	unlink(name);
	errno = error;
	return f;
}

/* One line a packet, then how it ended: what both readers must agree on. */
static void
tell(const struct image *m, enum capture_reader reader, char *out, size_t size)
{
	char why[256];
	struct capture_file *f = open_image(m, reader, why, sizeof(why));
	struct capture_packet p;
	int status, n = 0;

	if (f == NULL) {
		snprintf(out, size, "not opened");
		return;
	}
	n = snprintf(out, size, "link %d", capture_file_link_type(f));
	while ((status = capture_file_next(f, &p)) > 0)
		n += snprintf(out + n, size - (size_t)n, " %lld:%u/%u:%02x",
		    (long long)p.time_ns, p.captured, p.length,
		    p.captured > 0 ? p.bytes[p.captured - 1] : 0);
	snprintf(out + n, size - (size_t)n, " end %d", status);
	if (status < 0)
		CU_ASSERT(capture_file_error(f)[0] != '\0');
	capture_file_close(f);
}

static void
agree(const struct image *m, const char *want)
{
	char own[1024], oracle[1024];

	tell(m, CAPTURE_OWN, own, sizeof(own));
	tell(m, CAPTURE_LIBPCAP, oracle, sizeof(oracle));
	CU_ASSERT_STRING_EQUAL(own, want);
	CU_ASSERT_STRING_EQUAL(oracle, want);
	if (strcmp(own, want) != 0)
		fprintf(stderr, "own:    %s\nwanted: %s\n", own, want);
}

static void
both_byte_orders_and_both_clocks_are_read(void)
{
	struct image m;

	for (int swapped = 0; swapped < 2; swapped++) {
		begin(&m, swapped != 0, 0xa1b2c3d4, 4, 262144, 1);
		packet(&m, 1, 2, 3, 3, 60);
		packet(&m, 2, 999999, 0, 0, 0);
		agree(&m, "link 1 1000002000:3/60:02 2999999000:0/0:00 end 0");
		begin(&m, swapped != 0, 0xa1b2c3d4, 4, 262144, 1);
		packet(&m, 0xfffffffe, 1000000, 1, 1, 1);	/* not 1969 */
		packet(&m, 3, 0xffffffff, 1, 1, 1);
		agree(&m, "link 1 4294967294000000000:1/1:00 3000000000:1/1:00 end 0");
		begin(&m, swapped != 0, 0xa1b23c4d, 4, 262144, 101);
		packet(&m, 1, 2, 1, 1, 1);
		agree(&m, "link 12 1000000002:1/1:00 end 0");
	}
}

static void
a_file_that_was_cut_off_says_so(void)
{
	struct image m;

	begin(&m, false, 0xa1b2c3d4, 4, 262144, 1);
	packet(&m, 1, 0, 4, 4, 4);
	packet(&m, 2, 0, 4, 3, 4);
	agree(&m, "link 1 1000000000:4/4:03 end -61");	/* ENODATA */
	m.size -= 4 + 3;
	agree(&m, "link 1 1000000000:4/4:03 end -61");
	m.size -= 12;
	agree(&m, "link 1 1000000000:4/4:03 end 0");
	m.size = 24;
	agree(&m, "link 1 end 0");
}

static void
hostile_lengths_end_the_reading(void)
{
	struct image m;

	begin(&m, false, 0xa1b2c3d4, 4, 262144, 1);
	packet(&m, 1, 0, 0xffffffff, 8, 8);
	agree(&m, "link 1 end -74");	/* EBADMSG */
	begin(&m, false, 0xa1b2c3d4, 4, 0xffffffff, 1);
	packet(&m, 1, 0, 262145, 8, 8);
	agree(&m, "link 1 end -74");
	/* length below captured is kept: decoding takes the larger one */
	begin(&m, false, 0xa1b2c3d4, 4, 262144, 1);
	packet(&m, 1, 0, 8, 8, 3);
	agree(&m, "link 1 1000000000:8/3:07 end 0");
}

static void
the_snapshot_length_cuts_packets(void)
{
	struct image m;

	begin(&m, false, 0xa1b2c3d4, 4, 4, 1);
	packet(&m, 1, 0, 8, 8, 60);
	packet(&m, 2, 0, 2, 2, 2);
	agree(&m, "link 1 1000000000:4/60:03 2000000000:2/2:01 end 0");
	begin(&m, false, 0xa1b2c3d4, 4, 0, 1);
	packet(&m, 1, 0, 8, 8, 60);
	agree(&m, "link 1 1000000000:8/60:07 end 0");
}

/* Rarer kinds go to libpcap by themselves, and are refused where ours is asked for. */
static void
what_ours_does_not_read_goes_to_libpcap(void)
{
	static const struct { uint16_t minor; uint32_t link; } others[] = {
		{ 3, 1 }, { 4, 105 }, { 4, 1 | 0x14000000 },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct image m;
		char why[256];
		struct capture_file *f;

		begin(&m, false, 0xa1b2c3d4, others[i].minor, 262144, others[i].link);
		packet(&m, 1, 0, 4, 4, 4);
		CU_ASSERT_PTR_NULL(open_image(&m, CAPTURE_OWN, why, sizeof(why)));
		CU_ASSERT_EQUAL(errno, ENOTSUP);
		f = open_image(&m, CAPTURE_AUTO, why, sizeof(why));
		CU_ASSERT_PTR_NOT_NULL_FATAL(f);
		CU_ASSERT_EQUAL(capture_file_reader(f), CAPTURE_LIBPCAP);
		capture_file_close(f);
	}
}

static void
what_is_no_capture_gets_a_clear_sentence(void)
{
	struct image m = { .bytes = "\x1f\x8b\x08 gzip", .size = 12 };
	char why[256];

	CU_ASSERT_PTR_NULL(open_image(&m, CAPTURE_AUTO, why, sizeof(why)));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "compressed with gzip; unpack it first"));
	CU_ASSERT_PTR_NULL(open_image(&m, CAPTURE_LIBPCAP, why, sizeof(why)));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "gzip"));
	memset(&m, 'x', sizeof(m));
	m.size = 100;
	CU_ASSERT_PTR_NULL(open_image(&m, CAPTURE_AUTO, why, sizeof(why)));
	CU_ASSERT_EQUAL(errno, EBADMSG);
	m.size = 0;
	CU_ASSERT_PTR_NULL(open_image(&m, CAPTURE_AUTO, why, sizeof(why)));
	CU_ASSERT_PTR_NULL(capture_file_open("/nonexistent", CAPTURE_AUTO, why,
	    sizeof(why)));
	CU_ASSERT_EQUAL(errno, ENOENT);
	CU_ASSERT_PTR_NULL(capture_file_open("/", CAPTURE_AUTO, why, sizeof(why)));
	CU_ASSERT_EQUAL(errno, EISDIR);
}

static void
reader_names_are_read_back(void)
{
	CU_ASSERT_EQUAL(capture_reader_parse("own"), CAPTURE_OWN);
	CU_ASSERT_EQUAL(capture_reader_parse("libpcap"), CAPTURE_LIBPCAP);
	CU_ASSERT_EQUAL(capture_reader_parse("tcpdump"), -1);
}

static uint32_t
size_of_packet(uint32_t n)
{
	static const uint32_t sizes[] = { 262144, 60, 130000, 131056, 0, 200000, 131072, 1 };

	return sizes[n % (sizeof(sizes) / sizeof(sizes[0]))];
}

static void
write_large(FILE *out, uint32_t packets)
{
	const uint32_t head[] = { 0xa1b2c3d4, 0x00040002, 0, 0, 262144, 1 };

	fwrite(head, sizeof(head), 1, out);
	for (uint32_t n = 0; n < packets; n++) {
		const uint32_t size = size_of_packet(n), h[] = { n, n, size, size };

		fwrite(h, sizeof(h), 1, out);
		for (uint32_t i = 0; i < size; i++)
			putc((int)((n + i) & 0xffu), out);
	}
}

/* The own reader takes a file in pieces, and packets may be longer than one. */
static void
packets_longer_than_a_piece_are_read(void)
{
	char name[] = "/tmp/sekisho-test-XXXXXX", why[256];
	const uint32_t packets = 40;
	int fd = mkstemp(name);
	FILE *out = fd >= 0 ? fdopen(fd, "wb") : NULL;
	struct capture_packet p;
	struct capture_file *f;
	uint32_t n = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	write_large(out, packets);
	CU_ASSERT_EQUAL_FATAL(fclose(out), 0);
	f = capture_file_open(name, CAPTURE_OWN, why, sizeof(why));
	unlink(name);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	for (; capture_file_next(f, &p) > 0; n++) {
		CU_ASSERT_EQUAL_FATAL(p.captured, size_of_packet(n));
		CU_ASSERT(p.captured == 0 || (p.bytes[0] == (uint8_t)n &&
		    p.bytes[p.captured - 1] == (uint8_t)(n + p.captured - 1)));
	}
	CU_ASSERT_EQUAL(n, packets);
	CU_ASSERT_EQUAL(capture_file_next(f, &p), 0);
	capture_file_close(f);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "both byte orders and both clocks are read",
		  both_byte_orders_and_both_clocks_are_read },
		{ "a file that was cut off says so", a_file_that_was_cut_off_says_so },
		{ "hostile lengths end the reading", hostile_lengths_end_the_reading },
		{ "the snapshot length cuts packets", the_snapshot_length_cuts_packets },
		{ "what ours does not read goes to libpcap",
		  what_ours_does_not_read_goes_to_libpcap },
		{ "what is no capture gets a clear sentence",
		  what_is_no_capture_gets_a_clear_sentence },
		{ "reader names are read back", reader_names_are_read_back },
		{ "packets longer than a piece are read",
		  packets_longer_than_a_piece_are_read },
		CU_TEST_INFO_NULL,
	};

	return unit_main("capture_file", tests);
}
