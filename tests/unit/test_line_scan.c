/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/line_scan.h"
#include "tests/unit/scan_oracle.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As the recorder writes it, with the members of every kind somewhere. */
static const char sample[] =
    "{\"@timestamp\":\"2026-11-21T03:14:56.999999999Z\",\"message\":\"it \\\"crossed\\\"\","
    "\"ecs\":{\"version\":\"9.0\"},\"event\":{\"kind\":\"alert\",\"category\":[\"network\","
    "\"intrusion_detection\"],\"type\":[\"allowed\"],\"action\":\"leak\",\"module\":\"watcher\","
    "\"id\":\"b00t-17\",\"sequence\":17,\"severity\":9,\"reason\":\"why\\n\\u00e9\\ud83d\\ude00\","
    "\"start\":\"2026-11-21T03:14:00.000000000Z\",\"end\":\"2026-11-21T03:14:56.999999999Z\","
    "\"created\":\"2026-11-21T03:14:57.000000000Z\"},\"rule\":{\"id\":\"ZV-01\",\"name\":"
    "\"Zone crossing\",\"version\":\"0123456789ab\"},\"source\":{\"ip\":\"10.1.2.3\",\"port\":40000,"
    "\"mac\":\"02-00-00-00-00-01\"},\"destination\":{\"ip\":\"2001:db8::1\",\"port\":443},"
    "\"network\":{\"type\":\"ipv4\",\"transport\":\"tcp\",\"iana_number\":\"6\",\"packets\":42,"
    "\"bytes\":4200,\"inner\":{\"vlan\":{\"id\":\"7\"}}},\"observer\":{\"hostname\":\"gw1\","
    "\"product\":\"sekisho\",\"version\":\"0\",\"type\":\"firewall\",\"ingress\":{\"zone\":"
    "\"mynumber\",\"interface\":{\"name\":\"eth0\"}},\"egress\":{\"zone\":\"internet\"}},"
    "\"sekisho\":{\"kind\":\"violation\",\"monotonic_ns\":123,\"verdict\":\"violation\",\"agg\":"
    "\"update\",\"key\":\"00000000000000ff\",\"count\":42,\"permit\":\"P1\",\"witness\":[],"
    "\"tcp_flags\":2,\"heartbeat\":{\"a\":[-1,{\"b\":null}],\"c\":true,\"d\":false},"
    "\"message_ja\":\"\xe8\xb6\x8a\xe5\xa2\x83\xe3\x81\x97\xe3\x81\xbe\xe3\x81\x97\xe3\x81\x9f\","
    "\"truncated\":true},\"hash\":\"ab\",\"mac\":\"cd\"}";

static void
the_fields_are_found(void)
{
	struct line_fields f;

	CU_ASSERT_TRUE_FATAL(line_scan(sample, sizeof(sample) - 1, &f));
	CU_ASSERT_TRUE(line_text_is(&f.time, "2026-11-21T03:14:56.999999999Z"));
	CU_ASSERT_TRUE(line_text_is(&f.class, "ZV-01"));
	CU_ASSERT_TRUE(line_text_is(&f.source, "10.1.2.3"));
	CU_ASSERT_TRUE(line_text_is(&f.destination, "2001:db8::1"));
	CU_ASSERT_TRUE(line_text_is(&f.from, "mynumber"));
	CU_ASSERT_TRUE(line_text_is(&f.to, "internet"));
	CU_ASSERT_TRUE(line_text_is(&f.kind, "violation"));
	CU_ASSERT_TRUE(line_text_is(&f.permit, "P1"));
	CU_ASSERT_TRUE(line_text_is(&f.actor, ""));
	CU_ASSERT_EQUAL(f.count, 42);
	CU_ASSERT_EQUAL(f.sequence, 17);
	CU_ASSERT_EQUAL(f.source_port, 40000);
	CU_ASSERT_TRUE(f.message.escaped);
	CU_ASSERT_FALSE(f.escaped);
	CU_ASSERT_TRUE(f.plain);
	CU_ASSERT_TRUE(scan_agrees(sample, sizeof(sample) - 1));
}

