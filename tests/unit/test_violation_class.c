/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/facts.h"
#include "rules/violation_class.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
ids_go_there_and_back(void)
{
	char want[24];

	for (int c = ZV_NONE + 1; c < ZV_COUNT; c++) {
		enum violation_class zv = (enum violation_class)c;

		snprintf(want, sizeof(want), "ZV-%02d", c);
		CU_ASSERT_STRING_EQUAL(violation_class_id(zv), want);
		CU_ASSERT_EQUAL(violation_class_parse(want), zv);
	}
	CU_ASSERT_STRING_EQUAL(violation_class_id(ZV_NONE), "");
	CU_ASSERT_STRING_EQUAL(violation_class_id((enum violation_class)99), "");
	CU_ASSERT_EQUAL(violation_class_parse(""), ZV_NONE);
	CU_ASSERT_EQUAL(violation_class_parse("ZV-00"), ZV_NONE);
	CU_ASSERT_EQUAL(violation_class_parse("ZV-17"), ZV_NONE);
	CU_ASSERT_EQUAL(violation_class_parse("ZV-011"), ZV_NONE);
}

static void
every_class_has_its_own_name_in_both_languages(void)
{
	for (int a = ZV_NONE + 1; a < ZV_COUNT; a++)
		for (int b = ZV_NONE + 1; b < a; b++)
			for (int l = MESSAGE_ENGLISH; l <= MESSAGE_JAPANESE; l++)
				CU_ASSERT_STRING_NOT_EQUAL(
				    violation_class_name((enum violation_class)a,
					(enum message_language)l),
				    violation_class_name((enum violation_class)b,
					(enum message_language)l));
	CU_ASSERT_STRING_EQUAL(
	    violation_class_name(ZV_09_SANITISER_BYPASS, MESSAGE_JAPANESE), "無害化迂回");
	CU_ASSERT_STRING_EQUAL(violation_class_name(ZV_NONE, MESSAGE_JAPANESE), "");
}

static void
actions_are_the_words_of_the_record(void)
{
	static const char *const words[ACTION_COUNT] = {
	    "attempt",
	    "leak",
	    "spoofed-source",
	    "wrong-mac",
	    "rogue-service",
	    "tunnel",
	    "unclassifiable",
	    "gap",
	    "foreign-station",
	    "bridging",
	    "behaviour",
	};

	for (int a = 0; a < ACTION_COUNT; a++)
		CU_ASSERT_STRING_EQUAL(
		    violation_action_name((enum violation_action)a), words[a]);
	CU_ASSERT_STRING_EQUAL(violation_action_name(ACTION_COUNT), "unknown");
}

static const struct {
	enum violation_class zv;
	enum violation_action action;
	enum zone_class from, to;
	int want;
} severities[] = {
    {ZV_01_ZONE_CROSSING, ACTION_ATTEMPT, ZONE_CLASS_LGWAN, ZONE_CLASS_INTERNET,
	SEVERITY_HIGH},
    {ZV_01_ZONE_CROSSING, ACTION_ATTEMPT, ZONE_CLASS_MYNUMBER, ZONE_CLASS_LGWAN,
	SEVERITY_CRITICAL},
    {ZV_01_ZONE_CROSSING, ACTION_ATTEMPT, ZONE_CLASS_GUEST, ZONE_CLASS_MYNUMBER,
	SEVERITY_CRITICAL},
    {ZV_02_NOT_PERMITTED, ACTION_ATTEMPT, ZONE_CLASS_MYNUMBER, ZONE_CLASS_EXTERNAL,
	SEVERITY_NOTICE},
    {ZV_02_NOT_PERMITTED, ACTION_UNCLASSIFIABLE, ZONE_CLASS_LGWAN, ZONE_CLASS_OTHER,
	SEVERITY_WARNING},
    {ZV_02_NOT_PERMITTED, ACTION_TUNNEL, ZONE_CLASS_LGWAN, ZONE_CLASS_OTHER,
	SEVERITY_HIGH},
    {ZV_02_NOT_PERMITTED, ACTION_LEAK, ZONE_CLASS_LGWAN, ZONE_CLASS_EXTERNAL,
	SEVERITY_HIGH},
    {ZV_02_NOT_PERMITTED, ACTION_LEAK, ZONE_CLASS_EXTERNAL, ZONE_CLASS_MYNUMBER,
	SEVERITY_CRITICAL},
    {ZV_03_SPOOFED, ACTION_WRONG_MAC, ZONE_CLASS_MYNUMBER, ZONE_CLASS_OTHER,
	SEVERITY_HIGH},
    {ZV_09_SANITISER_BYPASS, ACTION_ATTEMPT, ZONE_CLASS_INTERNET, ZONE_CLASS_LGWAN,
	SEVERITY_CRITICAL},
    {ZV_04_ZONE_HOPPING, ACTION_FOREIGN_STATION, ZONE_CLASS_LGWAN, ZONE_CLASS_OTHER,
	SEVERITY_CRITICAL},
    {ZV_05_BRIDGING, ACTION_BRIDGING, ZONE_CLASS_LGWAN, ZONE_CLASS_INTERNET,
	SEVERITY_CRITICAL},
    {ZV_06_UNREGISTERED, ACTION_FOREIGN_STATION, ZONE_CLASS_MYNUMBER, ZONE_CLASS_OTHER,
	SEVERITY_WARNING},
    {ZV_07_ROGUE_SERVICE, ACTION_ROGUE_SERVICE, ZONE_CLASS_LGWAN, ZONE_CLASS_OTHER,
	SEVERITY_HIGH},
    {ZV_13_CLEAR_TEXT, ACTION_BEHAVIOUR, ZONE_CLASS_MYNUMBER, ZONE_CLASS_LGWAN,
	SEVERITY_WARNING},
    {ZV_14_WATCH_GAP, ACTION_GAP, ZONE_CLASS_OTHER, ZONE_CLASS_OTHER, SEVERITY_HIGH},
    {ZV_NONE, ACTION_ATTEMPT, ZONE_CLASS_OTHER, ZONE_CLASS_OTHER, 0},
    {ZV_NONE, ACTION_LEAK, ZONE_CLASS_OTHER, ZONE_CLASS_OTHER, SEVERITY_HIGH},
};

