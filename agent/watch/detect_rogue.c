/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Services that nobody registered (ZV-07): DHCP servers, routers, and whoever
 * claims an address that is the gateway's or another zone's.
 */
#include "agent/watch/detect_state.h"

#include <netinet/in.h>
#include <string.h>

#define DHCP_SERVER	67u
#define DHCP_CLIENT	68u
#define BOOTREPLY	2u	/* RFC 2131 2; a relay agent's own word is a request, 1 */
#define DHCP6_SERVER	547u

/* ICMPv6 types of neighbour discovery, RFC 4861 */
#define ND_ROUTER_SOLICIT	133u
#define ND_ROUTER_ADVERT	134u
#define ND_NEIGHBOUR_SOLICIT	135u
#define ND_NEIGHBOUR_ADVERT	136u
#define ND_REDIRECT		137u

static void
tell_rogue(struct detect *d, const struct detect_packet *p, enum detect_told kind,
    uint64_t what, const char *text)
{
	struct detection found = { .zv = ZV_07_ROGUE_SERVICE,
	    .action = ACTION_ROGUE_SERVICE, .from = p->seen->in,
	    .to = p->judgement->out };
	struct detect_key_pair key = { .dst = d->policy.segment_tag[p->seen->in],
	    .what = (uint64_t)kind | what << 8, .family = p->facts->ethertype };

	memcpy(&key.src, p->facts->src_mac, sizeof(p->facts->src_mac));
	if (detect_due_key(d, &key, DETECT_AGAIN_NS))
		detect_tell(d, p, &found, "%s", text);
}

