/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/evidence/fact_sheet.h"

#include "rules/utf8.h"
#include "rules/violation_class.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Rows of the table and notes on the page; the rest is in records.jsonl. */
#define ROWS_SHOWN	12u
#define NOTES_SHOWN	6u
#define CELL_SIZE	1024

static const char style[] =
    "@page{size:A4;margin:14mm}body{font:10.5pt/1.5 'Noto Sans CJK JP','IPAexGothic',"
    "'Yu Gothic',Meiryo,sans-serif;max-width:182mm;margin:0 auto;color:#111}"
    "h1{font-size:16pt;border-bottom:2px solid #111;margin:0 0 4mm}"
    "h2{font-size:11.5pt;margin:4mm 0 1mm;border-left:4px solid #444;padding-left:2mm}"
    "p{margin:1mm 0}table{border-collapse:collapse;width:100%;font-size:9pt}"
    "th,td{border:1px solid #888;padding:.6mm 1.5mm;text-align:left;vertical-align:top;"
    "overflow-wrap:anywhere}th{background:#eee}td.n{text-align:right;white-space:nowrap}"
    "ul{margin:1mm 0;padding-left:6mm}.bad{font-weight:bold;color:#a00}"
    ".good{font-weight:bold}code{font-size:8pt;overflow-wrap:anywhere}";

struct sheet {
	const struct evidence_case *c;
	enum message_language language;
	FILE *out;
};

/* Whatever it holds, it is text and nothing else. */
static void
put(const struct sheet *s, const char *text)
{
	char clean[CELL_SIZE];

	snprintf(clean, sizeof(clean), "%s", text);
	utf8_scrub(clean);
	for (const char *p = clean; *p != '\0'; p++)
		switch (*p) {
		case '<':
			fputs("&lt;", s->out);
			break;
		case '>':
			fputs("&gt;", s->out);
			break;
		case '&':
			fputs("&amp;", s->out);
			break;
		case '"':
			fputs("&quot;", s->out);
			break;
		default:
			fputc(*p, s->out);
		}
}

/* The message in its tag; "class" NULL: none. */
static void
say(const struct sheet *s, const char *tag, const char *class, enum message_id id, ...)
{
	char *text;
	va_list ap;

	va_start(ap, id);
	text = message_vtext(id, s->language, ap);
	va_end(ap);
	fprintf(s->out, class != NULL ? "<%s class=\"%s\">" : "<%s>", tag, class);
	put(s, text != NULL ? text : "");
	fprintf(s->out, "</%s>\n", tag);
	free(text);
}

static void
cell(const struct sheet *s, const char *text)
{
	fputs("<td>", s->out);
	put(s, text);
	fputs("</td>", s->out);
}

/* A time of the record as people here write it. */
static const char *
local(const struct sheet *s, const char *time, char out[64])
{
	struct tm tm, here;
	time_t seconds;

	memset(&tm, 0, sizeof(tm));
	if (strptime(time, "%Y-%m-%dT%H:%M:%S", &tm) == NULL)
		return time[0] != '\0' ? time : "-";
	seconds = timegm(&tm);
	if (localtime_r(&seconds, &here) == NULL || strftime(out, 64,
	    s->language == MESSAGE_JAPANESE ? "%Y年%m月%d日 %H:%M:%S %Z" :
	    "%Y-%m-%d %H:%M:%S %Z", &here) == 0)
		return time;
	return out;
}

/* ---- parts ----------------------------------------------------------------------- */

static void
put_head(const struct sheet *s, int64_t now_ns)
{
	const struct evidence_case *c = s->c;
	char now[RECORD_TIME_SIZE], a[64], b[64];

	fprintf(s->out, "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">\n<title>",
	    s->language == MESSAGE_JAPANESE ? "ja" : "en");
	put(s, message_format(MSG_SHEET_TITLE, s->language));
	fprintf(s->out, "</title><style>%s</style></head><body>\n", style);
	say(s, "h1", NULL, MSG_SHEET_TITLE);
	say(s, "p", NULL, MSG_SHEET_CASE, c->name, c->host);
	say(s, "p", NULL, MSG_SHEET_PERIOD, local(s, c->since, a), local(s, c->until, b));
	say(s, "p", NULL, MSG_SHEET_MADE, local(s, record_time(now_ns, now), a));
}

