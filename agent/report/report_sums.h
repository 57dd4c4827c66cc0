/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Violations of a period counted in every way the report shows, and those of the period
 * before for comparison. Exact, and the same numbers as "sekisho violations --by".
 */
#ifndef AGENT_CLI_REPORT_SUMS_H
#define AGENT_CLI_REPORT_SUMS_H

#include "agent/report/report_period.h"
#include "agent/record/line_scan.h"

#include <jansson.h>

struct report_sums;

struct report_sums *report_sums_new(const struct report_period *p);	/* NULL: no memory */
void report_sums_free(struct report_sums *s);				/* accepts NULL */

/* Any record; what is no violation is left. 0 or -ENOMEM. */
int report_sums_take(struct report_sums *s, const struct line_fields *f);

/*
 * "total", "matrix", "classes", "pairs", "sources", "destinations", "days". labels: names
 * of zones to what they are called, in the order in which they are shown; may be empty.
 * NULL: no memory. The sums are over afterwards.
 */
json_t *report_sums_json(struct report_sums *s, json_t *labels,
    enum message_language language);

#endif /* AGENT_CLI_REPORT_SUMS_H */
