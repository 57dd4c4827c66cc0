/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report as values, before any template sees them: what --json prints. */
#ifndef AGENT_CLI_REPORT_BUILD_H
#define AGENT_CLI_REPORT_BUILD_H

#include "agent/cli/cli.h"
#include "agent/report/report_period.h"
#include "agent/report/report_policy.h"

#include <jansson.h>
#include <stdbool.h>

struct log_wanted;

struct report_request {
	struct report_period period;
	enum message_language language;
	bool verify;
	struct log_wanted *wanted;	/* keys and checkpoints to verify with */
};

/*
 * NULL after having complained. *whole is false when something of the record could not be
 * read: the report says so, too.
 */
json_t *report_build(const struct cli *cli, const struct report_request *q, bool *whole);

/* report_record.c: is the record what was written, how much of it is there. */
json_t *report_verify_json(const struct cli *cli, const struct report_request *q);
json_t *report_retention_json(const struct cli *cli, const struct report_policies *p,
    enum message_language language);

/* report_summary.c: what the first page says in words, by the finished values. */
json_t *report_summary_json(const json_t *root, enum message_language language);

#endif /* AGENT_CLI_REPORT_BUILD_H */