static void
put_outcome(const struct sheet *s)
{
	const struct evidence_case *c = s->c;

	say(s, "h2", NULL, MSG_SHEET_OUTCOME);
	if (c->n_rows == 0)
		say(s, "p", NULL, MSG_SHEET_NOTHING);
	else if (c->packets_crossed > 0)
		say(s, "p", "bad", MSG_SHEET_CROSSED, (unsigned long long)c->packets_crossed);
	else if (c->packets_stopped > 0)
		say(s, "p", "good", MSG_SHEET_STOPPED);
	if (c->packets_stopped > 0)
		say(s, "p", NULL, MSG_SHEET_STOPPED_COUNT,
		    (unsigned long long)c->packets_stopped);
	if (c->packets_seen > 0)
		say(s, "p", NULL, MSG_SHEET_SEEN, (unsigned long long)c->packets_seen);
}

static enum message_id
fate(const struct evidence_row *row)
{
	enum violation_action action = 0;

	while (action < ACTION_COUNT && strcmp(violation_action_name(action), row->action) != 0)
		action++;
	if (action == ACTION_LEAK)
		return MSG_SHEET_FATE_CROSSED;
	return action < ACTION_COUNT && violation_only_seen(action) ? MSG_SHEET_FATE_SEEN :
	    MSG_SHEET_FATE_STOPPED;
}

static void
put_row(const struct sheet *s, const struct evidence_row *row)
{
	const char *name = violation_class_name(violation_class_parse(row->class), s->language);
	char text[CELL_SIZE], a[64], b[64];

	fputs("<tr>", s->out);
	snprintf(text, sizeof(text), "%s — %s", local(s, row->first, a), local(s, row->last, b));
	cell(s, text);
	snprintf(text, sizeof(text), "%s %s", row->class, name);
	cell(s, text);
	snprintf(text, sizeof(text), "%s %s", row->from, row->source);
	cell(s, text);
	snprintf(text, sizeof(text), "%s %s %s", row->to, row->destination, row->service);
	cell(s, text);
	cell(s, message_format(fate(row), s->language));
	fprintf(s->out, "<td class=\"n\">%" PRIu64 "</td>", row->packets);
	cell(s, row->permit[0] != '\0' ? row->permit : "-");
	fputs("</tr>\n", s->out);
}

/* What crossed comes first, then what came most. */
static int
by_weight(const void *left, const void *right)
{
	const struct evidence_row *const *a = left, *const *b = right;
	const bool leak_a = strcmp((*a)->action, "leak") == 0;
	const bool leak_b = strcmp((*b)->action, "leak") == 0;

	if (leak_a != leak_b)
		return leak_a ? -1 : 1;
	return (*a)->packets > (*b)->packets ? -1 : (*a)->packets < (*b)->packets;
}

