/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/replay.h"

#include <jansson.h>
#include <netinet/in.h>

static const char *
verdict_name(enum verdict v)
{
	switch (v) {
	case VERDICT_DENY:
		return "violation";
	case VERDICT_PERMIT:
		return "permitted";
	case VERDICT_LOCAL:
		return "local";
	}
	return "unknown";
}

static void
put_address(json_t *line, const char *key, const struct ip_addr *a)
{
	char text[IP_RANGE_TEXT_SIZE];

	if (a->family != IP_NONE)
		json_object_set_new(line, key, json_string(address_print(a, text)));
}

static void
put_service(json_t *line, const struct facts *f)
{
	if (!(f->flags & FACT_HAS_PORTS))
		return;
	if (f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_ICMPV6) {
		json_object_set_new(line, "icmp_type", json_integer(f->sport >> 8));
		json_object_set_new(line, "icmp_code", json_integer(f->sport & 0xff));
		return;
	}
	json_object_set_new(line, "source_port", json_integer(f->sport));
	json_object_set_new(line, "destination_port", json_integer(f->dport));
}

/* Outermost and innermost; all of them when there are more. */
static void
put_vlans(json_t *line, const struct facts *f)
{
	size_t n = 0;
	json_t *all;

	while (n < FACT_VLANS && f->vlan[n] != 0)
		n++;
	if (n > 0)
		json_object_set_new(line, "vlan", json_integer(f->vlan[0] - 1));
	if (n > 1)
		json_object_set_new(line, "inner_vlan", json_integer(f->vlan[n - 1] - 1));
	if (n < 3)
		return;
	all = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(all, json_integer(f->vlan[i] - 1));
	json_object_set_new(line, "vlans", all);
}

static void
put_facts(json_t *line, const struct facts *f)
{
	json_object_set_new(line, "ethertype", json_integer(f->ethertype));
	put_address(line, "source", &f->src);
	put_address(line, "destination", &f->dst);
	if (f->src.family != IP_NONE && !(f->flags & FACT_ARP))
		json_object_set_new(line, "protocol", json_integer(f->protocol));
	put_service(line, f);
	put_vlans(line, f);
	json_object_set_new(line, "flags", json_integer(f->flags));
	if (f->flags & (FACT_FRAGMENT_FIRST | FACT_FRAGMENT_LATER))
		json_object_set_new(line, "fragment", json_pack("{s:I, s:I, s:I, s:b}",
		    "id", (json_int_t)f->fragment_id,
		    "offset", (json_int_t)f->fragment_offset,
		    "bytes", (json_int_t)f->fragment_bytes,
		    "ports_inherited", (f->flags & FACT_PORTS_INHERITED) != 0));
	if (f->level != 0) {
		json_object_set_new(line, "tunnel",
		    json_string(tunnel_name((enum tunnel)f->tunnel)));
		json_object_set_new(line, "level", json_integer(f->level));
	}
	json_object_set_new(line, "length", json_integer(f->length));
	if (f->unreadable != READABLE)
		json_object_set_new(line, "unreadable",
		    json_string(unreadable_name((enum unreadable)f->unreadable)));
}

void
replay_print_json(const struct replay_judged *j, FILE *out)
{
	const struct judgement *v = j->judgement;
	json_t *line = json_pack("{s:I, s:I, s:I, s:s, s:s, s:s, s:s}",
	    "packet", (json_int_t)j->number, "time_ns", (json_int_t)j->time_ns,
	    "captured", (json_int_t)j->captured, "verdict", verdict_name(v->verdict),
	    "direction", j->outgoing ? "out" : "in", "from", j->from, "to", j->to);

	if (line == NULL)
		return;
	if (v->verdict == VERDICT_DENY) {
		json_object_set_new(line, "class",
		    json_string(violation_class_id(v->zv)));
		json_object_set_new(line, "action",
		    json_string(j->outgoing ? violation_action_name(ACTION_LEAK) :
		    violation_action_name(v->action)));
	}
	if (j->permit[0] != '\0')
		json_object_set_new(line, "permit", json_string(j->permit));
	put_facts(line, j->facts);
	json_dumpf(line, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(line);
}
