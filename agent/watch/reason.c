/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/reason.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const char *
protocol_name(uint8_t protocol, char room[16])
{
	static const struct { uint8_t number; const char *name; } names[] = {
		{ IPPROTO_ICMP, "icmp" }, { IPPROTO_TCP, "tcp" }, { IPPROTO_UDP, "udp" },
		{ IPPROTO_ICMPV6, "icmpv6" }, { IPPROTO_SCTP, "sctp" },
		{ IPPROTO_UDPLITE, "udplite" }, { IPPROTO_GRE, "gre" },
		{ IPPROTO_ESP, "esp" }, { IPPROTO_AH, "ah" }, { IPPROTO_IPIP, "ipip" },
		{ IPPROTO_IPV6, "6in4" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == protocol)
			return names[i].name;
	snprintf(room, 16, "protocol %u", protocol);
	return room;
}

/* What is not IP: its EtherType, or the DSAP of an 802.2 frame. */
static void
write_frame(const struct facts *f, char *out, size_t size)
{
	if (f->ethertype == 0)
		snprintf(out, size, "packet");
	else if (f->ethertype < 0x0600)
		snprintf(out, size, "802.2 frame 0x%02x", f->ethertype);
	else
		snprintf(out, size, "EtherType 0x%04x", f->ethertype);
}

static void
write_packet(const struct facts *f, char *out, size_t size)
{
	char src[IP_RANGE_TEXT_SIZE], dst[IP_RANGE_TEXT_SIZE], room[16];
	const char *name = protocol_name(f->protocol, room);

	if (f->src.family == IP_NONE) {
		write_frame(f, out, size);
		return;
	}
	address_print(&f->src, src);
	address_print(&f->dst, dst);
	if (f->flags & FACT_ARP)
		snprintf(out, size, "arp %s -> %s", src, dst);
	else if (!(f->flags & FACT_HAS_PORTS))
		snprintf(out, size, "%s -> %s %s", src, dst, name);
	else if (f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_ICMPV6)
		snprintf(out, size, "%s -> %s %s/%u.%u", src, dst, name,
		    (unsigned int)f->sport >> 8, f->sport & 0xffu);
	else
		snprintf(out, size, "%s -> %s %s/%u", src, dst, name, f->dport);
}

void
reason_packet(const struct facts *f, char *out, size_t size)
{
	size_t n;

	write_packet(f, out, size);
	n = strlen(out);
	if (f->level == 1)
		snprintf(out + n, size - n, " in %s", tunnel_name((enum tunnel)f->tunnel));
	else if (f->level > 1)
		snprintf(out + n, size - n, " in %s, tunnel %u",
		    tunnel_name((enum tunnel)f->tunnel), f->level);
}

/* Why a header that could be read is refused all the same. */
static const char *
refused_header(const struct facts *f)
{
	if (f->unreadable != READABLE)
		return unreadable_name((enum unreadable)f->unreadable);
	if (f->flags & FACT_IP_OPTIONS)
		return "IPv4 options";
	if (f->flags & FACT_ROUTING_HEADER)
		return "IPv6 routing header";
	return "IPv6 extension header";
}

static void
write_cause(const struct event *e, char *out, size_t size)
{
	switch ((enum violation_action)e->action) {
	case ACTION_LEAK:
		snprintf(out, size, "crossed without a permit");
		return;
	case ACTION_SPOOFED_SOURCE:
		snprintf(out, size, "source does not belong to %s",
		    e->in_interface[0] != '\0' ? e->in_interface : "this interface");
		return;
	case ACTION_WRONG_MAC:
		snprintf(out, size, "registered address with another MAC");
		return;
	case ACTION_UNCLASSIFIABLE:
		snprintf(out, size, "cannot be judged (%s)", refused_header(&e->facts));
		return;
	case ACTION_TUNNEL:
		snprintf(out, size, "tunnel without a permit");
		return;
	case ACTION_ATTEMPT:
	case ACTION_ROGUE_SERVICE:
	case ACTION_GAP:
	case ACTION_FOREIGN_STATION:
	case ACTION_BRIDGING:
	case ACTION_BEHAVIOUR:
	case ACTION_COUNT:
		break;
	}
	snprintf(out, size, "no permit");
}

void
reason_write(const struct event *e, const char *gate_reason, const char *detail,
    char *out, size_t size)
{
	char packet[224], cause[96];
	const char *from = e->from_zone[0] != '\0' ? e->from_zone : "?";
	const char *to = e->to_zone[0] != '\0' ? e->to_zone : "?";
	int n;

	reason_packet(&e->facts, packet, sizeof(packet));
	if (detail[0] != '\0')
		snprintf(cause, sizeof(cause), "%s", detail);
	else if (strcmp(gate_reason, "half-open") == 0)
		snprintf(cause, sizeof(cause), "too many half-open connections");
	else
		write_cause(e, cause, sizeof(cause));
	n = snprintf(out, size, "%s -> %s: %s: %s", from, to, cause, packet);
	/* Behaviour is seen in what a permit lets pass, too. */
	if (n > 0 && (size_t)n < size && e->permit[0] != '\0')
		n += snprintf(out + n, size - (size_t)n,
		    e->action == ACTION_BEHAVIOUR ? "; permitted by %s" :
		    "; %s is not in force", e->permit);
	if (n > 0 && (size_t)n < size && gate_reason[0] != '\0')
		snprintf(out + n, size - (size_t)n, "; gate: %s", gate_reason);
}
