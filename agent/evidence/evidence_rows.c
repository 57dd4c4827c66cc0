/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/evidence/evidence_rows.h"

#include "agent/record/seal_line.h"
#include "agent/watch/aggregate.h"
#include "rules/violation_class.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Powers of two. */
#define ROWS_FIRST	((size_t)256)
#define ROWS_MOST	((size_t)1 << 24)

static void
take(const struct line_text *t, char *out, size_t size)
{
	snprintf(out, size, "%.*s", (int)t->length, t->text != NULL ? t->text : "");
}

static uint64_t
key_of(const struct line_fields *f)
{
	char digits[17] = "";

	take(&f->key, digits, sizeof(digits));
	return strtoull(digits, NULL, 16);
}

/* ---- violations ------------------------------------------------------------------ */

/* Where the key stands in the index, or would. */
static uint32_t *
slot_of(const struct evidence_case *c, uint64_t key)
{
	const size_t mask = 2 * c->rows_room - 1;
	size_t at = (size_t)key & mask;

	while (c->index[at] != 0 && c->rows[c->index[at] - 1].key != key)
		at = (at + 1) & mask;
	return &c->index[at];
}

static struct evidence_row *
find_row(const struct evidence_case *c, uint64_t key)
{
	const uint32_t at = c->rows_room > 0 ? *slot_of(c, key) : 0;

	return at != 0 ? &c->rows[at - 1] : NULL;
}

static bool
grow(struct evidence_case *c)
{
	const size_t room = c->rows_room == 0 ? ROWS_FIRST : 2 * c->rows_room;
	uint32_t *index = room <= ROWS_MOST ? calloc(2 * room, sizeof(*index)) : NULL;
	struct evidence_row *rows = index != NULL ?
	    reallocarray(c->rows, room, sizeof(*rows)) : NULL;

	if (rows == NULL) {
		free(index);
		return false;
	}
	free(c->index);
	c->index = index;
	c->rows = rows;
	c->rows_room = room;
	for (size_t i = 0; i < c->n_rows; i++)
		*slot_of(c, rows[i].key) = (uint32_t)i + 1;
	return true;
}

const struct evidence_row *
evidence_row(const struct evidence_case *c, uint64_t key)
{
	const struct evidence_row *row = find_row(c, key);

	return row != NULL ? row : find_row(c, aggregate_other_key(key));
}

static struct evidence_row *
new_row(struct evidence_case *c, const struct line_fields *f, uint64_t key)
{
	struct evidence_row *row;
	char transport[16];

	if ((c->rows == NULL || c->n_rows == c->rows_room) && !grow(c))
		return NULL;
	*slot_of(c, key) = (uint32_t)c->n_rows + 1;
	row = &c->rows[c->n_rows++];
	memset(row, 0, sizeof(*row));
	row->key = key;
	take(&f->class, row->class, sizeof(row->class));
	take(&f->action, row->action, sizeof(row->action));
	take(&f->from, row->from, sizeof(row->from));
	take(&f->to, row->to, sizeof(row->to));
	take(&f->source, row->source, sizeof(row->source));
	take(&f->destination, row->destination, sizeof(row->destination));
	take(&f->permit, row->permit, sizeof(row->permit));
	take(&f->start, row->first, sizeof(row->first));
	take(f->transport.text != NULL ? &f->transport : f->protocol.text != NULL ?
	    &f->protocol : &f->ethertype, transport, sizeof(transport));
	snprintf(row->service, sizeof(row->service), f->destination_port != 0 ? "%s/%" PRIu64 :
	    "%s", transport, f->destination_port);
	return row;
}

static int
add_violation(struct evidence_case *c, const struct line_fields *f)
{
	const uint64_t key = key_of(f);
	struct evidence_row *row = find_row(c, key);

	if (row == NULL)
		row = new_row(c, f, key);
	if (row == NULL)
		return -ENOMEM;
	take(&f->end, row->last, sizeof(row->last));
	row->running = f->count;
	if (line_text_is(&f->phase, "final")) {
		row->packets += row->running;
		row->running = 0;
	}
	return 0;
}

/* The policy that judged it, by the digits that a record has of it. */
static void
note_version(struct evidence_case *c, const char *line, size_t length)
{
	const char *rule = memmem(line, length, "\"rule\":{", 8), *text;
	size_t n;

	if (rule == NULL || !seal_line_text(rule, length - (size_t)(rule - line),
	    "\"version\":", &text, &n) || n != EVIDENCE_VERSION_SIZE - 1)
		return;
	for (size_t i = 0; i < c->n_versions; i++)
		if (memcmp(c->versions[i], text, n) == 0)
			return;
	if (c->n_versions < EVIDENCE_VERSIONS)
		memcpy(c->versions[c->n_versions++], text, n);
}

/* ---- the rest -------------------------------------------------------------------- */

static void
take_note(struct evidence_note *list, size_t *n, const struct line_fields *f)
{
	struct evidence_note *note = *n < EVIDENCE_TOLD ? &list[*n] : NULL;

	(*n)++;
	if (note == NULL)
		return;
	take(&f->start, note->start, sizeof(note->start));
	take(&f->end, note->end, sizeof(note->end));
	take(&f->action, note->action, sizeof(note->action));
	take(&f->message, note->text[MESSAGE_ENGLISH], EVIDENCE_TEXT);
	take(&f->message_ja, note->text[MESSAGE_JAPANESE], EVIDENCE_TEXT);
	note->lost = f->lost;
}

int
evidence_rows_add(struct evidence_case *c, const struct line_fields *f, const char *line,
    size_t length)
{
	if (c->records++ == 0)
		c->first_sequence = f->sequence;
	c->last_sequence = f->sequence;
	if (line_text_is(&f->kind, "violation")) {
		note_version(c, line, length);
		return add_violation(c, f);
	}
	if (line_text_is(&f->kind, "gap") || line_text_is(&f->kind, "clock"))
		take_note(c->gaps, &c->n_gaps, f);
	else if (line_text_is(&f->kind, "change") || line_text_is(&f->kind, "drift"))
		take_note(c->measures, &c->n_measures, f);
	return 0;
}

void
evidence_rows_clock(struct evidence_case *c, const char *line, size_t length)
{
	const char *clock = memmem(line, length, "\"clock\":{", 9), *end;

	if (clock == NULL)
		return;
	clock += 8;
	end = memchr(clock, '}', length - (size_t)(clock - line));
	if (end == NULL)
		return;
	snprintf(c->clock, sizeof(c->clock), "%.*s", (int)(end + 1 - clock), clock);
	if (strstr(c->clock, "\"synchronised\":true") == NULL)
		c->clock_bad = true;
}

void
evidence_rows_finish(struct evidence_case *c)
{
	for (size_t i = 0; i < c->n_rows; i++) {
		struct evidence_row *row = &c->rows[i];
		enum violation_action action = 0;

		row->packets += row->running;
		row->running = 0;
		while (action < ACTION_COUNT &&
		    strcmp(violation_action_name(action), row->action) != 0)
			action++;
		if (action == ACTION_LEAK)
			c->packets_crossed += row->packets;
		else if (action < ACTION_COUNT && violation_only_seen(action))
			c->packets_seen += row->packets;
		else
			c->packets_stopped += row->packets;
	}
}

void
evidence_case_free(struct evidence_case *c)
{
	free(c->rows);
	free(c->index);
	c->rows = NULL;
	c->index = NULL;
	c->n_rows = c->rows_room = 0;
}
