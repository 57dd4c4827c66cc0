/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The oracle reads the policy's words. */
#include "tests/unit/oracle_words.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static bool
read_segment(struct oracle *o, unsigned int zone, const struct policy_segment *s)
{
	struct o_segment *seg = &o->segments[o->n_segments++];

	seg->zone = zone;
	for (size_t i = 0; i < s->networks.count; i++)
		if (address_parse_prefix(s->networks.items[i].text,
		    &seg->networks[seg->n_networks++]) != ADDRESS_OK)
			return false;
	for (size_t i = 0; i < s->gateway.count; i++) {
		struct ip_addr *a = &seg->gateway[seg->n_gateway++];

		if (address_parse(s->gateway.items[i].text, a) != ADDRESS_OK)
			return false;
		o->own[o->n_own++] = *a;
	}
	return true;
}

static bool
read_zones(struct oracle *o)
{
	for (size_t z = 0; z < o->policy->n_zones; z++) {
		const struct policy_zone *zone = &o->policy->zones[z];

		o->classes[z] = ZONE_CLASS_OTHER;
		if (zone->zone_class != NULL)
			o->classes[z] = zone_class_parse(zone->zone_class);
		for (size_t s = 0; s < zone->n_segments; s++)
			if (!read_segment(o, (unsigned int)z, &zone->segments[s]))
				return false;
	}
	return true;
}

static bool
read_host(const struct policy_host *h, struct o_host *out)
{
	static const char *const relays[] = {
		"file_sanitize", "mail_text", "screen_transfer", "relay_file", "renkei",
	};
	unsigned int *m = out->mac;

	for (size_t i = 0; i < h->addresses.count; i++)
		if (address_parse_range(h->addresses.items[i].text,
		    &out->ranges[out->n_ranges++]) != ADDRESS_OK)
			return false;
	for (size_t i = 0; i < h->roles.count; i++)
		for (size_t k = 0; k < 5; k++)
			out->relay |= strcmp(h->roles.items[i].text, relays[k]) == 0;
	out->has_mac = h->mac != NULL;
	return h->mac == NULL || sscanf(h->mac, "%2x:%2x:%2x:%2x:%2x:%2x", &m[0], &m[1],
	    &m[2], &m[3], &m[4], &m[5]) == 6;
}

static bool
find_name(const struct oracle *o, const char *text, struct o_name *out)
{
	const struct policy *p = o->policy;

	out->kind = O_SELF;
	if (strcmp(text, "self") == 0)
		return true;
	for (out->kind = O_ZONE, out->index = 0; out->index < p->n_zones; out->index++)
		if (strcmp(p->zones[out->index].name, text) == 0)
			return true;
	for (out->kind = O_HOST, out->index = 0; out->index < p->n_hosts; out->index++)
		if (strcmp(p->hosts[out->index].name, text) == 0)
			return true;
	for (out->kind = O_GROUP, out->index = 0; out->index < p->n_groups; out->index++)
		if (strcmp(p->groups[out->index].name, text) == 0)
			return true;
	return false;
}

static bool
read_names(const struct oracle *o, const struct policy_words *words, struct o_names *out)
{
	for (size_t i = 0; i < words->count; i++)
		if (!find_name(o, words->items[i].text, &out->items[out->count++]))
			return false;
	return true;
}

/* "443" or "8000-8099". */
static bool
read_pairs(const struct policy_words *words, struct o_pair *out, size_t *n)
{
	for (size_t i = 0; i < words->count; i++) {
		struct o_pair *p = &out[(*n)++];

		switch (sscanf(words->items[i].text, "%u-%u", &p->first, &p->last)) {
		case 1:
			p->last = p->first;
			break;
		case 2:
			break;
		default:
			return false;
		}
	}
	return true;
}

bool
oracle_is_query(unsigned int protocol, unsigned int type)
{
	if (protocol == IPPROTO_ICMPV6)
		return type == 128 || type == 139;
	return type == 8 || type == 13 || type == 15 || type == 17;
}

