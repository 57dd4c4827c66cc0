/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ZV classes and the actions of a violation record, each with its words.
 * Classes: the catalogue in docs/violations (ZV-01 to ZV-16).
 */
#ifndef RULES_VIOLATION_CLASS_H
#define RULES_VIOLATION_CLASS_H

#include "rules/checked.h"
#include "rules/message.h"

/* ZV_NONE is zero: a cleared judgement has no class, and denies. */
enum violation_class {
	ZV_NONE = 0,
	ZV_01_ZONE_CROSSING,		/* the pair has no permit at all */
	ZV_02_NOT_PERMITTED,		/* the pair has permits, not this */
	ZV_03_SPOOFED,			/* source or its MAC */
	ZV_04_ZONE_HOPPING,
	ZV_05_BRIDGING,
	ZV_06_UNREGISTERED,
	ZV_07_ROGUE_SERVICE,
	ZV_08_INTERNET_BOUND,		/* to a global address of nobody */
	ZV_09_SANITISER_BYPASS,		/* past the sanitising relays */
	ZV_10_SCAN,
	ZV_11_BEACON,
	ZV_12_BULK_OUTFLOW,
	ZV_13_CLEAR_TEXT,
	ZV_14_WATCH_GAP,		/* the watch was interrupted */
	ZV_15_CONFIG_MISMATCH,
	ZV_16_EXPIRED,
	ZV_COUNT
};

/* event.action of the record. */
enum violation_action {
	ACTION_ATTEMPT = 0,		/* stopped */
	ACTION_LEAK,			/* crossed */
	ACTION_SPOOFED_SOURCE,		/* stopped: the source is not of this segment */
	ACTION_WRONG_MAC,		/* stopped: registered address, foreign MAC */
	ACTION_ROGUE_SERVICE,
	ACTION_TUNNEL,
	ACTION_UNCLASSIFIABLE,
	ACTION_GAP,			/* watching was interrupted */
	ACTION_FOREIGN_STATION,		/* seen: a MAC where it does not belong */
	ACTION_BRIDGING,		/* seen: a machine that joins zones behind our back */
	ACTION_BEHAVIOUR,		/* seen: permitted or not, it looks like an attack */
	ACTION_COUNT
};

/*
 * True for what was found by watching: whether its packets passed is another
 * record's business, and nothing was stopped because of it.
 */
bool violation_only_seen(enum violation_action a);

/* CEF-like 0..10. */
#define SEVERITY_NOTICE		3
#define SEVERITY_WARNING	5
#define SEVERITY_HIGH		7
#define SEVERITY_CRITICAL	9

const char *violation_class_id(enum violation_class c);	/* "ZV-01"; ZV_NONE: "" */
/* ZV_NONE when the text is no class. */
enum violation_class violation_class_parse(const char *id);
const char *violation_class_name(enum violation_class c, enum message_language language);
const char *violation_action_name(enum violation_action a);	/* "leak" */

/*
 * Severity of one violation; a leak is never below HIGH, and CRITICAL with the My
 * Number zone.
 * Steps: the catalogue of docs/violations. 0 for ZV_NONE that is no leak.
 */
int violation_severity(enum violation_class c, enum violation_action a,
    enum zone_class from, enum zone_class to);

/* "notice", "warning", "high", "critical" as policies write it; 0 when it is none. */
int violation_severity_parse(const char *word);
/* The word of a SEVERITY_*, or of the one below; "" below all. */
const char *violation_severity_name(int severity);

/*
 * The texts of one record; NULL or "" zones read as unknown. "from" and "to" are
 * the zones that the packet came from and went to, but "to" is
 *   ZV-04  the zone that the device belongs to (where it is registered, or was before)
 *   ZV-05  the other zone that the device joins to "from"
 */
struct violation_words {
	const char *from, *source;	/* zone and address */
	const char *to, *destination;
	const char *service;		/* "tcp/443", "icmp 8/0", "gre" */
};

/*
 * One sentence that says what happened and whether it was stopped. malloc(3)ed,
 * NULL when memory is out or the class is ZV_NONE. The caller frees it.
 */
char *violation_sentence(enum violation_class c, enum violation_action a,
    enum message_language language, const struct violation_words *words);

#endif /* RULES_VIOLATION_CLASS_H */
