/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/report/report_build.h"

#include "agent/report/report_events.h"
#include "agent/report/report_serious.h"
#include "agent/report/report_sums.h"
#include "agent/report/report_watch.h"
#include "agent/report/report_words.h"
#include "agent/record/log_reader.h"
#include "agent/version.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* Bad lines that are told one by one. */
#define BAD_SHOWN 10u

struct build {
	const struct cli *cli;
	const struct report_request *q;
	struct report_policies policies;
	struct log_reader *reader;
	struct report_sums *sums;
	struct report_serious *serious;
	struct report_events *events;
	struct report_watch *watch;
	json_t *bad;
	uint64_t lines, n_bad;
	char hostname[256];		/* of the latest record that has one */
};

static int64_t
until(const struct report_request *q)
{
	const int64_t now = (int64_t)time(NULL);

	return q->period.to < now ? q->period.to : now;
}

static bool
begin(struct build *b)
{
	b->sums = report_sums_new(&b->q->period);
	b->serious = report_serious_new(&b->q->period);
	b->events = report_events_new(b->q->language);
	b->watch = report_watch_new(b->q->period.from, until(b->q));
	b->bad = json_array();
	if (b->sums != NULL && b->serious != NULL && b->events != NULL && b->watch != NULL &&
	    b->bad != NULL)
		return true;
	cli_complain(b->cli, MSG_CLI_NO_MEMORY);
	return false;
}

static void
end(struct build *b)
{
	report_policies_free(&b->policies);
	log_reader_close(b->reader);
	report_sums_free(b->sums);
	report_serious_free(b->serious);
	report_events_free(b->events);
	report_watch_free(b->watch);
	json_decref(b->bad);
}

/* ---- reading ------------------------------------------------------------------------------ */

static void
take_bad(struct build *b)
{
	const struct log_reader *r = b->reader;

	if (b->n_bad++ >= BAD_SHOWN)
		return;
	cli_complain(b->cli, MSG_CLI_VIOLATIONS_BAD_LINE, log_reader_file(r),
	    log_reader_line(r), log_reader_error(r));
	json_array_append_new(b->bad, json_pack("{s:s, s:I, s:s}", "file", log_reader_file(r),
	    "line", (json_int_t)log_reader_line(r), "error", log_reader_error(r)));
}

/* Records whose other members the report shows; all others are counted by their fields. */
static bool
is_shown_whole(const struct build *b, const struct line_fields *f)
{
	static const char *const kinds[] = { "gap", "heartbeat", "clock", "change", "drift",
		"disposal" };
	const int64_t at = report_seconds(f->time.text, f->time.length);

	if (line_text_is(&f->kind, "violation") || at < b->q->period.from ||
	    at >= b->q->period.to)
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (line_text_is(&f->kind, kinds[i]))
			return true;
	return false;
}

static int
take_whole(struct build *b, const char *line, size_t length, json_t *parsed)
{
	json_t *record = parsed != NULL ? json_incref(parsed) :
	    log_reader_parse(b->reader, line, length);
	const char *name = json_string_value(json_object_get(json_object_get(record,
	    "observer"), "hostname"));
	int r;

	if (record == NULL)
		return 0;
	if (name != NULL)
		snprintf(b->hostname, sizeof(b->hostname), "%s", name);
	r = report_watch_take_whole(b->watch, record, b->q->language);
	if (r == 0)
		r = report_events_take(b->events, record);
	json_decref(record);
	return r;
}

static int
take(struct build *b, const char *line, size_t length, const struct line_fields *f,
    json_t *parsed)
{
	int r = report_watch_take(b->watch, f);

	b->lines++;
	if (r == 0)
		r = report_sums_take(b->sums, f);
	if (r == 0)
		r = report_serious_take(b->serious, f, line, length);
	if (r == 0 && is_shown_whole(b, f))
		r = take_whole(b, line, length, parsed);
	return r;
}

static bool
read_log(struct build *b)
{
	const char *line;
	size_t length;
	int e, r = 0;

	while (r == 0 && (e = log_reader_next_line(b->reader, &line, &length)) > 0) {
		struct line_fields fields;
		json_t *parsed = NULL;

		if (e == LOG_READ_BAD ||
		    !log_reader_fields(b->reader, line, length, &fields, &parsed)) {
			take_bad(b);
			continue;
		}
		r = take(b, line, length, &fields, parsed);
		json_decref(parsed);
	}
	if (r == 0 && e == LOG_READ_END)
		return true;
	if (r < 0)
		cli_complain(b->cli, MSG_CLI_NO_MEMORY);
	else
		cli_complain(b->cli, MSG_CLI_VIOLATIONS_NO_LOG, b->cli->paths.log,
		    strerror(-e));
	return false;
}

