/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stations where they do not belong: ZV-04 zone hopping, ZV-06 unregistered.
 *
 * Nothing here needs the packet to be denied: a frame that is perfectly in
 * order by its addresses still tells whose MAC is on which wire.
 */
#include "agent/watch/detect_state.h"

#include <stdio.h>
#include <string.h>

struct station {
	uint64_t zone, segment;		/* tags of where it was last; 0: not yet */
	int64_t seen_ns, told_ns;
};

_Static_assert(sizeof(struct station) <= DETECT_STATION_BYTES, "as detect.c has it");

const char *
detect_print_mac(const uint8_t mac[6], char out[DETECT_MAC_TEXT])
{
	snprintf(out, DETECT_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
	    mac[2], mac[3], mac[4], mac[5]);
	return out;
}

/*
 * MACs that several routers share by design, on every segment the same ones:
 * VRRP (RFC 9568 7.3), HSRP (RFC 2281 5.1) and its second version.
 */
static bool
is_virtual_router(const uint8_t mac[6])
{
	static const uint8_t vrrp4[] = { 0x00, 0x00, 0x5e, 0x00, 0x01 };
	static const uint8_t vrrp6[] = { 0x00, 0x00, 0x5e, 0x00, 0x02 };
	static const uint8_t hsrp[] = { 0x00, 0x00, 0x0c, 0x07, 0xac };
	static const uint8_t hsrp2[] = { 0x00, 0x00, 0x0c, 0x9f };

	return memcmp(mac, vrrp4, 5) == 0 || memcmp(mac, vrrp6, 5) == 0 ||
	    memcmp(mac, hsrp, 5) == 0 ||
	    (memcmp(mac, hsrp2, 4) == 0 && (mac[4] & 0xf0) == 0xf0);
}

/* Spanning tree, LLDP and the like are the switch's, which is no station. */
static bool
is_switch_talk(const struct facts *f)
{
	return f->unreadable == UNREADABLE_ETHERTYPE && (f->flags & FACT_GROUP_MAC);
}

static unsigned int
zone_of(const struct detect *d, uint16_t segment)
{
	return d->checked->segments[segment].zone;
}

uint16_t
detect_segment_by_tag(const struct detect *d, uint64_t tag)
{
	for (size_t i = 0; i < d->checked->n_segments; i++)
		if (d->policy.segment_tag[i] == tag)
			return (uint16_t)i;
	return SEGMENT_NONE;
}

static uint16_t
first_segment_of(const struct detect *d, unsigned int zone)
{
	for (size_t i = 0; i < d->checked->n_segments; i++)
		if (d->checked->segments[i].zone == zone)
			return (uint16_t)i;
	return SEGMENT_NONE;
}

const char *
detect_interface(const struct detect *d, uint16_t segment)
{
	return segment < d->checked->n_segments ? d->checked->segments[segment].interface :
	    "?";
}

const char *
detect_zone_name(const struct detect *d, uint16_t segment)
{
	return segment < d->checked->n_segments ?
	    d->checked->zones[zone_of(d, segment)].name : "?";
}

/* ---- ZV-04, ZV-06: who is registered where -------------------------------- */

/* True when a registered MAC of other zones only was seen here; told. */
static bool
is_from_elsewhere(struct detect *d, const struct detect_packet *p,
    struct detect_wire_station *wire, bool *registered)
{
	uint32_t zones = role_index_mac_zones(d->policy.roles, p->facts->src_mac);
	struct detection found = { .zv = ZV_04_ZONE_HOPPING,
	    .action = ACTION_FOREIGN_STATION, .from = p->seen->in };
	char mac[DETECT_MAC_TEXT];

	*registered = zones != 0;
	if (zones == 0 || (zones >> zone_of(d, p->seen->in) & 1u) != 0)
		return false;
	found.to = first_segment_of(d, (unsigned int)__builtin_ctz(zones));
	if (detect_due(d, &wire->told_hop_ns, DETECT_AGAIN_NS))
		detect_tell(d, p, &found, "%s is registered in %s",
		    detect_print_mac(p->facts->src_mac, mac),
		    detect_zone_name(d, found.to));
	return true;
}

