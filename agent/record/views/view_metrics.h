/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record in numbers, as Prometheus reads them from a text file. Zones, classes and
 * actions are labels, addresses never are: however many there are in the record, the
 * text stays below VIEW_METRICS_MAX, and what has no place of its own counts as "other".
 */
#ifndef AGENT_RECORD_VIEWS_VIEW_METRICS_H
#define AGENT_RECORD_VIEWS_VIEW_METRICS_H

#include "agent/record/views/view_record.h"
#include "agent/record/views/view_text.h"

/* vfs.file.contents of a Zabbix agent takes 64 KiB. */
#define VIEW_METRICS_MAX	(60u << 10)

/* Of one view, for the text and for the status. */
struct view_state {
	const char *name;		/* "syslog" */
	uint64_t sequence;		/* of the last record that arrived there */
	uint64_t missed;		/* records that were gone from the log before their turn */
	uint64_t refused;		/* records that it could not take */
	bool blocked;			/* it takes nothing now */
};

struct view_metrics;

/* NULL: no memory. */
struct view_metrics *view_metrics_new(void);
void view_metrics_free(struct view_metrics *m);		/* accepts NULL */

/* Count one record, each once. */
void view_metrics_take(struct view_metrics *m, const struct view_record *r);

/* The whole text. */
void view_metrics_print(const struct view_metrics *m, const struct view_state *views, size_t n,
    struct view_text *out);

/* What must outlive the process, and back; false for what is none: all begins at 0. */
json_t *view_metrics_save(const struct view_metrics *m);
bool view_metrics_load(struct view_metrics *m, const json_t *saved);

#endif /* AGENT_RECORD_VIEWS_VIEW_METRICS_H */
