/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/cli/replay_words.h"

#include "agent/cli/columns.h"
#include "agent/top/top_view.h"
#include "rules/violation_class.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_SECOND	INT64_C(1000000000)
#define SHOW_EVERY_NS	(NS_PER_SECOND / 5)
#define SHOW_AFTER_NS	(NS_PER_SECOND / 2)

/* Columns of the table: name, number, share. */
#define NAME_WIDTH	22
#define NUMBER_WIDTH	20

const char *
replay_number(uint64_t n, char *out)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, n);
	char *to = out;

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return out;
}

static void
say(char out[REPLAY_LINE_SIZE], enum message_language language, enum message_id id, ...)
{
	va_list ap;
	char *text;

	va_start(ap, id);
	text = message_vtext(id, language, ap);
	va_end(ap);
	snprintf(out, REPLAY_LINE_SIZE, "%s", text != NULL ? text : message_slug(id));
	free(text);
}

/* ---- progress ----------------------------------------------------------- */

void
replay_progress_line(char out[REPLAY_LINE_SIZE], enum message_language language,
    uint64_t packets, uint64_t read, uint64_t size, double seconds)
{
	double rate = seconds > 0 ? (double)packets / seconds : 0, share, left;
	char count[32], speed[8], rest[32];

	replay_number(packets, count);
	top_view_number(rate, speed);
	if (size == 0) {
		say(out, language, MSG_CLI_REPLAY_PROGRESS_PIPE, count, speed);
		return;
	}
	/* A file that grows meanwhile is never more than done. */
	share = read < size ? (double)read / (double)size : 1;
	left = share > 0 ? seconds / share - seconds : 0;
	left = left < 359999 ? left : 359999;
	snprintf(rest, sizeof(rest), "%d:%02d", (int)left / 60, (int)left % 60);
	say(out, language, MSG_CLI_REPLAY_PROGRESS, (int)(share * 100), count, speed, rest);
}

void
replay_progress_show(struct replay_progress *p, uint64_t packets, uint64_t read,
    uint64_t size, int64_t now_ns)
{
	char line[REPLAY_LINE_SIZE];
	int width;

	if (p->out == NULL || now_ns - p->began_ns < SHOW_AFTER_NS ||
	    (p->shown_ns != 0 && now_ns - p->shown_ns < SHOW_EVERY_NS))
		return;
	replay_progress_line(line, p->language, packets, read, size,
	    (double)(now_ns - p->began_ns) / (double)NS_PER_SECOND);
	width = columns_width(line);
	/* Blanks over the rest of a longer line before: any terminal can do that. */
	fprintf(p->out, "\r%s%*s", line, p->width > width ? p->width - width : 0, "");
	fflush(p->out);
	p->width = width > p->width ? width : p->width;
	p->shown_ns = now_ns;
}

void
replay_progress_clear(struct replay_progress *p)
{
	if (p->out == NULL || p->shown_ns == 0)
		return;
	fprintf(p->out, "\r%*s\r", p->width, "");
	fflush(p->out);
	p->shown_ns = 0;
	p->width = 0;
}

/* ---- the table ----------------------------------------------------------- */

static void
put_row(FILE *out, int indent, const char *name, uint64_t n)
{
	char number[32];

	fprintf(out, "%*s", indent, "");
	columns_print(out, name, NAME_WIDTH - indent);
	fprintf(out, "%*s", NUMBER_WIDTH, replay_number(n, number));
}

/* Of how many; what is a share of nothing is left out. */
static void
put_share(FILE *out, uint64_t n, uint64_t whole)
{
	if (whole > 0)
		fprintf(out, "  %5.1f %%", 100 * (double)n / (double)whole);
}

static uint64_t
unreadable_of(const struct replay_stats *s)
{
	uint64_t n = 0;

	for (int i = READABLE + 1; i < UNREADABLE_COUNT; i++)
		n += s->unreadable[i];
	return n;
}

static void
put_counted(FILE *out, enum message_language language, enum message_id id, uint64_t n,
    uint64_t whole)
{
	put_row(out, 0, message_format(id, language), n);
	put_share(out, n, whole);
	fputc('\n', out);
}

static void
put_classes(FILE *out, enum message_language language, const struct replay_stats *s)
{
	for (int c = ZV_NONE + 1; c < ZV_COUNT; c++) {
		enum violation_class class = (enum violation_class)c;

		if (s->by_class[c] == 0)
			continue;
		put_row(out, 2, violation_class_id(class), s->by_class[c]);
		put_share(out, s->by_class[c], s->packets);
		fprintf(out, "  %s\n", violation_class_name(class, language));
	}
}

static void
put_unreadable(FILE *out, const struct replay_stats *s)
{
	for (int i = READABLE + 1; i < UNREADABLE_COUNT; i++)
		if (s->unreadable[i] != 0) {
			put_row(out, 2, unreadable_name((enum unreadable)i), s->unreadable[i]);
			put_share(out, s->unreadable[i], s->packets);
			fputc('\n', out);
		}
}

void
replay_print_sampled(FILE *out, enum message_language language, const struct replay_stats *s,
    uint64_t sample)
{
	char text[REPLAY_LINE_SIZE], judged[32], whole[32];

	say(text, language, MSG_CLI_REPLAY_SAMPLED, (unsigned long long)sample,
	    replay_number(s->packets, judged),
	    replay_number(s->packets + s->passed_over, whole));
	fprintf(out, "%s\n", text);
}

void
replay_print_table(FILE *out, enum message_language language, const struct replay_stats *s,
    uint64_t sample)
{
	if (sample > 1)
		replay_print_sampled(out, language, s, sample);
	put_counted(out, language, MSG_CLI_REPLAY_PACKETS, s->packets, 0);
	put_counted(out, language, MSG_CLI_REPLAY_BYTES, s->bytes, 0);
	put_counted(out, language, MSG_CLI_REPLAY_PERMITTED, s->permitted, s->packets);
	put_counted(out, language, MSG_CLI_REPLAY_LOCAL, s->local, s->packets);
	put_counted(out, language, MSG_CLI_REPLAY_VIOLATIONS, s->violations, s->packets);
	put_classes(out, language, s);
	put_counted(out, language, MSG_CLI_REPLAY_LEAKS, s->leaks, s->packets);
	put_counted(out, language, MSG_CLI_REPLAY_UNREADABLE, unreadable_of(s), s->packets);
	put_unreadable(out, s);
}
