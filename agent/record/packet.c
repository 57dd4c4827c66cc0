/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/packet.h"

#include "agent/record/event.h"

#include <errno.h>
#include <string.h>

const char *
packet_link_name(enum packet_link link)
{
	static const char *const names[PACKET_LINKS] = {
		[PACKET_ETHERNET] = "ethernet",
		[PACKET_IPV4] = "ipv4",
		[PACKET_IPV6] = "ipv6",
		[PACKET_COOKED] = "cooked",
	};

	return link < PACKET_LINKS ? names[link] : NULL;
}

/* A name goes into a file that others read: what is no plain letter does not. */
static const char *
bad_name(const char name[16])
{
	const char *end = memchr(name, '\0', 16);

	if (end == NULL || end == name)
		return "interface name";
	for (const char *p = name; p < end; p++)
		if (*p <= ' ' || *p > '~')
			return "interface name";
	return NULL;
}

static const char *
bad_number(const struct packet *p)
{
	if (p->link >= PACKET_LINKS)
		return "kind of link";
	if (p->witness != WITNESS_TAP_INGRESS && p->witness != WITNESS_TAP_EGRESS &&
	    p->witness != WITNESS_GATE)
		return "witness";
	if (p->time_ns < 0)
		return "time";
	if (p->nth > RECORD_EVIDENCE_PACKETS)
		return "place";
	if (p->length != 0 && p->length < p->captured)
		return "length of packet";
	return bad_name(p->interface);
}

int
packet_check(const void *bytes, size_t length, struct packet *out, const char **why)
{
	*why = "length";
	if (length < PACKET_HEAD || length > sizeof(*out))
		return -EPROTO;
	memcpy(out, bytes, length);
	if (length != PACKET_HEAD + out->captured)
		return -EPROTO;
	memset(out->bytes + out->captured, 0, sizeof(out->bytes) - out->captured);
	*why = bad_number(out);
	return *why == NULL ? 0 : -EPROTO;
}
