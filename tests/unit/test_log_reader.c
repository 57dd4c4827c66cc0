/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/log_reader.h"
#include "rules/utf8.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

static char directory[] = "/tmp/sekisho-log-reader-XXXXXX";

static void
path_of(const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", directory, name);
}

static void
append(const char *name, const char *text, size_t length)
{
	char path[128];
	int fd;

	path_of(name, path);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, text, length), (ssize_t)length);
	close(fd);
}

static void
say(const char *name, const char *text)
{
	append(name, text, strlen(text));
}

static void
move(const char *from, const char *to)
{
	char a[128], b[128];

	path_of(from, a);
	path_of(to, b);
	CU_ASSERT_EQUAL(rename(a, b), 0);
}

static void
clear(void)
{
	static const char *const names[] = { "", ".1", ".2", ".10", "-20261120", "-20261121",
	    ".3.gz", ".torn", ".1.gz", ".2.gz", ".4.xz", "-20261120.gz", "-20261119.zst" };
	static const char *const closed[] = { "20261121-001.jsonl", "20261121-001.jsonl.zst",
	    "20261121-002.jsonl", "20261121-002.jsonl.zst", "20261121-003.jsonl",
	    "20261121-003.jsonl.zst", "20261121-002.jsonl.gz" };
	char name[64], path[128];

	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		snprintf(name, sizeof(name), "violations-%s", closed[i]);
		path_of(name, path);
		unlink(path);
	}

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "violations.jsonl%s", names[i]);
		path_of(name, path);
		unlink(path);
	}
}

/* "1 2 !3 " : numbers of the records in order, '!' and the line for a bad one. */
static void
read_all(struct log_reader *r, char *out, size_t size)
{
	size_t used = 0;
	json_t *record;
	int e;

	*out = '\0';
	while ((e = log_reader_next(r, &record)) > 0 && used < size) {
		if (e == LOG_READ_RECORD)
			used += (size_t)snprintf(out + used, size - used, "%lld ",
			    (long long)json_integer_value(json_object_get(record, "n")));
		else
			used += (size_t)snprintf(out + used, size - used, "!%lu ",
			    log_reader_line(r));
		json_decref(record);
	}
	CU_ASSERT_EQUAL(e, LOG_READ_END);
}

static void
expect(struct log_reader *r, const char *want)
{
	char got[512];

	read_all(r, got, sizeof(got));
	CU_ASSERT_STRING_EQUAL(got, want);
}

static void
rotated_files_come_first(void)
{
	struct log_reader *r;

	clear();
	say("violations.jsonl", "{\"n\":7}\n");
	say("violations.jsonl.1", "{\"n\":6}\n");
	say("violations.jsonl.2", "{\"n\":5}\n");
	say("violations.jsonl.10", "{\"n\":3}\n{\"n\":4}\n");
	say("violations.jsonl-20261121", "{\"n\":2}\n");
	say("violations.jsonl-20261120", "{\"n\":1}\n");
	say("violations.jsonl.4.xz", "\xfd");
	say("violations.jsonl.torn", "{\"n\":99}\n");
	r = log_reader_open(directory);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	expect(r, "1 2 3 4 5 6 7 ");
	CU_ASSERT_EQUAL(log_reader_skipped(r), 1);
	CU_ASSERT_STRING_EQUAL(log_reader_file(r), "violations.jsonl");
	log_reader_close(r);
}

static void
bad_lines_are_told_and_passed(void)
{
	static const struct {
		const char *line;
		bool good;
	} lines[] = {
		{ "{\"n\":1}", true }, { "", false }, { "{\"n\":1", false }, { "[1]", false },
		{ "7", false }, { "{\"n\":1,\"n\":2}", false }, { "{\"n\":1} x", false },
		{ "{\"n\":\"\xff\"}", false }, { "{\"n\":01}", false }, { "{\"n\":1}", true },
	};
	struct log_reader *r;
	json_t *record;

	clear();
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		say("violations.jsonl", lines[i].line);
		say("violations.jsonl", "\n");
	}
	/* A NUL ends nothing. */
	append("violations.jsonl", "{\"n\":1}\0\n", 9);
	r = log_reader_open(directory);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		CU_ASSERT_EQUAL(log_reader_next(r, &record), lines[i].good ? LOG_READ_RECORD :
		    LOG_READ_BAD);
		CU_ASSERT_EQUAL(log_reader_line(r), i + 1);
		if (!lines[i].good)
			CU_ASSERT_TRUE(*log_reader_error(r) != '\0');
		json_decref(record);
	}
	CU_ASSERT_EQUAL(log_reader_next(r, &record), LOG_READ_BAD);
	CU_ASSERT_EQUAL(log_reader_next(r, &record), LOG_READ_END);
	log_reader_close(r);
}

