/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What runs beside what was applied. control_guard.c keeps our own table as it should be;
 * control_drift.c looks for what others have set up around it.
 */
#ifndef AGENT_CONTROL_CONTROL_DRIFT_H
#define AGENT_CONTROL_CONTROL_DRIFT_H

#include "agent/control/control_internal.h"

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

/* control_guard.c: what the keeper saw others do. */
void control_guard_seen(struct control *c, const struct ipc_message *m);
/* The table was attacked again and again: forwarding must stay off for a while. */
bool control_guard_holds(const struct control *c);
/* Compare with the kernel now. 1: equal, 0: put right, negative errno: neither. */
int control_guard_compare(struct control *c);

#endif /* AGENT_CONTROL_CONTROL_DRIFT_H */
