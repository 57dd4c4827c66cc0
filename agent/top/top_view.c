/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frame: head, panes, keys. What stands in the panes is top_panes.c. */
#include "agent/top/top_view.h"

#include "agent/cli/columns.h"
#include "agent/top/top_panes.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Head of three lines, one more for cut-offs and one for a problem; one line of keys. */
#define HEAD_LINES 3
/* From these columns on the title says what its numbers are. */
#define TITLE_WHOLE 70

void
top_say(char out[TOP_LINE_SIZE], const struct top_look *look, enum message_id id, ...)
{
	va_list ap;
	char *text;

	va_start(ap, id);
	text = message_vtext(id, look->language, ap);
	va_end(ap);
	top_text(out, TOP_LINE_SIZE, text != NULL ? text : message_slug(id));
	free(text);
}

const char *
top_clock(int64_t epoch, char out[16])
{
	time_t t = (time_t)epoch;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL || strftime(out, 16, "%H:%M:%S", &tm) == 0)
		snprintf(out, 16, "?");
	return out;
}

const char *
top_view_number(double n, char *out)
{
	static const char units[] = "kMGTPE";
	size_t i = 0;

	if (n < 0) {
		snprintf(out, 8, "-");
		return out;
	}
	if (n > 0 && n < 9.95) {
		/* Never "0" for what is more than nothing, never "3.0" for a whole 3. */
		snprintf(out, 8, n == (double)(int)n ? "%.0f" : "%.1f", n < 0.1 ? 0.1 : n);
		return out;
	}
	if (n < 99999.5) {
		snprintf(out, 8, "%.0f", n);
		return out;
	}
	for (n /= 1000; n >= 999.95 && i + 2 < sizeof(units); i++)
		n /= 1000;
	snprintf(out, 8, n < 9.995 ? "%.2f%c" : n < 99.95 ? "%.1f%c" : "%.0f%c",
	    n < 9999 ? n : 9999.0, units[i]);
	return out;
}

/* ---- head --------------------------------------------------------------- */

static void
draw_title(const struct top_model *m, const struct top_look *look, struct top_grid *g)
{
	char text[TOP_LINE_SIZE], clock[16], interval[16];
	bool narrow = g->columns < TITLE_WHOLE;
	int end;

	snprintf(interval, sizeof(interval), "%g", look->interval);
	top_say(text, look, look->paused ? MSG_CLI_TOP_PAUSED : narrow ?
	    MSG_CLI_TOP_CLOCK_SHORT : MSG_CLI_TOP_CLOCK, top_clock(look->epoch, clock),
	    interval);
	end = g->columns - columns_width(text) - 2;
	top_grid_put(g, 0, end + 2, 0, TOP_TITLE, text);
	if (!m->ever)
		top_say(text, look, MSG_CLI_TOP_NAME);
	else if (*m->digest == '\0')
		top_say(text, look, MSG_CLI_TOP_NO_POLICY);
	else if (narrow)
		top_say(text, look, MSG_CLI_TOP_SITE_SHORT, m->site, m->digest);
	else
		top_say(text, look, MSG_CLI_TOP_SITE, m->site, m->digest,
		    (unsigned long long)m->permits);
	top_grid_put(g, 0, 0, end, TOP_TITLE, text);
	top_grid_paint(g, 0, TOP_TITLE);
}

/* The daemon's own word for the gate, in the reader's language where it is known. */
static const char *
gate_word(const struct top_model *m, const struct top_look *look)
{
	static const struct {
		const char *word;
		enum message_id id;
	} words[] = {
		{ "closed as the policy says", MSG_CLI_TOP_GATE_SHUT },
		{ "no policy", MSG_CLI_TOP_GATE_NO_POLICY },
		{ "unknown", MSG_CLI_TOP_GATE_UNKNOWN },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(m->gate, words[i].word) == 0)
			return message_format(words[i].id, look->language);
	return m->gate;
}