static void
severity_follows_the_catalogue(void)
{
	for (size_t i = 0; i < sizeof(severities) / sizeof(severities[0]); i++)
		CU_ASSERT_EQUAL(violation_severity(severities[i].zv, severities[i].action,
		    severities[i].from, severities[i].to), severities[i].want);
}

/* Whatever the class, a leak is never shown as less than what only was tried. */
static void
a_leak_is_never_less_than_an_attempt(void)
{
	for (int c = ZV_NONE; c < ZV_COUNT; c++)
		for (int from = 0; from < ZONE_CLASS_COUNT; from++) {
			enum violation_class zv = (enum violation_class)c;
			enum zone_class z = (enum zone_class)from;
			int leak =
			    violation_severity(zv, ACTION_LEAK, z, ZONE_CLASS_OTHER);

			CU_ASSERT(leak >= SEVERITY_HIGH);
			CU_ASSERT(leak >= violation_severity(zv, ACTION_ATTEMPT, z,
			    ZONE_CLASS_OTHER));
			if (z == ZONE_CLASS_MYNUMBER)
				CU_ASSERT(leak >= SEVERITY_CRITICAL);
		}
}

static void
sentences_name_both_ends(void)
{
	const struct violation_words w = {
	    "マイナンバー利用事務系",
	    "10.10.1.50",
	    "",
	    "8.8.8.8",
	    "udp/53",
	};
	char *text = violation_sentence(ZV_08_INTERNET_BOUND, ACTION_ATTEMPT,
	    MESSAGE_JAPANESE, &w);

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_STRING_EQUAL(text,
	    "インターネット宛: マイナンバー利用事務系 (10.10.1.50) から"
	    " 領域不明 (8.8.8.8) へ udp/53（遮断）");
	free(text);
	text = violation_sentence(ZV_08_INTERNET_BOUND, ACTION_LEAK, MESSAGE_ENGLISH, &w);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_STRING_EQUAL(text,
	    "traffic towards the internet: マイナンバー利用事務系"
	    " (10.10.1.50) to unknown zone (8.8.8.8), udp/53; it CROSSED the gateway");
	free(text);
	text = violation_sentence(ZV_04_ZONE_HOPPING, ACTION_FOREIGN_STATION,
	    MESSAGE_JAPANESE, &(const struct violation_words){ "LGWAN接続系",
	    "10.20.0.7", "マイナンバー利用事務系", "10.20.0.1", "tcp/443" });
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_STRING_EQUAL(text, "ゾーン渡り端末: LGWAN接続系 (10.20.0.7) で観測、本来は"
	    " マイナンバー利用事務系 の機器です。宛先 10.20.0.1、tcp/443（機器を特定してください）");
	free(text);
	CU_ASSERT_PTR_NULL(violation_sentence(ZV_NONE, ACTION_LEAK, MESSAGE_ENGLISH, &w));
}

