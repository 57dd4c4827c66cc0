/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv6 (RFC 8200), its extension headers, and fragments of either family.
 * Stricter than the kernel where the kernel repairs: what two readers could
 * take for two different packets is not read at all.
 */
#include "agent/watch/decode.h"
#include "agent/watch/decode_fast.h"
#include "agent/watch/decode_parts.h"

#include <netinet/in.h>

#define JUMBO_OPTION	0xc2u	/* RFC 2675 */

/* How far the walk over the headers of one IPv6 packet has come. */
struct walk {
	uint8_t next;
	unsigned int count;
	uint32_t behind;	/* bytes of extension headers taken */
	bool fragment, first;	/* a fragment header was there; of a first fragment */
};

/* RFC 3128: a later piece that reaches into the transport header, as its flags. */
static bool
is_tiny(const struct facts *f, uint32_t offset)
{
	return offset != 0 && offset < decode_transport_size(f->protocol);
}

bool
decode_fragment(struct facts *f, uint32_t offset, bool more, uint32_t payload,
    uint32_t behind)
{
	f->flags |= offset == 0 ? FACT_FRAGMENT_FIRST : FACT_FRAGMENT_LATER;
	if (!more)
		f->flags |= FACT_FRAGMENT_LAST;
	f->fragment_offset = offset;
	f->fragment_bytes = payload;
	if (payload == 0 || (more && payload % 8 != 0) ||
	    (uint64_t)offset + payload + behind > LARGEST_PACKET) {
		decode_unreadable(f, UNREADABLE_FRAGMENT);
		return false;
	}
	if (is_tiny(f, offset)) {
		decode_unreadable(f, UNREADABLE_TINY);
		return false;
	}
	return offset == 0;
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
	return n > c->wire && first_fragment ? UNREADABLE_TINY : UNREADABLE_TRUNCATED;
}

/* False: the walk ends here; facts say why. */
static bool
walk_fragment(struct cursor *c, struct walk *w, struct facts *f)
{
	const uint8_t *p = cursor_take(c, 8);
	uint32_t offset;
	bool more;

	if (p == NULL) {
		decode_unreadable(f, missing(c, 8, w->first));
		return false;
	}
	if (w->fragment) {
		decode_unreadable(f, UNREADABLE_FRAGMENT);
		return false;
	}
	offset = read_be16(p + 2) & 0xfff8u;
	more = (p[3] & 1) != 0;
	w->fragment = true;
	w->next = f->protocol = p[0];
	/* RFC 6946: one that is neither cut before nor behind is a whole packet. */
	if (offset == 0 && !more)
		return true;
	w->first = offset == 0;
	f->fragment_id = read_be32(p + 4);
	return decode_fragment(f, offset, more, c->wire, w->behind);
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
		decode_unreadable(f, missing(c, 8, w->first));
		return false;
	}
	size = (p[1] + 1u) * 8;
	if (cursor_take(c, size) == NULL) {
		decode_unreadable(f, missing(c, size, w->first));
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
			decode_unreadable(f, UNREADABLE_EXTENSION);
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

/* Has somebody told how long the packet was on the wire? Its first header is taken. */
static bool
is_told(const struct cursor *c)
{
	return c->wire != DECODE_LENGTH_UNKNOWN - IPV6_HEADER;
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
		if (c->wire > LARGEST_PACKET)
			*payload = is_told(c) ? c->wire : c->captured;
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
decode_ipv6(struct cursor c, struct facts *f, struct decode_rest *rest)
{
	const uint8_t *p = cursor_peek(&c, 1);
	struct walk w = { 0 };
	uint32_t payload;

	if (p != NULL && p[0] >> 4 != 6) {
		decode_unreadable(f, UNREADABLE_VERSION);
		return;
	}
	p = cursor_take(&c, IPV6_HEADER);
	if (p == NULL) {
		decode_unreadable(f, UNREADABLE_TRUNCATED);
		return;
	}
	decode_address6(p + 8, &f->src);
	decode_address6(p + 24, &f->dst);
	f->protocol = f->first_header = p[6];
	f->hop_limit = p[7];
	if (!ipv6_payload(&c, p, &payload)) {
		decode_unreadable(f, UNREADABLE_LENGTH);
		return;
	}
	if (f->length == 0)
		f->length = IPV6_HEADER + payload;

	cursor_limit(&c, payload);
	w.next = p[6];
	if (walk_extensions(&c, &w, f))
		decode_transport(c, f, w.first, rest);
}
