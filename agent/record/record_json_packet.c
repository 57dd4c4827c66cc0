/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The members of a record that only a violation has: what the packet said. */
#include "agent/record/record_json_internal.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* A bit and the word that stands for it. */
struct bit_name {
	unsigned int bit;
	const char *name;
};

static const struct bit_name witnesses[] = {
	{ WITNESS_TAP_INGRESS, "tap-ingress" },
	{ WITNESS_TAP_EGRESS, "tap-egress" },
	{ WITNESS_GATE, "gate" },
};

/* What the headers said beside addresses and ports. */
static const struct bit_name marks[] = {
	{ FACT_FRAGMENT_FIRST, "first-fragment" },
	{ FACT_FRAGMENT_LATER, "later-fragment" },
	{ FACT_PORTS_INHERITED, "inherited-ports" },
	{ FACT_IP_OPTIONS, "ip-options" },
	{ FACT_EXTENSION, "extension-header" },
	{ FACT_ROUTING_HEADER, "routing-header" },
	{ FACT_GROUP_MAC, "group-mac" },
};

/* An array of the words of those bits that are set. */
static void
put_bits(struct record_line *l, const char *key, unsigned int bits,
    const struct bit_name *names, size_t n)
{
	record_line_open(l, key, '[');
	for (size_t i = 0; i < n; i++)
		if ((bits & names[i].bit) != 0)
			record_line_word(l, NULL, names[i].name);
	record_line_close(l, ']');
}

static bool
shows_ports(const struct facts *f)
{
	return (f->flags & FACT_HAS_PORTS) != 0 && f->protocol != IPPROTO_ICMP &&
	    f->protocol != IPPROTO_ICMPV6;
}

/* ECS: RFC 7042 form, upper case with hyphens. */
static void
put_mac(struct record_line *l, const uint8_t *mac)
{
	static const char digits[] = "0123456789ABCDEF";
	char text[sizeof("XX-XX-XX-XX-XX-XX")];

	for (size_t i = 0; i < 6; i++) {
		text[3 * i] = digits[mac[i] >> 4];
		text[3 * i + 1] = digits[mac[i] & 0xf];
		text[3 * i + 2] = '-';
	}
	text[sizeof(text) - 1] = '\0';
	record_line_word(l, "mac", text);
}

static void
put_endpoint(struct builder *b, const char *key, const struct ip_addr *a, uint16_t port,
    const uint8_t *mac)
{
	const struct facts *f = &b->event->facts;
	struct record_line *l = &b->line;
	char text[IP_RANGE_TEXT_SIZE];

	if (a->family == IP_NONE && !shows_ports(f) && (f->flags & FACT_HAS_MAC) == 0)
		return;
	record_line_open(l, key, '{');
	if (a->family != IP_NONE)
		record_line_word(l, "ip", address_print(a, text));
	if (shows_ports(f))
		record_line_number(l, "port", port);
	if ((f->flags & FACT_HAS_MAC) != 0)
		put_mac(l, mac);
	record_line_close(l, '}');
}

/* Zero is untagged; a tag is kept one higher. */
static void
put_vlan(struct record_line *l, uint16_t id_plus_one)
{
	record_line_open(l, "vlan", '{');
	record_line_keyword(l, "id", id_plus_one - 1u);
	record_line_close(l, '}');
}

static const char *
network_type(const struct facts *f)
{
	if ((f->flags & FACT_ARP) != 0)
		return "arp";
	switch (f->src.family != IP_NONE ? f->src.family : f->dst.family) {
	case IP_NONE:
		break;
	case IP_V4:
		return "ipv4";
	case IP_V6:
		return "ipv6";
	}
	return NULL;
}

