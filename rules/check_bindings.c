/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that must come from one MAC: spread out, sorted, free of conflicts. */
#include "rules/check_internal.h"

#include "rules/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How many addresses of the host are bound; a range too wide is reported. */
static size_t
count_of_host(struct check *ck, size_t i)
{
	const struct checked_host *h = &ck->c->hosts[i];
	size_t n = 0;

	if (!h->has_mac)
		return 0;
	for (size_t k = 0; k < h->n_ranges; k++) {
		char text[IP_RANGE_TEXT_SIZE];

		if (h->ranges[k].last - h->ranges[k].first >= LIMIT_MAC_ADDRESSES) {
			check_error(ck, h->origin, MSG_CHECK_MAC_WIDE, h->name,
			    address_print_range(&h->ranges[k], text),
			    LIMIT_MAC_ADDRESSES);
			continue;
		}
		n += (size_t)(h->ranges[k].last - h->ranges[k].first) + 1;
	}
	return n;
}

static void
bind_host(struct check *ck, size_t i)
{
	const struct checked_host *h = &ck->c->hosts[i];
	struct checked *c = ck->c;

	for (size_t k = 0; k < h->n_ranges; k++) {
		const struct ip_range *r = &h->ranges[k];
		size_t at = range_set_seek(&ck->raw, r->family, r->first);

		if (r->last - r->first >= LIMIT_MAC_ADDRESSES)
			continue;
		for (ip_value v = r->first;; v++) {
			struct mac_binding *b = &c->bindings[c->n_bindings++];

			while (ck->raw.items[at].range.last < v)
				at++;
			b->addr = (struct ip_addr){ v, r->family };
			b->segment = ck->raw.items[at].segment;
			b->host = (uint32_t)i;
			memcpy(b->mac, h->mac, sizeof(b->mac));
			if (v == r->last)
				break;
		}
	}
}

static int
compare(const void *pa, const void *pb)
{
	const struct mac_binding *a = pa, *b = pb;
	int order = address_compare(&a->addr, &b->addr);

	if (order != 0)
		return order;
	return a->host < b->host ? -1 : a->host > b->host;
}

/* One binding an address; two MACs for one address are an error. */
static void
settle(struct check *ck)
{
	struct checked *c = ck->c;
	size_t kept = 0;

	for (size_t i = 0; i < c->n_bindings; i++) {
		const struct mac_binding *b = &c->bindings[i];
		const struct mac_binding *first =
		    kept > 0 ? &c->bindings[kept - 1] : NULL;
		char text[IP_RANGE_TEXT_SIZE];

		if (first == NULL || first->addr.family != b->addr.family ||
		    first->addr.value != b->addr.value) {
			c->bindings[kept++] = *b;
			continue;
		}
		if (memcmp(first->mac, b->mac, sizeof(b->mac)) != 0)
			check_error(ck, c->hosts[b->host].origin, MSG_CHECK_MAC_CONFLICT,
			    c->hosts[b->host].name, address_print(&b->addr, text),
			    c->hosts[first->host].name, AT(c->hosts[first->host].origin));
	}
	c->n_bindings = kept;
}

/* Where only registered stations may be, somebody should be registered. */
static void
check_stations(struct check *ck)
{
	const struct checked *c = ck->c;

	for (size_t s = 0; s < c->n_segments; s++) {
		size_t i = 0;

		if (!c->segments[s].registered_only)
			continue;
		while (i < c->n_bindings && c->bindings[i].segment != s)
			i++;
		if (i == c->n_bindings)
			check_warning(ck, c->segments[s].origin, MSG_CHECK_STATIONS_NONE,
			    c->segments[s].interface);
	}
}

int
check_bindings(struct check *ck)
{
	struct checked *c = ck->c;
	struct origin whole = { .file = NULL, .line = 0 };
	size_t n = 0;

	for (size_t i = 0; i < c->n_hosts; i++)
		n += count_of_host(ck, i);
	if (n > LIMIT_BINDINGS) {
		if (ck->policy->n_files > 0)
			whole.file = ck->policy->files[0];
		check_error(ck, whole, MSG_CHECK_LIMIT_BINDINGS, LIMIT_BINDINGS);
		return 0;
	}
	c->bindings = calloc(n + 1, sizeof(c->bindings[0]));
	if (c->bindings == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_hosts; i++)
		if (c->hosts[i].has_mac)
			bind_host(ck, i);
	qsort(c->bindings, c->n_bindings, sizeof(c->bindings[0]), compare);
	settle(ck);
	check_stations(ck);
	return 0;
}
