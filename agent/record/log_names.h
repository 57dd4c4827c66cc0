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
	size_t compressed;		/* rotated files that were left out */
};

/*
 * Rotated names are those of logrotate(8): ".1" is newer than ".2", and dates
 * ("-20261121") sort as text. The recorder's own stand behind them. 0 or negative errno.
 * Free with log_names_free(). Compressed ones are left out.
 */
int log_names_list(int directory, struct log_names *out);

/* The same with those that log_source.h can read. One that stands there twice, because it
 * is being packed, comes once: as the original. */
int log_names_list_packed(int directory, struct log_names *out);

/* Which is older: below 0 for a. The same file, packed or not, is equal. */
int log_names_compare(const char *a, const char *b);

/* Rotation never gives this name to another file: a date, or the recorder's own. */
bool log_names_lasting(const char *name);

void log_names_free(struct log_names *n);

/* Day (20261122) and number of a file that the recorder closed, compressed or not. */
bool log_names_closed(const char *name, unsigned long *day, unsigned long *number);

#endif /* AGENT_RECORD_LOG_NAMES_H */
