/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/detect_count.h"

#include <string.h>

/*
 * The expected number of different things that set b of m bits: one that meets
 * i set bits sets another with chance (m - i) / m, so m / (m - i) are needed.
 */
void
distinct_scale_init(struct distinct_scale *s)
{
	double things = 0;

	for (uint32_t b = 0; b < DISTINCT_BITS; b++) {
		s->of[b] = (uint32_t)(things + 0.5);
		things += (double)DISTINCT_BITS / (DISTINCT_BITS - b);
	}
	s->of[DISTINCT_BITS] = (uint32_t)things;
}

/* Windows that have ended since the last addition: 0, 1, or 2 for more. */
static int
turn(int64_t *start_ns, int64_t now_ns, int64_t window_ns)
{
	int64_t passed = now_ns - *start_ns;

	if (*start_ns == 0 || passed >= 2 * window_ns) {
		*start_ns = now_ns;
		return 2;
	}
	if (passed < window_ns)
		return 0;
	*start_ns += window_ns;
	return 1;
}

/* Part of the window before that is not older than window_ns, of 256. */
static uint32_t
share(int64_t start_ns, int64_t now_ns, int64_t window_ns)
{
	int64_t left = window_ns - (now_ns - start_ns);

	return left <= 0 ? 0 : (uint32_t)(left / (window_ns / 256 + 1));
}

/* From the few to bitmaps; before them nothing was counted, or it does not count now. */
static void
spread(struct distinct *d)
{
	if (d->many)
		return;
	memset(d->before, 0, sizeof(d->before));
	memset(d->now, 0, sizeof(d->now));
	for (uint32_t i = 0; i < d->n_now; i++)
		d->now[d->few[i] / 64] |= 1ull << d->few[i] % 64;
	d->many = true;
}

static bool
is_among_few(const struct distinct *d, uint32_t bit)
{
	uint32_t i = 0;

	while (i < d->n_now && d->few[i] != bit)
		i++;
	return i < d->n_now;
}

bool
distinct_add(struct distinct *d, uint64_t hash, int64_t now_ns, int64_t window_ns)
{
	uint32_t bit = (uint32_t)hash % DISTINCT_BITS, word = bit / 64;
	uint64_t mask = 1ull << bit % 64;

	switch (turn(&d->start_ns, now_ns, window_ns)) {
	case 1:
		spread(d);
		memcpy(d->before, d->now, sizeof(d->before));
		memset(d->now, 0, sizeof(d->now));
		d->n_only_before = d->n_now;
		d->n_now = 0;
		break;
	case 2:
		d->many = false;
		d->n_only_before = d->n_now = 0;
		break;
	default:
		break;
	}
	if (!d->many && is_among_few(d, bit))
		return false;
	if (!d->many && d->n_now < DISTINCT_FEW) {
		d->few[d->n_now++] = (uint16_t)bit;
		return true;
	}
	spread(d);
	if (d->now[word] & mask)
		return false;
	d->now[word] |= mask;
	d->n_now++;
	if (d->before[word] & mask)
		d->n_only_before--;
	return true;
}

uint32_t
distinct_count(const struct distinct *d, const struct distinct_scale *s, int64_t now_ns,
    int64_t window_ns)
{
	uint32_t now = s->of[d->n_now], both = s->of[d->n_now + d->n_only_before];

	return now + (uint32_t)(((uint64_t)(both - now) *
	    share(d->start_ns, now_ns, window_ns)) / 256);
}

uint64_t
amount_add(struct amount *a, uint64_t more, int64_t now_ns, int64_t window_ns)
{
	uint64_t rest, part;

	switch (turn(&a->start_ns, now_ns, window_ns)) {
	case 1:
		a->before = a->now;
		a->now = 0;
		break;
	case 2:
		a->before = a->now = 0;
		break;
	default:
		break;
	}
	if (__builtin_add_overflow(a->now, more, &a->now))
		a->now = UINT64_MAX;
	part = share(a->start_ns, now_ns, window_ns);
	rest = a->before / 256 * part + a->before % 256 * part / 256;
	return a->now > UINT64_MAX - rest ? UINT64_MAX : a->now + rest;
}
