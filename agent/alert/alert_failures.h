/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What went wrong with alerts, into the record: at once, and then once a minute with counts. */
#ifndef AGENT_ALERT_ALERT_FAILURES_H
#define AGENT_ALERT_ALERT_FAILURES_H

#include <stddef.h>
#include <stdint.h>

struct alert_failure {
	uint64_t n;			/* not told yet */
	int64_t next_ns;		/* CLOCK_BOOTTIME: not before */
	char why[200];			/* the latest */
};

/* Count one, or several of the same sort. */
void alert_failure_add(struct alert_failure *f, uint64_t n, const char *why);

/*
 * Is it time to tell? Then sentence is filled ("the alert NAME: ..."), and the caller
 * calls alert_failure_told() once it is on its way.
 */
int alert_failure_due(const struct alert_failure *f, const char *name, int64_t boot_ns,
    char *sentence, size_t size);
void alert_failure_told(struct alert_failure *f, int64_t boot_ns);

#endif /* AGENT_ALERT_ALERT_FAILURES_H */
