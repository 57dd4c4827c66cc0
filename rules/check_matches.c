/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of service matches: sorted, without what another one says already. */
#include "rules/check_internal.h"

#include <errno.h>
#include <stdlib.h>

int
match_set_add(struct match_set *m, const struct service_match *match)
{
	void *items = m->items;

	if (check_grow(&items, &m->room, m->count, sizeof(m->items[0])) != 0)
		return -ENOMEM;
	m->items = items;
	m->items[m->count++] = *match;
	return 0;
}

#define COMPARE(a, b) if ((a) != (b)) return (a) < (b) ? -1 : 1

/* By all but the ports first; a wider range of ports before a narrower one. */
static int
compare(const void *pa, const void *pb)
{
	const struct service_match *a = pa, *b = pb;

	COMPARE(b->protocol_any, a->protocol_any);
	COMPARE(a->protocol, b->protocol);
	COMPARE(a->form, b->form);
	COMPARE(a->family, b->family);
	if (a->form == SERVICE_ICMP) {
		COMPARE(a->sport_first, b->sport_first);
		COMPARE(b->sport_last, a->sport_last);
		return 0;
	}
	COMPARE(a->sport_first, b->sport_first);
	COMPARE(b->sport_last, a->sport_last);
	COMPARE(a->dport_first, b->dport_first);
	COMPARE(b->dport_last, a->dport_last);
	return 0;
}

#undef COMPARE

/*
 * Join [first, last] with the next range when they meet. Single numbers that
 * are only neighbours stay apart: an exact tuple is a hash look-up.
 */
static bool
join(uint16_t *first, uint16_t *last, uint16_t next_first, uint16_t next_last)
{
	bool touches =
	    next_first == *last + 1 && *first != *last && next_first != next_last;

	if (next_first > *last && !touches)
		return false;
	if (next_last > *last)
		*last = next_last;
	return true;
}

/* True when b was taken into a, which sorts before it. */
static bool
absorb(struct service_match *a, const struct service_match *b)
{
	if (a->protocol_any)
		return a->family == IP_NONE || a->family == b->family;
	if (a->protocol != b->protocol)
		return false;
	if (a->form == SERVICE_PROTOCOL)
		return true;
	if (a->form != b->form || a->family != b->family)
		return false;
	if (a->form == SERVICE_ICMP)
		return join(
		    &a->sport_first, &a->sport_last, b->sport_first, b->sport_last);
	if (a->sport_first != b->sport_first || a->sport_last != b->sport_last)
		return false;
	return join(&a->dport_first, &a->dport_last, b->dport_first, b->dport_last);
}

static bool
any_source_port(const struct service_match *m)
{
	return m->form == SERVICE_PORTS && m->sport_first == 0 &&
	       m->sport_last == UINT16_MAX;
}

/* Whether one of the n (sorted, disjoint) matches of all source ports holds m. */
static bool
held_by_any_source(
    const struct service_match *all, size_t n, const struct service_match *m)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (all[middle].dport_last < m->dport_first)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && all[low].dport_first <= m->dport_first &&
	    m->dport_last <= all[low].dport_last;
}

/* Matches of some source ports whose destination ports are open to all of them. */
static void
drop_narrow_sources(struct match_set *m)
{
	size_t kept = 0, begin = 0, n = 0;

	for (size_t i = 0; i < m->count; i++) {
		struct service_match *one = &m->items[i];

		if (n > 0 && m->items[begin].protocol != one->protocol)
			n = 0;
		if (any_source_port(one)) {
			begin = n == 0 ? kept : begin;
			n++;
		} else if (one->form == SERVICE_PORTS && n > 0 &&
		    held_by_any_source(&m->items[begin], n, one)) {
			continue;
		}
		m->items[kept++] = *one;
	}
	m->count = kept;
}

void
match_set_normalise(struct match_set *m)
{
	size_t kept = 0;

	if (m->count == 0)
		return;
	qsort(m->items, m->count, sizeof(m->items[0]), compare);
	for (size_t i = 1; i < m->count; i++)
		if (!absorb(&m->items[kept], &m->items[i]))
			m->items[++kept] = m->items[i];
	m->count = kept + 1;
	drop_narrow_sources(m);
}
