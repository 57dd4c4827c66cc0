/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/top/top_panes.h"

#include "agent/cli/columns.h"
#include "rules/violation_class.h"

#include <string.h>
#include <time.h>

/* Every pair's row, or every violation, in the widest form from these columns on. */
#define PAIRS_WITH_GATE		100
#define PAIRS_WHOLE		72
#define VIOLATIONS_ONE_LINE	132
#define VIOLATIONS_TWO_LINES	72

/* ---- what both need ------------------------------------------------------ */

/* "a -> b" in so many columns: where it is too long, both ends keep their share. */
static void
put_way(struct top_grid *g, int line, int column, int width, const char *from, const char *to)
{
	int f, t, room = width - 4, left;

	from = *from != '\0' ? from : "?";
	to = *to != '\0' ? to : "?";
	f = columns_width(from);
	t = columns_width(to);
	if (f + t > room) {
		left = t <= room / 2 ? room - t : f <= room / 2 ? f : room / 2;
		t = room - left;
		f = left;
	}
	column = top_grid_put(g, line, column, f, TOP_PLAIN, from);
	column = top_grid_put(g, line, column, 4, TOP_FAINT, " -> ");
	top_grid_put(g, line, column, t, TOP_PLAIN, to);
}

/* A rule with a name, and which of how many rows stand below it. */
static void
draw_rule(const struct top_look *look, struct top_grid *g, int line, enum message_id name,
    size_t first, size_t rows, size_t n)
{
	char text[TOP_LINE_SIZE];

	for (int i = 0; i < g->columns; i++)
		top_grid_put(g, line, i, 1, TOP_FAINT, "-");
	top_say(text, look, name);
	top_grid_put(g, line, 2, g->columns / 2, TOP_TITLE, text);
	if (n == 0 || rows == 0)
		return;
	snprintf(text, sizeof(text), " %zu-%zu/%zu ", first + 1,
	    first + rows < n ? first + rows : n, n);
	top_grid_put_right(g, line, g->columns - 2, g->columns / 2, TOP_TITLE, text);
}

/* ---- pairs ---------------------------------------------------------------- */

struct column {
	enum top_column which;
	bool rate;
	int width;
	enum message_id head;
};

/* The last ones are left out first where there is little room, see columns_of(). */
static const struct column whole[] = {
	{ TOP_PERMITTED, true, 9, MSG_CLI_TOP_PERMITTED_RATE },
	{ TOP_ATTEMPTS, true, 10, MSG_CLI_TOP_ATTEMPTS_RATE },
	{ TOP_LEAKS, true, 10, MSG_CLI_TOP_LEAKS_RATE },
	{ TOP_PERMITTED, false, 10, MSG_CLI_TOP_PERMITTED },
	{ TOP_ATTEMPTS, false, 9, MSG_CLI_TOP_ATTEMPTS },
	{ TOP_LEAKS, false, 9, MSG_CLI_TOP_LEAKS },
	{ TOP_OPENED, false, 10, MSG_CLI_TOP_OPENED },
	{ TOP_STOPPED, false, 10, MSG_CLI_TOP_STOPPED },
};

static const struct column narrow[] = {
	{ TOP_PERMITTED, true, 9, MSG_CLI_TOP_PERMITTED_RATE },
	{ TOP_ATTEMPTS, true, 10, MSG_CLI_TOP_ATTEMPTS_RATE },
	{ TOP_LEAKS, false, 7, MSG_CLI_TOP_LEAKS_SHORT },
};

static size_t
columns_of(int columns, const struct column **out)
{
	*out = columns < PAIRS_WHOLE ? narrow : whole;
	if (columns < PAIRS_WHOLE)
		return sizeof(narrow) / sizeof(narrow[0]);
	return sizeof(whole) / sizeof(whole[0]) - (columns < PAIRS_WITH_GATE ? 2 : 0);
}

static enum top_style
style_of(const struct column *c, double n)
{
	if (n <= 0)
		return TOP_FAINT;
	if (c->which == TOP_LEAKS)
		return TOP_ALARM;
	return c->which == TOP_ATTEMPTS ? TOP_WARN : TOP_PLAIN;
}

