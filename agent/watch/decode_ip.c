/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv4 (RFC 791) and IPv6 (RFC 8200) headers, fragments and extension headers.
 * Stricter than the kernel where the kernel repairs: what two readers could
 * take for two different packets is not read at all.
 */
#include "agent/watch/decode.h"
#include "agent/watch/decode_parts.h"

#include <netinet/in.h>

#define IPV4_HEADER	20u
#define IPV6_HEADER	40u
#define LARGEST_PACKET	65535u
#define JUMBO_OPTION	0xc2u	/* RFC 2675 */

/* How far the walk over the headers of one IPv6 packet has come. */
struct walk {
	uint8_t next;
	unsigned int count;
	uint32_t behind;	/* bytes of extension headers taken */
	bool fragment, first;	/* a fragment header was there; of a first fragment */
};

static void
unreadable(struct facts *f, enum unreadable why)
{
	f->unreadable = (uint8_t)why;
}

/*
 * A whole packet or a sane fragment. "behind" counts the bytes that stand
 * before the fragmentable part once it is put together again.
 */
static bool
fragment_sane(struct facts *f, uint32_t offset, bool more, uint32_t payload,
    uint32_t behind)
{
	if (offset == 0 && !more)
		return true;

	f->flags |= offset == 0 ? FACT_FRAGMENT_FIRST : FACT_FRAGMENT_LATER;
	if (payload == 0 || (more && payload % 8 != 0) ||
	    offset + payload > LARGEST_PACKET - behind)
		return false;
	/* RFC 3128: the second piece would overwrite the TCP flags. */
	return !(offset == 8 && f->protocol == IPPROTO_TCP);
}

/* Length in the header, or of the frame for a GRO packet over 64 KiB (length 0). */
static uint32_t
ipv4_total(const struct cursor *c, const uint8_t *p)
{
	uint32_t total = read_be16(p + 2);

	return total == 0 && c->wire > LARGEST_PACKET ? c->wire : total;
}

