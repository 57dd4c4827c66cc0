/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three dimensions (source, destination, service) are each cut into intervals
 * at the edges of the boxes. An interval has a row of bits: one per box, in file
 * order, set when the box reaches into the interval. The first bit that is set
 * in all three rows is the first box that may hold the packet; what the rows do
 * not know (source ports, form, dates) is asked of the box's digest. Where
 * neighbouring intervals had to share a row, it may say too much, never too
 * little, and the box itself has the last word.
 *
 * Rows are kept short: words that are zero are left out, and a summary in front
 * has one bit per word to tell which are there.
 */
#include "rules/classifier_ranges.h"

#include "rules/classifier_rows.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

/* ---- building -------------------------------------------------------------- */

static int
make_digests(struct range_index *x)
{
	x->digests = calloc(x->n, sizeof(x->digests[0]));
	if (x->digests == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < x->n; i++) {
		const struct box *b = &x->checked->boxes[x->ids[i]];
		const struct checked_permit *p = &x->checked->permits[b->permit];
		bool always = !p->disabled && p->valid_from == INT64_MIN &&
		    p->valid_until == INT64_MAX;

		x->digests[i] = (struct row_digest){
			.permit = b->permit | (always ? PERMIT_ALWAYS : 0),
			.sport_first = b->service.sport_first,
			.sport_last = b->service.sport_last,
			.protocol = b->service.protocol,
			.protocol_any = b->service.protocol_any,
			.wants_ports = b->service.form != SERVICE_PROTOCOL,
		};
	}
	return 0;
}

static int
build(struct range_index *x)
{
	return rows_build(x) == 0 ? make_digests(x) : -ENOMEM;
}

struct range_index *
range_index_new(const struct checked *checked, uint32_t *ids, size_t n)
{
	struct range_index *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->checked = checked;
	x->ids = ids;
	x->n = n;
	x->row_words = (n + 63) / 64;
	x->summary_words = (x->row_words + 63) / 64;
	if (build(x) == 0)
		return x;
	x->ids = NULL;			/* stays with the caller */
	range_index_free(x);
	errno = ENOMEM;
	return NULL;
}

void
range_index_free(struct range_index *x)
{
	if (x == NULL)
		return;
	rows_free(x);
	free(x->digests);
	free(x->ids);
	free(x);
}

/* ---- finding --------------------------------------------------------------- */

/*
 * ICMP has its number in sport, as SERVICE_ICMP has. A service with ports of an
 * ICMP protocol cannot be written, so which of the two is meant is never in doubt.
 */
static uint32_t
key_of_query(const struct index_query *q)
{
	bool icmp = q->protocol == IPPROTO_ICMP || q->protocol == IPPROTO_ICMPV6;

	if (!q->has_ports)
		return rows_service_key(q->protocol, 0);
	return rows_service_key(q->protocol, icmp ? q->sport : q->dport);
}

/* Both searches: the last interval that begins at or before v; the first begins at 0. */
static const uint64_t *
row_narrow(const struct row_dimension *d, uint32_t v)
{
	const struct row_narrow *base = d->narrow;

	for (size_t n = d->n; n > 1; ) {
		size_t half = n / 2;

		base = base[half].first <= v ? base + half : base;
		n -= half;
	}
	return d->words + base->row;
}

static const uint64_t *
row_wide(const struct row_dimension *d, ip_value v)
{
	const struct row_wide *base = d->wide;

	for (size_t n = d->n; n > 1; ) {
		size_t half = n / 2;

		base = base[half].first <= v ? base + half : base;
		n -= half;
	}
	return d->words + base->row;
}

static const uint64_t *
row_of(const struct row_dimension *d, ip_value v)
{
	return d->narrow != NULL ? row_narrow(d, (uint32_t)v) : row_wide(d, v);
}

/* Bits set, as in Hacker's Delight 5-1: no CPU feature is taken for granted. */
static size_t
count_bits(uint64_t v)
{
	v -= v >> 1 & 0x5555555555555555u;
	v = (v & 0x3333333333333333u) + (v >> 2 & 0x3333333333333333u);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fu;
	return (size_t)(v * 0x0101010101010101u >> 56);
}

