/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The change at work. One of a large policy takes seconds: who asks for the status
 * meanwhile (control_server.h) is told of it, with the numbers of the status before.
 */
#ifndef AGENT_CONTROL_CONTROL_BUSY_H
#define AGENT_CONTROL_CONTROL_BUSY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct control;

struct running_change {
	char verb[16], actor[64];	/* "": none is running */
	int64_t since_ns;		/* CLOCK_MONOTONIC */
	json_t *numbers;		/* the last whole status; NULL: none yet */
	int64_t numbers_at;		/* seconds since the epoch */
};

/* A change begins, or is over. The second begin of one change changes nothing. */
void control_busy(struct control *c, const char *verb, const char *actor);
void control_busy_over(struct control *c);
/* One is at work, and longer than anybody would like to wait. */
bool control_busy_long(const struct control *c);

/* The answer to a status that is whole, for those who ask while there is none. */
void control_busy_numbers(struct control *c, json_t *status);
/* What is running, and how old the numbers are. */
json_t *control_busy_json(const struct control *c);

#endif /* AGENT_CONTROL_CONTROL_BUSY_H */
