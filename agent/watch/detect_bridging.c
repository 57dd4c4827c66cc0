/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machines that join zones behind the gateway's back (ZV-05 bridging): what the
 * gateway itself sent comes back from another zone, one MAC uses addresses of
 * two zones, or the same packet comes in from both.
 *
 * A bridge that copies frames as they are also shows as one MAC in two zones,
 * which is ZV-04.
 */
#include "agent/watch/detect_state.h"

#include <string.h>

/* Stray frames of another zone's address from one MAC that are still no evidence. */
#define STRAY_MOST 1u

struct copy {
	uint64_t zone, segment;	/* tags of where it came in; 0: only seen leaving */
	int64_t seen_ns;
	uint8_t hop_limit;
	bool forwarded;			/* the gateway itself passed it on */
};

_Static_assert(sizeof(struct copy) <= DETECT_COPY_BYTES, "as detect.c has it");

static unsigned int
zone_of(const struct detect *d, uint16_t segment)
{
	return d->checked->segments[segment].zone;
}

/* ---- ZV-05: the gateway's own MAC comes back ------------------------------ */

/*
 * True for a MAC of ours. *home: a segment that has it; SEGMENT_NONE when the
 * zone of "in" has it too, so that it may have been looped there.
 */
static bool
is_own_mac(const struct detect *d, uint16_t in, const uint8_t mac[6], uint16_t *home)
{
	static const uint8_t unknown[6];
	bool own = false;

	*home = SEGMENT_NONE;
	if (d->own == NULL || memcmp(mac, unknown, sizeof(unknown)) == 0)
		return false;
	for (size_t i = 0; i < d->checked->n_segments; i++) {
		if (memcmp(d->own[i].mac, mac, sizeof(d->own[i].mac)) != 0)
			continue;
		if (zone_of(d, (uint16_t)i) == zone_of(d, in)) {
			*home = SEGMENT_NONE;
			return true;
		}
		*home = (uint16_t)i;
		own = true;
	}
	return own;
}

static void
own_mac_came_in(struct detect *d, const struct detect_packet *p, uint16_t home)
{
	struct detection found = { .zv = ZV_05_BRIDGING, .action = ACTION_BRIDGING,
	    .from = p->seen->in, .to = home };
	struct detect_key_pair key = { .src = d->policy.segment_tag[p->seen->in],
	    .dst = d->policy.segment_tag[home], .what = TOLD_OWN_MAC };

	if (detect_due_key(d, &key, DETECT_AGAIN_NS))
		detect_tell(d, p, &found,
		    "frames that the gateway sent to %s came in from %s",
		    detect_interface(d, home), detect_interface(d, p->seen->in));
}

bool
detect_is_own_mac(struct detect *d, const struct detect_packet *p)
{
	uint16_t home;

	if (!is_own_mac(d, p->seen->in, p->facts->src_mac, &home))
		return false;
	if (home != SEGMENT_NONE)
		own_mac_came_in(d, p, home);
	return true;
}

/* ---- ZV-05: addresses of two zones behind one MAC ------------------------- */

static void
foreign_address(struct detect *d, const struct detect_packet *p,
    struct detect_wire_station *w, uint16_t owner)
{
	struct detection found = { .zv = ZV_05_BRIDGING, .action = ACTION_BRIDGING,
	    .from = p->seen->in, .to = owner };
	uint64_t zone = d->policy.zone_tag[owner];
	char mac[DETECT_MAC_TEXT];

	/* Only beside an address of its own zone: before that it may have just moved. */
	if (w->own_ns == 0 || d->now_ns - w->own_ns > DETECT_STATION_NS)
		return;
	if (w->foreign_zone != zone || d->now_ns - w->foreign_ns > DETECT_STATION_NS)
		w->n_foreign = 0;
	w->foreign_zone = zone;
	w->foreign_ns = d->now_ns;
	if (w->n_foreign < UINT32_MAX)
		w->n_foreign++;
	if (w->n_foreign <= STRAY_MOST ||
	    !detect_due(d, &w->told_two_ns, DETECT_AGAIN_NS))
		return;
	detect_tell(d, p, &found, "%s uses addresses of %s and of %s",
	    detect_print_mac(p->facts->src_mac, mac), detect_zone_name(d, p->seen->in),
	    detect_zone_name(d, owner));
}

