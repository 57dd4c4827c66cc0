/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One run of a hook: a program of the administrator, with an alarm on its standard input
 * and as little as possible of anything else. It is bounded in time, output, memory, files
 * and processes; it and its process group end when its time is over or the alerter ends.
 */
#ifndef AGENT_ALERT_ALERT_HOOK_H
#define AGENT_ALERT_ALERT_HOOK_H

#include "agent/alert/alert_fold.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* More output ends it: nobody reads it. */
#define ALERT_OUTPUT_MOST	65536u
/* Kept of it for the record of a failure. */
#define ALERT_SAID_SIZE		120u
/* The record, and a line about the alarm. */
#define ALERT_INPUT_MOST	(RECORD_LINE_MAX + 1024u)

enum alert_end {
	ALERT_RUNNING = 0,
	ALERT_TOO_LONG,			/* it was ended for it */
	ALERT_TOO_LOUD,
};

struct alert_hook {
	pid_t pid;			/* and process group; 0: nothing runs */
	int output_fd;			/* readable: call alert_hook_listen() */
	int64_t deadline_ns;		/* CLOCK_BOOTTIME */
	enum alert_end end;
	size_t heard;
	char said[ALERT_SAID_SIZE];	/* its first words, NUL terminated, any bytes */
	size_t n_said;
};

/*
 * The program behind a path, if root alone says what it is: every folder on the way and
 * the file belong to root and nobody else may write to them. resolved has PATH_MAX bytes.
 * 0, or negative errno with the reason in *why.
 */
int alert_hook_check(const char *path, char *resolved, const char **why);

/* Its input: the record and one line of JSON about the alarm. Returns the length. */
size_t alert_hook_input(const char *name, const struct alert_alarm *alarm,
    char input[ALERT_INPUT_MOST]);

struct alert_run {
	const char *program;		/* resolved */
	const char *name;		/* of the rule: letters, digits, signs */
	const char *folder;		/* its own, to work in */
	const char *input;
	size_t length;
	unsigned int timeout_s;
};

/* Start it. 0 or negative errno. */
int alert_hook_start(struct alert_hook *h, const struct alert_run *run);

/* Something is there to be read; false: its end. */
bool alert_hook_listen(struct alert_hook *h);

/* End it when its time is over. */
void alert_hook_look(struct alert_hook *h, int64_t boot_ns);
void alert_hook_kill(struct alert_hook *h);

/*
 * It was waited for: what is left of its group ends too, output_fd is closed. True when it did what it should;
 * else why gets a sentence.
 */
bool alert_hook_ended(struct alert_hook *h, int status, char *why, size_t size);

#endif /* AGENT_ALERT_ALERT_HOOK_H */
