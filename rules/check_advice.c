/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a permit may not do, or should not, whatever its words: the rules between
 * zone classes that hold in every model of the three-layer separation, judged on
 * the boxes, so that no way of writing a permit gets around them.
 */
#include "rules/check_internal.h"

#include <netinet/in.h>
#include <string.h>

/* Ports of interactive sessions: ssh, telnet, RDP, VNC. */
static const uint16_t interactive_ports[] = { 22, 23, 3389, 5900 };

/*
 * Clear text that a port gives away. SNMP before version 3, SMB 1 and LDAP's simple
 * bind share theirs with what is not: those the watcher tells by their packets.
 */
static const struct clear_text {
	uint8_t protocol;
	uint16_t port;
	const char *name;
} clear_texts[] = {
	{ IPPROTO_TCP, 21, "ftp" },
	{ IPPROTO_TCP, 23, "telnet" },
	{ IPPROTO_TCP, 80, "http" },
	{ IPPROTO_TCP, 110, "pop3" },
	{ IPPROTO_TCP, 143, "imap" },
};

/* One permit while it is being judged. */
struct advice {
	struct check *ck;
	const struct checked_permit *permit;
	bool media_only;
	bool said_direct;		/* for this pair of segments */
	bool said_interactive;
	bool said_clear_text;
};

static const struct checked_zone *
zone_of(const struct check *ck, uint16_t segment)
{
	int zone = checked_zone_of(ck->c, segment);

	return zone < 0 ? NULL : &ck->c->zones[zone];
}

/* True when the classes are these two, in either direction. */
static bool
is_pair(const struct checked_zone *a, const struct checked_zone *b, enum zone_class one,
    enum zone_class other)
{
	return (a->zone_class == one && b->zone_class == other) ||
	    (a->zone_class == other && b->zone_class == one);
}

static bool
is_layer(enum zone_class c)
{
	return c == ZONE_CLASS_MYNUMBER || c == ZONE_CLASS_LGWAN ||
	       c == ZONE_CLASS_INTRA || c == ZONE_CLASS_INTERNET;
}

static void
judge_dmz(struct advice *a, const struct checked_zone *in, const struct checked_zone *out)
{
	if (in->zone_class != ZONE_CLASS_DMZ)
		return;
	if (out->zone_class == ZONE_CLASS_MYNUMBER)
		check_error(a->ck, a->permit->origin, MSG_CHECK_CLASS_DMZ_MYNUMBER,
		    a->permit->id, in->name, out->name);
	if (out->zone_class == ZONE_CLASS_LGWAN)
		check_warning(a->ck, a->permit->origin, MSG_CHECK_CLASS_DMZ,
		    a->permit->id, in->name, out->name);
}

/* Two different zones that a permit joins. */
static void
judge_zones(
    struct advice *a, const struct checked_zone *in, const struct checked_zone *out)
{
	struct origin where = a->permit->origin;
	const char *id = a->permit->id;

	if (is_pair(in, out, ZONE_CLASS_MYNUMBER, ZONE_CLASS_INTERNET))
		check_error(a->ck, where, MSG_CHECK_CLASS_MYNUMBER_INTERNET, id, in->name,
		    out->name);
	else if (a->media_only && is_layer(in->zone_class) && is_layer(out->zone_class) &&
	    in->zone_class != out->zone_class)
		check_error(
		    a->ck, where, MSG_CHECK_CLASS_MEDIA_ONLY, id, in->name, out->name);
	if (in->zone_class == ZONE_CLASS_DEV)
		check_warning(a->ck, where, MSG_CHECK_CLASS_DEV, id, in->name, out->name);
	else if (out->zone_class == ZONE_CLASS_DEV)
		check_warning(a->ck, where, MSG_CHECK_CLASS_DEV, id, out->name, in->name);
	judge_dmz(a, in, out);
}

