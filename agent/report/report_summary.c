/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a committee has to know, in sentences. Each is good, a warning or bad, and has a
 * mark for those who read in black and white.
 */
#include "agent/report/report_build.h"
#include "agent/report/report_words.h"
#include "agent/cli/violations_table.h"

#include <string.h>

enum level { GOOD = 0, WARNING, BAD };

struct summary {
	const json_t *root;
	enum message_language language;
	json_t *rows;
};

static const struct {
	const char *name, *mark;
} levels[] = { { "good", "○" }, { "warning", "△" }, { "bad", "×" } };

static void
say(struct summary *s, enum level level, char *text)
{
	json_array_append_new(s->rows, json_pack("{s:s, s:s, s:o}", "level",
	    levels[level].name, "mark", levels[level].mark, "text", report_words_take(text)));
}

static long long
number(const struct summary *s, const char *path)
{
	return (long long)violations_number(s->root, path);
}

static bool
is(const struct summary *s, const char *path)
{
	return violations_is(s->root, path);
}

static void
say_violations(struct summary *s)
{
	const enum message_language l = s->language;
	const long long leaks = number(s, "total.leaks"), cases = number(s, "total.cases");
	const long long serious = number(s, "serious.count");

	if (leaks > 0)
		say(s, BAD, message_text(MSG_REPORT_SAY_LEAKS, l, leaks));
	else
		say(s, GOOD, message_text(MSG_REPORT_SAY_NO_LEAK, l));
	if (cases == 0)
		say(s, GOOD, message_text(MSG_REPORT_SAY_NONE, l));
	else
		say(s, serious > 0 ? WARNING : GOOD, message_text(MSG_REPORT_SAY_CASES, l, cases,
		    violations_text(s->root, "total.change.text"), serious));
}

static void
say_watch(struct summary *s)
{
	const enum message_language l = s->language;

	if (is(s, "watched.complete"))
		say(s, GOOD, message_text(MSG_REPORT_SAY_WATCHED, l));
	else
		say(s, WARNING, message_text(MSG_REPORT_SAY_NOT_WATCHED, l,
		    violations_text(s->root, "watched.share"),
		    violations_text(s->root, "watched.missing")));
	if (!is(s, "clock.known"))
		say(s, WARNING, message_text(MSG_REPORT_SAY_CLOCK_UNKNOWN, l));
	else if (is(s, "clock.good"))
		say(s, GOOD, message_text(MSG_REPORT_SAY_CLOCK_GOOD, l));
	else
		say(s, WARNING, message_text(MSG_REPORT_SAY_CLOCK_BAD, l,
		    violations_text(s->root, "clock.share")));
}

static void
say_record(struct summary *s)
{
	const enum message_language l = s->language;

	if (!is(s, "verify.done"))
		say(s, WARNING, message_text(MSG_REPORT_SAY_NOT_VERIFIED, l));
	else if (is(s, "verify.good"))
		say(s, GOOD, message_text(MSG_REPORT_SAY_VERIFIED, l));
	else
		say(s, BAD, message_text(MSG_REPORT_SAY_TAMPERED, l, number(s, "verify.faults")));
	if (is(s, "losses.any"))
		say(s, WARNING, message_text(MSG_REPORT_SAY_LOST, l));
	if (!is(s, "reading.whole"))
		say(s, BAD, message_text(MSG_REPORT_SAY_UNREADABLE, l, number(s, "reading.bad"),
		    number(s, "reading.skipped")));
}

static void
say_changes(struct summary *s)
{
	const enum message_language l = s->language;
	const long long drift = number(s, "drift.count"), cuts = number(s, "cutoffs.count");
	const long long overdue = number(s, "permits.overdue.count");
	const long long soon = number(s, "permits.soon.count");

	if (drift > 0)
		say(s, number(s, "drift.failed") > 0 ? BAD : WARNING, number(s, "drift.failed") > 0 ?
		    message_text(MSG_REPORT_SAY_DRIFT, l, drift, number(s, "drift.failed")) :
		    message_text(MSG_REPORT_SAY_DRIFT_MENDED, l, drift));
	if (cuts > 0)
		say(s, WARNING, message_text(MSG_REPORT_SAY_CUTOFFS, l, cuts));
	if (!is(s, "permits.known"))
		say(s, WARNING, message_text(MSG_REPORT_SAY_NO_POLICY, l));
	else if (overdue + soon > 0)
		say(s, overdue > 0 ? WARNING : GOOD,
		    message_text(MSG_REPORT_SAY_EXPIRY, l, overdue, soon));
}

json_t *
report_summary_json(const json_t *root, enum message_language language)
{
	struct summary s = { .root = root, .language = language, .rows = json_array() };

	say_violations(&s);
	say_watch(&s);
	say_record(&s);
	say_changes(&s);
	return s.rows;
}