/* What is said of a bad line quotes it, but for what steers a terminal. */
static void
the_reason_is_fit_for_a_terminal(void)
{
	static const char *const lines[] = { "\x1b]0;x\x07", "{\"a\":\x1b[31m}", "{\x7f",
	    "{\"a\":1,\xc2\x9b", "{\"\xe2\x80\xae\":", "\xff\xfe",
	    "{\"\x1b\":1,\"\x1b\":2}", "{\"\xe2\x80\xa8\":1,\"\xe2\x80\xa8\":2}" };
	struct log_reader *r;
	json_t *record;

	clear();
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		say("violations.jsonl", lines[i]);
		say("violations.jsonl", "\n");
	}
	r = log_reader_open(directory);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *p;
		uint32_t c;

		CU_ASSERT_EQUAL(log_reader_next(r, &record), LOG_READ_BAD);
		p = log_reader_error(r);
		for (size_t n; *p != '\0'; p += n) {
			n = utf8_decode(p, strlen(p), &c);
			CU_ASSERT_NOT_EQUAL_FATAL(n, 0);
			CU_ASSERT_FALSE(utf8_is_control(c));
		}
	}
	log_reader_close(r);
}

static void
a_line_without_bounds_is_one_bad_line(void)
{
	static char huge[200000];
	struct log_reader *r;

	clear();
	memset(huge, 'x', sizeof(huge));
	say("violations.jsonl", "{\"n\":1}\n");
	append("violations.jsonl", huge, sizeof(huge));
	say("violations.jsonl", "\n{\"n\":3}\n");
	r = log_reader_open(directory);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	expect(r, "1 !2 3 ");
	log_reader_close(r);
}

static void
half_a_line_waits_for_its_end(void)
{
	struct log_reader *r;

	clear();
	r = log_reader_open(directory);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	expect(r, "");
	say("violations.jsonl", "{\"n\":1}\n{\"n\":");
	expect(r, "1 ");
	CU_ASSERT_EQUAL(log_reader_rest(r), 5);
	say("violations.jsonl", "2}\n");
	expect(r, "2 ");
	log_reader_close(r);
}

static void
rotation_while_following_loses_nothing(void)
{
	struct log_reader *r;

	clear();
	say("violations.jsonl", "{\"n\":1}\n");
	r = log_reader_open(directory);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	expect(r, "1 ");
	/* logrotate's "create": the new file is there before its writer comes. */
	move("violations.jsonl", "violations.jsonl.1");
	say("violations.jsonl", "");
	expect(r, "");
	say("violations.jsonl.1", "{\"n\":2}\n");
	expect(r, "2 ");
	say("violations.jsonl.1", "{\"n\":3}\n");
	say("violations.jsonl", "{\"n\":4}\n");
	expect(r, "3 4 ");
	/* Twice in one go. */
	move("violations.jsonl.1", "violations.jsonl.2");
	move("violations.jsonl", "violations.jsonl.1");
	say("violations.jsonl", "{\"n\":5}\n");
	expect(r, "5 ");
	log_reader_close(r);
}

static void
a_torn_end_of_a_rotated_file_is_told(void)
{
	struct log_reader *r;

	clear();
	say("violations.jsonl.1", "{\"n\":1}\n{\"n\"");
	say("violations.jsonl", "{\"n\":2}\n");
	r = log_reader_open(directory);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	expect(r, "1 !2 2 ");
	log_reader_close(r);
}

static void
a_file_cut_short_is_read_from_its_start(void)
{
	struct log_reader *r;
	char path[128];

	clear();
	say("violations.jsonl", "{\"n\":1}\n{\"n\":2}\n");
	r = log_reader_open(directory);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	expect(r, "1 2 ");
	path_of("violations.jsonl", path);
	CU_ASSERT_EQUAL(truncate(path, 0), 0);
	expect(r, "");
	say("violations.jsonl", "{\"n\":3}\n");
	expect(r, "3 ");
	log_reader_close(r);
}

