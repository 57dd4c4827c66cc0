/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ledgers of the other processes in the heartbeats: the latest, its age, any number. */
#include "agent/clock.h"
#include "agent/record/log_reader.h"
#include "agent/record/record_json.h"
#include "agent/record/record_ledger.h"
#include "tests/unit/sealed_log.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

static void
what_is_no_ledger_is_not_taken(void)
{
	struct record_ledgers l = { 0 };
	const struct record_ledger sent = { { [CONTROL_UNSENT] = 7 } };
	json_t *none = record_ledgers_json(&l, LEDGER_OF_CONTROL), *some;

	CU_ASSERT_TRUE(json_is_null(none));
	json_decref(none);
	CU_ASSERT_FALSE(record_ledgers_take(&l, "control", &sent, sizeof(sent) - 1));
	CU_ASSERT_FALSE(record_ledgers_take(&l, "control", &sent, 0));
	CU_ASSERT_FALSE(record_ledgers_take(&l, "recorder", &sent, sizeof(sent)));
	CU_ASSERT_EQUAL(record_ledgers_number(&l, LEDGER_OF_CONTROL, CONTROL_UNSENT), 0);
	CU_ASSERT_TRUE(record_ledgers_take(&l, "control", &sent, sizeof(sent)));
	CU_ASSERT_EQUAL(record_ledgers_number(&l, LEDGER_OF_CONTROL, CONTROL_UNSENT), 7);
	CU_ASSERT_EQUAL(record_ledgers_number(&l, LEDGER_OF_CONTROL, CONTROL_NUMBERS), 0);
	CU_ASSERT_EQUAL(record_ledgers_number(&l, LEDGER_OF_COUNT, 0), 0);
	/* One sender's numbers are not another's. */
	CU_ASSERT_EQUAL(record_ledgers_number(&l, LEDGER_OF_WATCHER, CONTROL_UNSENT), 0);
	some = record_ledgers_json(&l, LEDGER_OF_CONTROL);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(some, "unsent")), 7);
	CU_ASSERT_EQUAL(json_object_size(some), CONTROL_NUMBERS + 1);
	json_decref(some);
}

/* The ledgers that stand in the heartbeats of the log: one object of all of them. */
static json_t *
ledgers_on_record(const struct sealed_log *l, size_t *heartbeats, bool *cut)
{
	struct log_reader *r = log_reader_open(l->path);
	json_t *all = json_object(), *record;

	*heartbeats = 0;
	*cut = false;
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	while (log_reader_next(r, &record) == LOG_READ_RECORD) {
		json_t *own = json_object_get(record, "sekisho");

		if (json_object_get(own, "ledgers") != NULL) {
			json_object_update(all, json_object_get(own, "ledgers"));
			(*heartbeats)++;
		}
		*cut |= json_object_get(own, "truncated") != NULL;
		json_decref(record);
	}
	log_reader_close(r);
	return all;
}

/* Of this number, everywhere; returns whether a sentence had to give way. */
static bool
heartbeats_of(uint64_t number)
{
	static const char *const senders[] = { "keeper", "control", "watcher" };
	char hostname[65];
	struct record_ledger worst;
	struct sealed_log l;
	size_t heartbeats;
	bool cut;
	json_t *all;

	for (size_t i = 0; i < RECORD_LEDGER_NUMBERS; i++)
		worst.numbers[i] = number;
	memset(hostname, 'g', 64);
	hostname[64] = '\0';
	sealed_log_make(&l);
	sealed_log_start(&l);
	l.writer.hostname = hostname;
	l.writer.written = l.writer.lost_total = l.writer.seal->lost = number / 4;
	l.writer.free_bytes = number / 4;
	for (size_t i = 0; i < 3; i++)
		CU_ASSERT_TRUE(record_ledgers_take(&l.writer.ledgers, senders[i], &worst,
		    sizeof(worst)));
	/* Years ago. */
	for (size_t i = 0; i < LEDGER_OF_COUNT; i++)
		l.writer.ledgers.taken_ns[i] = 1;
	l.writer.next_heartbeat_ns = 1;
	recorder_seal_tick(&l.writer);
	sealed_log_stop(&l);
	all = ledgers_on_record(&l, &heartbeats, &cut);
	CU_ASSERT_EQUAL(heartbeats, 2);
	CU_ASSERT_EQUAL(json_object_size(all), 3);
	CU_ASSERT_EQUAL(json_object_size(json_object_get(all, "watcher")), WATCHER_NUMBERS + 1);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(json_object_get(all, "watcher"),
	    "frames")), number > INT64_MAX ? INT64_MAX : (json_int_t)number);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(json_object_get(all, "control"),
	    "unsent")), number > INT64_MAX ? INT64_MAX : (json_int_t)number);
	json_decref(all);
	CU_ASSERT_EQUAL(sealed_log_verify(&l, true, NULL, 0).faults, 0);
	sealed_log_remove(&l);
	return cut;
}

static void
heartbeats_bear_the_worst_numbers(void)
{
	/* Years at a hundred gigabits, and what only a taken-over process would send. */
	CU_ASSERT_FALSE(heartbeats_of(UINT64_C(10000000000000)));
	(void)heartbeats_of(UINT64_MAX);
}

static void
who_says_nothing_is_told_as_such(void)
{
	struct sealed_log l;
	size_t heartbeats;
	bool cut;
	json_t *all;

	sealed_log_make(&l);
	sealed_log_start(&l);
	l.writer.next_heartbeat_ns = 1;
	recorder_seal_tick(&l.writer);
	sealed_log_stop(&l);
	all = ledgers_on_record(&l, &heartbeats, &cut);
	CU_ASSERT_EQUAL(heartbeats, 1);
	for (unsigned int of = 0; of < LEDGER_OF_COUNT; of++)
		CU_ASSERT_TRUE(json_is_null(json_object_get(all,
		    record_ledger_name((enum ledger_of)of))));
	json_decref(all);
	sealed_log_remove(&l);
}

/* They come a while after the start, when the next beat is planned already. */
static void
new_rules_hold_from_now_on(void)
{
	const int64_t soon = clock_ns(CLOCK_BOOTTIME) + INT64_C(11000000000);
	struct record_rules rules;
	struct sealed_log l;

	record_rules_default(&rules);
	sealed_log_make(&l);
	sealed_log_start(&l);
	CU_ASSERT_TRUE(l.writer.next_heartbeat_ns > soon);
	rules.heartbeat_s = rules.checkpoint_s = 10;
	recorder_take_rules(&l.writer, &rules);
	CU_ASSERT_TRUE(l.writer.next_heartbeat_ns < soon);
	CU_ASSERT_TRUE(l.writer.next_checkpoint_ns < soon);
	sealed_log_stop(&l);
	sealed_log_remove(&l);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "what is no ledger is not taken", what_is_no_ledger_is_not_taken },
		{ "heartbeats bear the worst numbers", heartbeats_bear_the_worst_numbers },
		{ "new rules hold from now on", new_rules_hold_from_now_on },
		{ "who says nothing is told as such", who_says_nothing_is_told_as_such },
		CU_TEST_INFO_NULL,
	};

	return unit_main("record_ledger", tests);
}
