/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long the gateway was watched, and by what clock. Not watched is the time that a
 * gap record speaks of, and the time in which the recorder, which says each minute that it
 * is alive, said nothing; what lies in both counts once.
 */
#ifndef AGENT_CLI_REPORT_WATCH_H
#define AGENT_CLI_REPORT_WATCH_H

#include "agent/report/report_period.h"
#include "agent/record/line_scan.h"

#include <jansson.h>

struct report_watch;

/* until: the end of the period, or now when that lies in it. */
struct report_watch *report_watch_new(int64_t from, int64_t until);	/* NULL: no memory */
void report_watch_free(struct report_watch *w);				/* accepts NULL */

/* Every record of the log, in its order, whatever its time. 0 or -ENOMEM. */
int report_watch_take(struct report_watch *w, const struct line_fields *f);
/* A gap, heartbeat or clock record of the period, parsed. 0 or -ENOMEM. */
int report_watch_take_whole(struct report_watch *w, const json_t *record,
    enum message_language language);

/* {"watched": ..., "gaps": [...], "clock": ..., "losses": ...}; NULL: no memory. */
json_t *report_watch_json(struct report_watch *w, enum message_language language);

#endif /* AGENT_CLI_REPORT_WATCH_H */
