/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The watcher process from inside, for watcher*.c only. One thread, one loop. */
#ifndef AGENT_WATCH_WATCHER_STATE_H
#define AGENT_WATCH_WATCHER_STATE_H

#include "agent/ipc.h"
#include "agent/watch/aggregate.h"
#include "agent/watch/canary.h"
#include "agent/watch/evidence.h"
#include "agent/watch/inspect.h"
#include "agent/watch/ledger.h"
#include "agent/watch/loss.h"
#include "agent/watch/watch_policy.h"
#include "agent/watch/watcher.h"
#include "kernel-helpers/nflog.h"
#include "rules/cutoff_text.h"

#include <jansson.h>
#include <systemd/sd-event.h>

/* A policy, and what is cut off. */
#define WATCHER_POLICY_BYTES	(LIMIT_POLICY_BYTES + CUTOFF_TEXT_MAX)
/* A packet that was on its way while the policy changed is judged by both. */
#define WATCHER_GRACE_NS	1000000000ll
/* Or while something was cut off: it may still wait to be sent. */
#define WATCHER_CUT_NS		50000000ll
/* control hands over the policy in force within this time of a start. */
#define WATCHER_SEED_NS		10000000000ll
/* Losses are looked for this often; far below the wrap of libpcap's counters. */
#define WATCHER_LOSS_NS		1000000000ll

/* Beside that of the packet path (inspect.h). Identities: ledger.h. */
struct watcher_ledger {
	uint64_t canaries;		/* from taps: our own, not judged */
	uint64_t offered;		/* events to the recorder: */
	uint64_t events, refused;	/* written; its queue was full, offered again */
};

/*
 * Something that is wrong from one time to another: told when it begins, when
 * its reason changes, and when it is over.
 */
struct watcher_alarm {
	uint8_t why, told;		/* 0: all is well */
	int64_t since_ns, until_ns;	/* CLOCK_REALTIME */
};

/* Why an interface is not watched. */
enum watcher_away {
	WATCHED = 0,
	AWAY_DOWN,
	AWAY_GONE,		/* there is none of this name */
	AWAY_OTHER,		/* it is there, up, and not the one that is tapped */
};

/* An interface, beside its tap. */
struct watcher_link {
	struct link_state state;	/* when last asked */
	struct watcher_alarm away;	/* enum watcher_away */
	struct watcher_alarm canary;	/* 1: it does not come back */
	struct watcher_alarm deaf;	/* 1: frames come in, the tap sees none */
	uint64_t rx, arrived;		/* a second ago */
	unsigned int deaf_seconds;
};

struct watcher {
	const struct watcher_setup *setup;
	sd_event *event;
	int tap_epoll;
	sd_event_source *taps, *tap_rest;	/* of the event loop's */
	struct places *places;
	struct watch_policy *policy, *before;	/* before: NULL after its grace */
	int64_t before_until_ns;
	struct aggregate *aggregate;
	struct inspect *inspect;
	struct evidence *evidence;
	struct detect_own_mac own_mac[LIMIT_SEGMENTS];	/* by segment */
	struct watcher_ledger ledger;
	uint64_t permitted[PLACE_ZONES_MAX][PLACE_ZONES_MAX];
	int64_t filter_until_ns;		/* CLOCK_MONOTONIC: permits change */
	int64_t filter_offset_ns;		/* CLOCK_REALTIME - MONOTONIC at that time */
	struct nflog_ledger nflog;
	struct loss losses[LOSS_LAYERS][LIMIT_SEGMENTS];	/* by tap; [0] for all */
	struct watcher_link links[LIMIT_SEGMENTS];
	struct canary canary;
	struct ledger_sample sample;		/* of the last second */
	struct ledger_fault faults[LEDGER_LAYERS];
	size_t n_faults;
	struct watcher_alarm unbalanced, crowded;
	int64_t started_ns;			/* CLOCK_REALTIME */
	int64_t links_ns, losses_ns;		/* CLOCK_REALTIME of the last look */
	int64_t began_ns;			/* CLOCK_MONOTONIC */
	int64_t now_ns;				/* CLOCK_MONOTONIC, once a round */
	int64_t next_loss_ns;
	int64_t next_ledger_ns;			/* CLOCK_MONOTONIC */
	int64_t vlans_ns;			/* CLOCK_MONOTONIC: devices asked for */
	bool reopen;				/* ends so that taps can be opened anew */
	int64_t wait_until_ns;			/* so long for the recorder; 0: not at all */
	bool ending;				/* what is still untold is told now */
	_Alignas(8) uint8_t nflog_buffer[NFLOG_BUFFER_BYTES];	/* netlink messages */
	struct ipc_message message;
};

