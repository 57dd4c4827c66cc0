/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keeper's own state, shared by its files and by nobody else. */
#ifndef AGENT_KEEPER_INTERNAL_H
#define AGENT_KEEPER_INTERNAL_H

#include "agent/beat.h"
#include "agent/ipc.h"
#include "agent/keeper/keeper.h"
#include "agent/privilege.h"
#include "agent/record/event.h"
#include "agent/watch/canary.h"
#include "kernel-helpers/link_switch.h"
#include "kernel-helpers/nft_channel.h"
#include "kernel-helpers/nft_events.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

enum child_id {
	CHILD_RECORDER = 0,
	CHILD_CONTROL,
	CHILD_WATCHER,
	CHILD_FORWARDER,
	CHILD_ALERTER,
	CHILD_COUNT
};

struct child {
	pid_t pid;			/* 0: not running */
	int64_t died_ns;		/* CLOCK_REALTIME; 0: has not died yet */
	int64_t started_us;		/* CLOCK_MONOTONIC */
	int status;			/* of waitpid(2) */
	unsigned int reopened;		/* times in a row for WATCHER_REOPEN */
	unsigned int restarts;
	bool hung;			/* gave no sign of life, and was ended for it */
};

/*
 * keeper_starter.c: one that starts alerters, and one in reserve that starts its successor,
 * for the keeper cannot. Both ends stay open here for whoever comes next.
 */
#define STARTERS 2u

struct starter {
	pid_t pid;			/* 0: gone */
	int ends[2];			/* [0] the keeper's, [1] its own */
	int landlock;			/* by its first word; -1: not heard yet */
	int64_t started_us;		/* CLOCK_MONOTONIC */
	int64_t died_ns;		/* CLOCK_REALTIME */
	unsigned int restarts;
};

/* What keeper_health.c knows of a child. */
struct health {
	uint64_t count;			/* of its beat, at the last look */
	unsigned int missed;		/* looks since it last changed */
	unsigned int looks;		/* since this process was started */
	bool heard;			/* since then */
};

/* An interface that was taken down on request. */
struct keeper_line {
	char name[16];
	struct link_kept *kept;		/* owned */
};

#define KEEPER_LINES 256u

enum record_writer {
	WRITER_KEEPER = 0,
	WRITER_CONTROL,
	WRITER_WATCHER,
	WRITER_ALERTER,
	WRITER_PACKETS,			/* the watcher too, for what may be left out */
	WRITER_COUNT
};

/*
 * All socket pairs are made once and kept open here, both ends: a child that is
 * started again inherits its end, and what was queued for it is not lost.
 */
struct keeper {
	const struct keeper_options *options;
	sd_event *event;
	int control[2];			/* asks and answers: [0] the keeper's end, [1] control's */
	int tell[2];			/* what control hears unasked: [0] the keeper's end */
	int watch[2];			/* [0] control's end, [1] the watcher's */
	int view[2];			/* [0] control's end, [1] the forwarder's */
	int record[WRITER_COUNT][2];	/* [0] the writer's end, [1] the recorder's */
	struct starter starters[STARTERS];
	sd_event_source *starter_timer;
	int listen_fd;			/* control socket */
	int log_fd;			/* log folder */
	int views_fd, metrics_fd;	/* the forwarder's folders */
	struct nft_channel *nft;
	int gate_fd;			/* keeper_gate.c: what others write to nf_tables */
	int rtnl_fd, rtnl_events_fd;	/* control's: rtnl.h; it asks and hears by itself */
	struct nft_events_open gate_transaction;
	struct ipc_nft_seen gate_seen;	/* not told to control yet */
	struct child children[CHILD_COUNT];
	sd_event_source *restart[CHILD_COUNT];
	struct ipc_watch interfaces;	/* of the last IPC_PRIV_WATCH */
	struct canary_key canary_key;	/* keeper_canary.c */
	struct canary_page *canaries;	/* shared with the watcher */
	uint32_t n_canaries[LIMIT_SEGMENTS];
	struct ipc_watch canary_lines;	/* the interfaces of the watcher that runs */
	int canary_fd;			/* frames leave by it */
	int canary[2];			/* [0] the keeper's end, [1] the watcher's, to ask for them */
	sd_event_source *canary_wanted, *canary_rest;
	int policy_fd;			/* its printed policy, -1: none yet */
	struct keeper_line lines[KEEPER_LINES];
	size_t n_lines;
	bool stopping;
	struct beat *beats[CHILD_COUNT];
	struct health health[CHILD_COUNT];
	uint64_t look_us;		/* between two looks at them */
	bool netlink_silent;
	int ask_trouble;		/* why the last request did not come; 0: it did */
	int landlock;			/* of the keeper itself */
	gid_t audit_gid, admin_gid;	/* (gid_t)-1: no such group */
};