/* What is no JSON, or not as we write it, is never taken. */
static void
others_are_left(void)
{
	static const char *const lines[] = {
		"", "{", "[]", "7", "{}x", "{} ", " {}", "{\"a\":1,}", "{,}", "{\"a\"}", "{\"a\":}",
		"{\"a\":01}", "{\"a\":1.5}", "{\"a\":1e3}", "{\"a\":-}", "{\"a\":-01}", "{\"a\":+1}",
		"{\"a\":1234567890123456789}", "{\"a\":nul}", "{\"a\":nulls}", "{\"a\":\"\\x\"}",
		"{\"a\":\"\\u0000\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\"}", "{\"a\":\"\t\"}",
		"{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\xff\"}",
		"{\"a\":\"\xc0\x80\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\xe3\x81\"}",
		"{\"a\":1,\"a\":2}", "{\"event\":{},\"event\":{}}", "{\"b\":{\"a\":1,\"a\":2}}",
		"{\"message\":\"a\",\"@timestamp\":\"b\"}", "{\"message\":\"\",\"message\":\"\"}",
		"{\"message\":7}", "{\"event\":7}", "{\"event\":{\"sequence\":-1}}", "{a:1}",
		"{\"event\":{\"sequence\":\"1\"}}", "{\"a\":[1,]}", "{\"a\":[1 ,2]}", "{\"a\":[1}",
		"{\"a\":[[[[[[[[[[[[]]]]]]]]]]]]}", "{\"\\u0061\":1}", "{\"a\":\"", "{\"a\":\"\\",
	};
	struct line_fields f;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (line_scan(lines[i], strlen(lines[i]), &f))
			CU_FAIL(lines[i]);
	/* A NUL ends nothing. */
	CU_ASSERT_FALSE(line_scan("{}\0", 3, &f));
	CU_ASSERT_FALSE(line_scan("{\"a\":\"\0\"}", 9, &f));
}

static void
what_steers_a_terminal_is_not_plain(void)
{
	static const struct {
		const char *text;
		bool plain;
	} rows[] = {
		{ "a", true }, { "\xe3\x81\x82", true }, { "\xc3\xa9", true }, { "\\u001b", true },
		{ "\x7f", false }, { "\xc2\x9b", false }, { "\xe2\x80\xae", false },
		{ "\xe2\x80\xa8", false }, { "\xef\xbb\xbf", false }, { "\xf0\x9f\x98\x80", true },
	};
	struct line_fields f;
	char line[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int n = snprintf(line, sizeof(line), "{\"message\":\"%s\"}", rows[i].text);

		CU_ASSERT_TRUE(line_scan(line, (size_t)n, &f));
		CU_ASSERT_EQUAL(f.plain, rows[i].plain);
		n = snprintf(line, sizeof(line), "{\"%s\":1}", rows[i].text);
		if (line_scan(line, (size_t)n, &f))
			CU_ASSERT_EQUAL(f.plain, rows[i].plain);
	}
}

/* Every prefix, and every byte changed to a few others: what is taken, jansson takes. */
static void
whatever_is_taken_jansson_takes_too(void)
{
	static const char others[] = "\"\\{}[],:0-a \n\x7f\x80\xc2\xe3\xff";
	const size_t length = sizeof(sample) - 1;
	size_t taken = 0;
	struct line_fields f;
	char *line = malloc(length);

	CU_ASSERT_PTR_NOT_NULL_FATAL(line);
	for (size_t i = 0; i < length; i++) {
		/* Of exact size, so that a step too far is found by the sanitizers. */
		char *part = malloc(i > 0 ? i : 1);

		CU_ASSERT_PTR_NOT_NULL_FATAL(part);
		memcpy(part, sample, i);
		CU_ASSERT_FALSE(line_scan(part, i, &f));
		free(part);
	}
	for (size_t i = 0; i < length; i++) {
		for (size_t j = 0; j < sizeof(others); j++) {
			memcpy(line, sample, length);
			line[i] = others[j];
			taken += line_scan(line, length, &f);
			if (!scan_agrees(line, length))
				CU_FAIL_FATAL("taken, but jansson says otherwise");
		}
		/* Swapped, doubled, left out. */
		memcpy(line, sample, length);
		memmove(line + i, line + i + 1, length - i - 1);
		CU_ASSERT_TRUE(scan_agrees(line, length - 1));
	}
	CU_ASSERT_TRUE(taken > 1000);
	free(line);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "the fields are found", the_fields_are_found },
		{ "others are left", others_are_left },
		{ "what steers a terminal is not plain", what_steers_a_terminal_is_not_plain },
		{ "whatever is taken jansson takes too", whatever_is_taken_jansson_takes_too },
		CU_TEST_INFO_NULL,
	};

	return unit_main("line_scan", tests);
}
