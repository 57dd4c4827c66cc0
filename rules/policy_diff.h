/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two checked policies, and what an administrator would say has changed between them: which
 * permits come, go, open more or less, between which zones. Pure; what is compared is
 * what the policies open, not how they are written.
 */
#ifndef RULES_POLICY_DIFF_H
#define RULES_POLICY_DIFF_H

#include "rules/checked.h"
#include "rules/region.h"

enum policy_change {
	/* of a permit, between two zones */
	POLICY_ADDED = 0,
	POLICY_REMOVED,
	POLICY_WIDENED,		/* opens all it did, and more */
	POLICY_NARROWED,	/* opens only some of what it did */
	POLICY_CHANGED,		/* opens something else; or it takes too long to say */
	POLICY_RENAMED,		/* the same under another id: its counter begins anew */
	POLICY_MOVED,		/* changed places with one that opens some of the same */
	POLICY_LONGER,		/* holds longer, at either end */
	POLICY_SHORTER,
	POLICY_OTHER_TIME,	/* both */
	POLICY_ENABLED,
	POLICY_DISABLED,
	POLICY_REWORDED,	/* purpose, request or approval; opens the same */
	/* of a pair of zones */
	POLICY_NOW_DROPS,
	POLICY_NOW_REJECTS,
	/* of zones and segments */
	POLICY_ZONE_ADDED,
	POLICY_ZONE_REMOVED,
	POLICY_ZONE_CHANGED,	/* class or label */
	POLICY_SEGMENT_ADDED,
	POLICY_SEGMENT_REMOVED,
	POLICY_SEGMENT_MOVED,	/* to another zone */
	POLICY_NETWORK_ADDED,
	POLICY_NETWORK_REMOVED,
	POLICY_BINDINGS_CHANGED,	/* of MAC addresses */
	POLICY_DETECT_CHANGED,	/* a detector; "other" is its name */
	POLICY_LIMITS_CHANGED,	/* of half-open connections; "other": the new limit, or none */
	POLICY_CHANGE_COUNT
};

/* One change of one permit, between one pair of zones. Strings are the policies'. */
struct policy_diff_permit {
	enum policy_change change;
	const char *id;
	const char *was;		/* POLICY_RENAMED: the old id */
	const char *other;		/* POLICY_MOVED: whom it changed places with */
	bool before_other;		/* ... and stands before now */
	const char *from, *to;		/* zones; "self": the gateway */
	size_t opened, closed;		/* boxes that only the new one, the old one has */
	struct region opens, closes;	/* the first of each */
	struct origin origin;		/* in the new policy; of one that goes, in the old */
	size_t pair, order;		/* for sorting */
};

struct policy_diff_place {
	enum policy_change change;
	const char *zone, *interface;	/* NULL: none concerned */
	const char *other;		/* the zone before, or the detector */
	struct ip_prefix network;
	size_t count;			/* POLICY_BINDINGS_CHANGED */
};

struct policy_diff {
	struct policy_diff_permit *permits;	/* by pair of zones, then as written */
	size_t n_permits;
	struct policy_diff_place *places;
	size_t n_places;
};

/*
 * running NULL: nothing runs, all is new. Both must outlive the result. Large policies take
 * some tenths of a second: meanwhile(arg), if not NULL, is called now and then, and may
 * change neither. NULL with errno ENOMEM.
 */
struct policy_diff *policy_diff_new(const struct checked *running, const struct checked *next,
    void (*meanwhile)(void *arg), void *arg);
void policy_diff_free(struct policy_diff *d);

const char *policy_change_name(enum policy_change change);	/* "widened" */

#endif /* RULES_POLICY_DIFF_H */
