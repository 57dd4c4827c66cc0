/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of one chain, and the rules that look them up: see compile_tables.h. */
#include "rules/compile_tables.h"

#include <stdio.h>
#include <string.h>

/* IANA protocol numbers whose flows keep type and code in place of ports. */
#define PROTOCOL_ICMP	1u
#define PROTOCOL_ICMPV6	58u
/* And those that openings mostly are of. */
#define PROTOCOL_TCP	6u
#define PROTOCOL_UDP	17u

static const char *const form_exact[] = { "x", "px", "ix", "sx" };
static const char *const form_interval[] = { "r", "p", "i", "s" };

unsigned int
table_key(enum form form, enum ip_family family, enum field key[LIMIT_KEY_FIELDS])
{
	unsigned int n = 0;

	key[n++] = family == IP_V4 ? FIELD_IP_SADDR : FIELD_IP6_SADDR;
	key[n++] = family == IP_V4 ? FIELD_IP_DADDR : FIELD_IP6_DADDR;
	key[n++] = family == IP_V4 ? FIELD_IP_PROTOCOL : FIELD_IP6_NEXTHDR;
	if (form_looks_at(form, CUBE_SPORT))
		key[n++] = FIELD_TH_SPORT;
	if (form_looks_at(form, CUBE_DPORT))
		key[n++] = FIELD_TH_DPORT;
	return n;
}

/* Key bytes of one corner of a cube. */
static void
key_bytes(const ip_value corner[CUBE_DIMS], enum form form, enum ip_family family,
    uint8_t key[LIMIT_KEY_BYTES])
{
	static const int ports[] = { CUBE_SPORT, CUBE_DPORT };
	size_t at = 0;

	memset(key, 0, LIMIT_KEY_BYTES);
	at += address_to_bytes(family, corner[CUBE_SOURCE], key + at);
	at += address_to_bytes(family, corner[CUBE_DESTINATION], key + at);
	key[at] = (uint8_t)corner[CUBE_PROTOCOL];
	at += 4;
	for (size_t i = 0; i < 2; i++) {
		if (!form_looks_at(form, ports[i]))
			continue;
		key[at] = (uint8_t)(corner[ports[i]] >> 8);
		key[at + 1] = (uint8_t)corner[ports[i]];
		at += 4;
	}
}

static void
write_piece(struct writer *w, const struct checked *c, const struct part *part,
    const ip_value first[CUBE_DIMS], const ip_value last[CUBE_DIMS])
{
	uint8_t low[LIMIT_KEY_BYTES], high[LIMIT_KEY_BYTES];
	struct element *e;

	key_bytes(first, part->form, part->cube->family, low);
	key_bytes(last, part->form, part->cube->family, high);
	e = write_element(w, low, part->exact ? NULL : high);
	if (e == NULL)
		return;
	e->mark = part->mark;
	e->origin = c->permits[part->cube->permit].origin;
}

/* Every tuple of a small piece, counting up like an odometer. */
static void
write_spread(struct writer *w, const struct checked *c, const struct part *part)
{
	ip_value at[CUBE_DIMS];
	int d;

	memcpy(at, part->cube->first, sizeof(at));
	do {
		write_piece(w, c, part, at, at);
		for (d = CUBE_DIMS - 1; d >= 0; d--) {
			if (!form_looks_at(part->form, d))
				continue;
			if (at[d] < part->cube->last[d]) {
				at[d]++;
				break;
			}
			at[d] = part->cube->first[d];
		}
	} while (d >= 0);
}

/* "-t1774969200-1806505200-l1"; nothing of what is not there. */
static void
name_window(const struct cube *cube, char *buf, size_t size)
{
	char since[24] = "", until[24] = "";
	int length = 0;

	buf[0] = '\0';
	if (cube->window.since != INT64_MIN)
		snprintf(since, sizeof(since), "%lld", (long long)cube->window.since);
	if (cube->window.until != INT64_MAX)
		snprintf(until, sizeof(until), "%lld", (long long)cube->window.until);
	if (since[0] != '\0' || until[0] != '\0')
		length = snprintf(buf, size, "-t%s-%s", since, until);
	if (cube->level > 0)
		snprintf(buf + length, size - (size_t)length, "-l%u", cube->level);
}

static void
name_table(const char *leaf, const struct part *part, char buf[LIMIT_OBJECT_NAME + 1])
{
	char window[64];

	name_window(part->cube, window, sizeof(window));
	snprintf(buf, LIMIT_OBJECT_NAME + 1, "%s-%s%c%s", leaf,
	    part->exact ? form_exact[part->form] : form_interval[part->form],
	    part->cube->family == IP_V4 ? '4' : '6', window);
}

_Static_assert(SHARD_NAME_SIZE - 1 + 4 + 3 + 2 * 10 + 2 + 7 <= LIMIT_OBJECT_NAME,
    "shard, \"-sx4\", \"-t-\" with two times of ten digits, \"-l\" with LIMIT_BOXES");