static void
the_newest_bytes_are_whole_lines(void)
{
	/* Lines have 8 bytes: 1 and 2 in the older file, 3 to 5 in the current one. */
	static const struct {
		size_t bytes;
		const char *want;
	} rows[] = {
		{ 1000, "1 2 3 4 5 " }, { 40, "1 2 3 4 5 " }, { 39, "2 3 4 5 " },
		{ 32, "2 3 4 5 " }, { 31, "3 4 5 " }, { 24, "3 4 5 " }, { 23, "4 5 " },
		{ 16, "4 5 " }, { 15, "5 " }, { 8, "5 " }, { 7, "" }, { 0, "" },
	};

	clear();
	say("violations.jsonl.1", "{\"n\":1}\n{\"n\":2}\n");
	say("violations.jsonl", "{\"n\":3}\n{\"n\":4}\n{\"n\":5}\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct log_reader *r = log_reader_open(directory);

		CU_ASSERT_PTR_NOT_NULL_FATAL(r);
		CU_ASSERT_EQUAL(log_reader_begin_recent(r, rows[i].bytes), 0);
		expect(r, rows[i].want);
		log_reader_close(r);
	}
}

static void
what_follows_the_newest_bytes_is_read(void)
{
	struct log_reader *r;

	clear();
	r = log_reader_open(directory);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	CU_ASSERT_EQUAL(log_reader_begin_recent(r, 100), 0);
	expect(r, "");
	say("violations.jsonl", "{\"n\":1}\n{\"n\":2");
	expect(r, "1 ");
	log_reader_close(r);
	r = log_reader_open(directory);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	/* Inside the line that is not whole yet. */
	CU_ASSERT_EQUAL(log_reader_begin_recent(r, 3), 0);
	expect(r, "");
	say("violations.jsonl", "}\n{\"n\":3}\n");
	expect(r, "3 ");
	move("violations.jsonl", "violations.jsonl.1");
	say("violations.jsonl", "{\"n\":4}\n");
	expect(r, "4 ");
	log_reader_close(r);
}

/* Pack what stands in a file under another name, and remove it. Half of it, when asked. */
static void
pack(const char *from, const char *to, bool half)
{
	static char plain[70000], packed[70000];
	const bool gzip = strstr(to, ".gz") != NULL;
	z_stream z = { 0 };
	char path[128];
	size_t n;
	int fd;

	path_of(from, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CU_ASSERT_FATAL(fd >= 0);
	n = (size_t)read(fd, plain, sizeof(plain));
	close(fd);
	unlink(path);
	if (gzip) {
		CU_ASSERT_EQUAL_FATAL(deflateInit2(&z, 6, Z_DEFLATED, 16 + 15, 8,
		    Z_DEFAULT_STRATEGY), Z_OK);
		z.next_in = (Bytef *)plain;
		z.avail_in = (uInt)n;
		z.next_out = (Bytef *)packed;
		z.avail_out = sizeof(packed);
		CU_ASSERT_EQUAL(deflate(&z, Z_FINISH), Z_STREAM_END);
		n = z.total_out;
		deflateEnd(&z);
	} else {
		n = ZSTD_compress(packed, sizeof(packed), plain, n, 3);
		CU_ASSERT_FALSE_FATAL(ZSTD_isError(n));
	}
	append(to, packed, half ? n / 2 : n);
}

/* Many lines {"n":FIRST} to {"n":FIRST+999}: more than a block of any packer's. */
static void
say_many(const char *name, int first)
{
	char line[128];

	for (int i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "{\"n\":%d,\"x\":\"%d%d%d\"}\n", first + i, i * 7919,
		    i * 104729, i * 1299709);
		say(name, line);
	}
}

static void
packed_files_are_read_in_their_place(void)
{
	struct log_reader *r;

	clear();
	say("violations.jsonl", "{\"n\":9}\n");
	say("x", "{\"n\":7}\n");
	pack("x", "violations-20261121-002.jsonl.zst", false);
	/* Both while it is being packed: once. */
	say("violations-20261121-003.jsonl", "{\"n\":8}\n");
	say("violations-20261121-003.jsonl.zst", "not whole yet");
	say("violations-20261121-001.jsonl", "{\"n\":6}\n");
	say("x", "{\"n\":4}\n");
	pack("x", "violations.jsonl.2.gz", false);
	/* Two members, as "cat a.gz b.gz" makes them. */
	say("x", "{\"n\":5}\n");
	pack("x", "violations.jsonl.1.gz", false);
	say("x", "{\"n\":50}\n");
	pack("x", "violations.jsonl.1.gz", false);
	say("x", "{\"n\":3}\n");
	pack("x", "violations.jsonl-20261120.gz", false);
	/* Two frames. */
	say("x", "{\"n\":1}\n");
	pack("x", "violations.jsonl-20261119.zst", false);
	say("x", "{\"n\":2}\n");
	pack("x", "violations.jsonl-20261119.zst", false);
	r = log_reader_open(directory);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	expect(r, "1 2 3 4 5 50 6 7 8 9 ");
	CU_ASSERT_EQUAL(log_reader_skipped(r), 0);
	log_reader_close(r);
}

