/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The looks that need a privilege: the keeper takes them for control, and "sekisho
 * doctor" for itself where there is no daemon. They take no argument but which one, and
 * change nothing.
 */
#ifndef AGENT_DRIFT_DRIFT_LOOK_H
#define AGENT_DRIFT_DRIFT_LOOK_H

#include "agent/ipc.h"
#include "kernel-helpers/nft_channel.h"
#include "kernel-helpers/tcx_query.h"

enum drift_look {
	DRIFT_LOOK_CHAINS = 0,		/* replies of nft_foreign_ask() */
	DRIFT_LOOK_FLOWTABLES,
	DRIFT_LOOK_RULES,
	DRIFT_LOOK_TCX,			/* struct drift_tcx, one each interface and side */
	DRIFT_LOOK_LEGACY,		/* text: names of the tables of iptables-legacy(8) */
	DRIFT_LOOK_COUNT
};

struct drift_tcx {
	char interface[16];
	uint32_t leaving;		/* 0: the coming side */
	uint32_t n;
	uint32_t programs[TCX_MOST];
};

/* Into *out, which the caller frees. 0 or negative errno. */
int drift_look(struct nft_channel *ch, const struct ipc_watch *interfaces,
    enum drift_look what, struct nft_replies *out);

#endif /* AGENT_DRIFT_DRIFT_LOOK_H */
