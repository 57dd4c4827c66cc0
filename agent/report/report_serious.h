/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gravest violations of a period, each with its latest record: what crossed first,
 * then by severity, then by packets. So many are kept and no more, whatever happens.
 */
#ifndef AGENT_CLI_REPORT_SERIOUS_H
#define AGENT_CLI_REPORT_SERIOUS_H

#include "agent/report/report_period.h"
#include "agent/record/log_reader.h"

#include <jansson.h>

struct report_serious;

struct report_serious *report_serious_new(const struct report_period *p);
void report_serious_free(struct report_serious *s);		/* accepts NULL */

/* Any record; those that are no serious violation of the period are left. 0 or -ENOMEM. */
int report_serious_take(struct report_serious *s, const struct line_fields *f,
    const char *line, size_t length);

/* {"count": cases from severity 7 on, "more": of them not shown, "rows": [...]} */
json_t *report_serious_json(struct report_serious *s, struct log_reader *reader,
    const json_t *labels, enum message_language language);

#endif /* AGENT_CLI_REPORT_SERIOUS_H */
