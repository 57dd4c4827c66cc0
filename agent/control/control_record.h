/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What control writes into the record. */
#ifndef AGENT_CONTROL_CONTROL_RECORD_H
#define AGENT_CONTROL_CONTROL_RECORD_H

#include "agent/record/event.h"

#include <stdbool.h>
#include <stdint.h>

struct control;

/* Tell the recorder and the forwarder what the policy in force says about the record. */
void control_record_rules(struct control *c);

/* The same to the forwarder alone: it was started again. */
void control_record_views(struct control *c);

/* Tell now how many records of control are missing, if any. 0 or negative errno. */
int control_record_tell_unsent(struct control *c);

/*
 * Into the record; kind, subject, outcome and texts are the caller's. Time, count,
 * severity and the digest in force are filled in where they are missing.
 */
void control_record(struct control *c, struct event *e);

/* A policy applied, or refused. */
void control_record_change(struct control *c, const char *actor, bool success,
    const char *what);

/* What was found beside what was applied. */
struct drift_note {
	const char *what;		/* one English sentence without a full stop */
	const char *actor;		/* NULL: not known */
	const char *command;		/* its command line; NULL or "": not known */
	bool repaired;
	uint8_t severity;		/* SEVERITY_* */
	uint64_t count, key;
	enum event_phase phase;
	int64_t first_ns, last_ns;	/* CLOCK_REALTIME; 0: now */
};

void control_record_drift(struct control *c, const struct drift_note *note);

#endif /* AGENT_CONTROL_CONTROL_RECORD_H */
