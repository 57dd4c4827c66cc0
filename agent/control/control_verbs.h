/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be asked at the control socket: a row for each verb. */
#ifndef AGENT_CONTROL_CONTROL_VERBS_H
#define AGENT_CONTROL_CONTROL_VERBS_H

#include <jansson.h>
#include <stdbool.h>

struct control;
struct ipc_message;
struct requester;

struct control_ask {
	struct control *control;
	const struct requester *who;
	const json_t *request;
	struct ipc_message *message;	/* it came in; with a descriptor, if one was sent */
	bool meanwhile;			/* a change is at work: ask nobody else */
};

struct control_verb {
	const char *name;
	bool changes;			/* else it reads */
	bool alone;			/* one at a time: who comes meanwhile is refused */
	bool slow;			/* others are served meanwhile */
	json_t *(*run)(const struct control_ask *a);	/* the answer; NULL without memory */
};

/* NULL: there is none of that name (which may be NULL). */
const struct control_verb *control_verb(const char *name);

#endif /* AGENT_CONTROL_CONTROL_VERBS_H */