static void
write_table(struct writer *w, const struct checked *c, const char *leaf,
    const struct part *parts, size_t n)
{
	char name[LIMIT_OBJECT_NAME + 1];
	enum field key[LIMIT_KEY_FIELDS];
	unsigned int n_fields = table_key(parts->form, parts->cube->family, key);
	bool exact = parts->exact;

	name_table(leaf, parts, name);
	write_set(w, name, exact ? 0 : VERSION_UNSETTLED, SET_MARK_MAP, key, n_fields,
	    !exact);
	if (w->error != 0)
		return;
	w->set->origin = c->permits[parts->cube->permit].origin;
	for (size_t i = 0; i < n; i++)
		if (exact)
			write_spread(w, c, &parts[i]);
		else
			write_piece(w, c, &parts[i], parts[i].cube->first,
			    parts[i].cube->last);
}

void
write_window(struct writer *w, const struct window *window)
{
	struct stmt *s;

	if (window->since == INT64_MIN && window->until == INT64_MAX)
		return;
	s = write_stmt(w, STMT_TIME);
	s->since = window->since;
	s->until = window->until;
}

static void
write_lookup(struct writer *w, const char *leaf, const struct part *part,
    const char *permitted)
{
	char name[LIMIT_OBJECT_NAME + 1];
	enum field key[LIMIT_KEY_FIELDS];
	unsigned int n_fields = table_key(part->form, part->cube->family, key);

	name_table(leaf, part, name);
	write_rule(w);
	write_window(w, &part->cube->window);
	write_keyed(w, STMT_MARK_FROM_MAP, key, n_fields, name,
	    part->exact ? 0 : VERSION_UNSETTLED);
	write_goto(w, permitted);
}

enum field
table_flow_field(enum field f, uint8_t protocol)
{
	bool icmp = protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6;

	switch (f) {	/* those of table_key() */
	case FIELD_IP_SADDR:
		return FIELD_FLOW_SADDR;
	case FIELD_IP_DADDR:
		return FIELD_FLOW_DADDR;
	case FIELD_IP6_SADDR:
		return FIELD_FLOW6_SADDR;
	case FIELD_IP6_DADDR:
		return FIELD_FLOW6_DADDR;
	case FIELD_TH_SPORT:
		return icmp ? FIELD_FLOW_ICMP : FIELD_FLOW_SPORT;
	case FIELD_TH_DPORT:
		return FIELD_FLOW_DPORT;
	default:
		return FIELD_L4PROTO;
	}
}

/* The lookup of an opening, for a flow that runs; by ports: of one protocol. */
static void
write_rejudge_lookup(struct writer *w, const char *leaf, const struct part *part,
    uint8_t protocol)
{
	char name[LIMIT_OBJECT_NAME + 1];
	enum field key[LIMIT_KEY_FIELDS];
	unsigned int n_fields = table_key(part->form, part->cube->family, key);

	for (unsigned int i = 0; i < n_fields; i++)
		key[i] = table_flow_field(key[i], protocol);
	name_table(leaf, part, name);
	write_rule(w);
	write_window(w, &part->cube->window);
	if (part->form != FORM_PROTOCOL)
		write_number(w, STMT_L4PROTO, protocol);
	write_keyed(w, STMT_MARK_FROM_MAP, key, n_fields, name,
	    part->exact ? 0 : VERSION_UNSETTLED);
	write_stmt(w, STMT_RETURN);
}

/*
 * Ports of a flow mean what its protocol says: one rule for each in the table. Chains that
 * are prepared should not change when the first piece of a protocol comes.
 */
static void
write_rejudge_table(struct writer *w, const char *leaf, const struct part *parts, size_t n)
{
	bool ports = parts->form == FORM_DPORT && w->rejudging->prepared;
	bool seen[UINT8_MAX + 1] = { [PROTOCOL_TCP] = ports, [PROTOCOL_UDP] = ports };

	if (parts->form == FORM_PROTOCOL) {
		write_rejudge_lookup(w, leaf, parts, 0);
		return;
	}
	for (size_t i = 0; i < n; i++)
		seen[(uint8_t)parts[i].cube->first[CUBE_PROTOCOL]] = true;
	for (unsigned int protocol = 0; protocol <= UINT8_MAX; protocol++)
		if (seen[protocol])
			write_rejudge_lookup(w, leaf, parts, (uint8_t)protocol);
}

void
write_rejudge_tables(struct writer *w, const char *leaf, const struct parts *parts)
{
	size_t end;

	for (size_t i = 0; i < parts->count; i = end) {
		for (end = i + 1; end < parts->count; end++)
			if (!parts_same_table(&parts->items[i], &parts->items[end]))
				break;
		write_rejudge_table(w, leaf, &parts->items[i], end - i);
	}
}

void
write_tables(struct writer *w, const struct checked *c, const char *leaf,
    const struct parts *parts, const char *permitted)
{
	size_t end;

	for (size_t i = 0; i < parts->count; i = end) {
		for (end = i + 1; end < parts->count; end++)
			if (!parts_same_table(&parts->items[i], &parts->items[end]))
				break;
		write_table(w, c, leaf, &parts->items[i], end - i);
		write_lookup(w, leaf, &parts->items[i], permitted);
	}
}