void
detect_addresses(struct detect *d, const struct detect_packet *p,
    struct detect_wire_station *w)
{
	const struct facts *f = p->facts;
	uint16_t owner;

	/* What ARP claims is ZV-07's. */
	if (f->src.family == IP_NONE || (f->flags & FACT_ARP))
		return;
	owner = classifier_owner(d->classifier, &f->src);
	if (owner >= d->checked->n_segments)
		return;
	if (zone_of(d, owner) == zone_of(d, p->seen->in)) {
		w->own_ns = d->now_ns;
		return;
	}
	owner = detect_foreign_owner(d, &f->src, p->seen->in);
	if (owner != SEGMENT_NONE)
		foreign_address(d, p, w, owner);
}

/* ---- ZV-05: the same packet on two wires ----------------------------------- */

/*
 * What two copies share whatever router passed one on: addresses, transport and
 * content, but not the hop limit nor the checksum over it.
 */
static uint64_t
copy_key(const struct detect *d, const struct detect_packet *p)
{
	const struct facts *f = p->facts;
	struct {
		ip_value src, dst;
		uint32_t id, offset, fragment_bytes, payload;
		uint16_t sport, dport, flags, ethertype;
		uint8_t protocol, tcp_flags, zero[6];
		uint8_t bytes[64];
	} what;
	size_t n = p->payload.captured < sizeof(what.bytes) ? p->payload.captured :
	    sizeof(what.bytes);

	memset(&what, 0, sizeof(what));
	what.src = f->src.value;
	what.dst = f->dst.value;
	what.id = f->fragment_id;
	what.offset = f->fragment_offset;
	what.fragment_bytes = f->fragment_bytes;
	what.payload = p->payload.wire;
	what.sport = f->sport;
	what.dport = f->dport;
	what.flags = f->flags & (FACT_FRAGMENT_FIRST | FACT_FRAGMENT_LATER |
	    FACT_EXTENSION);
	what.ethertype = f->ethertype;
	what.protocol = f->protocol;
	what.tcp_flags = f->tcp_flags;
	if (n > 0)
		memcpy(what.bytes, p->payload.at, n);
	return detect_hash(d, &what, sizeof(what));
}

static void
tell_copy(struct detect *d, const struct detect_packet *p, const struct copy *before)
{
	struct detection found = { .zv = ZV_05_BRIDGING, .action = ACTION_BRIDGING,
	    .from = p->seen->in, .to = detect_segment_by_tag(d, before->segment) };
	struct detect_key_pair key = { .src = d->policy.segment_tag[p->seen->in],
	    .dst = before->segment, .what = TOLD_COPY };

	if (detect_due_key(d, &key, DETECT_AGAIN_NS))
		detect_tell(d, p, &found,
		    "the same packet came in from %s with hop limit "
		    "%u and from %s with %u",
		    detect_interface(d, found.to), before->hop_limit,
		    detect_interface(d, p->seen->in), p->facts->hop_limit);
}

/*
 * Only packets that are not permitted: those that are, the gateway passes on by
 * itself, and nobody can tell a copy of its own from another one's.
 */
void
detect_copies(struct detect *d, const struct detect_packet *p)
{
	const struct facts *f = p->facts;
	bool leaving = p->seen->witness == WITNESS_TAP_EGRESS, fresh;
	uint64_t key;
	struct copy *c, before;

	if (f->src.family == IP_NONE || (f->flags & FACT_ARP) ||
	    f->unreadable != READABLE || p->judgement->verdict == VERDICT_PERMIT)
		return;
	key = copy_key(d, p);
	c = detect_table_put(&d->tables[TABLE_COPY], &key, d->now_ns, &fresh);
	if (d->now_ns - c->seen_ns > DETECT_COPY_NS)
		memset(c, 0, sizeof(*c));
	before = *c;
	c->seen_ns = d->now_ns;
	c->forwarded |= leaving;
	if (leaving)
		return;
	c->zone = d->policy.zone_tag[p->seen->in];
	c->segment = d->policy.segment_tag[p->seen->in];
	c->hop_limit = f->hop_limit;
	if (before.zone == 0 || before.zone == c->zone || before.forwarded ||
	    (before.hop_limit != f->hop_limit + 1 &&
		before.hop_limit + 1 != f->hop_limit))
		return;
	tell_copy(d, p, &before);
}
