/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands around the gate, as the kernel has it now: interfaces, routes, filters,
 * tables of others, programs, switches. Taken in parts, each only when it may have
 * changed. What it means is said by drift_findings.h.
 */
#ifndef AGENT_DRIFT_DRIFT_PICTURE_H
#define AGENT_DRIFT_DRIFT_PICTURE_H

#include "agent/drift/drift_look.h"
#include "kernel-helpers/link_picture.h"
#include "kernel-helpers/nft_foreign.h"
#include "kernel-helpers/route_picture.h"
#include "kernel-helpers/sysctl.h"
#include "kernel-helpers/tc_picture.h"
#include "rules/checked.h"

#define DRIFT_PART_LINKS	1u
#define DRIFT_PART_ROUTES	2u
#define DRIFT_PART_TC		4u
#define DRIFT_PART_TABLES	8u	/* of others, nf_tables and legacy */
#define DRIFT_PART_PROGRAMS	16u
#define DRIFT_PART_SWITCHES	32u
#define DRIFT_PART_ALL		63u

#define DRIFT_SWITCHES_MOST 512u

/* A switch that is not as it should be. */
struct drift_switch {
	enum sysctl_id id;
	char interface[16];		/* "": of the machine */
	int have, want;
	bool kept;			/* it is set back whenever it differs; else only told */
};

struct drift_picture {
	struct link_picture links;
	struct route_picture routes;
	struct tc_picture tc;
	struct nft_foreign tables;
	struct drift_tcx *tcx;		/* malloc(3)ed */
	size_t n_tcx;
	uint32_t own_programs[2];	/* of the tap: coming, leaving; 0: none stands there */
	char legacy[256];		/* names of tables, spaces between them */
	struct drift_switch switches[DRIFT_SWITCHES_MOST];
	size_t n_switches;
	unsigned int failed;		/* parts that could not be looked at, all of them or some */
};

struct drift_eyes {
	int rtnl_fd;			/* of rtnl_open() */
	int (*look)(void *arg, enum drift_look what, struct nft_replies *out);
	void *arg;
	bool forwarding;		/* it should be on */
};

struct drift_picture *drift_picture_new(void);
void drift_picture_free(struct drift_picture *p);	/* accepts NULL */

/* Look at these parts again; the others stay. c may be NULL: then no segment is known. */
void drift_picture_take(struct drift_picture *p, const struct drift_eyes *eyes,
    const struct checked *c, unsigned int parts);

#endif /* AGENT_DRIFT_DRIFT_PICTURE_H */