static void
put_network(struct builder *b)
{
	const struct facts *f = &b->event->facts;
	const char *type = network_type(f);
	struct record_line *l = &b->line;

	record_line_open(l, "network", '{');
	record_line_word(l, "type", type);
	if (type != NULL && strcmp(type, "arp") != 0) {
		record_line_word(l, "transport", record_transport(f->protocol));
		record_line_keyword(l, "iana_number", f->protocol);
	}
	record_line_number(l, "packets", b->event->count);
	record_line_number(l, "bytes", b->event->bytes);
	if (f->vlan[0] != 0)
		put_vlan(l, f->vlan[0]);
	/* ECS knows an outer and an inner one: of three the innermost. */
	if (f->vlan[1] != 0) {
		record_line_open(l, "inner", '{');
		put_vlan(l, f->vlan[f->vlan[2] != 0 ? 2 : 1]);
		record_line_close(l, '}');
	}
	record_line_close(l, '}');
}

void
record_json_packet(struct builder *b)
{
	const struct facts *f = &b->event->facts;

	put_endpoint(b, "source", &f->src, f->sport, f->src_mac);
	put_endpoint(b, "destination", &f->dst, f->dport, f->dst_mac);
	put_network(b);
}

/* All tags, outermost first, where ECS has no room for them. */
static void
put_vlans(struct record_line *l, const struct facts *f)
{
	if (f->vlan[FACT_VLANS - 1] == 0)
		return;
	record_line_open(l, "vlan", '[');
	for (size_t i = 0; i < FACT_VLANS; i++)
		record_line_keyword(l, NULL, f->vlan[i] == 0 ? 0 : f->vlan[i] - 1u);
	record_line_close(l, ']');
}

/* What the packet was carried in. */
static void
put_tunnel(struct record_line *l, const struct facts *f)
{
	if (f->level == 0)
		return;
	record_line_open(l, "tunnel", '{');
	record_line_word(l, "type", tunnel_name((enum tunnel)f->tunnel));
	record_line_number(l, "level", f->level);
	record_line_close(l, '}');
}

static void
put_icmp(struct record_line *l, const struct facts *f)
{
	record_line_open(l, "icmp", '{');
	record_line_number(l, "type", f->sport >> 8);
	record_line_number(l, "code", f->sport & 0xff);
	record_line_close(l, '}');
}

static void
put_headers(struct record_line *l, const struct facts *f)
{
	const bool ports = (f->flags & FACT_HAS_PORTS) != 0;
	unsigned int known = 0;
	char ethertype[7];

	if (f->ethertype != 0) {
		snprintf(ethertype, sizeof(ethertype), "0x%04x", f->ethertype);
		record_line_word(l, "ethertype", ethertype);
	}
	if (ports && !shows_ports(f))
		put_icmp(l, f);
	if (f->protocol == IPPROTO_TCP && ports)
		record_line_number(l, "tcp_flags", f->tcp_flags);
	if (f->unreadable != READABLE)
		record_line_word(l, "unreadable",
		    unreadable_name((enum unreadable)f->unreadable));
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		known |= marks[i].bit;
	if ((f->flags & known) != 0)
		put_bits(l, "marks", f->flags, marks, sizeof(marks) / sizeof(marks[0]));
	put_vlans(l, f);
	put_tunnel(l, f);
}

void
record_json_violation(struct builder *b)
{
	const struct event *e = b->event;
	struct record_line *l = &b->line;
	static const char digits[] = "0123456789abcdef";
	char key[17] = "";

	record_line_word(l, "verdict", e->facts.unreadable == READABLE ? "violation" :
	    "unclassifiable");
	record_line_word(l, "agg", record_phase_name((enum event_phase)e->phase));
	for (int i = 0; i < 16; i++)
		key[i] = digits[e->key >> (60 - 4 * i) & 15];
	record_line_word(l, "key", key);
	record_line_number(l, "count", e->count);
	record_line_text(l, "permit", b->text.permit);
	put_bits(l, "witness", e->witness, witnesses,
	    sizeof(witnesses) / sizeof(witnesses[0]));
	record_line_word(l, "from_class", zone_class_name((enum zone_class)e->from_class));
	record_line_word(l, "to_class", zone_class_name((enum zone_class)e->to_class));
	put_headers(l, &e->facts);
}