/* Head (counts NULL) or a row of numbers; returns the columns left for the name. */
static int
put_counts(const struct top_look *look, struct top_grid *g, int line,
    const struct top_count *counts)
{
	const struct column *columns;
	size_t n = columns_of(g->columns, &columns);
	int end = g->columns;

	while (n-- > 0) {
		const struct column *c = &columns[n];
		char text[TOP_LINE_SIZE];
		double value = 0;

		if (counts == NULL) {
			top_say(text, look, c->head);
		} else {
			value = c->rate ? counts[c->which].rate :
			    (double)counts[c->which].total;
			top_view_number(value, text);
		}
		top_grid_put_right(g, line, end, c->width - 1,
		    counts == NULL ? TOP_TITLE : style_of(c, value), text);
		end -= c->width;
	}
	return end;
}

/* The sum of all pairs, where one line more does not hurt. */
static bool
has_sum(const struct top_model *m, int lines)
{
	return lines >= 5 && m->n_pairs > 1;
}

int
top_pairs_lines(const struct top_model *m)
{
	/* A head, and a sum or the word that there is nothing. */
	return 2 + (int)m->n_pairs;
}

size_t
top_pairs_rows(const struct top_model *m, int lines)
{
	int rows = lines - 1 - has_sum(m, lines);

	return rows > 0 ? (size_t)rows : 0;
}

void
top_pairs_draw(const struct top_model *m, const struct top_look *look, struct top_grid *g,
    int line, int lines)
{
	size_t rows = top_pairs_rows(m, lines);
	char text[TOP_LINE_SIZE], place[64] = "";
	int room = put_counts(look, g, line, NULL);

	if (m->n_pairs > rows)
		snprintf(place, sizeof(place), " %zu-%zu/%zu", look->scroll + 1,
		    look->scroll + rows, m->n_pairs);
	top_say(text, look, MSG_CLI_TOP_PAIR, place);
	top_grid_put(g, line, 0, room, TOP_TITLE, text);
	top_grid_paint(g, line++, TOP_TITLE);
	if (m->n_pairs == 0) {
		top_say(text, look, MSG_CLI_TOP_NO_PAIRS);
		top_grid_put(g, line, 0, 0, TOP_FAINT, text);
		return;
	}
	if (has_sum(m, lines)) {
		top_say(text, look, MSG_CLI_TOP_SUM);
		top_grid_put(g, line, 0, put_counts(look, g, line, m->sum), TOP_PLAIN, text);
		line++;
	}
	for (size_t i = look->scroll; i < m->n_pairs && i < look->scroll + rows; i++) {
		const struct top_pair *p = &m->pairs[m->order[i]];

		put_way(g, line, 0, put_counts(look, g, line, p->count), p->from, p->to);
		line++;
	}
}

/* ---- violations ------------------------------------------------------------ */

static int
lines_each(int columns)
{
	return columns >= VIOLATIONS_ONE_LINE ? 1 : columns >= VIOLATIONS_TWO_LINES ? 2 : 3;
}

int
top_violations_lines(const struct top_model *m, int columns)
{
	return m->n_violations == 0 ? 2 : 1 + (int)m->n_violations * lines_each(columns);
}

size_t
top_violations_rows(int lines, int columns)
{
	return lines > 1 ? (size_t)((lines - 1) / lines_each(columns)) : 0;
}

static const char *
label_of(const struct top_violation *v, const struct top_look *look)
{
	return violation_class_name(violation_class_parse(v->class), look->language);
}

static enum top_style
style_of_outcome(enum message_id outcome)
{
	if (outcome == MSG_CLI_VIOLATIONS_LEAK)
		return TOP_ALARM;
	return outcome == MSG_CLI_VIOLATIONS_STOPPED ? TOP_PLAIN : TOP_WARN;
}

/* The time of today, the date of another day: "12:14:56", "11-20". */
static const char *
when(const struct top_violation *v, const struct top_look *look, char out[16])
{
	time_t at = (time_t)v->at, now = (time_t)look->epoch;
	struct tm tm, today;

	if (localtime_r(&at, &tm) == NULL || localtime_r(&now, &today) == NULL ||
	    (tm.tm_yday == today.tm_yday && tm.tm_year == today.tm_year) ||
	    strftime(out, 16, "%m-%d", &tm) == 0)
		return top_clock(v->at, out);
	return out;
}

/* "12:14:56 ZV-01 stopped ": 23 columns. */
static void
put_what(const struct top_violation *v, const struct top_look *look, struct top_grid *g,
    int line)
{
	char text[TOP_LINE_SIZE], clock[16];

	top_grid_put(g, line, 0, 8, TOP_PLAIN, when(v, look, clock));
	top_grid_put(g, line, 9, 5, TOP_TITLE, v->class);
	top_say(text, look, v->outcome);
	top_grid_put(g, line, 15, 7, style_of_outcome(v->outcome), text);
}

