/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policies that a report needs, from the kept versions, without the daemon. */
#ifndef AGENT_CLI_REPORT_POLICY_H
#define AGENT_CLI_REPORT_POLICY_H

#include "agent/cli/cli.h"
#include "agent/report/report_period.h"
#include "agent/hits.h"
#include "rules/checked.h"

#include <stdbool.h>

/* What stood at the begin and at the end; NULL: not known. */
struct report_policies {
	struct checked *before, *after;
	int64_t before_at, after_at;	/* when each was put in force; 0: not known */
	uint32_t before_serial, after_serial;
	bool from_file;			/* "after" is the policy file: nothing kept is readable */
	int error;			/* of the state folder: negative errno, or 0 */
	struct hits hits;
	int hits_error;			/* -ENOENT: not counted yet */
};

/* Nothing here fails: what cannot be read is told by the report. */
void report_policies_read(struct report_policies *p, const struct cli *cli,
    const struct report_period *period);
void report_policies_free(struct report_policies *p);

/* Names of zones to what they are called, in the policy's order. NULL: no memory. */
json_t *report_policies_labels(const struct report_policies *p);

/*
 * "permits": totals, new, changed and gone ones, expiry, use; "places": zones, segments,
 * external connections, at both ends. NULL: no memory.
 */
json_t *report_permits_json(const struct report_policies *p,
    const struct report_period *period, enum message_language language);

#endif /* AGENT_CLI_REPORT_POLICY_H */
