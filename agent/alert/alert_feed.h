/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recorder's side of alerting: which rules pick a record, and off it goes to the
 * alerter, without waiting. In a flood most are only counted: the counts follow, exact.
 *
 * Stage: line -pick-> alerter.
 */
#ifndef AGENT_ALERT_ALERT_FEED_H
#define AGENT_ALERT_ALERT_FEED_H

#include "agent/alert/alert_message.h"
#include "agent/record/event.h"

#include <stdbool.h>

/* Lines between two ticks; the rest is counted. */
#define ALERT_LINES 50u

struct alert_feed {
	int socket;			/* borrowed; 0: nobody hears */
	struct alert_rules rules;
	unsigned int lines;		/* since the last tick */
	bool owing;			/* counts are to be sent, */
	bool rules_owing;		/* and the rules in front of them */
	struct alert_counts counts;
};

/* Bits of the rules that pick this record. */
uint32_t alert_feed_picks(const struct alert_rules *rules, const struct event *e);

/* A record was written, or could not be: tell of it. */
void alert_feed_line(struct alert_feed *f, const struct event *e, const char *line,
    size_t length);

/* Rules of the policy in force; also what an alerter that begins asks for. */
void alert_feed_rules(struct alert_feed *f, const struct alert_rules *rules);
void alert_feed_again(struct alert_feed *f);

/* Once a second. */
void alert_feed_tick(struct alert_feed *f);

#endif /* AGENT_ALERT_ALERT_FEED_H */
