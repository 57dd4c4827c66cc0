/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control's own state, shared by its files and by nobody else. */
#ifndef AGENT_CONTROL_CONTROL_INTERNAL_H
#define AGENT_CONTROL_CONTROL_INTERNAL_H

#include "agent/control/control.h"
#include "agent/control/control_answer.h"
#include "agent/control/control_busy.h"
#include "agent/control/control_change.h"
#include "agent/control/control_confirm.h"
#include "agent/control/control_conntrack.h"
#include "agent/control/control_cutoff.h"
#include "agent/control/control_record.h"
#include "agent/control/control_record_watch.h"
#include "agent/control/control_requester.h"
#include "agent/control/control_settle.h"
#include "agent/control/control_versions.h"
#include "agent/control/priv.h"
#include "agent/ipc.h"
#include "agent/record/event.h"
#include "kernel-helpers/nft_commit.h"
#include "rules/checked.h"
#include "rules/ruleset.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct hits;
struct state_later;

struct control {
	const struct control_setup *setup;
	sd_event *event;
	struct nft_channel *nft;	/* through the keeper */
	struct priv_asker asker;	/* the same, for what else takes long */
	struct checked *checked;	/* in force; NULL: none yet */
	char file[PATHS_SIZE];		/* where it came from */
	struct nft_known known;		/* what the kernel holds, and of which generation */
	int64_t applied_at;		/* seconds since the epoch */
	bool forwarding;
	bool reopen;			/* should be on, or watched, and is not: the guard tries again */
	struct guard *guard;		/* control_guard.c */
	struct drift *drift;		/* control_drift.c */
	struct settling settle;		/* what the last change has left to do */
	struct connection_alarm connections;
	bool unwatched;			/* the watcher could not be given what is in force */
	bool gone;			/* the table is not as it should be, and forwarding off */
	bool watching;			/* a watcher runs for these interfaces: */
	struct ipc_watch interfaces;
	struct ipc_message answer;	/* scratch: 64 KiB are too many for the stack */
	char problem[512];		/* what status shows; "" when all is well */
	struct change_request opened_by;	/* control_open.c */
	sd_event_source *opened;	/* its hourly alarm; NULL: never since the start */
	struct matrix_base *matrix;	/* control_matrix.c; NULL: none yet */
	struct control_cutoffs cut;	/* control_cutoff.c */
	struct server *server;		/* control_server.c; NULL: it does not serve yet */
	sd_event_source *moment;	/* control_expiry.c; NULL: none yet */
	int64_t compiled_at;		/* seconds since the epoch, of what the kernel has */
	uint64_t flows_cut;		/* by the last change of the kernel's ruleset */
	struct versions versions;	/* kept policies */
	bool keeps;			/* the state folder can be used */
	uint32_t serial;		/* of the version in force; 0: it is not kept */
	struct confirm confirm;		/* what waits to be confirmed */
	struct last_change change;	/* who held the last one */
	bool started;			/* gate and watcher have begun, well or badly */
	struct running_change busy;	/* the one at work */
	struct record_watch record;	/* can be written? */
	struct hits *hits;		/* control_hits.c; NULL: not counted yet */
	struct state_later *hits_later;	/* NULL: not kept yet */
	char file_digest[65];		/* of the policy file as last read; "": it is none */
};

/*
 * control_apply.c: check the policy (taken over), keep it, commit, compare, forward,
 * watch, record. *answer gets {"ok", ...} or {"ok": false, "error", "findings"}.
 */
void control_apply(struct control *c, struct policy *policy,
    const struct change_request *q, json_t **answer);
/*
 * A kept version into the kernel, as it is: nothing is kept or recorded. 0; -ENOENT or
 * -EBADMSG: it cannot be read any more; other negative errno: the kernel refused it.
 * All was left as it was then, and why (size bytes) may say more.
 */
int control_put_version(struct control *c, uint32_t serial, char *why, size_t size);
/* Would the kernel take it? The same results; nothing is changed. */
int control_try_version(struct control *c, uint32_t serial, char *why, size_t size);
/* What an apply would change; touches nothing. */
void control_plan(struct control *c, struct policy *policy, json_t **answer);
/* control_plan.c: the difference of two rulesets; running may be NULL. Settles target. */
json_t *control_plan_json(const struct ruleset *running, struct ruleset *target);

/* control_expiry.c: at the next end of a permit, do what it asks for. */
void control_expect_end(struct control *c);

/* control_load.c: load the configured file through the keeper and apply it. */
void control_reload(struct control *c, enum version_origin origin);
/* Look at it without applying it: c->file_digest. */
void control_look_at_file(struct control *c);

/* control_start.c: what this start puts in force. */
void control_start(struct control *c);

/* control_rollback.c: the verb. serial 0: the one before. */
json_t *control_rollback(struct control *c, struct change_request *q, uint32_t serial);

/* control_boot.c: without a policy in force, look after the gate of the boot, if it stands. */
void control_keep_boot_gate(struct control *c);

/*
 * control_hits.c: every 15 minutes, and before midnight, keep how often the permits were used
 * (hits.h). 0 or negative errno.
 */
int control_hits(struct control *c);
void control_hits_end(struct control *c);
/* A look at these counters now; the last one before they begin anew. */
void control_hits_keep(struct control *c, const struct ruleset *counters);

/* control_watch.c: give the watcher the policy, start it where needed. 0 or errno. */
int control_watch(struct control *c, const struct checked *checked);

/* control_ask.c: their own accounts (IPC_*_STATUS); NULL when they do not answer. */
json_t *control_ask_json(struct control *c, int socket, enum ipc_type type);

/* control_status.c */
json_t *control_status(struct control *c);
/* The same without asking anybody: of now what control knows itself, the rest as of then. */
json_t *control_status_meanwhile(struct control *c);
json_t *control_matrix(struct control *c);
/* control_ledger.c: the recorder gets these numbers for its heartbeats. */
void control_tell_ledger(struct control *c);
/*
 * Fragments that never became a packet die in the kernel's reassembly, before
 * any rule: ReasmFails of /proc/net/snmp and Ip6ReasmFails of snmp6 are their
 * only count (RFC 4293).
 */
json_int_t control_reassembly_failed(void);
/* control_processes.c: how each process is confined, and what is wrong with that. */
json_t *control_processes(struct control *c);
json_t *control_processes_problem(const json_t *processes);
/* The witnesses begin to count anew: compare from a little later on. */
void control_matrix_begin(struct control *c);
void control_matrix_end(struct control *c);

/*
 * control_numbers.c: give permits and pairs the numbers they run under; running may be
 * NULL. 0 or -ENOMEM.
 */
int control_keep_numbers(const struct ruleset *running, struct checked *checked);
/* The permit that a counter of the ruleset belongs to; NULL: none. */
const char *control_permit_id(const struct object_name *counter);

#endif /* AGENT_CONTROL_CONTROL_INTERNAL_H */