/* One packet's three rows, walked together. */
struct walk {
	const uint64_t *summary[ROWS_DIMENSIONS];
	const uint64_t *words[ROWS_DIMENSIONS];	/* those of the present summary word */
	int n;					/* dimensions that are asked */
};

static uint64_t
walk_summary(const struct walk *w, size_t s)
{
	uint64_t both = ~UINT64_C(0);

	for (int i = 0; i < w->n; i++)
		both &= w->summary[i][s];
	return both;
}

static uint64_t
walk_word(const struct walk *w, size_t s, int at)
{
	uint64_t both = ~UINT64_C(0), below = (UINT64_C(1) << at) - 1;

	for (int i = 0; i < w->n; i++)
		both &= w->words[i][count_bits(w->summary[i][s] & below)];
	return both;
}

static void
walk_skip(struct walk *w, size_t s)
{
	for (int i = 0; i < w->n; i++)
		w->words[i] += count_bits(w->summary[i][s]);
}

/* Does the box behind a bit that all rows have set hold the packet? */
static bool
bit_holds(const struct range_index *x, size_t bit, const struct index_query *q,
    enum index_depth depth)
{
	const struct row_digest *d = &x->digests[bit];
	const struct box *b;

	if (x->thinned) {
		b = &x->checked->boxes[x->ids[bit]];
		return address_range_holds(&b->src, &q->src) &&
		    address_range_holds(&b->dst, &q->dst) &&
		    index_service_holds(&b->service, q, depth);
	}
	if (depth == INDEX_HOSTS)
		return true;
	if (depth == INDEX_PROTOCOL)
		return d->protocol_any || d->protocol == q->protocol;
	return !d->wants_ports ||
	    (q->has_ports && d->sport_first <= q->sport && q->sport <= d->sport_last);
}

/* Try the boxes of one word. True when nothing behind it can matter. */
static bool
try_word(const struct range_index *x, size_t word, uint64_t bits,
    const struct index_query *q, enum index_depth depth, int64_t now,
    struct index_answer *a)
{
	for (; bits != 0; bits &= bits - 1) {
		size_t bit = word * 64 + (size_t)__builtin_ctzll(bits);
		uint32_t permit = x->digests[bit].permit & ~PERMIT_ALWAYS;

		if (a->permit != 0 && a->permit <= permit + 1)
			return true;
		if (!bit_holds(x, bit, q, depth))
			continue;
		if (x->digests[bit].permit & PERMIT_ALWAYS) {
			a->permit = permit + 1;
			return true;
		}
		if (index_note(x->checked->permits, permit, now, a))
			return true;
	}
	return false;
}

static void
walk_start(struct walk *w, const struct range_index *x, const struct index_query *q,
    enum index_depth depth)
{
	w->n = depth == INDEX_SERVICE ? ROWS_DIMENSIONS : ROWS_SERVICE;
	w->summary[ROWS_SOURCE] = row_of(&x->dims[ROWS_SOURCE], q->src.value);
	w->summary[ROWS_DESTINATION] = row_of(&x->dims[ROWS_DESTINATION], q->dst.value);
	w->summary[ROWS_SERVICE] = row_of(&x->dims[ROWS_SERVICE], key_of_query(q));
	for (int i = 0; i < ROWS_DIMENSIONS; i++)
		w->words[i] = w->summary[i] + x->summary_words;
}

void
range_index_find(const struct range_index *x, const struct index_query *q,
    enum index_depth depth, int64_t now, struct index_answer *a)
{
	struct walk w;

	walk_start(&w, x, q, depth);
	for (size_t s = 0; s < x->summary_words; s++) {
		for (uint64_t m = walk_summary(&w, s); m != 0; m &= m - 1) {
			int at = __builtin_ctzll(m);

			if (try_word(x, s * 64 + (size_t)at, walk_word(&w, s, at), q,
				depth, now, a))
				return;
		}
		if (s + 1 < x->summary_words)
			walk_skip(&w, s);
	}
}
