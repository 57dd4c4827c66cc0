/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The watcher process from inside, for watcher*.c only. One thread, one loop. */
#ifndef AGENT_WATCH_WATCHER_STATE_H
#define AGENT_WATCH_WATCHER_STATE_H

#include "agent/ipc.h"
#include "agent/watch/aggregate.h"
#include "agent/watch/watch_policy.h"
#include "agent/watch/watcher.h"
#include "kernel-helpers/nflog.h"

#include <jansson.h>
#include <systemd/sd-event.h>

/* A packet that was on its way while the policy changed is judged by both. */
#define WATCHER_GRACE_NS	1000000000ll
/* Losses are looked for this often; far below the wrap of libpcap's counters. */
#define WATCHER_LOSS_NS		1000000000ll

/* frames + gate = permitted + local + excused + violations: nothing is passed over. */
struct watcher_ledger {
	uint64_t frames, gate;		/* decoded: from taps, from the gate's log */
	uint64_t permitted, local, violations;
	uint64_t excused;		/* denied, but permitted by the policy before */
	uint64_t unreadable;		/* of all */
	uint64_t events, refused;	/* to the recorder: written, offered again */
};

/* What was lost since the last EVENT_GAP got through. */
struct watcher_loss {
	int64_t since_ns;		/* CLOCK_REALTIME */
	uint64_t ring, gate, unsure;	/* unsure: judged without their true ingress */
	char interface[16];		/* one that lost or went away */
	bool down;
};

struct watcher {
	const struct watcher_setup *setup;
	sd_event *event;
	int tap_epoll;
	struct places *places;
	struct watch_policy *policy, *before;	/* before: NULL after its grace */
	int64_t before_until_ns;
	struct aggregate *aggregate;
	struct watcher_ledger ledger;
	uint64_t permitted[PLACE_ZONES_MAX][PLACE_ZONES_MAX];
	int64_t filter_until_ns;		/* CLOCK_MONOTONIC: permits change */
	int64_t filter_offset_ns;		/* CLOCK_REALTIME - MONOTONIC at that time */
	struct nflog_ledger nflog;
	uint64_t nflog_lost;			/* of nflog.lost, told already */
	struct tap_ledger told[LIMIT_SEGMENTS];	/* of each tap, told already */
	bool was_up[LIMIT_SEGMENTS];
	struct watcher_loss loss;
	int64_t now_ns;				/* CLOCK_MONOTONIC, once a round */
	int64_t next_loss_ns;
	bool draining;				/* stopping: wait for the recorder */
	_Alignas(8) uint8_t nflog_buffer[NFLOG_BUFFER_BYTES];	/* netlink messages */
	struct ipc_message message;
};

int64_t watcher_clock(void);	/* CLOCK_MONOTONIC */
int64_t watcher_wall(void);	/* CLOCK_REALTIME */

/* watcher_packets.c: taps and NFLOG -> judgement -> aggregate. Frames handled. */
int watcher_read_taps(struct watcher *w, int max);
int watcher_read_gate(struct watcher *w);

/* watcher_policy.c: 0 or negative errno with a sentence in why. */
int watcher_load(struct watcher *w, const char *text, size_t length, char *why,
    size_t why_size);
int watcher_load_memfd(struct watcher *w, int fd, char *why, size_t why_size);

/*
 * watcher_filter.c: the kernel's filter. Set it to a policy that is about to
 * replace w->policy (0 or negative errno: everything is handed over); fetch what
 * it counted; both when it is due.
 */
int watcher_filter_set(struct watcher *w, const struct watch_policy *next);
void watcher_filter_count(struct watcher *w);
void watcher_filter_sweep(struct watcher *w);

/* watcher_events.c: what is written down beside violations. */
int watcher_emit(void *watcher, const struct event *e);
void watcher_tell_life(struct watcher *w, const char *sentence);
void watcher_check_losses(struct watcher *w);

/* watcher_status.c: a new reference; NULL when memory is out. */
json_t *watcher_status(struct watcher *w);

#endif /* AGENT_WATCH_WATCHER_STATE_H */
