/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often the permits were used, for the report: the counters of the gate, looked at
 * soon after a start, each quarter of an hour and shortly before midnight, so that a day's
 * hits stand under that day. What is counted between a look and a restart of the machine
 * is missing: never too many.
 */
#include "agent/clock.h"
#include "agent/control/control_guard.h"
#include "agent/control/control_internal.h"
#include "agent/control/control_pending.h"
#include "agent/hits.h"
#include "agent/log.h"
#include "agent/state_file.h"
#include "agent/state_later.h"
#include "agent/tick.h"
#include "kernel-helpers/nft_account.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FIRST_S		2
#define EACH_S		900
/* In front of midnight. */
#define BEFORE_S	3

static int
load(struct control *c)
{
	char *text = NULL;
	size_t length = 0;
	int r = state_file_read(c->versions.state, HITS_FILE, HITS_BYTES, &text, &length);

	c->hits = calloc(1, sizeof(*c->hits));
	if (c->hits != NULL && r == 0)
		r = hits_parse(c->hits, text, length);
	free(text);
	if (c->hits == NULL)
		return -ENOMEM;
	/* Nothing depends on it: a damaged one begins anew, and its "since" says so. */
	if (r < 0 && r != -ENOENT)
		log_warnx("control: the hits of the permits begin anew: %s", strerror(-r));
	return 0;
}

static void
save(struct control *c)
{
	size_t length = 0;
	char *text = hits_print(c->hits, &length);
	int before = 0, r;

	if (c->hits_later == NULL)
		c->hits_later = state_later_new(c->versions.state, HITS_FILE);
	if (text == NULL || c->hits_later == NULL) {
		free(text);
		r = -ENOMEM;
	} else {
		r = state_later_write(c->hits_later, text, length, &before);
	}
	/* Behind one that the disk still has it waits its turn. */
	if (r == 0 || r == -EBUSY)
		r = before != -EUCLEAN ? before : 0;
	if (r < 0)
		log_warnx("control: the hits of the permits are not kept: %s", strerror(-r));
}

static void
take(struct control *c, const struct ruleset *counters, const struct tm *tm)
{
	const uint32_t day = (uint32_t)((tm->tm_year + 1900) * 10000 + (tm->tm_mon + 1) * 100 +
	    tm->tm_mday);
	char boot[BOOT_ID_SIZE] = "";
	int r = 0;

	(void)pending_boot_id(boot);
	hits_begin(c->hits, day, boot);
	for (size_t i = 0; r == 0 && i < counters->n_counters; i++) {
		const char *id = control_permit_id(&counters->counters[i].name);

		if (id != NULL)
			r = hits_take(c->hits, id, counters->counters[i].packets);
	}
	hits_end(c->hits);
}

void
control_hits_keep(struct control *c, const struct ruleset *counters)
{
	const time_t now = time(NULL);
	struct tm tm;

	/* Without a table nothing was counted, and no permit has gone. */
	if (!c->keeps || c->checked == NULL || counters->n_counters == 0 ||
	    (c->hits == NULL && load(c) < 0) || localtime_r(&now, &tm) == NULL)
		return;
	take(c, counters, &tm);
	save(c);
}

static void
look(struct control *c)
{
	struct ruleset *counters = NULL;

	if (nft_account_counters(c->nft, &counters) == 0) {
		/* First: what a table made anew goes on from is never less than what is kept. */
		control_guard_counted(c, counters);
		control_hits_keep(c, counters);
	}
	ruleset_free(counters);
}

static int64_t
seconds_to_next(void)
{
	const time_t now = time(NULL);
	struct tm tm;
	int64_t left;

	if (localtime_r(&now, &tm) == NULL)
		return EACH_S;
	left = 24 * 3600 - (tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec) - BEFORE_S;
	return left > 0 && left < EACH_S ? left : EACH_S;
}

static uint64_t
tick(void *arg)
{
	look(arg);
	return (uint64_t)seconds_to_next() * 1000000;
}

int
control_hits(struct control *c)
{
	return tick_begin(c->event, &(struct tick){ .first_us = (uint64_t)FIRST_S * 1000000,
	    .act = tick, .arg = c });
}

void
control_hits_end(struct control *c)
{
	/* No last look: nobody answers any more. The counters stay, and the next start looks. */
	if (c->hits != NULL)
		hits_free(c->hits);
	free(c->hits);
	c->hits = NULL;
	state_later_free(c->hits_later);
	c->hits_later = NULL;
}
