/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/alert/alert_failures.h"

#include <stdio.h>

#define REST_NS (INT64_C(60) * 1000000000)

void
alert_failure_add(struct alert_failure *f, uint64_t n, const char *why)
{
	f->n += n;
	snprintf(f->why, sizeof(f->why), "%s", why);
}

int
alert_failure_due(const struct alert_failure *f, const char *name, int64_t boot_ns,
    char *sentence, size_t size)
{
	if (f->n == 0 || boot_ns < f->next_ns)
		return 0;
	if (f->n == 1)
		snprintf(sentence, size, "the hook of the alert %s failed: %s", name, f->why);
	else
		snprintf(sentence, size, "the hook of the alert %s failed %llu times, at last: %s",
		    name, (unsigned long long)f->n, f->why);
	return 1;
}

void
alert_failure_told(struct alert_failure *f, int64_t boot_ns)
{
	f->n = 0;
	f->next_ns = boot_ns + REST_NS;
}
