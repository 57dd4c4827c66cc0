/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dead-man of a change that must be confirmed, as it stands in the state folder, and
 * what a start makes of it. Pure but for the file. Time is CLOCK_BOOTTIME, which nobody
 * can set and which counts suspended time; it means something only within one boot.
 */
#ifndef AGENT_CONTROL_CONTROL_PENDING_H
#define AGENT_CONTROL_CONTROL_PENDING_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Shorter and nobody can log in again; a day, and nobody remembers that it is pending. */
#define CONFIRM_SECONDS_MIN 10u
#define CONFIRM_SECONDS_MAX 86400u

#define BOOT_ID_SIZE 37		/* a UUID and its NUL */

struct pending {
	uint32_t serial;		/* what runs and waits; 0: nothing waits */
	uint32_t target;		/* what comes back */
	uint32_t seconds;		/* as asked for */
	bool applied;			/* the kernel was changed and compared */
	int64_t deadline_ns;		/* CLOCK_BOOTTIME */
	char boot_id[BOOT_ID_SIZE];	/* of the boot that the clock belongs to */
	char actor[64], person[64], reason[128];	/* who asked for it */
};

/* What to do with what a start finds. Zero is the careful one. */
enum pending_fate {
	PENDING_REVERT = 0,	/* its time is over, or nobody can know */
	PENDING_WAIT,		/* it runs on, for the rest of its time */
	PENDING_SETTLED,	/* it was confirmed, or ended by something newer */
};

/*
 * now_ns: CLOCK_BOOTTIME; boot: the serial that a start would load, 0 when
 * that cannot be read.
 */
enum pending_fate pending_judge(const struct pending *p, const char *boot_id,
    int64_t now_ns, uint32_t boot);

/* 0, -ENOENT: nothing is pending; other negative errno: it cannot be read. */
int pending_read(int state, struct pending *p);
int pending_write(int state, const struct pending *p);
int pending_remove(int state);

json_t *pending_json(const struct pending *p);
bool pending_from_json(const json_t *o, struct pending *p);

/* The kernel's name of this boot. 0 or a negative errno. */
int pending_boot_id(char out[BOOT_ID_SIZE]);

#endif /* AGENT_CONTROL_CONTROL_PENDING_H */
