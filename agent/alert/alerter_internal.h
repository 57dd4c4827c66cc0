/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The alerter's own state, shared by its files and by nobody else. */
#ifndef AGENT_ALERT_ALERTER_INTERNAL_H
#define AGENT_ALERT_ALERTER_INTERNAL_H

#include "agent/alert/alert_failures.h"
#include "agent/alert/alert_fold.h"
#include "agent/alert/alert_hook.h"
#include "agent/alert/alerter.h"
#include "agent/ipc.h"
#include "agent/record/record_ledger.h"

#include <systemd/sd-event.h>

struct running {
	struct alert_hook hook;
	uint32_t rule;			/* ALERT_RULES_MOST: it is not there any more */
	sd_event_source *output;
};

struct waiting {
	uint32_t rule;
	struct alert_alarm alarm;
};

struct alerter {
	const struct alerter_setup *setup;
	sd_event *loop;
	struct alert_rules rules;
	struct alert_state states[ALERT_RULES_MOST];
	struct alert_failure failures[ALERT_RULES_MOST];
	struct running running[ALERT_HOOKS];
	struct waiting queue[ALERT_QUEUE];
	size_t first, n_waiting;
	uint64_t numbers[ALERTER_NUMBERS];
	int64_t next_ledger_ns;		/* CLOCK_BOOTTIME */
	int64_t stop_ns;		/* CLOCK_BOOTTIME; 0: nobody said so */
	struct ipc_message message;
	struct alert_alarm alarm;	/* scratch */
};

/* alerter_hooks.c: an alarm waits for its hook. */
void alerter_put(struct alerter *a, uint32_t rule, const struct alert_alarm *alarm);
/* Hooks that ended; those that wait go on. */
void alerter_reap(struct alerter *a);
/* End what takes too long. True while something runs or waits. */
bool alerter_look(struct alerter *a);
/* End all; what waits is told as lost. */
void alerter_end_hooks(struct alerter *a);

/* alerter_tell.c: into the record. 0 or negative errno. */
int alerter_record(struct alerter *a, const char *sentence);
void alerter_fail(struct alerter *a, uint32_t rule, uint64_t n, const char *why);
/* Failures that are due, "last": all of them; and now and then the numbers. */
void alerter_tell_failures(struct alerter *a, bool last);
void alerter_tell_ledger(struct alerter *a);
/* What was picked and is given up with the rule. */
void alerter_tell_forgotten(struct alerter *a, uint32_t rule, const char *why);

#endif /* AGENT_ALERT_ALERTER_INTERNAL_H */
