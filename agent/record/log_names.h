/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of the record: violations.jsonl and what rotation made of it. */
#ifndef AGENT_RECORD_LOG_NAMES_H
#define AGENT_RECORD_LOG_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#define LOG_NAME	"violations.jsonl"
#define LOG_TORN_NAME	"violations.jsonl.torn"
/* One signed line of text each: checkpoint.h. */
#define LOG_CHECKPOINTS_NAME "checkpoints"
/* Closed by the recorder itself: "violations-20261122-001.jsonl", ".zst" behind it later. */
#define LOG_CLOSED_STEM	"violations-"
#define LOG_CLOSED_END	".jsonl"
/* Longest name looked at: LOG_NAME with a date and a number behind. */
#define LOG_NAME_SIZE	64u

struct log_names {
	char (*names)[LOG_NAME_SIZE];	/* oldest first, LOG_NAME last */
	size_t count;
	size_t compressed;		/* packed by others, who alone can read them */
};

/*
 * Rotated names are those of logrotate(8): ".1" is newer than ".2", and dates
 * ("-20261121") sort as text. The recorder's own stand behind them, packed (".zst",
 * log_pack.h) or not. 0 or negative errno. Free with log_names_free().
 */
int log_names_list(int directory, struct log_names *out);
void log_names_free(struct log_names *n);

/* Day (20261122) and number of a file that the recorder closed, compressed or not. */
bool log_names_closed(const char *name, unsigned long *day, unsigned long *number);

#endif /* AGENT_RECORD_LOG_NAMES_H */