/*
 * keeper_become.c: close everything but standard streams and these (sorted here;
 * below 0: none). A child holds nothing of the keeper's that is not its own: the
 * event loop's epoll above all, into which it could put what the keeper trusts.
 */
#define KEEPER_KEPT_FDS 8
int keeper_close_others(int *keep, size_t n);
/*
 * In a child: become the role for good, and never outlive the keeper; the version of
 * Landlock goes into the beat. Negative errno: the process must not go on.
 */
int keeper_become(enum privilege_role role, const struct privilege_needs *needs,
    struct beat *beat);

/* keeper_child.c: in a child just forked, its whole life. */
void keeper_child_run(struct keeper *k, enum child_id id) __attribute__((noreturn));

/* keeper_forward.c: the folders of the forwarder; without them it tells nobody anything. */
void keeper_open_views(struct keeper *k);
/* Its life, as the child itself; the exit status. */
int keeper_run_forwarder(struct keeper *k);

/*
 * keeper_children.c: start a child (again); a dead one leaves a gap record. 0 or errno:
 * tried again later.
 */
int keeper_start(struct keeper *k, enum child_id id);
/* The same as soon as the loop turns. */
void keeper_start_soon(struct keeper *k, enum child_id id);
/* Collect children that ended and plan their next start. */
void keeper_reap(struct keeper *k);
/* SIGTERM or SIGKILL for a child that runs; its death is noticed as any other. */
void keeper_signal(struct keeper *k, enum child_id id, int number);
/* Ask all to finish, in the order that loses no record; wait, then insist. */
void keeper_stop_children(struct keeper *k);
/* Stop the watcher and start one with the present interfaces and policy. */
int keeper_restart_watcher(struct keeper *k);
const char *keeper_child_name(enum child_id id);

/* keeper_starter.c: before the keeper is confined. 0 or negative errno. */
int keeper_starter_begin(struct keeper *k);
/* False: an alerter that dies stays away. */
bool keeper_starter_lives(const struct keeper *k);
/* A new alerter, a child of the keeper; -1 with errno. */
pid_t keeper_starter_fork(struct keeper *k);
/* One may have ended: the other one starts it again. */
void keeper_starter_reap(struct keeper *k);
/* Both end now. */
void keeper_starter_end(struct keeper *k);
const char *keeper_starter_name(size_t n);
/* Where hooks work: a folder of the alerter's user. */
int keeper_alerts_folder(const struct paths *p, char *out, size_t size);

/* keeper_health.c: look after all, and feed the watchdog. 0 or negative errno. */
int keeper_health_begin(struct keeper *k);
/* A child was started; it was heard of in another way than by its beat. */
void keeper_health_started(struct keeper *k, enum child_id id);
void keeper_heard(struct keeper *k, enum child_id id);
/* Nothing hangs of what watches, decides and records, and nf_tables answers. */
bool keeper_is_healthy(struct keeper *k);
/* How each process is confined, as the kernel says. */
void keeper_describe(struct keeper *k, struct ipc_processes *out);

/* keeper_canary.c: a socket for frames and a page to tell of them. 0 or negative errno. */
int keeper_canary_open(struct keeper *k);
/* Send one through each interface when the watcher wants them. 0 or negative errno. */
int keeper_canary_begin(struct keeper *k);
/* Another watcher is about to start: another secret, and numbers from 1 on. */
void keeper_canary_renew(struct keeper *k);
/* In another child. */
void keeper_canary_forget(struct keeper *k);

/* keeper_asks.c: one request of the control process. */
void keeper_answer(struct keeper *k, struct ipc_message *m);

/* keeper_cutoff.c: flows that were cut, lines that go down; see keeper_asks.c. */
void keeper_cut_flows(struct keeper *k, struct ipc_message *m, struct ipc_result *result,
    int *fd);
void keeper_link(struct keeper *k, struct ipc_message *m, struct ipc_result *result,
    int *fd);

/* keeper_load.c: read and parse the policy file in a child that may read files
 * and nothing else. *fd is a memfd: the printed policy (0), or the findings as
 * JSON (-EINVAL); other errors leave it -1. */
int keeper_load_policy(struct keeper *k, int *fd);

/* keeper_setup.c: folders, sockets and descriptors made while still all-powerful. */
int keeper_setup(struct keeper *k);

/* keeper_flows.c: asks of keeper_asks.c. */
void asroot_flows(struct keeper *k, struct ipc_message *m, struct ipc_result *result,
    int *fd);
void asroot_flows_change(struct keeper *k, struct ipc_message *m,
    struct ipc_result *result, int *fd);

#endif /* AGENT_KEEPER_INTERNAL_H */