static void
draw_state(const struct top_model *m, const struct top_look *look, struct top_grid *g)
{
	char text[TOP_LINE_SIZE], since[16];
	enum top_style style = TOP_GOOD;

	if (m->answered) {
		top_say(text, look, MSG_CLI_TOP_STATE, gate_word(m, look),
		    message_format(m->forwarding ? MSG_CLI_TOP_ON : MSG_CLI_TOP_OFF,
		    look->language), m->watching ? m->tier : "-", m->tier_reason);
		if (strcmp(m->gate, "closed as the policy says") != 0 || !m->watching)
			style = TOP_WARN;
	} else if (m->since == 0) {
		top_say(text, look, MSG_CLI_TOP_ASKING);
		style = TOP_PLAIN;
	} else {
		top_say(text, look, MSG_CLI_TOP_SILENT, top_clock(m->since, since), m->why);
		style = TOP_ALARM;
	}
	top_grid_put(g, 1, 0, 0, style, text);
}

/* Returns the column behind it. */
static int
put_loss(const struct top_model *m, const struct top_look *look, struct top_grid *g,
    int column, int layer)
{
	static const enum message_id names[TOP_LAYERS] = {
		[TOP_LAYER_DRIVER] = MSG_CLI_TOP_LOST_DRIVER,
		[TOP_LAYER_SOFTNET] = MSG_CLI_TOP_LOST_SOFTNET,
		[TOP_LAYER_TAP] = MSG_CLI_TOP_LOST_TAP, [TOP_LAYER_GATE] = MSG_CLI_TOP_LOST_GATE,
		[TOP_LAYER_TABLE] = MSG_CLI_TOP_LOST_TABLE,
		[TOP_LAYER_RECORD] = MSG_CLI_TOP_LOST_RECORD,
	};
	const struct top_count *c = &m->lost[layer];
	const char *name = message_format(names[layer], look->language);
	char text[TOP_LINE_SIZE], total[8], rate[8];

	top_view_number(m->ever ? (double)c->total : -1, total);
	if (c->rate > 0)
		top_say(text, look, MSG_CLI_TOP_LOSING, name, total,
		    top_view_number(c->rate, rate));
	else
		top_say(text, look, MSG_CLI_TOP_LOST_SO_FAR, name, total);
	return top_grid_put(g, 2, column + 1, 0, c->rate > 0 ? TOP_ALARM :
	    c->total > 0 ? TOP_WARN : TOP_PLAIN, text);
}

/* Where not all have room, those that lost something come first. */
static void
draw_loss(const struct top_model *m, const struct top_look *look, struct top_grid *g)
{
	bool narrow = g->columns < TITLE_WHOLE;
	char text[TOP_LINE_SIZE];
	int column;

	top_say(text, look, MSG_CLI_TOP_LOST);
	column = top_grid_put(g, 2, 0, 0, TOP_PLAIN, text);
	for (int i = 0; i < TOP_LAYERS; i++)
		if (!narrow || m->lost[i].total > 0)
			column = put_loss(m, look, g, column, i);
	for (int i = 0; narrow && i < TOP_LAYERS; i++)
		if (m->lost[i].total == 0)
			column = put_loss(m, look, g, column, i);
}

static int
head_lines(const struct top_model *m)
{
	return HEAD_LINES + (m->answered && *m->problem != '\0') +
	    (m->answered && *m->cutoffs != '\0');
}

static void
draw_head(const struct top_model *m, const struct top_look *look, struct top_grid *g)
{
	char text[TOP_LINE_SIZE];

	draw_title(m, look, g);
	draw_state(m, look, g);
	draw_loss(m, look, g);
	if (m->answered && *m->cutoffs != '\0') {
		top_say(text, look, MSG_CLI_CUTOFF_SHORT, m->cutoffs);
		top_grid_put(g, HEAD_LINES, 0, 0, TOP_ALARM, text);
	}
	if (m->answered && *m->problem != '\0') {
		top_say(text, look, MSG_CLI_STATUS_PROBLEM, m->problem);
		top_grid_put(g, head_lines(m) - 1, 0, 0, TOP_ALARM, text);
	}
}

/* ---- foot, help --------------------------------------------------------- */

