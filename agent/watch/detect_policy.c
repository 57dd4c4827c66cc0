/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/detect_policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *word;
	uint32_t role;
} words[] = {
	{ "dhcp", DETECT_ROLE_DHCP },
	{ "router", DETECT_ROLE_ROUTER },
	{ "dns", DETECT_ROLE_DNS },
	{ "ntp", DETECT_ROLE_NTP },
	{ "monitor", DETECT_ROLE_MONITOR },
	{ "backup", DETECT_ROLE_BACKUP },
	{ "jump", DETECT_ROLE_JUMP },
	{ "proxy", DETECT_ROLE_PROXY },
	{ "lbo_proxy", DETECT_ROLE_PROXY },
	{ "mail_relay", DETECT_ROLE_PROXY },
};

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

/* Never 0, so that 0 can mean "none". */
static uint64_t
tag_of(const struct detect_policy *p, const char *name)
{
	uint8_t out[crypto_shorthash_BYTES];
	uint64_t tag;

	crypto_shorthash(out, (const uint8_t *)name, strlen(name), p->secret);
	memcpy(&tag, out, sizeof(tag));
	return tag | 1u;
}

static int
by_place(const void *a, const void *b)
{
	const struct ip_range *x = a, *y = b;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static int
by_mac(const void *a, const void *b)
{
	const struct detect_registered *x = a, *y = b;

	return memcmp(x->mac, y->mac, sizeof(x->mac));
}

/* Sorted, and what meets joined. */
static void
settle(struct detect_addresses *a)
{
	size_t kept = 0;

	qsort(a->ranges, a->n, sizeof(a->ranges[0]), by_place);
	for (size_t i = 0; i < a->n; i++) {
		struct ip_range *last = kept > 0 ? &a->ranges[kept - 1] : NULL;

		if (last == NULL || last->family != a->ranges[i].family ||
		    last->last < a->ranges[i].first)
			a->ranges[kept++] = a->ranges[i];
		else if (last->last < a->ranges[i].last)
			last->last = a->ranges[i].last;
	}
	a->n = kept;
}

static int
collect_role(struct detect_addresses *out, const struct checked *c, uint32_t role)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_hosts; i++)
		if (roles_of(&c->hosts[i]) & role)
			n += c->hosts[i].n_ranges;
	if (n == 0)
		return 0;
	out->ranges = calloc(n, sizeof(out->ranges[0]));
	if (out->ranges == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_hosts; i++) {
		const struct checked_host *h = &c->hosts[i];

		if (!(roles_of(h) & role))
			continue;
		memcpy(&out->ranges[out->n], h->ranges,
		    h->n_ranges * sizeof(h->ranges[0]));
		out->n += h->n_ranges;
	}
	settle(out);
	return 0;
}

static int
collect_macs(struct detect_policy *p, const struct checked *c)
{
	p->macs = calloc(c->n_hosts + 1, sizeof(p->macs[0]));
	if (p->macs == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_hosts; i++) {
		const struct checked_host *h = &c->hosts[i];
		struct detect_registered *r = &p->macs[p->n_macs];

		if (!h->has_mac)
			continue;
		memcpy(r->mac, h->mac, sizeof(r->mac));
		r->zone = (uint16_t)h->zone;
		r->roles = roles_of(h);
		p->n_macs++;
	}
	qsort(p->macs, p->n_macs, sizeof(p->macs[0]), by_mac);
	return 0;
}

static int
collect_tags(struct detect_policy *p, const struct checked *c)
{
	for (size_t i = 0; i < c->n_segments && i < LIMIT_SEGMENTS; i++) {
		p->segment_tag[i] = tag_of(p, c->segments[i].interface);
		p->zone_tag[i] = tag_of(p, c->zones[c->segments[i].zone].name);
	}
	p->permit_tag = calloc(c->n_permits + 1, sizeof(p->permit_tag[0]));
	if (p->permit_tag == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_permits; i++)
		p->permit_tag[i] = tag_of(p, c->permits[i].id);
	p->n_permits = c->n_permits;
	return 0;
}

void
detect_policy_init(struct detect_policy *p)
{
	memset(p, 0, sizeof(*p));
	crypto_shorthash_keygen(p->secret);
}

void
detect_policy_clear(struct detect_policy *p)
{
	for (unsigned int r = 0; r < DETECT_ROLES; r++) {
		free(p->roles[r].ranges);
		p->roles[r].ranges = NULL;
		p->roles[r].n = 0;
	}
	free(p->macs);
	free(p->permit_tag);
	p->macs = NULL;
	p->permit_tag = NULL;
	p->n_macs = p->n_permits = 0;
}

int
detect_policy_set(struct detect_policy *p, const struct checked *checked)
{
	int error;

	detect_policy_clear(p);
	error = collect_tags(p, checked);
	for (unsigned int r = 0; r < DETECT_ROLES && error == 0; r++)
		error = collect_role(&p->roles[r], checked, 1u << r);
	if (error == 0)
		error = collect_macs(p, checked);
	if (error != 0)
		detect_policy_clear(p);
	return error;
}

static bool
holds(const struct detect_addresses *set, const struct ip_addr *a)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ip_range *r = &set->ranges[middle];

		if (address_range_holds(r, a))
			return true;
		if (r->family < a->family ||
		    (r->family == a->family && r->last < a->value))
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

bool
detect_has_role(const struct detect_policy *p, const struct ip_addr *a, uint32_t roles)
{
	for (unsigned int r = 0; r < DETECT_ROLES; r++)
		if ((roles & 1u << r) != 0 && holds(&p->roles[r], a))
			return true;
	return false;
}

size_t
detect_registered(const struct detect_policy *p, const uint8_t mac[6],
    const struct detect_registered **first)
{
	size_t low = 0, high = p->n_macs, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(p->macs[middle].mac, mac, 6) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*first = p->macs + low;
	for (end = low; end < p->n_macs && memcmp(p->macs[end].mac, mac, 6) == 0; end++)
		continue;
	return end - low;
}

bool
detect_mac_has_role(const struct detect_policy *p, const uint8_t mac[6], uint32_t roles)
{
	const struct detect_registered *r;
	size_t n = detect_registered(p, mac, &r);

	for (size_t i = 0; i < n; i++)
		if (r[i].roles & roles)
			return true;
	return false;
}
