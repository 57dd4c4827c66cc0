/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When somebody is told: each rule's threshold, what is folded into one word for a while,
 * and what waits for the end of a quiet time. Nothing that was picked is forgotten: it is
 * in the count of an alarm, or in what is kept here. Pure: the time is the caller's.
 *
 * Stage: picked record -> [alarm] -hook-> somebody.
 */
#ifndef AGENT_ALERT_ALERT_FOLD_H
#define AGENT_ALERT_ALERT_FOLD_H

#include "agent/record/record_json.h"
#include "rules/alert_rules.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct alert_moment {
	int64_t boot_ns;		/* CLOCK_BOOTTIME: intervals */
	int64_t wall_ns;		/* CLOCK_REALTIME: what is told */
	int weekday;			/* local, 0: Sunday */
	unsigned int minute;		/* of the local day */
};

/* So many records, and one that stands for them: of the highest severity the latest. */
struct alert_heap {
	uint64_t n;
	int64_t since_ns, until_ns;	/* CLOCK_REALTIME */
	uint8_t severity;
	size_t length;			/* 0: they were only counted */
	char line[RECORD_LINE_MAX];
};

enum alert_why {
	ALERT_RECORD = 0,		/* a record, or as many as the threshold says */
	ALERT_FOLDED,			/* more of them since the last word */
	ALERT_QUIET,			/* held back in a quiet time */
};

struct alert_alarm {
	enum alert_why why;
	struct alert_heap heap;
};

struct alert_state {
	struct alert_heap counting;	/* towards the threshold */
	int64_t times[ALERT_THRESHOLD_MOST];	/* CLOCK_BOOTTIME of the latest of them, */
	unsigned int first, n_times;	/* a ring */
	struct alert_heap folded, held;
	int64_t fold_until_ns;		/* CLOCK_BOOTTIME; 0: nothing was told lately */
	uint8_t told_severity;		/* a worse one is told though it is folded */
};

/* Records that the rule picked; line NULL: only counts. True: tell this alarm now. */
bool alert_fold_take(struct alert_state *s, const struct alert_rule *r,
    const struct alert_moment *now, uint64_t n, uint8_t severity, const char *line,
    size_t length, struct alert_alarm *out);

/* Once a second or so, until it returns false: what is due by time. */
bool alert_fold_tick(struct alert_state *s, const struct alert_rule *r,
    const struct alert_moment *now, struct alert_alarm *out);

/* Picked and not told, nor on its way to a threshold. */
uint64_t alert_fold_kept(const struct alert_state *s);

const char *alert_why_name(enum alert_why why);

#endif /* AGENT_ALERT_ALERT_FOLD_H */
