/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Headers of tunnels: they say what is carried and where it begins, the rest is
 * decode_inner()'s. IP in IP (RFC 2003, 2473, 4213), GRE (2784, 2890, 2637), ERSPAN
 * (draft-foschiano-erspan-03), VXLAN (7348), GENEVE (8926), GTP-U (3GPP TS 29.281),
 * Teredo (4380).
 *
 * A tunnel over UDP is known by the port it is sent to and by nothing else: who
 * guesses takes a voice call for a tunnel. UNREADABLE_TUNNEL is what no receiver would
 * unpack; where one may be less strict than we are, it is UNREADABLE_LENGTH.
 */
#include "agent/watch/decode_fast.h"
#include "agent/watch/decode_parts.h"

#include <net/ethernet.h>
#include <netinet/in.h>

#define GRE_CHECKSUM		0x8000u
#define GRE_ROUTING		0x4000u
#define GRE_KEY			0x2000u
#define GRE_SEQUENCE		0x1000u
#define GRE_VERSION		0x0007u
#define GRE_PPP			0x880bu	/* RFC 2637 */
#define GRE_ERSPAN		0x88beu	/* types I and II */
#define GRE_ERSPAN_3		0x22ebu

#define VXLAN_HAS_VNI		0x08u
#define VXLAN_GPE		0x04u	/* the P bit of draft-ietf-nvo3-vxlan-gpe-13 */

#define GTP_VERSION_1		0x30u	/* version 1, protocol type GTP */
#define GTP_MORE		0x07u	/* extension, sequence, N-PDU: four bytes for any */
#define GTP_EXTENSION		0x04u
#define GTP_PACKET		255u
#define GTP_MAX_EXTENSIONS	16u

/* One tunnel header being read; e->rest already holds the plain payload. */
struct entry {
	struct cursor c;
	struct decode_rest *rest;
};

static void
broken(struct entry *e, enum unreadable why)
{
	e->rest->trouble = (uint8_t)why;
}

static void
carries(struct entry *e, uint16_t inner)
{
	e->rest->payload = e->c;
	e->rest->inner = inner;
}

/* n bytes of the header, without moving; NULL with the reason in e->rest. */
static const uint8_t *
peek(struct entry *e, uint32_t n)
{
	if (n > e->c.wire) {
		broken(e, e->rest->cut ? UNREADABLE_TINY : UNREADABLE_TUNNEL);
		return NULL;
	}
	if (n > e->c.captured) {
		broken(e, UNREADABLE_TRUNCATED);
		return NULL;
	}
	return e->c.at;
}

static const uint8_t *
take(struct entry *e, uint32_t n)
{
	return peek(e, n) != NULL ? cursor_take(&e->c, n) : NULL;
}

/* An IP packet of either family. */
static void
carries_ip(struct entry *e)
{
	const uint8_t *p = peek(e, 1);

	if (p == NULL)
		return;
	if (p[0] >> 4 == 4)
		carries(e, ETHERTYPE_IP);
	else if (p[0] >> 4 == 6)
		carries(e, ETHERTYPE_IPV6);
	else
		broken(e, UNREADABLE_TUNNEL);
}

/* Type I has no header of its own; it is what GRE without a sequence number carries. */
static void
enter_erspan2(struct entry *e, bool sequence)
{
	const uint8_t *p;

	e->rest->tunnel = TUNNEL_ERSPAN;
	if (sequence) {
		p = take(e, 8);
		if (p == NULL)
			return;
		if (p[0] >> 4 != 1) {
			broken(e, UNREADABLE_TUNNEL);
			return;
		}
	}
	carries(e, DECODE_ETHERNET);
}

static void
enter_erspan3(struct entry *e)
{
	const uint8_t *p;
	unsigned int frame_type;
	bool platform;

	e->rest->tunnel = TUNNEL_ERSPAN;
	p = take(e, 12);
	if (p == NULL)
		return;
	frame_type = read_be16(p + 10) >> 10 & 0x1fu;
	platform = (p[11] & 1) != 0;
	if (p[0] >> 4 != 2) {
		broken(e, UNREADABLE_TUNNEL);
		return;
	}
	if (platform && take(e, 8) == NULL)
		return;
	if (frame_type == 0)
		carries(e, DECODE_ETHERNET);
	else if (frame_type == 2)
		carries_ip(e);
	else
		broken(e, UNREADABLE_TUNNEL);
}