static void
severities_have_words(void)
{
	static const char *const severity_words[] = { "notice", "warning", "high", "critical" };
	int before = 0;

	for (size_t i = 0; i < 4; i++) {
		int severity = violation_severity_parse(severity_words[i]);

		CU_ASSERT(severity > before);
		CU_ASSERT_STRING_EQUAL(
		    violation_severity_name(severity), severity_words[i]);
		CU_ASSERT_STRING_EQUAL(
		    violation_severity_name(severity + 1), severity_words[i]);
		before = severity;
	}
	CU_ASSERT_EQUAL(violation_severity_parse("Notice"), 0);
	CU_ASSERT_EQUAL(violation_severity_parse(""), 0);
	CU_ASSERT_STRING_EQUAL(violation_severity_name(SEVERITY_NOTICE - 1), "");
}

/* What was seen by watching only must not read as if it had been stopped. */
static void
only_what_was_stopped_says_so(void)
{
	static const enum violation_action seen[] = { ACTION_LEAK, ACTION_GAP,
		ACTION_FOREIGN_STATION, ACTION_BRIDGING, ACTION_BEHAVIOUR,
		ACTION_ROGUE_SERVICE };
	const struct violation_words w = { "a", "1", "b", "2", "udp/1" };

	CU_ASSERT_FALSE(violation_only_seen(ACTION_ATTEMPT));
	CU_ASSERT_FALSE(violation_only_seen(ACTION_TUNNEL));
	CU_ASSERT_FALSE(violation_only_seen(ACTION_LEAK));
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		CU_ASSERT_EQUAL(violation_only_seen(seen[i]), i >= 2);
		char *en = violation_sentence(ZV_04_ZONE_HOPPING, seen[i], MESSAGE_ENGLISH, &w);
		char *ja = violation_sentence(ZV_04_ZONE_HOPPING, seen[i], MESSAGE_JAPANESE, &w);

		CU_ASSERT_PTR_NOT_NULL_FATAL(en);
		CU_ASSERT_PTR_NOT_NULL_FATAL(ja);
		CU_ASSERT_PTR_NULL(strstr(en, "stopped"));
		CU_ASSERT_PTR_NULL(strstr(ja, "（遮断"));
		free(en);
		free(ja);
	}
}

/* A record line has 2048 bytes for everything (agent/record). */
static void
every_sentence_fits_a_record(void)
{
	char name[64];
	const struct violation_words w = {
		name, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", name,
		"2001:db8:ffff:ffff:ffff:ffff:ffff:fffe", "icmpv6 255/255",
	};

	memset(name, 'z', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int c = ZV_NONE + 1; c < ZV_COUNT; c++)
		for (int a = 0; a < ACTION_COUNT; a++)
			for (int l = MESSAGE_ENGLISH; l <= MESSAGE_JAPANESE; l++) {
				char *text = violation_sentence((enum violation_class)c,
				    (enum violation_action)a, (enum message_language)l,
				    &w);

				CU_ASSERT_PTR_NOT_NULL_FATAL(text);
				CU_ASSERT(strlen(text) < 512);
				free(text);
			}
}

static void
reasons_for_unreadable_have_words(void)
{
	CU_ASSERT_STRING_EQUAL(unreadable_name(READABLE), "");
	for (int a = READABLE + 1; a < UNREADABLE_COUNT; a++) {
		CU_ASSERT_STRING_NOT_EQUAL(
		    unreadable_name((enum unreadable)a), "unknown");
		for (int b = READABLE; b < a; b++)
			CU_ASSERT_STRING_NOT_EQUAL(unreadable_name((enum unreadable)a),
			    unreadable_name((enum unreadable)b));
	}
	CU_ASSERT_STRING_EQUAL(unreadable_name(UNREADABLE_COUNT), "unknown");
}

int
main(void)
{
	CU_TestInfo tests[] = {
	    {"ids go there and back", ids_go_there_and_back},
	    {"every class has its own name in both languages",
		every_class_has_its_own_name_in_both_languages},
	    {"actions are the words of the record", actions_are_the_words_of_the_record},
	    {"severity follows the catalogue", severity_follows_the_catalogue},
	    {"a leak is never less than an attempt",
		a_leak_is_never_less_than_an_attempt},
	    {"sentences name both ends", sentences_name_both_ends},
	    {"severities have words", severities_have_words},
	    {"only what was stopped says so", only_what_was_stopped_says_so},
	    {"every sentence fits a record", every_sentence_fits_a_record},
	    {"reasons for unreadable have words", reasons_for_unreadable_have_words},
	    CU_TEST_INFO_NULL,
	};

	return unit_main("violation_class", tests);
}