/* 0 when the service opens none. */
static unsigned int
interactive_port(const struct service_match *m)
{
	if (!m->protocol_any && m->protocol != IPPROTO_TCP)
		return 0;
	for (size_t i = 0; i < sizeof(interactive_ports) / sizeof(interactive_ports[0]);
	     i++)
		if (m->dport_first <= interactive_ports[i] &&
		    interactive_ports[i] <= m->dport_last)
			return interactive_ports[i];
	return 0;
}

/* What depends on the addresses and services of one box. */
static void
judge_box(struct advice *a, const struct box *b, const struct checked_zone *in,
    const struct checked_zone *out)
{
	const struct checked_permit *p = a->permit;
	unsigned int port;

	if (!a->said_direct && !a->media_only &&
	    is_pair(in, out, ZONE_CLASS_LGWAN, ZONE_CLASS_INTERNET) &&
	    !range_set_holds(&a->ck->relays, &b->src) &&
	    !range_set_holds(&a->ck->relays, &b->dst)) {
		check_error(a->ck, p->origin, MSG_CHECK_CLASS_LGWAN_INTERNET, p->id,
		    in->name, out->name);
		a->said_direct = true;
	}

	if (a->said_interactive || p->valid_until != INT64_MAX ||
	    (in->zone_class != ZONE_CLASS_MYNUMBER &&
		out->zone_class != ZONE_CLASS_MYNUMBER))
		return;
	port = interactive_port(&b->service);
	if (port == 0)
		return;
	check_warning(a->ck, p->origin, MSG_CHECK_PERMIT_UNLIMITED, p->id, port, in->name,
	    out->name);
	a->said_interactive = true;
}

static const char *
name_of(const struct checked_zone *zone)
{
	return zone != NULL ? zone->name : "self";
}

/*
 * A service for everything has findings of its own, and nobody would learn from it
 * that telnet is among it.
 */
static void
judge_clear_text(struct advice *a, const struct box *b, const struct checked_zone *in,
    const struct checked_zone *out)
{
	const struct service_match *m = &b->service;

	if (a->said_clear_text || m->form != SERVICE_PORTS ||
	    ((in == NULL || in->zone_class != ZONE_CLASS_MYNUMBER) &&
		(out == NULL || out->zone_class != ZONE_CLASS_MYNUMBER)))
		return;
	for (size_t i = 0; i < sizeof(clear_texts) / sizeof(clear_texts[0]); i++) {
		const struct clear_text *t = &clear_texts[i];

		if (m->protocol != t->protocol || t->port < m->dport_first ||
		    m->dport_last < t->port)
			continue;
		check_warning(a->ck, a->permit->origin, MSG_CHECK_PERMIT_CLEAR_TEXT,
		    a->permit->id, (unsigned int)t->port, t->name, name_of(in),
		    name_of(out));
		a->said_clear_text = true;
		return;
	}
}

static void
judge_guest(struct advice *a, const struct checked_zone *zone)
{
	if (zone != NULL && zone->zone_class == ZONE_CLASS_GUEST)
		check_error(a->ck, a->permit->origin, MSG_CHECK_CLASS_GUEST,
		    a->permit->id, zone->name);
}

void
check_advise(struct check *ck, size_t i)
{
	const struct checked_permit *p = &ck->c->permits[i];
	struct advice a = {
		.ck = ck,
		.permit = p,
		.media_only = strcmp(ck->c->site_model, "media_only") == 0,
	};
	const struct box *before = NULL;

	if (p->disabled)
		return;
	for (size_t k = p->first_box; k < p->first_box + p->n_boxes; k++) {
		const struct box *b = &ck->c->boxes[k];
		const struct checked_zone *in = zone_of(ck, b->in);
		const struct checked_zone *out = zone_of(ck, b->out);
		bool new_pair =
		    before == NULL || before->in != b->in || before->out != b->out;

		before = b;
		if (new_pair) {
			a.said_direct = false;
			judge_guest(&a, in);
			judge_guest(&a, out);
		}
		judge_clear_text(&a, b, in, out);
		if (in == NULL || out == NULL || in == out)
			continue;
		if (new_pair)
			judge_zones(&a, in, out);
		judge_box(&a, b, in, out);
	}
}