/* Version 1 is PPTP's: PPP, compressed and encrypted as its ends agreed. */
static void
enter_gre_1(struct entry *e, uint16_t protocol)
{
	if (protocol == GRE_PPP)
		e->rest->tunnel = TUNNEL_NONE;
	else
		broken(e, UNREADABLE_TUNNEL);
}

/*
 * RFC 1701's routing would lead the packet elsewhere than its addresses say, and
 * nobody accepts it any more. The other bits that RFC 2784 reserves are ignored,
 * as Linux does.
 */
static void
enter_gre(struct entry *e)
{
	const uint8_t *p;
	uint16_t flags, protocol;
	uint32_t words;

	e->rest->tunnel = TUNNEL_GRE;
	p = take(e, 4);
	if (p == NULL)
		return;
	flags = read_be16(p);
	protocol = read_be16(p + 2);
	if ((flags & GRE_VERSION) == 1) {
		enter_gre_1(e, protocol);
		return;
	}
	if ((flags & (GRE_VERSION | GRE_ROUTING)) != 0) {
		broken(e, UNREADABLE_TUNNEL);
		return;
	}
	words = ((flags & GRE_CHECKSUM) != 0) + ((flags & GRE_KEY) != 0) +
	    ((flags & GRE_SEQUENCE) != 0);
	if (take(e, words * 4) == NULL)
		return;
	if (protocol == GRE_ERSPAN)
		enter_erspan2(e, (flags & GRE_SEQUENCE) != 0);
	else if (protocol == GRE_ERSPAN_3)
		enter_erspan3(e);
	else if (protocol == 0 && e->c.wire == 0)
		e->rest->tunnel = TUNNEL_NONE;	/* a keepalive's answer */
	else
		carries(e, protocol);
}

/* With the P bit the last reserved byte of the first word says what is carried. */
static void
enter_vxlan_gpe(struct entry *e, uint8_t next)
{
	switch (next) {
	case 1:
		carries(e, ETHERTYPE_IP);
		break;
	case 2:
		carries(e, ETHERTYPE_IPV6);
		break;
	case 3:
		carries(e, DECODE_ETHERNET);
		break;
	default:
		broken(e, UNREADABLE_TUNNEL);
		break;
	}
}

/* Reserved bits are ignored on receipt, but for the one that changes the header. */
static void
enter_vxlan(struct entry *e)
{
	const uint8_t *p;

	e->rest->tunnel = TUNNEL_VXLAN;
	p = take(e, 8);
	if (p == NULL)
		return;
	if ((p[0] & VXLAN_HAS_VNI) == 0)
		broken(e, UNREADABLE_TUNNEL);
	else if ((p[0] & VXLAN_GPE) != 0)
		enter_vxlan_gpe(e, p[3]);
	else
		carries(e, DECODE_ETHERNET);
}

/* Options of GENEVE fill their room exactly: class, type, length in words. */
static bool
options_fit(const uint8_t *p, uint32_t size)
{
	uint32_t at = 0;

	while (at + 4 <= size)
		at += 4 + (p[at + 3] & 0x1fu) * 4;
	return at == size;
}

static void
enter_geneve(struct entry *e)
{
	const uint8_t *p, *options;
	uint32_t size;

	e->rest->tunnel = TUNNEL_GENEVE;
	p = take(e, 8);
	if (p == NULL)
		return;
	size = (p[0] & 0x3fu) * 4;
	if (p[0] >> 6 != 0) {
		broken(e, UNREADABLE_TUNNEL);
		return;
	}
	options = take(e, size);
	if (options == NULL)
		return;
	/* Linux unpacks it all the same (geneve_rx() looks at critical options only). */
	if (options_fit(options, size))
		carries(e, read_be16(p + 2));
	else
		broken(e, UNREADABLE_LENGTH);
}