static void
draw_keys(const struct top_model *m, const struct top_look *look, struct top_grid *g)
{
	static const enum message_id sorts[TOP_SORTS] = {
		[TOP_SORT_RATE] = MSG_CLI_TOP_SORT_RATE,
		[TOP_SORT_LEAKS] = MSG_CLI_TOP_SORT_LEAKS,
		[TOP_SORT_NAME] = MSG_CLI_TOP_SORT_NAME,
	};
	char text[TOP_LINE_SIZE];

	top_say(text, look, MSG_CLI_TOP_KEYS, message_format(sorts[m->sort], look->language));
	if (columns_width(text) > g->columns)
		top_say(text, look, MSG_CLI_TOP_KEYS_SHORT);
	top_grid_put(g, g->lines - 1, 0, 0, TOP_TITLE, text);
	top_grid_paint(g, g->lines - 1, TOP_TITLE);
}

/* One line of the text below the other. */
static void
draw_text(struct top_grid *g, int line, const char *text)
{
	while (*text != '\0') {
		char row[TOP_LINE_SIZE];
		size_t n = strcspn(text, "\n");

		snprintf(row, sizeof(row), "%.*s", (int)n, text);
		top_grid_put(g, line++, 0, 0, TOP_PLAIN, row);
		text += n + (text[n] == '\n');
	}
}

/* ---- panes -------------------------------------------------------------- */

struct split {
	int line, pairs, violations;	/* lines of each pane */
};

/* Both get half; what one does not need is the other's. */
static struct split
split_body(const struct top_model *m, const struct top_look *look)
{
	int line = head_lines(m), body = look->lines - line - (look->keys ? 1 : 0);
	int wanted = top_violations_lines(m, look->columns);
	int half = body - body / 2, pairs = top_pairs_lines(m);

	switch (look->panes) {
	case TOP_ONLY_PAIRS:
		return (struct split){ line, body, 0 };
	case TOP_ONLY_VIOLATIONS:
		return (struct split){ line, 0, body };
	case TOP_BOTH:
	case TOP_PANES:
		break;
	}
	if (body - wanted > half)
		half = body - wanted;
	if (pairs > half)
		pairs = half;
	return (struct split){ line, pairs, body - pairs };
}

static size_t
rows_of_pane(const struct top_model *m, const struct top_look *look, const struct split *s)
{
	return look->panes == TOP_ONLY_VIOLATIONS ?
	    top_violations_rows(s->violations, look->columns) : top_pairs_rows(m, s->pairs);
}

size_t
top_view_page(const struct top_model *m, const struct top_look *look)
{
	struct split s = split_body(m, look);

	return rows_of_pane(m, look, &s);
}

static void
draw_panes(const struct top_model *m, struct top_look *look, struct top_grid *g)
{
	struct split s = split_body(m, look);
	bool below = look->panes == TOP_ONLY_VIOLATIONS;
	size_t rows = rows_of_pane(m, look, &s), n = below ? m->n_violations : m->n_pairs;

	if (look->scroll + rows > n)
		look->scroll = n > rows ? n - rows : 0;
	if (s.pairs > 0)
		top_pairs_draw(m, look, g, s.line, s.pairs);
	if (s.violations > 0)
		top_violations_draw(m, look, g, s.line + s.pairs, s.violations,
		    below ? look->scroll : 0);
}

int
top_view_draw(const struct top_model *m, struct top_look *look, struct top_grid *g)
{
	char text[TOP_LINE_SIZE];
	int r = top_grid_reset(g, look->columns, look->lines);

	if (r < 0)
		return r;
	look->columns = g->columns;
	look->lines = g->lines;
	if (g->columns < TOP_MIN_COLUMNS || g->lines < TOP_MIN_LINES) {
		top_say(text, look, MSG_CLI_TOP_TOO_SMALL, TOP_MIN_COLUMNS, TOP_MIN_LINES);
		draw_text(g, 0, text);
		return 0;
	}
	if (look->help) {
		draw_title(m, look, g);
		draw_text(g, 1, message_format(MSG_CLI_TOP_KEYS_HELP, look->language));
		return 0;
	}
	draw_head(m, look, g);
	draw_panes(m, look, g);
	if (look->keys)
		draw_keys(m, look, g);
	return 0;
}