int64_t watcher_clock(void);	/* CLOCK_MONOTONIC */
int64_t watcher_wall(void);	/* CLOCK_REALTIME */

/* watcher_packets.c: the packet path, before watcher_load(), and its policy. */
int watcher_inspect(struct watcher *w);
int watcher_inspect_policy(struct watcher *w, const struct watch_policy *p);

/*
 * What was opened before, as far as the policy of now permits it. Again for a policy
 * that is handed over in the first time: the one that a watcher is started anew with
 * may be older than the one in force. Forgotten after WATCHER_SEED_NS.
 */
void watcher_seed(struct watcher *w);
void watcher_seed_forget(struct watcher *w);

/* What waits in it; last: no packet will follow. */
void watcher_sweep_packets(struct watcher *w, bool last);

/* Taps and NFLOG -> judgement -> aggregate. Frames handled. */
int watcher_read_taps(struct watcher *w, int max);
int watcher_read_gate(struct watcher *w);

/* watcher_policy.c: 0 or negative errno with a sentence in why. */
int watcher_load(struct watcher *w, const char *text, size_t length, char *why,
    size_t why_size);
int watcher_load_memfd(struct watcher *w, int fd, char *why, size_t why_size);
/* Other cut-offs from now on, by the same policy. */
int watcher_cut_memfd(struct watcher *w, int fd, char *why, size_t why_size);

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

/* Packets for the recorder; before watcher_load(). 0 or -ENOMEM. */
int watcher_evidence(struct watcher *w);

/* A gap: ZV-14. Times: CLOCK_REALTIME. 0, or not now: a negative errno. */
struct watcher_gap {
	const char *interface;		/* "": of no single one */
	const char *sentence;
	int64_t first_ns, last_ns;
	uint64_t lost;			/* packets, where they are known */
	uint8_t severity;
};
int watcher_tell_gap(struct watcher *w, const struct watcher_gap *gap);

/* since_ns: when it may have begun; used when it was well before. */
void watcher_alarm_set(struct watcher_alarm *a, uint8_t why, int64_t since_ns,
    int64_t now_ns);
/* Write what changed, if anything; what cannot be written now is told next time. */
void watcher_alarm_tell(struct watcher *w, struct watcher_alarm *a, const char *interface,
    const char *begun, const char *over);

/* watcher_links.c: are the interfaces there, and do their taps see? */
void watcher_look_at_links(struct watcher *w);	/* each sweep */
/* Which VLANs are devices, if it is longer ago than that. True: asked and answered. */
bool watcher_learn_vlans(struct watcher *w, int64_t after_ns);
void watcher_weigh_taps(struct watcher *w);	/* each second: canaries, arrivals */
const char *watcher_away_name(enum watcher_away why);

/* watcher_account.c: losses into the record, identities of the ledgers. */
void watcher_account(struct watcher *w);	/* each second, and at the end */
void watcher_take_sample(struct watcher *w, struct ledger_sample *out);
uint64_t watcher_waiting(struct watcher *w);	/* in the rings now */
uint64_t watcher_lost(const struct watcher *w, enum loss_layer layer);

/* watcher_ledger.c: every few seconds the numbers of all layers, for the heartbeats. */
void watcher_tell_ledger(struct watcher *w);

/* watcher_status.c: a new reference; NULL when memory is out. */
json_t *watcher_status(struct watcher *w);

#endif /* AGENT_WATCH_WATCHER_STATE_H */