/* Extension headers: length in words, content, the next one's type. False: trouble. */
static bool
walk_gtp_extensions(struct entry *e, uint8_t next)
{
	for (unsigned int n = 0; next != 0; n++) {
		const uint8_t *p = peek(e, 1);
		uint32_t size = p != NULL ? p[0] * 4u : 0;

		if (p != NULL && (size == 0 || n == GTP_MAX_EXTENSIONS)) {
			broken(e, UNREADABLE_LENGTH);
			return false;
		}
		if (p == NULL || take(e, size) == NULL)
			return false;
		next = p[size - 1];
	}
	return true;
}

/* Only a G-PDU carries a packet; the others are the tunnel's own talk. */
static void
enter_gtp_u(struct entry *e)
{
	const uint8_t *p, *more;
	uint32_t size;

	e->rest->tunnel = TUNNEL_GTP_U;
	p = take(e, 8);
	if (p == NULL)
		return;
	size = read_be16(p + 2);
	if ((p[0] & 0xf0u) != GTP_VERSION_1) {
		broken(e, UNREADABLE_TUNNEL);
		return;
	}
	if (p[1] != GTP_PACKET) {
		e->rest->tunnel = TUNNEL_NONE;
		return;
	}
	if (size > e->c.wire && !e->rest->cut) {
		broken(e, UNREADABLE_LENGTH);
		return;
	}
	cursor_limit(&e->c, size);
	if ((p[0] & GTP_MORE) != 0) {
		more = take(e, 4);
		if (more == NULL || ((p[0] & GTP_EXTENSION) != 0 &&
		    !walk_gtp_extensions(e, more[3])))
			return;
	}
	carries_ip(e);
}

/*
 * RFC 4380 5.1.1: perhaps an authentication (00 01, lengths of identifier and
 * value, those, 9 bytes), then perhaps an origin (00 00, 6 bytes), then IPv6.
 */
static void
enter_teredo(struct entry *e)
{
	const uint8_t *p;

	e->rest->tunnel = TUNNEL_TEREDO;
	p = peek(e, 4);
	if (p == NULL ||
	    (read_be16(p) == 1 && take(e, 13u + p[2] + p[3]) == NULL))
		return;
	p = peek(e, 2);
	if (p == NULL || (read_be16(p) == 0 && take(e, 8) == NULL))
		return;
	carries_ip(e);
	if (e->rest->trouble == READABLE && e->rest->inner != ETHERTYPE_IPV6)
		broken(e, UNREADABLE_TUNNEL);
}

/*
 * What a Teredo server sends comes from its port, but so may any client's
 * packet that happened to get the port: what does not look like Teredo is none.
 */
static void
enter_teredo_reply(struct entry *e)
{
	const struct decode_rest plain = *e->rest;
	const uint8_t *p;

	enter_teredo(e);
	p = cursor_peek(&e->rest->payload, 6);
	if (e->rest->trouble != READABLE || p == NULL ||
	    read_be16(p + 4) + IPV6_HEADER > e->rest->payload.wire)
		*e->rest = plain;
}

void
decode_tunnel_ip(struct cursor c, const struct facts *f, struct decode_rest *rest)
{
	struct entry e = { c, rest };

	rest->payload = c;
	rest->cut = (f->flags & FACT_FRAGMENT_FIRST) != 0;
	if (f->protocol == IPPROTO_GRE) {
		enter_gre(&e);
		return;
	}
	rest->tunnel = TUNNEL_IPIP;
	carries(&e, f->protocol == IPPROTO_IPIP ? ETHERTYPE_IP : ETHERTYPE_IPV6);
}

void
decode_tunnel_udp(struct cursor c, const struct facts *f, struct decode_rest *rest)
{
	struct entry e = { c, rest };

	rest->cut = (f->flags & FACT_FRAGMENT_FIRST) != 0;
	switch (f->dport) {
	case PORT_VXLAN:
		enter_vxlan(&e);
		return;
	case PORT_GENEVE:
		enter_geneve(&e);
		return;
	case PORT_GTP_U:
		enter_gtp_u(&e);
		return;
	case PORT_TEREDO:
		enter_teredo(&e);
		return;
	default:
		enter_teredo_reply(&e);
		return;
	}
}
