/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What "sekisho replay" tells people: how far it is, and the totals as a table. */
#ifndef AGENT_CLI_REPLAY_WORDS_H
#define AGENT_CLI_REPLAY_WORDS_H

#include "agent/watch/replay.h"
#include "rules/message.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define REPLAY_LINE_SIZE 512

/*
 * "42 %  1,234,567 packets  8.1M/s  0:12 left": what was read of a file of that size in
 * so many seconds; of a pipe (size 0) without share and rest. Below 80 columns.
 */
void replay_progress_line(char out[REPLAY_LINE_SIZE], enum message_language language,
    uint64_t packets, uint64_t read, uint64_t size, double seconds);

/* A line on a terminal that is written over and over. */
struct replay_progress {
	FILE *out;			/* NULL: nobody watches */
	enum message_language language;
	int64_t began_ns, shown_ns;	/* CLOCK_MONOTONIC; shown_ns 0: nothing stands there */
	int width;			/* columns of what stands there */
};

/* At most five times a second, and nothing in the first half second. */
void replay_progress_show(struct replay_progress *p, uint64_t packets, uint64_t read,
    uint64_t size, int64_t now_ns);
void replay_progress_clear(struct replay_progress *p);

/* "1234567" -> "1,234,567"; out holds 32. */
const char *replay_number(uint64_t n, char *out);

/* What a sample is and is not; sample as in struct replay_options, above 1. */
void replay_print_sampled(FILE *out, enum message_language language,
    const struct replay_stats *s, uint64_t sample);

/* The totals; sample as in struct replay_options. */
void replay_print_table(FILE *out, enum message_language language,
    const struct replay_stats *s, uint64_t sample);

#endif /* AGENT_CLI_REPLAY_WORDS_H */
