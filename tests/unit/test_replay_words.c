/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What replay tells people: progress, the table in both languages, and what a sample is. */
#include "agent/cli/columns.h"
#include "agent/cli/replay_words.h"
#include "rules/policy_parse.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
numbers_are_grouped(void)
{
	static const struct {
		uint64_t n;
		const char *text;
	} rows[] = {
		{ 0, "0" }, { 999, "999" }, { 1000, "1,000" }, { 123456, "123,456" },
		{ 1234567, "1,234,567" }, { UINT64_MAX, "18,446,744,073,709,551,615" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[32];

		CU_ASSERT_STRING_EQUAL(replay_number(rows[i].n, out), rows[i].text);
	}
}

static void
progress_says_how_far_and_how_long(void)
{
	static const struct {
		uint64_t packets, read, size;
		double seconds;
		const char *english;
	} rows[] = {
		{ 1234567, 42, 100, 1, " 42 %  1,234,567 packets  1.23M/s  0:01 left" },
		{ 10, 1, 1000, 1, "  0 %  10 packets  10/s  16:39 left" },
		{ 0, 0, 100, 0, "  0 %  0 packets  0/s  0:00 left" },
		{ 7, 200, 100, 1, "100 %  7 packets  7/s  0:00 left" },
		{ 1, 1, UINT64_MAX, 9, "  0 %  1 packets  0.1/s  5999:59 left" },
		{ 5000000, 0, 0, 2, "5,000,000 packets  2.50M/s" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char line[REPLAY_LINE_SIZE];

		replay_progress_line(line, MESSAGE_ENGLISH, rows[i].packets, rows[i].read,
		    rows[i].size, rows[i].seconds);
		CU_ASSERT_STRING_EQUAL(line, rows[i].english);
		replay_progress_line(line, MESSAGE_JAPANESE, UINT64_MAX, rows[i].read,
		    rows[i].size, rows[i].seconds);
		CU_ASSERT_TRUE(columns_width(line) < 80);
	}
}

#define MS INT64_C(1000000)

/* What stood on the terminal: '|' for a carriage return. */
static void
progress_is_rare_and_goes_away(void)
{
	static const struct {
		int64_t ms;
		uint64_t packets;
	} calls[] = { { 100, 1 }, { 499, 2 }, { 500, 1000 }, { 501, 4 }, { 699, 5 }, { 700, 6 } };
	char *text = NULL, *at;
	size_t size;
	struct replay_progress p = { .out = open_memstream(&text, &size), .began_ns = 5 };

	CU_ASSERT_PTR_NOT_NULL_FATAL(p.out);
	replay_progress_clear(&p);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		replay_progress_show(&p, calls[i].packets, 0, 0, calls[i].ms * MS + 5);
	replay_progress_clear(&p);
	replay_progress_clear(&p);
	fclose(p.out);
	while ((at = strchr(text, '\r')) != NULL)
		*at = '|';
	CU_ASSERT_STRING_EQUAL(text, "|1,000 packets  2000/s|6 packets  8.6/s     "
	    "|                     |");
	free(text);
	p.out = NULL;
	replay_progress_show(&p, 1, 1, 1, 10000 * MS);
	replay_progress_clear(&p);
}

static void
the_table_in_both_languages(void)
{
	static const char *const want[] = {
		"a sample, one in 10: 1,000 of 10,000 packets were judged, later fragments and\n"
		"replies perhaps without the packet that they belong to\n"
		"packets                              1,000\n"
		"bytes                            1,234,567\n"
		"permitted                              900   90.0 %\n"
		"local                                   40    4.0 %\n"
		"violations                              60    6.0 %\n"
		"  ZV-01                                 59    5.9 %  Direct traffic between zones\n"
		"  ZV-08                                  1    0.1 %  Traffic towards the internet\n"
		"of them leaks                            2    0.2 %\n"
		"unreadable                               0    0.0 %\n",
		"標本調査 (10 パケットごとに一つ): 1,000 / 10,000 パケットを判定しました。後続の断片や応答は、\n"
		"もとのパケットなしで判定したことがあります\n"
		"パケット                             1,000\n"
		"バイト                           1,234,567\n"
		"許可                                   900   90.0 %\n"
		"局所                                    40    4.0 %\n"
		"違反                                    60    6.0 %\n"
		"  ZV-01                                 59    5.9 %  ゾーン間直接通信\n"
		"  ZV-08                                  1    0.1 %  インターネット宛\n"
		"うち漏えい                               2    0.2 %\n"
		"解読不能                                 0    0.0 %\n",
	};
	const struct replay_stats s = { .packets = 1000, .passed_over = 9000, .bytes = 1234567,
	    .permitted = 900, .local = 40, .violations = 60, .leaks = 2,
	    .by_class = { [ZV_01_ZONE_CROSSING] = 59, [ZV_08_INTERNET_BOUND] = 1 } };

	for (int i = MESSAGE_ENGLISH; i <= MESSAGE_JAPANESE; i++) {
		char *text = NULL;
		size_t size;
		FILE *f = open_memstream(&text, &size);

		CU_ASSERT_PTR_NOT_NULL_FATAL(f);
		replay_print_table(f, (enum message_language)i, &s, 10);
		fclose(f);
		CU_ASSERT_STRING_EQUAL(text, want[i]);
		if (strcmp(text, want[i]) != 0)
			printf("%s", text);
		free(text);
	}
}

static const char policy[] =
    "schema = 1; site = { name = \"s\"; gateway = \"g\"; };"
    "zones = ( { name = \"lg\"; class = \"lgwan\"; segments = ( { interface = \"lg0\";"
    "   networks = [ \"10.2.0.0/24\" ]; } ); } );";

#define N_PACKETS 10u

/* Ten UDP packets, their numbers as destination ports: a pcap file of DLT_RAW. */
static void
write_capture(int fd)
{
	static const uint32_t head[] = { 0xa1b2c3d4, 0x00040002, 0, 0, 262144, 101 };

	CU_ASSERT_EQUAL_FATAL(write(fd, head, sizeof(head)), (ssize_t)sizeof(head));
	for (uint32_t i = 1; i <= N_PACKETS; i++) {
		const uint32_t times[] = { 1763700000, i, 28, 28 };
		const uint8_t bytes[] = { 0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 10, 2, 0, 2,
		    10, 9, 0, 2, 0, 99, 0, (uint8_t)i, 0, 8, 0, 0 };

		CU_ASSERT_EQUAL(write(fd, times, sizeof(times)), (ssize_t)sizeof(times));
		CU_ASSERT_EQUAL(write(fd, bytes, sizeof(bytes)), (ssize_t)sizeof(bytes));
	}
}

/* The packets that were judged, "1 4 7 10 ". */
static void
judged(void *arg, const struct replay_judged *j)
{
	char *out = arg;

	CU_ASSERT_EQUAL(j->number, j->facts->dport);
	sprintf(out + strlen(out), "%u ", (unsigned int)j->number);
}

static void
a_sample_is_the_first_of_every_so_many(void)
{
	static const struct {
		uint64_t sample;
		const char *judged;
	} rows[] = {
		{ 0, "1 2 3 4 5 6 7 8 9 10 " }, { 1, "1 2 3 4 5 6 7 8 9 10 " },
		{ 2, "1 3 5 7 9 " }, { 3, "1 4 7 10 " }, { 10, "1 " }, { UINT64_MAX, "1 " },
	};
	char name[] = "/tmp/sekisho-test-XXXXXX", why[256];
	struct diag *diag = diag_new();
	struct checked *checked = checked_new(policy_parse_text(policy, sizeof(policy) - 1, "t",
	    diag), 0, diag);
	int fd = mkstemp(name);

	CU_ASSERT_PTR_NOT_NULL_FATAL(checked);
	write_capture(fd);
	close(fd);
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const size_t row = i / 2;
		char got[64] = "";
		struct replay_stats s;
		struct replay_options o = { .capture = name, .sample = rows[row].sample,
		    .reader = i % 2 == 0 ? CAPTURE_OWN : CAPTURE_LIBPCAP,
		    .now = REPLAY_PACKET_TIME, .judged = judged, .arg = got };

		CU_ASSERT_EQUAL(replay_run(checked, &o, &s, why, sizeof(why)), 3);
		CU_ASSERT_STRING_EQUAL(got, rows[row].judged);
		CU_ASSERT_EQUAL(s.packets + s.passed_over, N_PACKETS);
		CU_ASSERT_EQUAL(s.violations, s.packets);
	}
	unlink(name);
	checked_free(checked);
	diag_free(diag);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "numbers are grouped", numbers_are_grouped },
		{ "progress says how far and how long", progress_says_how_far_and_how_long },
		{ "progress is rare and goes away", progress_is_rare_and_goes_away },
		{ "the table in both languages", the_table_in_both_languages },
		{ "a sample is the first of every so many",
		    a_sample_is_the_first_of_every_so_many },
		CU_TEST_INFO_NULL,
	};

	return unit_main("replay_words", tests);
}
