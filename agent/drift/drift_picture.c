/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/drift/drift_picture.h"

#include "kernel-helpers/sysctl_hardened.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct drift_picture *
drift_picture_new(void)
{
	return calloc(1, sizeof(struct drift_picture));
}

void
drift_picture_free(struct drift_picture *p)
{
	if (p != NULL)
		free(p->tcx);
	free(p);
}

static void
result(struct drift_picture *p, unsigned int part, bool good)
{
	if (good)
		p->failed &= ~part;
	else
		p->failed |= part;
}

/* ---- tables and programs -------------------------------------------------------------- */

static int
take_tables(struct nft_foreign *f, const struct drift_eyes *eyes)
{
	static const struct { enum drift_look look; enum nft_foreign_kind kind; } order[] = {
		{ DRIFT_LOOK_CHAINS, NFT_FOREIGN_CHAINS },
		{ DRIFT_LOOK_FLOWTABLES, NFT_FOREIGN_FLOWTABLES },
		{ DRIFT_LOOK_RULES, NFT_FOREIGN_RULES },
	};
	int r = 0;

	memset(f, 0, sizeof(*f));
	for (size_t i = 0; r == 0 && i < sizeof(order) / sizeof(order[0]); i++) {
		struct nft_replies replies = { 0 };

		r = eyes->look(eyes->arg, order[i].look, &replies);
		if (r == 0)
			r = nft_foreign_add(f, order[i].kind, replies.bytes, replies.length);
		nft_replies_free(&replies);
		/* This kernel has no flowtables. */
		if (order[i].look == DRIFT_LOOK_FLOWTABLES && (r == -EOPNOTSUPP || r == -ENOENT))
			r = 0;
	}
	return r;
}

static int
take_legacy(struct drift_picture *p, const struct drift_eyes *eyes)
{
	struct nft_replies replies = { 0 };
	int r = eyes->look(eyes->arg, DRIFT_LOOK_LEGACY, &replies);
	size_t n = replies.length < sizeof(p->legacy) ? replies.length : sizeof(p->legacy) - 1;

	memset(p->legacy, 0, sizeof(p->legacy));
	if (r == 0 && n > 0)
		memcpy(p->legacy, replies.bytes, n);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p->legacy[i] <= ' ' || (unsigned char)p->legacy[i] >= 0x7f)
			p->legacy[i] = ' ';
	while (n > 0 && p->legacy[n - 1] == ' ')
		p->legacy[--n] = '\0';
	nft_replies_free(&replies);
	return r;
}

static int
take_programs(struct drift_picture *p, const struct drift_eyes *eyes)
{
	struct nft_replies replies = { 0 };
	int r = eyes->look(eyes->arg, DRIFT_LOOK_TCX, &replies);

	free(p->tcx);
	p->tcx = NULL;
	p->n_tcx = 0;
	if (r == 0 && replies.length % sizeof(*p->tcx) != 0)
		r = -EPROTO;
	if (r < 0) {
		nft_replies_free(&replies);
		return r;
	}
	p->tcx = (struct drift_tcx *)(void *)replies.bytes;
	p->n_tcx = replies.length / sizeof(*p->tcx);
	for (size_t i = 0; i < p->n_tcx; i++) {
		p->tcx[i].interface[sizeof(p->tcx[i].interface) - 1] = '\0';
		if (p->tcx[i].n > TCX_MOST)
			p->tcx[i].n = TCX_MOST;
	}
	return 0;
}

/* ---- switches ------------------------------------------------------------------------- */

static void
look_at(struct drift_picture *p, enum sysctl_id id, const char *interface, int want, bool kept)
{
	struct drift_switch *s = &p->switches[p->n_switches];
	int have = 0;

	/* What this kernel lacks cannot be wrong. */
	if (sysctl_get_of(id, interface, &have) < 0 || have == want ||
	    p->n_switches == DRIFT_SWITCHES_MOST)
		return;
	*s = (struct drift_switch){ .id = id, .have = have, .want = want, .kept = kept };
	snprintf(s->interface, sizeof(s->interface), "%s", interface != NULL ? interface : "");
	p->n_switches++;
}

static void
take_hardened(struct drift_picture *p, const char *interface)
{
	size_t n;
	const struct sysctl_hardened *rows = sysctl_hardened(&n);

	for (size_t i = 0; i < n; i++)
		if (rows[i].per_interface == (interface != NULL))
			look_at(p, rows[i].id, interface, rows[i].value, true);
}

static void
take_switches(struct drift_picture *p, const struct drift_eyes *eyes, const struct checked *c)
{
	p->n_switches = 0;
	look_at(p, SYSCTL_IPV4_FORWARD, NULL, eyes->forwarding, true);
	look_at(p, SYSCTL_IPV6_FORWARD, NULL, eyes->forwarding, true);
	/* While it is off the kernel itself changes some of these. */
	if (eyes->forwarding)
		take_hardened(p, NULL);
	look_at(p, SYSCTL_IPV4_PROXY_ARP, NULL, 0, false);
	look_at(p, SYSCTL_IPV6_PROXY_NDP, NULL, 0, false);
	for (size_t i = 0; c != NULL && i < c->n_segments; i++) {
		const char *interface = c->segments[i].interface;

		if (eyes->forwarding)
			take_hardened(p, interface);
		else
			look_at(p, SYSCTL_IF_IPV4_FORWARD, interface, 0, true);
		look_at(p, SYSCTL_IF_IPV4_PROXY_ARP, interface, 0, false);
		look_at(p, SYSCTL_IF_IPV6_PROXY_NDP, interface, 0, false);
	}
}

/* ---- all of it ------------------------------------------------------------------------ */

static int
take_tc(struct drift_picture *p, const struct drift_eyes *eyes, const struct checked *c)
{
	static uint32_t indexes[LIMIT_SEGMENTS];
	size_t n = 0;

	for (size_t i = 0; c != NULL && i < c->n_segments && n < LIMIT_SEGMENTS; i++) {
		const struct link_entry *l =
		    link_picture_by_name(&p->links, c->segments[i].interface);

		if (l != NULL)
			indexes[n++] = l->index;
	}
	return tc_picture_take(eyes->rtnl_fd, indexes, n, &p->tc);
}

void
drift_picture_take(struct drift_picture *p, const struct drift_eyes *eyes,
    const struct checked *c, unsigned int parts)
{
	if ((parts & DRIFT_PART_LINKS) != 0)
		result(p, DRIFT_PART_LINKS, link_picture_take(eyes->rtnl_fd, &p->links) == 0 &&
		    !p->links.cut);
	if ((parts & DRIFT_PART_ROUTES) != 0)
		result(p, DRIFT_PART_ROUTES, route_picture_take(eyes->rtnl_fd, &p->routes) == 0 &&
		    !p->routes.cut);
	if ((parts & DRIFT_PART_TC) != 0)
		result(p, DRIFT_PART_TC, take_tc(p, eyes, c) == 0 && !p->tc.cut);
	if ((parts & DRIFT_PART_TABLES) != 0) {
		int r = take_tables(&p->tables, eyes);
		int rl = take_legacy(p, eyes);

		result(p, DRIFT_PART_TABLES, r == 0 && rl == 0 && !p->tables.cut);
	}
	if ((parts & DRIFT_PART_PROGRAMS) != 0)
		result(p, DRIFT_PART_PROGRAMS, take_programs(p, eyes) == 0);
	if ((parts & DRIFT_PART_SWITCHES) != 0)
		take_switches(p, eyes, c);
}
