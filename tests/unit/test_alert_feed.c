/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the recorder hands to the alerter: the right records, never waiting, none uncounted. */
#include "agent/alert/alert_feed.h"

#include "agent/ipc.h"
#include "agent/record/record_text.h"
#include "rules/violation_class.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct alert_rules
rules_of(const struct alert_rule *r)
{
	struct alert_rules rules = { .n = 1 };

	rules.rules[0] = *r;
	return rules;
}

static bool
picked(const struct alert_rule *r, const struct event *e)
{
	const struct alert_rules rules = rules_of(r);

	return alert_feed_picks(&rules, e) == 1;
}

static void
rules_pick(void)
{
	const struct alert_rule high = { .min_severity = SEVERITY_HIGH };
	const struct alert_rule leaks = { .actions = UINT64_C(1) << ACTION_LEAK };
	const struct alert_rule classes = { .classes = 1u << ZV_10_SCAN };
	const struct alert_rule drift = { .actions = UINT64_C(1) << alert_action_parse("drift") };
	const struct alert_rule cut = { .actions = UINT64_C(1) << alert_action_parse("cut-off") };
	const struct alert_rule gap = { .actions = UINT64_C(1) << ACTION_GAP };
	struct event e = { .kind = EVENT_VIOLATION, .zv = ZV_10_SCAN, .action = ACTION_LEAK,
		.severity = SEVERITY_WARNING };

	CU_ASSERT_FALSE(picked(&high, &e));
	CU_ASSERT_TRUE(picked(&leaks, &e));
	CU_ASSERT_TRUE(picked(&classes, &e));
	e.severity = SEVERITY_HIGH;
	CU_ASSERT_TRUE(picked(&high, &e));
	e.zv = ZV_11_BEACON;
	CU_ASSERT_FALSE(picked(&classes, &e));
	/* What goes on is not told again. */
	e.phase = PHASE_UPDATE;
	CU_ASSERT_FALSE(picked(&high, &e));
	e = (struct event){ .kind = EVENT_DRIFT };
	CU_ASSERT_TRUE(picked(&drift, &e));
	CU_ASSERT_FALSE(picked(&leaks, &e));
	CU_ASSERT_FALSE(picked(&classes, &e));
	e = (struct event){ .kind = EVENT_CHANGE, .subject = SUBJECT_CUTOFF };
	CU_ASSERT_TRUE(picked(&cut, &e));
	e.subject = SUBJECT_RESTORE;
	CU_ASSERT_FALSE(picked(&cut, &e));
	e = (struct event){ .kind = EVENT_GAP };
	CU_ASSERT_TRUE(picked(&gap, &e));
}

/* Every word that a record can have as its action can be written into a rule. */
static void
every_action_has_a_word(void)
{
	for (unsigned int s = 0; s < SUBJECT_COUNT; s++)
		CU_ASSERT_TRUE(alert_action_parse(
		    record_subject_name((enum event_subject)s)) >= 0);
	for (unsigned int k = EVENT_LIFE; k < EVENT_KIND_COUNT; k++)
		CU_ASSERT_TRUE(alert_action_parse(record_kind_name((enum event_kind)k)) >= 0);
}

struct heard {
	uint64_t lines, counted, rules;
};

static void
listen_to(int socket, struct heard *h)
{
	static struct ipc_message m;
	struct alert_counts counts;

	while (ipc_receive(socket, &m) == 1) {
		if (m.type == IPC_ALERT_RULES) {
			CU_ASSERT_EQUAL(m.length, sizeof(struct alert_rules));
			h->rules++;
		} else if (m.type == IPC_ALERT_RECORD) {
			CU_ASSERT_TRUE(m.length > ALERT_RECORD_HEAD);
			h->lines++;
		} else if (m.type == IPC_ALERT_COUNTS) {
			memcpy(&counts, m.payload.bytes, sizeof(counts));
			h->counted += counts.n[0];
		}
	}
}

static void
a_flood_is_counted_to_the_record(void)
{
	const struct alert_rule all = { .min_severity = SEVERITY_HIGH };
	const struct alert_rules rules = rules_of(&all);
	const struct event e = { .kind = EVENT_VIOLATION, .severity = SEVERITY_HIGH };
	struct alert_feed f = { 0 };
	struct heard h = { 0 };
	char line[RECORD_LINE_MAX];
	int pair[2];

	memset(line, 'x', sizeof(line));
	CU_ASSERT_EQUAL_FATAL(ipc_pair(pair), 0);
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL_FATAL(fcntl(pair[i], F_SETFL, O_NONBLOCK), 0);
	/* Nobody hears: nothing is kept. */
	alert_feed_line(&f, &e, line, sizeof(line));
	CU_ASSERT_FALSE(f.owing);
	f.socket = pair[0];
	alert_feed_rules(&f, &rules);
	for (int i = 0; i < 100000; i++)
		alert_feed_line(&f, &e, line, sizeof(line));
	listen_to(pair[1], &h);
	CU_ASSERT_EQUAL(h.rules, 1);
	CU_ASSERT_EQUAL(h.lines, ALERT_LINES);
	alert_feed_tick(&f);
	listen_to(pair[1], &h);
	CU_ASSERT_EQUAL(h.lines + h.counted, 100000);
	/* An alerter that stands still for hours: its queue fills, and nothing waits. */
	for (int tick = 0; tick < 500; tick++) {
		for (int i = 0; i < 100; i++)
			alert_feed_line(&f, &e, line, sizeof(line));
		alert_feed_tick(&f);
	}
	listen_to(pair[1], &h);
	alert_feed_tick(&f);
	listen_to(pair[1], &h);
	CU_ASSERT_EQUAL(h.lines + h.counted, 150000);
	CU_ASSERT_FALSE(f.owing);
	/* One that begins asks for the rules. */
	alert_feed_again(&f);
	listen_to(pair[1], &h);
	CU_ASSERT_EQUAL(h.rules, 2);
	close(pair[0]);
	close(pair[1]);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "rules pick", rules_pick },
		{ "every action has a word", every_action_has_a_word },
		{ "a flood is counted to the record", a_flood_is_counted_to_the_record },
		CU_TEST_INFO_NULL,
	};

	return unit_main("alert_feed", tests);
}