static void
put_count(const struct top_violation *v, struct top_grid *g, int line, int end)
{
	char number[8];

	top_grid_put_right(g, line, end, 6, TOP_PLAIN, top_view_number((double)v->count,
	    number));
}

static void
put_addresses(const struct top_violation *v, struct top_grid *g, int line, int column, int width)
{
	if (*v->source != '\0' || *v->destination != '\0')
		put_way(g, line, column, width, v->source, v->destination);
}

static void
put_zones(const struct top_violation *v, struct top_grid *g, int line, int column, int width)
{
	if (*v->from != '\0' || *v->to != '\0')
		put_way(g, line, column, width, v->from, v->to);
}

static void
draw_one_line(const struct top_violation *v, const struct top_look *look, struct top_grid *g,
    int line)
{
	/* The longest name of a class has 28 columns, two IPv4 addresses 34, two of IPv6 82. */
	int addresses = g->columns - 75 - 29;

	addresses = addresses < 36 ? 36 : addresses > 82 ? 82 : addresses;

	put_what(v, look, g, line);
	put_zones(v, g, line, 23, 28);
	put_count(v, g, line, 58);
	top_grid_put(g, line, 60, 14, TOP_PLAIN, v->service);
	put_addresses(v, g, line, 75, addresses);
	top_grid_put(g, line, 75 + addresses + 1, 0, TOP_FAINT, label_of(v, look));
}

static void
draw_two_lines(const struct top_violation *v, const struct top_look *look, struct top_grid *g,
    int line, int lines)
{
	int end = g->columns - 15;

	put_what(v, look, g, line);
	put_zones(v, g, line, 23, end - 30);
	put_count(v, g, line, end - 1);
	top_grid_put(g, line, end, 15, TOP_PLAIN, v->service);
	if (lines < 2)
		return;
	put_addresses(v, g, line + 1, 9, g->columns - 39);
	top_grid_put(g, line + 1, g->columns - 29, 0, TOP_FAINT, label_of(v, look));
}

static void
draw_three_lines(const struct top_violation *v, const struct top_look *look,
    struct top_grid *g, int line, int lines)
{
	put_what(v, look, g, line);
	top_grid_put(g, line, 23, g->columns - 30, TOP_PLAIN, v->service);
	put_count(v, g, line, g->columns);
	if (lines > 1)
		put_addresses(v, g, line + 1, 1, g->columns - 1);
	if (lines > 2) {
		put_zones(v, g, line + 2, 1, g->columns * 3 / 5);
		top_grid_put(g, line + 2, g->columns * 3 / 5 + 2, 0, TOP_FAINT,
		    label_of(v, look));
	}
}

/* Says what is amiss with the record; false when there is nothing to say. */
static bool
complaint(const struct top_model *m, const struct top_look *look, char text[TOP_LINE_SIZE])
{
	if (*m->log_error != '\0')
		top_say(text, look, MSG_CLI_TOP_LOG_ERROR, m->log_error);
	else if (m->bad_lines > 0)
		top_say(text, look, MSG_CLI_TOP_BAD_LINES, (unsigned long long)m->bad_lines);
	else if (m->n_violations == 0)
		top_say(text, look, MSG_CLI_VIOLATIONS_NONE);
	else
		return false;
	return true;
}

void
top_violations_draw(const struct top_model *m, const struct top_look *look,
    struct top_grid *g, int line, int lines, size_t scroll)
{
	int each = lines_each(g->columns), end = line + lines;
	size_t rows = top_violations_rows(lines, g->columns);
	char text[TOP_LINE_SIZE];

	draw_rule(look, g, line++, MSG_CLI_TOP_VIOLATIONS, scroll, rows, m->n_violations);
	if (line < end && complaint(m, look, text))
		top_grid_put(g, line++, 0, 0, m->n_violations == 0 && *m->log_error == '\0' ?
		    TOP_FAINT : TOP_WARN, text);
	for (size_t i = scroll; i < m->n_violations && line < end; i++, line += each) {
		const struct top_violation *v = &m->violations[i];

		if (each == 1)
			draw_one_line(v, look, g, line);
		else if (each == 2)
			draw_two_lines(v, look, g, line, end - line);
		else
			draw_three_lines(v, look, g, line, end - line);
	}
}
