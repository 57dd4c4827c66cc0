/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of the connection table, read out of ctnetlink's attributes. */
#include "kernel-helpers/conntrack_parts.h"

#include <arpa/inet.h>

#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>
#include <string.h>

static bool
split(const uint8_t *bytes, size_t length, struct conntrack_parts *p)
{
	memset(p, 0, sizeof(*p));
	while (length >= sizeof(struct nlattr)) {
		const struct nlattr *a = (const void *)bytes;
		size_t step = NLA_ALIGN((size_t)a->nla_len);

		if (a->nla_len < sizeof(*a) || a->nla_len > length)
			return false;
		if (mnl_attr_get_type(a) <= CTA_MAX)
			p->at[mnl_attr_get_type(a)] = a;
		if (step >= length)
			return true;
		bytes += step;
		length -= step;
	}
	return length == 0;
}

static bool
split_nested(const struct nlattr *nest, struct conntrack_parts *p)
{
	return nest != NULL &&
	    split(mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest), p);
}

const void *
conntrack_value(const struct nlattr *a, size_t length)
{
	return a != NULL && mnl_attr_get_payload_len(a) == length ?
	    mnl_attr_get_payload(a) : NULL;
}

static uint16_t
port_of(const struct nlattr *a)
{
	const void *value = conntrack_value(a, sizeof(uint16_t));
	uint16_t port = 0;

	if (value != NULL)
		memcpy(&port, value, sizeof(port));
	return ntohs(port);
}

static bool
read_addresses(const struct nlattr *nest, struct conntrack_ends *out)
{
	const uint8_t *src, *dst;
	struct conntrack_parts ip;

	if (!split_nested(nest, &ip))
		return false;
	src = conntrack_value(ip.at[CTA_IP_V4_SRC], 4);
	dst = conntrack_value(ip.at[CTA_IP_V4_DST], 4);
	if (src != NULL && dst != NULL) {
		out->src = address_from_bytes(IP_V4, src);
		out->dst = address_from_bytes(IP_V4, dst);
		return true;
	}
	src = conntrack_value(ip.at[CTA_IP_V6_SRC], 16);
	dst = conntrack_value(ip.at[CTA_IP_V6_DST], 16);
	if (src == NULL || dst == NULL)
		return false;
	out->src = address_from_bytes(IP_V6, src);
	out->dst = address_from_bytes(IP_V6, dst);
	return true;
}

static uint8_t
byte_of(const struct nlattr *a)
{
	const uint8_t *value = conntrack_value(a, 1);

	return value != NULL ? *value : 0;
}

static void
read_ports(const struct conntrack_parts *proto, uint8_t protocol, struct conntrack_ends *out)
{
	unsigned int type;

	switch (protocol) {
	case IPPROTO_ICMP:
		type = byte_of(proto->at[CTA_PROTO_ICMP_TYPE]);
		out->sport = (uint16_t)(type << 8 | byte_of(proto->at[CTA_PROTO_ICMP_CODE]));
		break;
	case IPPROTO_ICMPV6:
		type = byte_of(proto->at[CTA_PROTO_ICMPV6_TYPE]);
		out->sport = (uint16_t)(type << 8 |
		    byte_of(proto->at[CTA_PROTO_ICMPV6_CODE]));
		break;
	default:
		out->sport = port_of(proto->at[CTA_PROTO_SRC_PORT]);
		out->dport = port_of(proto->at[CTA_PROTO_DST_PORT]);
		break;
	}
}

static bool
read_tuple(const struct nlattr *nest, struct conntrack_ends *out, uint8_t *protocol)
{
	struct conntrack_parts tuple, proto;
	const uint8_t *number;

	memset(out, 0, sizeof(*out));
	if (!split_nested(nest, &tuple) ||
	    !read_addresses(tuple.at[CTA_TUPLE_IP], out) ||
	    !split_nested(tuple.at[CTA_TUPLE_PROTO], &proto))
		return false;
	number = conntrack_value(proto.at[CTA_PROTO_NUM], 1);
	if (number == NULL)
		return false;
	*protocol = *number;
	read_ports(&proto, *number, out);
	return true;
}

/* The answer's tuple, turned round: what the other side takes for the question. */
static void
read_translated(const struct nlattr *nest, struct conntrack_flow *f)
{
	bool icmp = f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_ICMPV6;
	struct conntrack_ends reply;
	uint8_t protocol;

	f->translated = (struct conntrack_ends){ f->src, f->dst, f->sport, f->dport };
	if (!read_tuple(nest, &reply, &protocol) || protocol != f->protocol)
		return;
	f->translated.src = reply.dst;
	f->translated.dst = reply.src;
	if (icmp)
		return;		/* no translation changes type or code */
	f->translated.sport = reply.dport;
	f->translated.dport = reply.sport;
}

bool
conntrack_read(const struct conntrack_parts *p, struct conntrack_flow *out)
{
	const uint32_t *mark = conntrack_value(p->at[CTA_MARK], sizeof(*mark));
	struct conntrack_ends ends;

	memset(out, 0, sizeof(*out));
	if (!read_tuple(p->at[CTA_TUPLE_ORIG], &ends, &out->protocol))
		return false;
	out->src = ends.src;
	out->dst = ends.dst;
	out->sport = ends.sport;
	out->dport = ends.dport;
	if (mark != NULL)
		out->mark = ntohl(*mark);
	read_translated(p->at[CTA_TUPLE_REPLY], out);
	return true;
}

bool
conntrack_split(const void *message, size_t length, struct conntrack_parts *p)
{
	const size_t head = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	const struct nlmsghdr *h = message;

	return length >= head && h->nlmsg_len >= head && h->nlmsg_len <= length &&
	    h->nlmsg_type == (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW) &&
	    split((const uint8_t *)message + head, h->nlmsg_len - head, p);
}

bool
conntrack_parse(const void *message, size_t length, struct conntrack_flow *out)
{
	struct conntrack_parts p;

	return conntrack_split(message, length, &p) && conntrack_read(&p, out);
}

static int
compare_addresses(const struct ip_addr *a, const struct ip_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return (a->value > b->value) - (a->value < b->value);
}

int
conntrack_compare(const struct conntrack_flow *a, const struct conntrack_flow *b)
{
	const uint64_t ours = (uint64_t)a->protocol << 32 | (uint32_t)a->sport << 16 |
	    a->dport;
	const uint64_t theirs = (uint64_t)b->protocol << 32 | (uint32_t)b->sport << 16 |
	    b->dport;
	int order = compare_addresses(&a->src, &b->src);

	if (order == 0)
		order = compare_addresses(&a->dst, &b->dst);
	if (order == 0)
		order = (ours > theirs) - (ours < theirs);
	return order != 0 ? order : (a->mark > b->mark) - (a->mark < b->mark);
}
