/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The numbers themselves, shared by what counts and what prints. */
#ifndef AGENT_RECORD_VIEWS_VIEW_METRICS_INTERNAL_H
#define AGENT_RECORD_VIEWS_VIEW_METRICS_INTERNAL_H

#include "agent/record/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define METRIC_SERIES		512u
#define METRIC_LABELS_SIZE	400u
/* All labels twice (cases and packets), and their lines, fit beside all else. */
#define METRIC_LABEL_BYTES	(22u << 10)
#define METRIC_LINE_BYTES	60u
#define METRIC_LEDGERS		96u
#define METRIC_NAME_SIZE	32u

struct metric_series {
	char *labels;			/* escaped: from="a",to="b",... */
	uint64_t cases, packets;
};

struct metric_ledger {
	char process[METRIC_NAME_SIZE], name[METRIC_NAME_SIZE];
	int64_t value;
};

struct metric_gauges {
	double sequence, time, heartbeat, lost, bytes, free_bytes, used_ratio, low_space,
	    synchronised, offset;
};

struct view_metrics {
	struct metric_series series[METRIC_SERIES], others;
	size_t n_series, label_bytes;
	uint64_t records[EVENT_KIND_COUNT];	/* [EVENT_NONE]: of kinds that we do not know */
	uint64_t changes[SUBJECT_COUNT][2];	/* success, failure */
	uint64_t lost;
	struct metric_ledger ledgers[METRIC_LEDGERS];
	size_t n_ledgers;
	struct metric_gauges gauges;
};

/* The one of these labels, made where it is missing; NULL: no place for it. */
struct metric_series *view_metrics_series(struct view_metrics *m, const char *labels);

#endif /* AGENT_RECORD_VIEWS_VIEW_METRICS_INTERNAL_H */