static void
what_cannot_be_unpacked_is_told(void)
{
	static const char *const names[] = { "violations.jsonl.1.gz",
	    "violations-20261121-001.jsonl.zst" };

	for (size_t i = 0; i < 2; i++) {
		struct log_reader *r;
		json_t *record;
		int n = 0, e;

		clear();
		say_many("x", 1);
		pack("x", names[i], true);
		say("violations.jsonl", "{\"n\":5}\n");
		r = log_reader_open(directory);
		CU_ASSERT_PTR_NOT_NULL_FATAL(r);
		while ((e = log_reader_next(r, &record)) == LOG_READ_RECORD) {
			CU_ASSERT_EQUAL(json_integer_value(json_object_get(record, "n")), ++n);
			json_decref(record);
		}
		CU_ASSERT_EQUAL(e, LOG_READ_BAD);
		CU_ASSERT_TRUE(n < 1000);
		CU_ASSERT_STRING_EQUAL(log_reader_file(r), names[i]);
		expect(r, "5 ");
		log_reader_close(r);
		clear();
		say(names[i], "no packed file at all");
		r = log_reader_open(directory);
		CU_ASSERT_PTR_NOT_NULL_FATAL(r);
		expect(r, "!1 ");
		log_reader_close(r);
	}
}

static void
a_file_packed_under_the_reader_is_not_lost(void)
{
	struct log_reader *r;

	clear();
	say("violations-20261121-001.jsonl", "{\"n\":1}\n");
	say("violations.jsonl", "{\"n\":2}\n");
	r = log_reader_open(directory);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	expect(r, "1 2 ");
	/* The open one is closed, and packed before we look; and one more after it. */
	say("violations.jsonl", "{\"n\":3}\n");
	pack("violations.jsonl", "violations-20261121-002.jsonl.zst", false);
	say("violations-20261121-003.jsonl", "{\"n\":4}\n");
	say("violations.jsonl", "{\"n\":5}\n");
	expect(r, "3 4 5 ");
	log_reader_close(r);

	clear();
	say("violations-20261121-001.jsonl", "{\"n\":1}\n");
	r = log_reader_open(directory);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	expect(r, "1 ");
	pack("violations-20261121-001.jsonl", "violations-20261121-001.jsonl.zst", false);
	say("violations-20261121-002.jsonl", "{\"n\":2}\n");
	say("violations.jsonl", "{\"n\":3}\n");
	expect(r, "2 3 ");
	log_reader_close(r);
}

static void
a_file_that_went_is_told(void)
{
	struct log_reader *r;
	char path[128];

	clear();
	say("violations.jsonl", "{\"n\":1}\n");
	r = log_reader_open(directory);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	expect(r, "1 ");
	path_of("violations.jsonl", path);
	/* Another file first: the number of a removed one is given out again. */
	say("violations.jsonl.torn", "x");
	CU_ASSERT_EQUAL(unlink(path), 0);
	expect(r, "");
	say("violations.jsonl", "{\"n\":2}\n");
	expect(r, "!0 2 ");
	log_reader_close(r);
}

static void
no_directory_is_an_error(void)
{
	CU_ASSERT_PTR_NULL(log_reader_open("/nonexistent/sekisho"));
	log_reader_close(NULL);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "rotated files come first", rotated_files_come_first },
		{ "bad lines are told and passed", bad_lines_are_told_and_passed },
		{ "the reason is fit for a terminal", the_reason_is_fit_for_a_terminal },
		{ "a line without bounds is one bad line", a_line_without_bounds_is_one_bad_line },
		{ "half a line waits for its end", half_a_line_waits_for_its_end },
		{ "rotation while following loses nothing", rotation_while_following_loses_nothing },
		{ "a torn end of a rotated file is told", a_torn_end_of_a_rotated_file_is_told },
		{ "a file cut short is read from its start",
		    a_file_cut_short_is_read_from_its_start },
		{ "the newest bytes are whole lines", the_newest_bytes_are_whole_lines },
		{ "what follows the newest bytes is read", what_follows_the_newest_bytes_is_read },
		{ "packed files are read in their place", packed_files_are_read_in_their_place },
		{ "what cannot be unpacked is told", what_cannot_be_unpacked_is_told },
		{ "a file packed under the reader is not lost",
		    a_file_packed_under_the_reader_is_not_lost },
		{ "a file that went is told", a_file_that_went_is_told },
		{ "no directory is an error", no_directory_is_an_error },
		CU_TEST_INFO_NULL,
	};
	int status;

	if (mkdtemp(directory) == NULL)
		return EXIT_FAILURE;
	status = unit_main("log_reader", tests);
	clear();
	rmdir(directory);
	return status;
}
