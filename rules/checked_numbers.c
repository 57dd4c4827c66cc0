/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The numbers in the ct mark: permits in its low half, pairs of segments in its
 * high half. Flows keep their mark over a change of the policy, so what stays
 * keeps its number, and what is new stays off those that flows may carry.
 */
#include "rules/checked.h"

#include <errno.h>
#include <stdlib.h>

/* Numbers that half a ct mark holds: 1..65535. */
#define NUMBER_MAX 65535u
/* A pair that has no number yet, while there are some without. */
#define PAIR_PENDING 65535u

/* Where MARK_HALF_OPEN (rules/ruleset.h) is a bit of its own. */
#define PAIR_LIMITED_MAX 32767u

/* One bit a number; the cursors run over those that nobody took. */
struct numbering {
	uint8_t taken[NUMBER_MAX / 8 + 1];
	uint32_t max;
	uint32_t cursor, last_resort;
};

static bool
take(struct numbering *n, uint32_t number)
{
	uint8_t bit = (uint8_t)(1u << number % 8);

	if (number == 0 || number > n->max || (n->taken[number / 8] & bit) != 0)
		return false;
	n->taken[number / 8] |= bit;
	return true;
}

/* The next number behind *cursor that is neither taken nor busy; 0: none. */
static uint32_t
next_free(struct numbering *n, uint32_t *cursor, bool (*busy)(void *, uint32_t),
    void *arg)
{
	while (*cursor < n->max) {
		uint32_t number = ++*cursor;

		if ((busy == NULL || !busy(arg, number)) && take(n, number))
			return number;
	}
	return 0;
}

static uint32_t
new_number(struct numbering *n, bool (*busy)(void *, uint32_t), void *arg)
{
	uint32_t number = next_free(n, &n->cursor, busy, arg);

	return number != 0 ? number : next_free(n, &n->last_resort, NULL, NULL);
}

void
checked_renumber_avoiding(struct checked *c,
    uint32_t (*number_of)(void *arg, const char *id),
    bool (*busy)(void *arg, uint32_t number), void *arg)
{
	struct numbering numbering = { .max = NUMBER_MAX };

	for (size_t i = 0; i < c->n_permits; i++) {
		uint32_t n = number_of(arg, c->permits[i].id);

		c->permits[i].number = take(&numbering, n) ? n : 0;
	}
	for (size_t i = 0; i < c->n_permits; i++)
		if (c->permits[i].number == 0)
			c->permits[i].number = new_number(&numbering, busy, arg);
}

void
checked_renumber(
    struct checked *c, uint32_t (*number_of)(void *arg, const char *id), void *arg)
{
	checked_renumber_avoiding(c, number_of, NULL, arg);
}

_Static_assert(LIMIT_SEGMENTS * (LIMIT_SEGMENTS - 1) < PAIR_PENDING,
    "every pair gets a number of its own");

_Static_assert(LIMIT_HALF_OPEN_SEGMENTS * (LIMIT_HALF_OPEN_SEGMENTS - 1)
    <= PAIR_LIMITED_MAX, "and where half of the numbers are taken");

void
checked_renumber_pairs(struct checked *c,
    uint32_t (*number_of)(void *arg, const char *in, const char *out),
    bool (*busy)(void *arg, uint32_t number), void *arg)
{
	struct numbering numbering = {
		.max = c->half_open != 0 ? PAIR_LIMITED_MAX : PAIR_PENDING - 1,
	};
	size_t n_pairs = c->n_segments * c->n_segments;

	for (size_t i = 0; i < n_pairs; i++) {
		const char *in = c->segments[i / c->n_segments].interface;
		const char *out = c->segments[i % c->n_segments].interface;
		uint32_t n;

		if (c->pair_numbers[i] == 0)
			continue;
		n = number_of != NULL ? number_of(arg, in, out) : 0;
		c->pair_numbers[i] = (uint16_t)(take(&numbering, n) ? n : PAIR_PENDING);
	}
	for (size_t i = 0; i < n_pairs; i++)
		if (c->pair_numbers[i] == PAIR_PENDING)
			c->pair_numbers[i] =
			    (uint16_t)new_number(&numbering, busy, arg);
}

int
checked_number_pairs(struct checked *c)
{
	size_t n = c->n_segments;

	c->pair_numbers = calloc(n * n + 1, sizeof(*c->pair_numbers));
	if (c->pair_numbers == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_boxes; i++) {
		const struct box *b = &c->boxes[i];

		if (b->in != SEGMENT_SELF && b->out != SEGMENT_SELF)
			c->pair_numbers[b->in * n + b->out] = PAIR_PENDING;
	}
	checked_renumber_pairs(c, NULL, NULL, NULL);
	return 0;
}

uint32_t
checked_pair_number(const struct checked *c, uint16_t in, uint16_t out)
{
	if (in >= c->n_segments || out >= c->n_segments)
		return 0;
	return c->pair_numbers[in * c->n_segments + out];
}
