/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the watcher needs and may not open itself: taps, the kernel's log of
 * stopped packets, the policy, the gateway's addresses. Runs in the new
 * process while it is still root.
 */
#ifndef AGENT_WATCH_START_H
#define AGENT_WATCH_START_H

#include "agent/ipc.h"
#include "agent/watch/watcher.h"

struct watch_start {
	const struct ipc_watch *interfaces;
	int policy_fd;		/* memfd of the printed policy */
	int control_fd, recorder_fd, packets_fd;
	int64_t settle_ns;	/* see struct watcher_setup */
};

/* Fills setup, whose parts live until the process ends. 0 or negative errno. */
int watch_start_open(const struct watch_start *start, struct watcher_setup *setup);

/* The gateway's addresses on all interfaces but loopback; how many, at most max. */
size_t watch_own_addresses(struct ip_addr *out, size_t max);

#endif /* AGENT_WATCH_START_H */
