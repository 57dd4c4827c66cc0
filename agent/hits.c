/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/hits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "hits 1"
/* No day before is one that we wrote, and no year has five digits. */
#define DAY_FIRST	20200101u
#define DAY_LAST	99991231u

void
hits_free(struct hits *h)
{
	free(h->permits);
	*h = (struct hits){ 0 };
}

/* ---- the text -------------------------------------------------------------------- */

struct scan {
	const char *at, *end;
	bool bad;
};

/* Up to a blank or the end of the line, which stays. */
static void
scan_word(struct scan *s, char *out, size_t size)
{
	size_t n = 0;

	while (s->at < s->end && *s->at > ' ' && *s->at < 0x7f && n + 1 < size)
		out[n++] = *s->at++;
	out[n] = '\0';
	s->bad = s->bad || n == 0;
}

static uint64_t
scan_number(struct scan *s, uint64_t most)
{
	char word[24], *end;
	unsigned long long n;

	scan_word(s, word, sizeof(word));
	errno = 0;
	n = strtoull(word, &end, 10);
	if (word[0] < '0' || word[0] > '9' || *end != '\0' || errno != 0 || n > most)
		s->bad = true;
	return s->bad ? 0 : n;
}

static void
scan_byte(struct scan *s, char byte)
{
	if (s->at < s->end && *s->at == byte)
		s->at++;
	else
		s->bad = true;
}

static bool
is_day(uint64_t day)
{
	const uint64_t month = day / 100 % 100, of_month = day % 100;

	return day >= DAY_FIRST && day <= DAY_LAST && month >= 1 && month <= 12 &&
	    of_month >= 1 && of_month <= 31;
}

static uint32_t
scan_day(struct scan *s, bool or_none)
{
	uint64_t day = scan_number(s, DAY_LAST);

	if (!is_day(day) && !(or_none && day == 0))
		s->bad = true;
	return (uint32_t)day;
}

static struct hits_permit *
append(struct hits *h)
{
	if (h->n == h->room) {
		size_t room = h->room == 0 ? 64 : h->room * 2;
		struct hits_permit *more = reallocarray(h->permits, room, sizeof(*more));

		if (more == NULL)
			return NULL;
		h->permits = more;
		h->room = room;
	}
	h->permits[h->n] = (struct hits_permit){ .last = 0 };
	return &h->permits[h->n++];
}

static int
scan_permit(struct scan *s, struct hits *h)
{
	struct hits_permit *p = h->n < HITS_PERMITS ? append(h) : NULL;

	if (p == NULL)
		return h->n < HITS_PERMITS ? -ENOMEM : -EBADMSG;
	scan_word(s, p->id, sizeof(p->id));
	scan_byte(s, ' ');
	p->since = scan_day(s, false);
	scan_byte(s, ' ');
	p->last = scan_day(s, true);
	scan_byte(s, ' ');
	p->counter = scan_number(s, UINT64_MAX);
	for (uint32_t i = 0; i < HITS_MONTHS; i++) {
		scan_byte(s, ' ');
		p->months[i] = scan_number(s, UINT64_MAX);
	}
	scan_byte(s, '\n');
	/* Sorted, and none twice: it is searched by halves. */
	if (h->n > 1 && strcmp(p[-1].id, p->id) >= 0)
		s->bad = true;
	h->sorted = h->n;
	return s->bad ? -EBADMSG : 0;
}

int
hits_parse(struct hits *h, const char *text, size_t length)
{
	struct scan s = { .at = text, .end = text + length };
	int r = 0;

	*h = (struct hits){ 0 };
	for (const char *p = HEAD " "; *p != '\0'; p++)
		scan_byte(&s, *p);
	h->since = scan_day(&s, false);
	scan_byte(&s, ' ');
	h->day = scan_day(&s, false);
	scan_byte(&s, ' ');
	scan_word(&s, h->boot, sizeof(h->boot));
	scan_byte(&s, '\n');
	if (s.bad)
		r = -EBADMSG;
	while (r == 0 && s.at < s.end)
		r = scan_permit(&s, h);
	if (r < 0)
		hits_free(h);
	return r;
}

