/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See rules/classifier_zv.h. Only refused packets come here. */
#include "rules/classifier_zv.h"

#include "rules/role_index.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define PROTOCOL_ETHERIP	97	/* RFC 3378 */
#define PROTOCOL_L2TP		115	/* RFC 3931 */

struct zv_table {
	const struct checked *checked;
	bool *listed;			/* n_zones x n_zones, [from * n_zones + to] */
	struct ip_range *relays;	/* of hosts with a sanitising role; may overlap */
	size_t n_relays;
	struct role_index *roles;
};

/*
 * The roles that carry data across the border of two zones in a sanitised form.
 * Proxies, name, time and mail servers of a zone are not among them: they
 * speak for their own zone only.
 */
static bool
is_relay_role(const char *role)
{
	static const char *const roles[] = {
		"file_sanitize", "mail_text", "screen_transfer", "relay_file", "renkei",
	};

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(role, roles[i]) == 0)
			return true;
	return false;
}

static bool
host_is_relay(const struct checked_host *h)
{
	for (size_t i = 0; i < h->n_roles; i++)
		if (is_relay_role(h->roles[i]))
			return true;
	return false;
}

static int
gather_relays(struct zv_table *t)
{
	const struct checked *c = t->checked;
	size_t n = 0;

	for (size_t i = 0; i < c->n_hosts; i++)
		if (host_is_relay(&c->hosts[i]))
			n += c->hosts[i].n_ranges;
	t->relays = calloc(n + 1, sizeof(t->relays[0]));
	if (t->relays == NULL)
		return -ENOMEM;

	for (size_t i = 0; i < c->n_hosts; i++) {
		const struct checked_host *h = &c->hosts[i];

		if (!host_is_relay(h))
			continue;
		for (size_t k = 0; k < h->n_ranges; k++)
			t->relays[t->n_relays++] = h->ranges[k];
	}
	return 0;
}

static int
gather_listed(struct zv_table *t)
{
	const struct checked *c = t->checked;

	t->listed = calloc(c->n_zones * c->n_zones + 1, sizeof(t->listed[0]));
	if (t->listed == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_boxes; i++) {
		const struct box *b = &c->boxes[i];
		int from = checked_zone_of(c, b->in), to = checked_zone_of(c, b->out);

		if (from >= 0 && to >= 0 && !c->permits[b->permit].disabled)
			t->listed[(size_t)from * c->n_zones + (size_t)to] = true;
	}
	return 0;
}

struct zv_table *
zv_table_new(const struct checked *checked)
{
	struct zv_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->checked = checked;
	t->roles = role_index_new(checked);
	if (t->roles == NULL || gather_relays(t) != 0 || gather_listed(t) != 0) {
		zv_table_free(t);
		errno = ENOMEM;
		return NULL;
	}
	return t;
}

void
zv_table_free(struct zv_table *t)
{
	if (t == NULL)
		return;
	role_index_free(t->roles);
	free(t->relays);
	free(t->listed);
	free(t);
}

enum zone_class
zv_class_of(const struct zv_table *t, uint16_t segment)
{
	int zone = checked_zone_of(t->checked, segment);

	return zone >= 0 ? t->checked->zones[zone].zone_class : ZONE_CLASS_OTHER;
}

bool
zv_is_closed(const struct zv_table *t, uint16_t segment)
{
	enum zone_class zone_class = zv_class_of(t, segment);

	return zone_class == ZONE_CLASS_MYNUMBER || zone_class == ZONE_CLASS_LGWAN;
}

bool
zv_unlisted_crossing(const struct zv_table *t, uint16_t in, uint16_t out)
{
	const struct checked *c = t->checked;
	int from = checked_zone_of(c, in), to = checked_zone_of(c, out);

	return from >= 0 && to >= 0 && from != to &&
	    !t->listed[(size_t)from * c->n_zones + (size_t)to];
}

bool
zv_is_relay(const struct zv_table *t, uint16_t segment, const struct ip_addr *a)
{
	if (zv_class_of(t, segment) == ZONE_CLASS_RELAY)
		return true;
	for (size_t i = 0; i < t->n_relays; i++)
		if (address_range_holds(&t->relays[i], a))
			return true;
	return false;
}

/*
 * Ways to hand over a file or a mail as it is (IANA service names). No web
 * ports: those are how screen transfer and fetching of sanitised files work, and
 * a browser gone astray is a zone crossing, not a way round the sanitiser.
 */
bool
zv_file_or_mail(const struct facts *f)
{
	if ((f->flags & FACT_HAS_PORTS) == 0 ||
	    (f->protocol != IPPROTO_TCP && f->protocol != IPPROTO_UDP))
		return false;
	switch (f->dport) {
	case 20: case 21: case 989: case 990:	/* ftp, ftps */
	case 22:				/* sftp, scp */
	case 69:				/* tftp */
	case 137: case 138: case 139: case 445:	/* NetBIOS, SMB */
	case 548:				/* AFP */
	case 873:				/* rsync */
	case 2049:				/* NFS */
	case 25: case 465: case 587:		/* smtp, submission */
	case 110: case 995:			/* pop3 */
	case 143: case 993:			/* imap */
		return true;
	}
	return false;
}

/*
 * The role that a host must have to be asked on this port; 0 when packets
 * there ask for neither names nor the time. IANA: 53 DNS, 853 DNS over TLS and
 * QUIC, 123 NTP. Not 5353: multicast DNS stays on its wire. DNS over HTTPS has no port
 * of its own.
 */
static uint32_t
role_asked(const struct facts *f)
{
	if ((f->flags & FACT_HAS_PORTS) == 0 ||
	    (f->protocol != IPPROTO_TCP && f->protocol != IPPROTO_UDP))
		return 0;
	if (f->dport == 53 || f->dport == 853)
		return HOST_ROLE_DNS;
	if (f->dport == 123 && f->protocol == IPPROTO_UDP)
		return HOST_ROLE_NTP;
	return 0;
}

bool
zv_asks_outside(
    const struct zv_table *t, const struct facts *f, uint16_t in, owner_value dst)
{
	uint32_t role = role_asked(f);
	uint16_t owner = owner_segment(dst);

	if (role == 0 || !zv_is_closed(t, in) || owner == SEGMENT_SELF ||
	    (dst & (OWNER_FORBIDDEN | OWNER_BROADCAST)) != 0)
		return false;
	return checked_zone_of(t->checked, owner) != checked_zone_of(t->checked, in) &&
	    !role_index_holds(t->roles, role, &f->dst);
}

bool
zv_is_tunnel(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
	case IPPROTO_GRE:
	case IPPROTO_ESP:
	case PROTOCOL_ETHERIP:
	case PROTOCOL_L2TP:
	case IPPROTO_MPLS:
		return true;
	}
	return false;
}

/* RFC 1918, RFC 6598, RFC 1122 (0/8, 127/8), RFC 3927, RFC 1112 (224/3); RFC 4291 2.4. */
bool
zv_is_global(const struct ip_addr *a)
{
	uint32_t v = (uint32_t)a->value;

	switch (a->family) {
	case IP_V4:
		return v >> 24 != 10 && v >> 20 != 0xac1 && v >> 16 != 0xc0a8 &&
		    v >> 22 != 0x64400000u >> 22 && v >> 24 != 0 && v >> 24 != 127 &&
		    v >> 16 != 0xa9fe && v >> 29 != 7;
	case IP_V6:
		return a->value >> 125 == 1;	/* 2000::/3 */
	case IP_NONE:
		break;
	}
	return false;
}