/* "echo-request", "8", "3/4". A query without a code has code 0, others all. */
static bool
read_types(const struct policy_words *words, struct o_service *s)
{
	for (size_t i = 0; i < words->count; i++) {
		struct o_pair *p = &s->types[s->n_types++];
		unsigned int type, code;
		int n = sscanf(words->items[i].text, "%u/%u", &type, &code);

		if (strcmp(words->items[i].text, "echo-request") == 0) {
			type = s->protocol == IPPROTO_ICMP ? 8 : 128;
			n = 1;
		}
		if (n < 1)
			return false;
		p->first = p->last = n == 2 ? type * 256 + code : type * 256;
		if (n == 1 && !oracle_is_query(s->protocol, type))
			p->last += 255;
	}
	return true;
}

static bool
read_service(const struct policy_service *s, struct o_service *out)
{
	static const struct {
		const char *name;
		unsigned int number;
	} names[] = {
		{ "tcp", 6 }, { "udp", 17 }, { "icmp", 1 }, { "icmpv6", 58 },
		{ "sctp", 132 }, { "gre", 47 }, { "esp", 50 },
	};

	out->any = strcmp(s->protocol, "any") == 0;
	if (!out->any && sscanf(s->protocol, "%u", &out->protocol) != 1) {
		size_t i = 0;

		while (i < sizeof(names) / sizeof(names[0]) &&
		    strcmp(names[i].name, s->protocol) != 0)
			i++;
		if (i == sizeof(names) / sizeof(names[0]))
			return false;
		out->protocol = names[i].number;
	}
	return read_pairs(&s->ports, out->ports, &out->n_ports) &&
	    read_pairs(&s->source_ports, out->sports, &out->n_sports) &&
	    read_types(&s->types, out);
}

/* "2026-04-01" or "2026-04-01T09:00", in Japan. */
static bool
read_time(const char *text, bool end, int64_t *out)
{
	struct tm tm = { 0 };
	int n;

	if (text == NULL)
		return true;
	n = sscanf(text, "%d-%d-%dT%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
	    &tm.tm_hour, &tm.tm_min);
	if (n != 3 && n != 5)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	if (n == 3 && end)
		tm.tm_mday++;
	*out = (int64_t)timegm(&tm) - 9 * 3600;
	return true;
}

static bool
read_permit(const struct oracle *o, const struct policy_permit *p, struct o_permit *out)
{
	for (size_t i = 0; i < p->services.count; i++) {
		size_t k = 0;

		while (k < o->policy->n_services &&
		    strcmp(o->policy->services[k].name, p->services.items[i].text) != 0)
			k++;
		if (k == o->policy->n_services)
			return false;
		out->services[out->n_services++] = k;
	}
	out->disabled = p->disabled;
	out->from_time = INT64_MIN;
	out->until_time = INT64_MAX;
	return read_names(o, &p->from, &out->from) && read_names(o, &p->to, &out->to) &&
	    read_time(p->valid_from, false, &out->from_time) &&
	    read_time(p->valid_until, true, &out->until_time);
}

bool
oracle_read_words(struct oracle *o)
{
	const struct policy *p = o->policy;

	if (!read_zones(o))
		return false;
	for (size_t i = 0; i < p->n_hosts; i++)
		if (!read_host(&p->hosts[i], &o->hosts[i]))
			return false;
	for (size_t i = 0; i < p->n_groups; i++)
		if (!read_names(o, &p->groups[i].members, &o->groups[i].members) ||
		    !read_names(o, &p->groups[i].except, &o->groups[i].except))
			return false;
	for (size_t i = 0; i < p->n_services; i++)
		if (!read_service(&p->services[i], &o->services[i]))
			return false;
	for (size_t i = 0; i < p->n_permits; i++)
		if (!read_permit(o, &p->permits[i], &o->permits[i]))
			return false;
	return true;
}
