/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is to be told of which records, and when not: of fixed size and without a pointer,
 * for it travels with the rules of the record. What a rule picks: records of at least
 * min_severity, of its classes and of its actions, where it names any.
 */
#ifndef RULES_ALERT_RULES_H
#define RULES_ALERT_RULES_H

#include "rules/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALERT_RULES_MOST	16u
#define ALERT_HOOK_SIZE		128u
#define ALERT_THRESHOLD_MOST	1000u
#define ALERT_DAY_MINUTES	1440u

struct alert_rule {
	char name[LIMIT_NAME + 1];
	char hook[ALERT_HOOK_SIZE];	/* absolute path of the program */
	uint64_t actions;		/* bits by alert_action_parse(); 0: any */
	uint32_t classes;		/* bits by enum violation_class; 0: any, or none at all */
	uint8_t min_severity;
	uint8_t quiet_days;		/* bit 0 Sunday; the day the time begins; 0: never quiet */
	uint16_t quiet_from, quiet_to;	/* minutes of the day, local time; to: exclusive */
	uint8_t quiet_below;		/* less severe ones are held back */
	uint16_t timeout_s;		/* of one run of the hook */
	uint32_t threshold;		/* so many ... ; 1: each one */
	uint32_t threshold_s;		/* ... within so many seconds */
	uint32_t fold_s;		/* then so long only counted; 0: each is told */
};

struct alert_rules {
	uint32_t n;
	struct alert_rule rules[ALERT_RULES_MOST];
};

/* The number of a word of event.action ("leak", "drift"); -1 when it is none. */
int alert_action_parse(const char *word);
/* The word of a number; NULL behind the last. */
const char *alert_action_name(unsigned int number);

/* Minutes of the day of "22:00" ... "24:00"; -1 when it is no time. */
int alert_time_parse(const char *text);
/* 0 (Sunday) to 6 of "sun" ... "sat"; -1 when it is no day. */
int alert_day_parse(const char *text);

/*
 * Quiet at this minute of this weekday (0: Sunday)? A time that goes over midnight
 * belongs to the day on which it begins.
 */
bool alert_is_quiet(const struct alert_rule *r, int weekday, unsigned int minute);

/*
 * A path that may be run as a hook: absolute, no "." or ".." or empty part, nothing that
 * cannot be shown, shorter than ALERT_HOOK_SIZE.
 */
bool alert_hook_path(const char *path);

#endif /* RULES_ALERT_RULES_H */
