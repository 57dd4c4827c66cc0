/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a picture means for this policy: each thing that lets packets pass the gate by, or
 * changes what it decides, as a finding with a number that never changes (DR-10). Pure.
 */
#ifndef AGENT_DRIFT_DRIFT_FINDINGS_H
#define AGENT_DRIFT_DRIFT_FINDINGS_H

#include "agent/drift/drift_picture.h"
#include "rules/message.h"

#include <jansson.h>

enum drift_id {
	DRIFT_NONE = 0,
	DRIFT_TABLE_DIFFERS,
	DRIFT_TABLE_GONE,
	DRIFT_STORM,			/* our table is changed again and again */
	DRIFT_NO_DAEMON,
	DRIFT_TABLE_FILTERS,		/* another table, that only filters */
	DRIFT_TABLE_REWRITES,		/* or marks, queues, takes out of tracking */
	DRIFT_TABLE_MOVES,
	DRIFT_FLOWTABLE,
	DRIFT_LEGACY,			/* tables of iptables-legacy(8) */
	DRIFT_BRIDGE,
	DRIFT_MASTER,			/* port of something that is no bridge */
	DRIFT_XDP,
	DRIFT_TC_MOVES,
	DRIFT_TC,
	DRIFT_TCX,
	DRIFT_TCX_BEHIND,		/* our tap does not see leaving frames first */
	DRIFT_NO_SEGMENT,		/* an interface with an address in no segment */
	DRIFT_NO_INTERFACE,		/* a segment without its interface */
	DRIFT_ROUTE,
	DRIFT_RULE,
	DRIFT_SWITCH,
	DRIFT_PROXY,
	DRIFT_NOT_SEEN,			/* a look failed */
	DRIFT_SERVICE,			/* one of the machine that changes packet rules by itself */
	DRIFT_ID_COUNT
};

enum drift_severity {
	DRIFT_NOTE = 0,			/* good to know */
	DRIFT_WARNING,
	DRIFT_ERROR,			/* packets may pass that the policy does not permit */
};

struct drift_row {
	const char *code;		/* "DR-10" */
	enum drift_severity severity;
	enum message_id what;		/* takes subject and detail */
	enum message_id advice;		/* what to do; takes nothing */
};

/* Of any id but DRIFT_NONE. */
const struct drift_row *drift_row(enum drift_id id);
const char *drift_severity_name(enum drift_severity severity);

struct drift_finding {
	enum drift_id id;
	char subject[96], detail[160];
};

#define DRIFT_FINDINGS_MOST 128u

struct drift_list {
	struct drift_finding all[DRIFT_FINDINGS_MOST];
	size_t n;
	size_t more;			/* that found no place */
};

/* Everything the picture tells, added to the list. */
void drift_findings(const struct drift_picture *p, const struct checked *c,
    struct drift_list *out);

void drift_add(struct drift_list *list, enum drift_id id, const char *subject,
    const char *detail);

bool drift_same(const struct drift_finding *a, const struct drift_finding *b);
/* NULL: not there. */
const struct drift_finding *drift_find(const struct drift_list *list,
    const struct drift_finding *f);

/* The worst of them; DRIFT_NOTE for none. */
enum drift_severity drift_worst(const struct drift_list *list);

/* [{id, severity, subject, detail, message}], the message in this language. */
json_t *drift_json(const struct drift_list *list, enum message_language language);

/* Interfaces of segments that are ports of a bridge: each() for every one. */
void drift_bridged(const struct drift_picture *p, const struct checked *c,
    void (*each)(void *arg, const char *interface, const char *bridge), void *arg);

#endif /* AGENT_DRIFT_DRIFT_FINDINGS_H */
