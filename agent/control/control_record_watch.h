/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether records can be written, and what becomes of the gate when they cannot. */
#ifndef AGENT_CONTROL_CONTROL_RECORD_WATCH_H
#define AGENT_CONTROL_CONTROL_RECORD_WATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct control;

struct record_watch {
	bool failing;			/* records cannot be written */
	bool shut;			/* forwarding is off for it */
	bool want;			/* and is to go on when they can */
	char why[160];
	int64_t since_ns;		/* CLOCK_REALTIME: of .failing */
	int64_t answered_ns;		/* CLOCK_BOOTTIME: the recorder did */
	unsigned int pause, wait;	/* seconds between questions to one that does not */
	uint64_t unsent;		/* records that it did not take, to be told */
	int64_t unsent_since_ns;
	unsigned int ticks;		/* seconds of looking */
};

/* Look each second from now on. 0 or negative errno. */
int control_record_watch(struct control *c);

/* The recorder was started again. */
void control_record_restarted(struct control *c);

/* Forwarding must stay off: the policy says so and records cannot be written. */
bool control_record_closes(const struct control *c);

/*
 * Switch forwarding on, as priv_forwarding() does, unless control_record_closes(): then
 * -EBUSY, it is off, and goes on by itself when records can be written.
 */
int control_forward(struct control *c, char *why, size_t size);

/* A sentence for the status; NULL when records can be written. */
json_t *control_record_problem(const struct control *c);
/* A list of sentences about what is no problem yet; of the recorder's and the forwarder's account. */
json_t *control_record_warnings(const json_t *record, const json_t *views);

#endif /* AGENT_CONTROL_CONTROL_RECORD_WATCH_H */
