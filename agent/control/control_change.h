/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One change of the policy at a time: what is asked, by whom, and whether it may begin.
 * An emergency cut-off is none of these: it asks nobody here.
 */
#ifndef AGENT_CONTROL_CONTROL_CHANGE_H
#define AGENT_CONTROL_CONTROL_CHANGE_H

#include "agent/control/control_versions.h"
#include "rules/message.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct control;
struct requester;

struct change_request {
	const char *verb;		/* "apply", "rollback"; "start", "reload" */
	enum version_origin origin;
	uint32_t of;			/* rollback: to which one */
	bool has_uid;
	uint32_t uid;
	uint64_t connection;		/* which client; 0: none */
	char actor[64];			/* "uid 0", "SIGHUP": never what somebody says of himself */
	char person[64];		/* what they call themselves; may be "" */
	char reason[128];		/* what for; may be "" */
	char file[256];			/* where the policy was read from */
	char session[128];		/* SSH_CONNECTION of the caller; may be "" */
	unsigned int confirm_seconds;	/* 0: needs no confirmation */
	bool force_lockout;		/* even if the caller is locked out */
	bool ends_pending;		/* may begin while another waits to be confirmed */
	enum message_language language;	/* of the answer */
};

/* Who held the last change; for those who came meanwhile. */
struct last_change {
	char actor[64], verb[16];
	uint32_t serial;
};

/* From a client's request; texts are cleaned and cut. */
void control_change_request(const json_t *request, const struct requester *who,
    const char *verb, struct change_request *q);

/* A refusal in the language of the one who asked; NULL only without memory. */
json_t *control_change_refusal(enum message_language language, enum message_id id, ...);

/*
 * NULL: go on. Else the refusal: another one waits to be confirmed, or the
 * number of seconds is out of its limits.
 */
json_t *control_change_begin(struct control *c, const struct change_request *q);
/* It is over, well or badly. */
void control_change_end(struct control *c, const struct change_request *q);

/* The refusal for a client whose request came while another one was at work. */
json_t *control_change_came_late(const struct control *c, enum message_language language);

/* One change, asked for or refused, with all that the record keeps of it. */
void control_change_record(struct control *c, const struct change_request *q,
    uint8_t subject, bool success, uint32_t serial, const char *digest_before,
    const char *what);

#endif /* AGENT_CONTROL_CONTROL_CHANGE_H */
