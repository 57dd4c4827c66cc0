/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What control asks of the keeper: each priv_x() is answered by asroot_x(). */
#ifndef AGENT_CONTROL_PRIV_H
#define AGENT_CONTROL_PRIV_H

#include "agent/drift/drift_look.h"
#include "agent/ipc.h"
#include "kernel-helpers/nft_channel.h"

#include <stdbool.h>

/*
 * Who asks for what may take seconds (a ruleset, a million flows, a watcher that tells its
 * last): meanwhile(arg) as in ipc_ask_meanwhile(). The socket stays the caller's.
 */
struct priv_asker {
	int keeper_fd;
	void (*meanwhile)(void *arg);
	void *arg;
};

/* Netlink through the keeper. NULL with errno ENOMEM; nft_channel_close() it. */
struct nft_channel *priv_nft_channel(const struct priv_asker *asker);

/* 0 or a negative errno; why (size bytes) gets the keeper's sentence. */
int priv_forwarding(int keeper_fd, bool on, char *why, size_t size);
int priv_watch(const struct priv_asker *asker, const struct ipc_watch *interfaces,
    int policy_fd, char *why, size_t size);

/*
 * The running flows that carry one of these marks, ascending; n 0: any of ours. The
 * caller frees *entries. 0 or a negative errno, -EINTR: some may be missing.
 */
int priv_flows(const struct priv_asker *asker, const uint32_t *marks, size_t n,
    struct running_flow **entries, size_t *count, char *why, size_t size);
/* Entries sorted by conntrack_compare(): end those of new_mark 0, mark the others. */
int priv_flows_change(const struct priv_asker *asker, const struct running_flow *entries,
    size_t count, struct flow_changes *changes, char *why, size_t size);

/* The start is over; the text is for the service manager. 0 or a negative errno. */
int priv_ready(int keeper_fd, const char *status);

/* How each process is confined. 0 or a negative errno. */
int priv_processes(int keeper_fd, struct ipc_processes *out);

/*
 * The configured policy file. 0: *fd is the printed policy; -EINVAL: *fd is the
 * findings as JSON; else *fd is -1.
 */
int priv_load(int keeper_fd, int *fd, char *why, size_t size);

/* Forget flows: *flows of them. The memfd is as IPC_PRIV_CUT_FLOWS says. */
int priv_cut_flows(int keeper_fd, int cut_fd, uint64_t *flows, char *why, size_t size);

/* -EALREADY: it was down; -EUCLEAN: it is up, but not all of its routes came back. */
int priv_link(int keeper_fd, const char *interface, bool up, char *why, size_t size);

/* One of the looks of agent/drift/drift_look.h, by the keeper; the caller frees *out. */
int priv_look(int keeper_fd, enum drift_look what, struct nft_replies *out);

/* An interface of a segment out of the bridge that it is a port of. */
int priv_release(int keeper_fd, const char *interface);

#endif /* AGENT_CONTROL_PRIV_H */