/* ---- values -------------------------------------------------------------------------------- */

static json_t *
period_json(const struct report_period *p, enum message_language language)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:b}",
	    "from", report_words_take(report_day_text(p->from, language)),
	    "to", report_words_take(report_day_text(p->to - 1, language)),
	    "prior_from", report_words_take(report_day_text(p->prior, language)),
	    "prior_to", report_words_take(report_day_text(p->from - 1, language)),
	    "from_time", report_words_take(report_time_text(p->from)),
	    "to_time", report_words_take(report_time_text(p->to)),
	    "days", (json_int_t)p->days, "months", p->months);
}

static void
name_zone(char *out, size_t size)
{
	const time_t now = time(NULL);
	struct tm tm = { 0 };

	(void)localtime_r(&now, &tm);
	(void)strftime(out, size, "%Z (UTC%z)", &tm);
}

static json_t *
head_json(const struct build *b)
{
	const struct checked *c = b->policies.after;
	const bool site = c != NULL && c->site_name[0] != '\0';
	const char *gateway = c != NULL && c->site_gateway[0] != '\0' ? c->site_gateway :
	    b->hostname;
	const enum message_language language = b->q->language;
	const int64_t now = (int64_t)time(NULL);
	char zone[64];

	name_zone(zone, sizeof(zone));
	return json_pack("{s:s, s:b, s:b, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:b}",
	    "language", language == MESSAGE_JAPANESE ? "ja" : "en",
	    "japanese", language == MESSAGE_JAPANESE, "english", language == MESSAGE_ENGLISH,
	    "site", site ? c->site_name : "", "gateway", gateway, "timezone", zone,
	    "version", SEKISHO_VERSION,
	    "created", report_words_take(report_time_text(now)),
	    "created_day", report_words_take(report_day_text(now, language)),
	    "period", period_json(&b->q->period, language),
	    "unfinished", b->q->period.to > now);
}

static json_t *
reading_json(const struct build *b)
{
	return json_pack("{s:I, s:I, s:O, s:I, s:I, s:b}", "lines", (json_int_t)b->lines,
	    "bad", (json_int_t)b->n_bad, "bad_rows", b->bad, "bad_more",
	    (json_int_t)(b->n_bad - json_array_size(b->bad)), "skipped",
	    (json_int_t)log_reader_skipped(b->reader), "whole",
	    b->n_bad == 0 && log_reader_skipped(b->reader) == 0);
}

/* Everything, in the order of the pages. */
static json_t *
values(struct build *b)
{
	const enum message_language language = b->q->language;
	json_t *root = head_json(b), *labels = report_policies_labels(&b->policies);
	struct { const char *key; json_t *value; } parts[] = {
		{ NULL, report_sums_json(b->sums, labels, language) },
		{ NULL, report_events_json(b->events) },
		{ NULL, report_watch_json(b->watch, language) },
		{ "serious", report_serious_json(b->serious, b->reader, labels, language) },
		{ "permits", report_permits_json(&b->policies, &b->q->period, language) },
		{ "verify", report_verify_json(b->cli, b->q) },
		{ "retention", report_retention_json(b->cli, &b->policies, language) },
		{ "reading", reading_json(b) },
	};
	int r = root == NULL ? -1 : 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].key == NULL)
			r |= json_object_update(root, parts[i].value);
		else
			r |= json_object_set(root, parts[i].key, parts[i].value);
		json_decref(parts[i].value);
	}
	json_decref(labels);
	r |= json_object_set_new(root, "summary", report_summary_json(root, language));
	if (r == 0)
		return root;
	json_decref(root);
	cli_complain(b->cli, MSG_CLI_NO_MEMORY);
	return NULL;
}

json_t *
report_build(const struct cli *cli, const struct report_request *q, bool *whole)
{
	struct build b = { .cli = cli, .q = q };
	json_t *root = NULL;

	report_policies_read(&b.policies, cli, &q->period);
	b.reader = log_reader_open(cli->paths.log);
	if (b.reader == NULL)
		cli_complain(cli, MSG_CLI_VIOLATIONS_NO_LOG, cli->paths.log, strerror(errno));
	else if (begin(&b) && read_log(&b))
		root = values(&b);
	*whole = root != NULL && b.n_bad == 0 && log_reader_skipped(b.reader) == 0;
	end(&b);
	return root;
}