static void
check_registry(
    struct detect *d, const struct detect_packet *p, struct detect_wire_station *wire)
{
	struct detection found = { .zv = ZV_06_UNREGISTERED,
	    .action = ACTION_FOREIGN_STATION, .from = p->seen->in,
	    .to = p->judgement->out };
	char mac[DETECT_MAC_TEXT];

	if (d->checked->segments[p->seen->in].registered_only &&
	    !is_switch_talk(p->facts) &&
	    detect_due(d, &wire->told_new_ns, DETECT_AGAIN_NS))
		detect_tell(d, p, &found, "%s is not registered",
		    detect_print_mac(p->facts->src_mac, mac));
}

/* ---- ZV-04: one MAC in two zones ------------------------------------------ */

static void
check_roaming(struct detect *d, const struct detect_packet *p)
{
	const struct checked_detector *c = &d->checked->detect.roaming;
	uint16_t in = p->seen->in;
	struct detection found = { .zv = ZV_04_ZONE_HOPPING,
	    .action = ACTION_FOREIGN_STATION, .severity = c->severity, .from = in };
	struct detect_key_mac key = { 0 };
	struct station *s, before;
	char mac[DETECT_MAC_TEXT];
	bool fresh;

	memcpy(key.mac, p->facts->src_mac, sizeof(key.mac));
	s = detect_table_put(&d->tables[TABLE_STATION], &key, d->now_ns, &fresh);
	before = *s;
	s->zone = d->policy.zone_tag[in];
	s->segment = d->policy.segment_tag[in];
	s->seen_ns = d->now_ns;
	if (!c->on || fresh || before.zone == s->zone ||
	    d->now_ns - before.seen_ns > detect_window(c) ||
	    !detect_due(d, &s->told_ns, detect_window(c)))
		return;
	found.to = detect_segment_by_tag(d, before.segment);
	detect_tell(d, p, &found, "%s was on %s %lld s before",
	    detect_print_mac(p->facts->src_mac, mac), detect_interface(d, found.to),
	    (long long)((d->now_ns - before.seen_ns) / NS_PER_S));
}

/* ---- all -------------------------------------------------------------------- */

static void
check_station(struct detect *d, const struct detect_packet *p)
{
	struct detect_key_mac key = { .segment = d->policy.segment_tag[p->seen->in] };
	const struct facts *f = p->facts;
	struct detect_wire_station *wire;
	bool fresh, registered;

	if (detect_is_own_mac(d, p))
		return;
	memcpy(key.mac, f->src_mac, sizeof(key.mac));
	wire = detect_table_put(&d->tables[TABLE_WIRE], &key, d->now_ns, &fresh);
	detect_addresses(d, p, wire);
	if (is_from_elsewhere(d, p, wire, &registered))
		return;
	if (!registered) {
		check_registry(d, p, wire);
		if (!is_virtual_router(f->src_mac))
			check_roaming(d, p);
	}
}

/* True when the packet before told all that this one could. */
static bool
is_repeat(struct detect *d, const struct detect_packet *p)
{
	struct detect_recent *r = &d->recent[p->seen->in];
	const struct facts *f = p->facts;

	if (r->until_ns > d->now_ns && r->src.value == f->src.value &&
	    r->src.family == f->src.family &&
	    memcmp(r->mac, f->src_mac, sizeof(r->mac)) == 0 &&
	    p->judgement->verdict != VERDICT_DENY)
		return true;
	r->src = f->src;
	memcpy(r->mac, f->src_mac, sizeof(r->mac));
	r->until_ns = d->now_ns + NS_PER_S / 4;
	return false;
}

void
detect_stations(struct detect *d, const struct detect_packet *p)
{
	const struct facts *f = p->facts;
	bool incoming = p->seen->witness == WITNESS_TAP_INGRESS;

	if (f->level != 0 || (incoming && p->seen->in >= d->checked->n_segments))
		return;
	detect_copies(d, p);
	if (!incoming || !(f->flags & FACT_HAS_MAC) || (f->src_mac[0] & 1) ||
	    is_repeat(d, p))
		return;
	check_station(d, p);
}