char *
hits_print(const struct hits *h, size_t *length)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, length);
	bool good;

	if (out == NULL)
		return NULL;
	fprintf(out, HEAD " %u %u %s\n", h->since, h->day, h->boot);
	for (size_t i = 0; i < h->n; i++) {
		const struct hits_permit *p = &h->permits[i];

		fprintf(out, "%s %u %u %" PRIu64, p->id, p->since, p->last, p->counter);
		for (uint32_t m = 0; m < HITS_MONTHS; m++)
			fprintf(out, " %" PRIu64, p->months[m]);
		fputc('\n', out);
	}
	good = !ferror(out);
	good &= fclose(out) == 0;
	if (good)
		return text;
	free(text);
	return NULL;
}

/* ---- one look -------------------------------------------------------------------- */

static uint32_t
month_number(uint32_t day)
{
	return day / 10000 * 12 + day / 100 % 100 - 1;
}

uint32_t
hits_month(const struct hits *h, uint32_t day)
{
	const uint32_t newest = month_number(h->day), month = month_number(day);

	return month > newest ? HITS_MONTHS : newest - month;
}

/* Months that came since the last look push the oldest out. */
static void
turn(struct hits *h, uint32_t day)
{
	const uint32_t by = month_number(day) - month_number(h->day);
	const uint32_t kept = by < HITS_MONTHS ? HITS_MONTHS - by : 0;

	if (by == 0)
		return;
	for (size_t i = 0; i < h->n; i++) {
		uint64_t *months = h->permits[i].months;

		memmove(months + (HITS_MONTHS - kept), months, kept * sizeof(*months));
		memset(months, 0, (HITS_MONTHS - kept) * sizeof(*months));
	}
}

void
hits_begin(struct hits *h, uint32_t day, const char *boot)
{
	if (h->since == 0)
		h->since = h->day = day;
	if (day > h->day) {
		turn(h, day);
		h->day = day;
	}
	/* Another boot has counters of its own. */
	for (size_t i = 0; i < h->n; i++) {
		h->permits[i].seen = false;
		if (strcmp(h->boot, boot) != 0)
			h->permits[i].counter = 0;
	}
	snprintf(h->boot, sizeof(h->boot), "%s", *boot != '\0' ? boot : "-");
}

/* Where it stands, or would, among those that are sorted. */
static size_t
place(const struct hits *h, const char *id)
{
	size_t low = 0, high = h->sorted;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(h->permits[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct hits_permit *
find(const struct hits *h, const char *id)
{
	const size_t i = place(h, id);

	return i < h->sorted && strcmp(h->permits[i].id, id) == 0 ? &h->permits[i] : NULL;
}

const struct hits_permit *
hits_find(const struct hits *h, const char *id)
{
	return find(h, id);
}

static struct hits_permit *
add(struct hits *h, const char *id)
{
	struct hits_permit *p = h->n < HITS_PERMITS && strlen(id) < HITS_NAME ? append(h) : NULL;

	if (p != NULL) {
		p->since = h->day;
		snprintf(p->id, sizeof(p->id), "%s", id);
	}
	return p;
}

int
hits_take(struct hits *h, const char *id, uint64_t counter)
{
	struct hits_permit *p = find(h, id);
	uint64_t grown;

	if (p == NULL)
		p = add(h, id);
	if (p == NULL)
		return -ENOMEM;
	/* Less than before: it was made anew, and what it says came since. */
	grown = counter >= p->counter ? counter - p->counter : counter;
	p->counter = counter;
	p->seen = true;
	p->months[0] += grown;
	if (grown > 0)
		p->last = h->day;
	return 0;
}

static bool
was_used(const struct hits_permit *p)
{
	for (uint32_t m = 0; m < HITS_MONTHS; m++)
		if (p->months[m] > 0)
			return true;
	return false;
}

static int
by_id(const void *left, const void *right)
{
	const struct hits_permit *a = left, *b = right;

	return strcmp(a->id, b->id);
}

void
hits_end(struct hits *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n; i++) {
		struct hits_permit *p = &h->permits[i];

		/* Its counter is gone with it: under the same id it begins anew. */
		if (!p->seen)
			p->counter = 0;
		if (p->seen || was_used(p))
			h->permits[n++] = *p;
	}
	h->n = h->sorted = n;
	if (n > 0)
		qsort(h->permits, n, sizeof(*h->permits), by_id);
}