static const struct mac_binding *
binding_of(const struct checked *c, const struct ip_addr *a)
{
	size_t low = 0, high = c->n_bindings;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct mac_binding *b = &c->bindings[middle];

		if (b->addr.family == a->family && b->addr.value == a->value)
			return b;
		if (b->addr.family < a->family ||
		    (b->addr.family == a->family && b->addr.value < a->value))
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/*
 * Registered for the role by its MAC, or by its address: then, where the
 * registry knows that host's MAC, the frame must carry it.
 */
static bool
may_serve(const struct detect *d, const struct detect_packet *p, uint32_t role)
{
	const struct facts *f = p->facts;
	const struct mac_binding *b;

	if (!(f->flags & FACT_HAS_MAC))
		return role_index_holds(d->policy.roles, role, &f->src);
	if (role_index_holds_mac(d->policy.roles, role, f->src_mac))
		return true;
	if (!role_index_holds(d->policy.roles, role, &f->src))
		return false;
	b = binding_of(d->checked, &f->src);
	return b == NULL || b->segment != p->seen->in ||
	    memcmp(b->mac, f->src_mac, sizeof(b->mac)) == 0;
}

static bool
is_gateway(const struct detect *d, const struct ip_addr *a)
{
	return classifier_owner(d->classifier, a) == SEGMENT_SELF ||
	    checked_is_gateway(d->checked, a);
}

/* Of any of the gateway's interfaces: one that came back is ZV-05's. */
static bool
is_own_mac(const struct detect *d, const struct detect_packet *p)
{
	if (d->own == NULL || !(p->facts->flags & FACT_HAS_MAC))
		return false;
	for (size_t i = 0; i < d->checked->n_segments; i++)
		if (memcmp(d->own[i].mac, p->facts->src_mac, 6) == 0)
			return true;
	return false;
}

/* ---- DHCP -------------------------------------------------------------------- */

static void
check_dhcp(struct detect *d, const struct detect_packet *p)
{
	const uint8_t *op = cursor_peek(&p->payload, 1);

	/* Not captured: only a server speaks to a client's port. */
	if (op != NULL ? op[0] != BOOTREPLY : p->facts->dport != DHCP_CLIENT)
		return;
	if (!may_serve(d, p, HOST_ROLE_DHCP))
		tell_rogue(d, p, TOLD_DHCP, 4, "DHCP answer from a host without the role "
		    "dhcp");
}

static void
check_dhcp6(struct detect *d, const struct detect_packet *p)
{
	const uint8_t *type = cursor_peek(&p->payload, 1);

	/* RFC 8415 7.3: ADVERTISE, REPLY, RECONFIGURE, RELAY-REPL: a server's words */
	if (type == NULL || (type[0] != 2 && type[0] != 7 && type[0] != 10 &&
	    type[0] != 13))
		return;
	if (!may_serve(d, p, HOST_ROLE_DHCP))
		tell_rogue(d, p, TOLD_DHCP, 6,
		    "DHCPv6 answer from a host without the role "
		    "dhcp");
}

/* ---- claims -------------------------------------------------------------------- */

/* Somebody on this wire says "I am that address". */
static void
check_claim(struct detect *d, const struct detect_packet *p, const struct ip_addr *a)
{
	const struct facts *f = p->facts;

	if (a->family == IP_NONE || a->value == 0 || is_own_mac(d, p) ||
	    ((f->flags & FACT_HAS_MAC) && role_index_holds_mac(d->policy.roles,
	    HOST_ROLE_ROUTER, f->src_mac)))
		return;
	if (is_gateway(d, a))
		tell_rogue(d, p, TOLD_CLAIM, 1, "claims an address of the gateway");
	else if (detect_foreign_owner(d, a, p->seen->in) != SEGMENT_NONE)
		tell_rogue(d, p, TOLD_CLAIM, 2, "claims an address of another zone");
}

/* The target of an advertisement: first behind the ICMPv6 header, RFC 4861 4.4. */
static void
check_neighbour(struct detect *d, const struct detect_packet *p)
{
	const uint8_t *target = cursor_peek(&p->payload, 16);
	struct ip_addr a;

	if (target == NULL)
		return;
	a = address_from_bytes(IP_V6, target);
	check_claim(d, p, &a);
}

/* ---- IPv6 neighbour discovery ----------------------------------------------------- */

static void
check_nd(struct detect *d, const struct detect_packet *p)
{
	const struct facts *f = p->facts;
	uint8_t type = (uint8_t)(f->sport >> 8);

	/*
	 * RFC 6980: never fragmented. RFC 7113: extension headers before an
	 * advertisement serve to get past a switch's RA guard, whoever sends it.
	 */
	if (f->flags & FACT_FRAGMENT_FIRST)
		tell_rogue(d, p, TOLD_ND, 1, "fragmented neighbour discovery");
	else if (type == ND_ROUTER_ADVERT && (f->flags & FACT_EXTENSION))
		tell_rogue(
		    d, p, TOLD_ND, 2, "router advertisement behind extension headers");
	else if (type == ND_ROUTER_ADVERT && !may_serve(d, p, HOST_ROLE_ROUTER))
		tell_rogue(d, p, TOLD_RA, 0,
		    "router advertisement from a host without the "
		    "role router");
	switch (type) {
	case ND_NEIGHBOUR_ADVERT:
		check_neighbour(d, p);
		break;
	case ND_ROUTER_SOLICIT:
	case ND_NEIGHBOUR_SOLICIT:
		/* with its source goes the sender's MAC into neighbours' caches */
		check_claim(d, p, &f->src);
		break;
	default:
		break;
	}
}

void
detect_rogue(struct detect *d, const struct detect_packet *p)
{
	const struct facts *f = p->facts;
	uint8_t type = (uint8_t)(f->sport >> 8);

	if (p->seen->in >= d->checked->n_segments)
		return;
	if (f->flags & FACT_ARP) {
		check_claim(d, p, &f->src);
		return;
	}
	if (!(f->flags & FACT_HAS_PORTS) || is_own_mac(d, p))
		return;
	if (f->protocol == IPPROTO_UDP && f->sport == DHCP_SERVER)
		check_dhcp(d, p);
	else if (f->protocol == IPPROTO_UDP && f->sport == DHCP6_SERVER)
		check_dhcp6(d, p);
	else if (f->protocol == IPPROTO_ICMPV6 && type >= ND_ROUTER_SOLICIT &&
	    type <= ND_REDIRECT)
		check_nd(d, p);
}