void
decode_ipv4(struct cursor *c, struct facts *f)
{
	const uint8_t *p = cursor_peek(c, IPV4_HEADER);
	uint32_t header, total, offset;
	bool more;

	if (p == NULL) {
		unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	if (p[0] >> 4 != 4) {
		unreadable(f, UNREADABLE_VERSION);
		return;
	}
	header = (p[0] & 15u) * 4;
	total = ipv4_total(c, p);
	f->src = address_from_bytes(IP_V4, p + 12);
	f->dst = address_from_bytes(IP_V4, p + 16);
	f->protocol = f->first_header = p[9];
	f->hop_limit = p[8];
	if (f->length == 0)
		f->length = total;
	if (header < IPV4_HEADER || total < header || total > c->wire) {
		unreadable(f, UNREADABLE_LENGTH);
		return;
	}
	if (header > IPV4_HEADER)
		f->flags |= FACT_IP_OPTIONS;
	offset = (read_be16(p + 6) & 0x1fffu) * 8;
	more = (read_be16(p + 6) & 0x2000u) != 0;

	cursor_limit(c, total);
	if (cursor_take(c, header) == NULL)
		unreadable(f, UNREADABLE_TRUNCATED);
	else if (!fragment_sane(f, offset, more, total - header, header))
		unreadable(f, UNREADABLE_FRAGMENT);
	else if (offset == 0)
		decode_transport(c, f, more);
}

bool
decode_is_extension(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING ||
	    next == IPPROTO_FRAGMENT || next == IPPROTO_DSTOPTS;
}

/* What to call it when n bytes are not there. */
static enum unreadable
missing(const struct cursor *c, uint32_t n, bool first_fragment)
{
	return n > c->wire && first_fragment ? UNREADABLE_FRAGMENT : UNREADABLE_TRUNCATED;
}

/* False: the walk ends here; facts say why. */
static bool
walk_fragment(struct cursor *c, struct walk *w, struct facts *f)
{
	const uint8_t *p = cursor_take(c, 8);
	uint32_t offset;
	bool more;

	if (p == NULL) {
		unreadable(f, missing(c, 8, w->first));
		return false;
	}
	if (w->fragment) {
		unreadable(f, UNREADABLE_FRAGMENT);
		return false;
	}
	offset = read_be16(p + 2) & 0xfff8u;
	more = (p[3] & 1) != 0;
	w->fragment = true;
	w->first = offset == 0 && more;
	w->next = f->protocol = p[0];
	if (!fragment_sane(f, offset, more, c->wire, w->behind)) {
		unreadable(f, UNREADABLE_FRAGMENT);
		return false;
	}
	return offset == 0;
}

static bool
walk_options(struct cursor *c, struct walk *w, struct facts *f)
{
	const uint8_t *p = cursor_peek(c, 8);
	uint32_t size;

	f->flags |= FACT_EXTENSION;
	if (w->next == IPPROTO_ROUTING)
		f->flags |= FACT_ROUTING_HEADER;
	if (p == NULL) {
		unreadable(f, missing(c, 8, w->first));
		return false;
	}
	size = (p[1] + 1u) * 8;
	if (cursor_take(c, size) == NULL) {
		unreadable(f, missing(c, size, w->first));
		return false;
	}
	w->behind += size;
	w->next = p[0];
	return true;
}

/* False: no transport header follows, or none that may be read. */
static bool
walk_extensions(struct cursor *c, struct walk *w, struct facts *f)
{
	while (decode_is_extension(w->next)) {
		bool more;

		w->count++;
		if (w->count > DECODE_MAX_EXTENSIONS ||
		    (w->next == IPPROTO_HOPOPTS && w->count != 1)) {
			unreadable(f, UNREADABLE_EXTENSION);
			return false;
		}
		more = w->next == IPPROTO_FRAGMENT ? walk_fragment(c, w, f) :
		    walk_options(c, w, f);
		f->protocol = w->next;
		if (!more)
			return false;
	}
	return true;
}

/*
 * Payload length 0 means: nothing, a jumbogram (the length stands in a
 * hop-by-hop option) or a GRO packet over 64 KiB. False: it contradicts itself.
 */
static bool
ipv6_payload(const struct cursor *c, const uint8_t *header, uint32_t *payload)
{
	const uint8_t *option;

	*payload = read_be16(header + 4);
	if (*payload != 0)
		return *payload <= c->wire;
	if (header[6] != IPPROTO_HOPOPTS) {
		*payload = c->wire > LARGEST_PACKET ? c->wire : 0;
		return true;
	}
	option = cursor_peek(c, 8);
	if (option == NULL)
		return true;
	if (option[2] != JUMBO_OPTION || option[3] != 4)
		return false;
	*payload = read_be32(option + 4);
	return *payload > LARGEST_PACKET && *payload <= c->wire;
}

void
decode_ipv6(struct cursor *c, struct facts *f)
{
	const uint8_t *p = cursor_peek(c, 1);
	struct walk w = { 0 };
	uint32_t payload;

	if (p != NULL && p[0] >> 4 != 6) {
		unreadable(f, UNREADABLE_VERSION);
		return;
	}
	p = cursor_take(c, IPV6_HEADER);
	if (p == NULL) {
		unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	f->src = address_from_bytes(IP_V6, p + 8);
	f->dst = address_from_bytes(IP_V6, p + 24);
	f->protocol = f->first_header = p[6];
	f->hop_limit = p[7];
	if (!ipv6_payload(c, p, &payload)) {
		unreadable(f, UNREADABLE_LENGTH);
		return;
	}
	if (f->length == 0)
		f->length = IPV6_HEADER + payload;

	cursor_limit(c, payload);
	w.next = p[6];
	if (walk_extensions(c, &w, f))
		decode_transport(c, f, w.first);
}