static int
put_rows(const struct sheet *s)
{
	static const enum message_id heads[] = { MSG_SHEET_WHEN, MSG_SHEET_WHAT, MSG_SHEET_WHO,
		MSG_SHEET_WHOM, MSG_SHEET_FATE, MSG_SHEET_PACKETS, MSG_SHEET_PERMIT };
	const size_t n = s->c->n_rows;
	const struct evidence_row **order = calloc(n + 1, sizeof(*order));

	if (order == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		order[i] = &s->c->rows[i];
	qsort(order, n, sizeof(const struct evidence_row *), by_weight);
	say(s, "h2", NULL, MSG_SHEET_ROWS);
	fputs("<table><tr>", s->out);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		say(s, "th", NULL, heads[i]);
	fputs("</tr>\n", s->out);
	for (size_t i = 0; i < n && i < ROWS_SHOWN; i++)
		put_row(s, order[i]);
	fputs("</table>\n", s->out);
	if (n > ROWS_SHOWN)
		say(s, "p", NULL, MSG_SHEET_MORE, (unsigned long long)(n - ROWS_SHOWN));
	free(order);
	return 0;
}

static void
put_notes(const struct sheet *s, const struct evidence_note *notes, size_t n)
{
	const size_t shown = n < NOTES_SHOWN ? n : NOTES_SHOWN;
	char a[64], b[64];

	fputs("<ul>\n", s->out);
	for (size_t i = 0; i < shown; i++) {
		fputs("<li>", s->out);
		put(s, local(s, notes[i].start, a));
		if (strcmp(notes[i].start, notes[i].end) != 0) {
			fputs(" — ", s->out);
			put(s, local(s, notes[i].end, b));
		}
		fputs(": ", s->out);
		put(s, notes[i].text[s->language]);
		fputs("</li>\n", s->out);
	}
	if (n > shown)
		say(s, "li", NULL, MSG_SHEET_MORE, (unsigned long long)(n - shown));
	fputs("</ul>\n", s->out);
}

static void
put_measures(const struct sheet *s)
{
	say(s, "h2", NULL, MSG_SHEET_MEASURES);
	if (s->c->n_measures == 0)
		say(s, "p", NULL, MSG_SHEET_NO_MEASURES);
	else
		put_notes(s, s->c->measures, s->c->n_measures);
}

static void
put_unknown(const struct sheet *s)
{
	const struct evidence_case *c = s->c;

	say(s, "h2", NULL, MSG_SHEET_UNKNOWN);
	if (c->n_gaps == 0)
		say(s, "p", NULL, MSG_SHEET_NO_GAPS);
	else
		put_notes(s, c->gaps, c->n_gaps);
	if (c->clock[0] == '\0')
		say(s, "p", NULL, MSG_SHEET_CLOCK_UNKNOWN);
	else
		say(s, "p", NULL, c->clock_bad ? MSG_SHEET_CLOCK_BAD : MSG_SHEET_CLOCK_GOOD);
	say(s, "p", NULL, MSG_SHEET_KEPT, (unsigned long long)c->packets_kept);
	if (c->packets_error != 0)
		say(s, "p", NULL, MSG_SHEET_KEPT_ERROR, strerror(c->packets_error));
	if (c->policies < c->n_versions)
		say(s, "p", NULL, MSG_SHEET_POLICY_MISSING,
		    (unsigned long long)(c->n_versions - c->policies));
	say(s, "p", NULL, MSG_SHEET_WHO_UNKNOWN);
}

static void
put_proof(const struct sheet *s)
{
	const struct verify_report *v = &s->c->verify;

	say(s, "h2", NULL, MSG_SHEET_PROOF);
	if (v->faults == 0)
		say(s, "p", "good", MSG_SHEET_CHAIN_GOOD, (unsigned long long)v->first,
		    (unsigned long long)v->last, (unsigned long long)v->checkpoints);
	else
		say(s, "p", "bad", MSG_SHEET_CHAIN_BAD, (unsigned long long)v->faults);
	say(s, "p", NULL, MSG_SHEET_CHECK);
}

int
fact_sheet(const struct evidence_case *c, enum message_language language, int64_t now_ns,
    char **html, size_t *length)
{
	struct sheet s = { .c = c, .language = language };
	int r;

	*html = NULL;
	s.out = open_memstream(html, length);
	if (s.out == NULL)
		return -ENOMEM;
	put_head(&s, now_ns);
	put_outcome(&s);
	r = put_rows(&s);
	put_measures(&s);
	put_unknown(&s);
	put_proof(&s);
	fputs("</body></html>\n", s.out);
	if (ferror(s.out))
		r = -ENOMEM;
	if (fclose(s.out) != 0)
		r = -ENOMEM;
	return r;
}
