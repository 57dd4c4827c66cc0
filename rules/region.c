/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/region.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static void
set(struct region *r, enum region_dimension d, ip_value first, ip_value last)
{
	r->first[d] = first;
	r->last[d] = last;
}

static const char *
interface_of(const struct checked *c, uint16_t segment)
{
	return segment < c->n_segments ? c->segments[segment].interface : NULL;
}

struct region
region_of_box(const struct checked *c, const struct box *b)
{
	const struct service_match *s = &b->service;
	struct region r = { .family = b->src.family, .in = interface_of(c, b->in),
	    .out = interface_of(c, b->out) };

	set(&r, REGION_SRC, b->src.first, b->src.last);
	set(&r, REGION_DST, b->dst.first, b->dst.last);
	set(&r, REGION_PROTOCOL, s->protocol_any ? 0 : s->protocol,
	    s->protocol_any ? UINT8_MAX : s->protocol);
	set(&r, REGION_SPORT, 0, UINT16_MAX);
	set(&r, REGION_DPORT, 0, UINT16_MAX);
	if (s->form == SERVICE_PORTS || s->form == SERVICE_ICMP)
		set(&r, REGION_SPORT, s->sport_first, s->sport_last);
	if (s->form == SERVICE_PORTS)
		set(&r, REGION_DPORT, s->dport_first, s->dport_last);
	return r;
}

static int
compare_names(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int
compare_values(ip_value a, ip_value b)
{
	return a < b ? -1 : a > b;
}

int
region_compare(const struct region *a, const struct region *b)
{
	int order = compare_names(a->in, b->in);

	if (order == 0)
		order = compare_names(a->out, b->out);
	if (order == 0)
		order = compare_values(a->family, b->family);
	for (int d = 0; order == 0 && d < REGION_DIMENSIONS; d++) {
		order = compare_values(a->first[d], b->first[d]);
		if (order == 0)
			order = compare_values(a->last[d], b->last[d]);
	}
	return order;
}

bool
region_meet(const struct region *a, const struct region *b)
{
	if (a->family != b->family)
		return false;
	for (int d = 0; d < REGION_DIMENSIONS; d++)
		if (a->first[d] > b->last[d] || b->first[d] > a->last[d])
			return false;
	return compare_names(a->in, b->in) == 0 && compare_names(a->out, b->out) == 0;
}

/* Cuts of cuts; each takes some 300 bytes of the stack. */
#define MAX_DEPTH 4096u

static bool
covered(const struct region *r, const struct region *by, size_t n, size_t *budget,
    unsigned int depth)
{
	struct region rest = *r;
	size_t i = 0;

	while (i < n && *budget > 0 && !region_meet(r, &by[i])) {
		i++;
		--*budget;
	}
	if (i == n || *budget == 0 || depth == MAX_DEPTH)
		return false;
	--*budget;
	/* What sticks out on either side, dimension by dimension, must be in the others. */
	for (int d = 0; d < REGION_DIMENSIONS; d++) {
		struct region side = rest;

		if (rest.first[d] < by[i].first[d]) {
			side.last[d] = by[i].first[d] - 1;
			if (!covered(&side, by + i + 1, n - i - 1, budget, depth + 1))
				return false;
			rest.first[d] = by[i].first[d];
		}
		side = rest;
		if (rest.last[d] > by[i].last[d]) {
			side.first[d] = by[i].last[d] + 1;
			if (!covered(&side, by + i + 1, n - i - 1, budget, depth + 1))
				return false;
			rest.last[d] = by[i].last[d];
		}
	}
	return true;
}

bool
region_covered(const struct region *r, const struct region *by, size_t n, size_t *budget)
{
	return covered(r, by, n, budget, 0);
}

static const char *
protocol_name(unsigned int protocol)
{
	switch (protocol) {	/* numbers of IANA, not an enum of ours */
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_SCTP:
		return "sctp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "icmpv6";
	default:
		return NULL;
	}
}

/* "443", "80-90", or nothing for all of them. */
static int
print_ports(char *out, size_t size, const char *before, ip_value first, ip_value last)
{
	if (first == 0 && last == UINT16_MAX)
		return 0;
	if (first == last)
		return snprintf(out, size, "%s%u", before, (unsigned int)first);
	return snprintf(out, size, "%s%u-%u", before, (unsigned int)first, (unsigned int)last);
}

/* "/8" or "/3.1": a whole type, or a type and a code. */
static int
print_types(char *out, size_t size, ip_value first, ip_value last)
{
	unsigned int a = (unsigned int)first, b = (unsigned int)last;

	if (a == 0 && b == UINT16_MAX)
		return 0;
	if (a == b)
		return snprintf(out, size, "/%u.%u", a >> 8, a & 0xff);
	if (a >> 8 == b >> 8)
		return snprintf(out, size, "/%u", a >> 8);
	return snprintf(out, size, "/%u-%u", a >> 8, b >> 8);
}

static void
print_service(const struct region *r, char *out, size_t size)
{
	unsigned int protocol = (unsigned int)r->first[REGION_PROTOCOL];
	const char *name = protocol_name(protocol);
	bool icmp = protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
	int n;

	if (r->first[REGION_PROTOCOL] != r->last[REGION_PROTOCOL]) {
		snprintf(out, size, "any");
		return;
	}
	n = name != NULL ? snprintf(out, size, "%s", name) :
	    snprintf(out, size, "protocol %u", protocol);
	if (icmp) {
		(void)print_types(out + n, size - (size_t)n, r->first[REGION_SPORT],
		    r->last[REGION_SPORT]);
		return;
	}
	n += print_ports(out + n, size - (size_t)n, "/", r->first[REGION_DPORT],
	    r->last[REGION_DPORT]);
	(void)print_ports(out + n, size - (size_t)n, " from ", r->first[REGION_SPORT],
	    r->last[REGION_SPORT]);
}

static const char *
print_side(const struct region *r, enum region_dimension d, const char *interface, char *buf)
{
	const struct ip_range range = { .first = r->first[d], .last = r->last[d],
	    .family = r->family };

	/* The whole family stands for the gateway's own addresses. */
	return interface == NULL ? "self" : address_print_range(&range, buf);
}

const char *
region_print(const struct region *r, char *out)
{
	char src[IP_RANGE_TEXT_SIZE], dst[IP_RANGE_TEXT_SIZE], service[64] = "";

	print_service(r, service, sizeof(service));
	snprintf(out, REGION_TEXT_SIZE, "%s -> %s %s", print_side(r, REGION_SRC, r->in, src),
	    print_side(r, REGION_DST, r->out, dst), service);
	return out;
}
