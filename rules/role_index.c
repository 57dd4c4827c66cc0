/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sorted, disjoint ranges for each role; sorted MACs with what is known of them. */
#include "rules/role_index.h"

#include "rules/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(LIMIT_ZONES <= 32, "zones are bits of 32");

struct station {
	uint64_t mac;			/* the six bytes as one number */
	uint32_t zones, roles;		/* bits */
};

struct ranges {
	struct ip_range *items;		/* by family, first */
	size_t n;
};

struct role_index {
	struct ranges ranges[HOST_ROLES];	/* by bit */
	struct station *stations;		/* by mac */
	size_t n_stations;
};

static const struct {
	const char *word;
	uint32_t role;
} words[] = {
	{ "backup", HOST_ROLE_BACKUP },
	{ "dhcp", HOST_ROLE_DHCP },
	{ "dns", HOST_ROLE_DNS },
	{ "jump", HOST_ROLE_JUMP },
	{ "lbo_proxy", HOST_ROLE_PROXY },
	{ "mail_relay", HOST_ROLE_PROXY },
	{ "monitor", HOST_ROLE_MONITOR },
	{ "ntp", HOST_ROLE_NTP },
	{ "proxy", HOST_ROLE_PROXY },
	{ "router", HOST_ROLE_ROUTER },
};

static uint64_t
mac_number(const uint8_t mac[6])
{
	uint64_t n = 0;

	for (size_t i = 0; i < 6; i++)
		n = n << 8 | mac[i];
	return n;
}

static uint32_t
roles_of(const struct checked_host *h)
{
	uint32_t roles = 0;

	for (size_t i = 0; i < h->n_roles; i++)
		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
			if (strcmp(h->roles[i], words[k].word) == 0)
				roles |= words[k].role;
	return roles;
}

/* ---- addresses ------------------------------------------------------------- */

static int
compare_ranges(const void *pa, const void *pb)
{
	return address_range_compare(pa, pb);
}

/* Join what overlaps, so that only the last range that begins before can hold. */
static void
settle_ranges(struct ranges *s)
{
	size_t kept = 0;

	qsort(s->items, s->n, sizeof(s->items[0]), compare_ranges);
	for (size_t i = 0; i < s->n; i++) {
		struct ip_range *last = kept > 0 ? &s->items[kept - 1] : NULL;
		const struct ip_range *r = &s->items[i];

		if (last == NULL || last->family != r->family || last->last < r->first)
			s->items[kept++] = *r;
		else if (last->last < r->last)
			last->last = r->last;
	}
	s->n = kept;
}

static int
gather_ranges(struct ranges *s, const struct checked *c, uint32_t role)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_hosts; i++)
		if (roles_of(&c->hosts[i]) & role)
			n += c->hosts[i].n_ranges;
	s->items = calloc(n + 1, sizeof(s->items[0]));
	if (s->items == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_hosts; i++) {
		const struct checked_host *h = &c->hosts[i];

		if ((roles_of(h) & role) == 0)
			continue;
		for (size_t k = 0; k < h->n_ranges; k++)
			s->items[s->n++] = h->ranges[k];
	}
	settle_ranges(s);
	return 0;
}

static bool
holds(const struct ranges *s, const struct ip_addr *a)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ip_range *r = &s->items[middle];

		if (r->family < a->family ||
		    (r->family == a->family && r->first <= a->value))
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && address_range_holds(&s->items[low - 1], a);
}

bool
role_index_holds(const struct role_index *x, uint32_t roles, const struct ip_addr *a)
{
	roles &= (UINT32_C(1) << HOST_ROLES) - 1;
	for (; x != NULL && roles != 0; roles &= roles - 1) {
		const struct ranges *r = &x->ranges[__builtin_ctz(roles)];

		if (r->n > 0 && holds(r, a))
			return true;
	}
	return false;
}

/* ---- stations -------------------------------------------------------------- */

static int
compare_stations(const void *pa, const void *pb)
{
	const struct station *a = pa, *b = pb;

	return a->mac < b->mac ? -1 : a->mac > b->mac;
}

/* One MAC may be that of several hosts: a layer 3 switch, the router of a line. */
static void
settle_stations(struct role_index *x)
{
	size_t kept = 0;

	qsort(x->stations, x->n_stations, sizeof(x->stations[0]), compare_stations);
	for (size_t i = 0; i < x->n_stations; i++) {
		const struct station *s = &x->stations[i];

		if (kept == 0 || x->stations[kept - 1].mac != s->mac) {
			x->stations[kept++] = *s;
			continue;
		}
		x->stations[kept - 1].zones |= s->zones;
		x->stations[kept - 1].roles |= s->roles;
	}
	x->n_stations = kept;
}

static int
gather_stations(struct role_index *x, const struct checked *c)
{
	x->stations = calloc(c->n_hosts + 1, sizeof(x->stations[0]));
	if (x->stations == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_hosts; i++) {
		const struct checked_host *h = &c->hosts[i];

		if (h->has_mac)
			x->stations[x->n_stations++] = (struct station){
				.mac = mac_number(h->mac),
				.zones = UINT32_C(1) << h->zone,
				.roles = roles_of(h),
			};
	}
	settle_stations(x);
	return 0;
}

/* NULL when nobody has the MAC. */
static const struct station *
station_of(const struct role_index *x, const uint8_t mac[6])
{
	const struct station key = { .mac = mac_number(mac) };

	return x == NULL ? NULL : bsearch(
	    &key, x->stations, x->n_stations, sizeof(key), compare_stations);
}

bool
role_index_holds_mac(
    const struct role_index *x, uint32_t roles, const uint8_t mac[6])
{
	const struct station *s = station_of(x, mac);

	return s != NULL && (s->roles & roles) != 0;
}

uint32_t
role_index_mac_zones(const struct role_index *x, const uint8_t mac[6])
{
	const struct station *s = station_of(x, mac);

	return s != NULL ? s->zones : 0;
}

struct role_index *
role_index_new(const struct checked *checked)
{
	struct role_index *x = calloc(1, sizeof(*x));
	int ret;

	if (x == NULL)
		return NULL;
	ret = gather_stations(x, checked);
	for (unsigned int r = 0; r < HOST_ROLES && ret == 0; r++)
		ret = gather_ranges(&x->ranges[r], checked, UINT32_C(1) << r);
	if (ret == 0)
		return x;
	role_index_free(x);
	errno = ENOMEM;
	return NULL;
}

void
role_index_free(struct role_index *x)
{
	if (x == NULL)
		return;
	for (unsigned int r = 0; r < HOST_ROLES; r++)
		free(x->ranges[r].items);
	free(x->stations);
	free(x);
}
