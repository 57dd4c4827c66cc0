/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What runs beside what was applied. control_guard.c keeps our own table as it should be;
 * control_drift.c looks for what others have set up around it.
 */
#ifndef AGENT_CONTROL_CONTROL_DRIFT_H
#define AGENT_CONTROL_CONTROL_DRIFT_H

#include "agent/control/control_internal.h"
#include "rules/message.h"

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

/* The same now, and into the record. For the doctor. */
int control_guard_verify(struct control *c);

/* control_drift.c: look around from now on. 0 or negative errno. */
int control_drift(struct control *c);
void control_drift_end(struct control *c);
/* Somebody wrote to a table that is not ours. */
void control_drift_tables_changed(struct control *c);
/* The findings that stand now; the sentence of the first error among them. */
json_t *control_drift_json(const struct control *c, enum message_language language);
bool control_drift_problem(const struct control *c, char *out, size_t size);
/* The verb: everything at once. */
json_t *control_doctor(struct control *c, enum message_language language);

#endif /* AGENT_CONTROL_CONTROL_DRIFT_H */
