/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the check share. Nobody outside rules/check*.c includes
 * this; the result, and all that others may know, is struct checked.
 *
 * Order of the work (checked.c): names, zones, ownership, hosts, groups,
 * services, permits, boxes, the advice that needs the boxes, detectors, record. Every stage
 * returns 0 or -ENOMEM; what is wrong with the policy goes to diag only, so
 * that later stages still run. A thing with an error is marked broken, and what
 * is built on it stays silent: one mistake makes one finding.
 */
#ifndef RULES_CHECK_INTERNAL_H
#define RULES_CHECK_INTERNAL_H

#include "rules/checked.h"
#include "rules/diag.h"
#include "rules/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For "%s:%u" in messages. */
#define AT_FILE(o) ((o).file != NULL ? (o).file : "")
#define AT(o) AT_FILE(o), (o).line

/* Room for one more item of a growing array. 0 or -ENOMEM. */
int check_grow(void **items, size_t *room, size_t count, size_t item_size);

/* ---- check_names.c: name -> what it stands for ---------------------------- */

enum name_kind {
	NAME_NONE = 0,
	NAME_ZONE,
	NAME_HOST,
	NAME_GROUP,
	NAME_SERVICE,
	NAME_PERMIT,
};

struct name_ref {
	const char *name;		/* borrowed from the policy */
	struct origin origin;
	enum name_kind kind;
	uint32_t index;
	uint32_t stamp;			/* last list it was seen in */
};

/* A hash table of fixed size, open addressing, never full. */
struct names {
	struct name_ref *slots;
	size_t mask;
};

int names_init(struct names *n, size_t n_names);
void names_free(struct names *n);
/* NULL when it is new and was added, else the one that has the name already. */
struct name_ref *names_add(struct names *n, enum name_kind kind, const char *name,
    uint32_t index, struct origin origin);
/* NULL when there is none. */
struct name_ref *names_find(const struct names *n, const char *name);

/* ---- check_ranges.c: sets of owned ranges --------------------------------- */

/* Sorted by family and first, disjoint, once range_set_normalise() has run. */
struct range_set {
	struct owned_range *items;
	size_t count, room;
};

void range_set_free(struct range_set *s);
int range_set_add(struct range_set *s, const struct ip_range *r, uint16_t segment);
int range_set_add_set(struct range_set *s, const struct range_set *more);

/*
 * Sort, and join what overlaps (ranges of a set never overlap across segments).
 * Neighbours are joined too, but single addresses stay single: an exact tuple is
 * found by hash in the kernel, a range of two is not.
 */
void range_set_normalise(struct range_set *s);

/* The ranges by segment, then family and first: for making boxes. */
void range_set_sort_by_segment(struct range_set *s);

/* *out = a less b. Both normalised; out is empty before. */
int range_set_subtract(const struct range_set *a, const struct range_set *b,
    struct range_set *out);

/* Add to *out what r and the (normalised) set have in common. */
int range_set_cut(const struct range_set *s, const struct ip_range *r,
    struct range_set *out);

/* Index of the first range that ends at or behind an address; count if none. */
size_t range_set_seek(const struct range_set *s, enum ip_family family, ip_value value);

/* True when one range of a normalised set holds all of r. */
bool range_set_holds(const struct range_set *s, const struct ip_range *r);

/* By family, then first; for qsort(3) of struct owned_range. */
int range_compare(const void *a, const void *b);

/* ---- the state of one run ------------------------------------------------- */

/* What a service looks at, disjoint within one service. */
struct match_set {
	struct service_match *items;
	size_t count, room;
	bool broken;
};

struct group_state {
	struct range_set set;
	unsigned int depth;		/* 1: no groups inside */
	bool broken;
	bool done;
};

/* One side of a permit. */
struct endpoint {
	struct range_set set;
	bool self;
	bool broken;			/* an error was reported for it */
};

struct check {
	struct policy *policy;
	struct checked *c;
	struct diag *diag;
	int64_t now;
	size_t n_told;			/* findings that were there before the check */

	struct names names;		/* zones, hosts, groups */
	struct names services;
	struct names permits;

	struct range_set raw;		/* longest prefix alone */
	struct range_set usable;	/* owned, less the gateway's own addresses */
	struct range_set relays;	/* addresses of hosts with a sanitising role */
	struct origin *network_origins;	/* of all segments' networks, in their order */
	size_t n_networks;
	bool *zone_broken;
	struct range_set *zone_sets;	/* usable, by zone */
	bool *host_broken;
	struct group_state *groups;
	struct match_set *matches;	/* by service */
	bool *permit_broken;		/* no comparing with others */
	uint32_t stamp;
	size_t n_group_ranges;		/* of all groups together */
	size_t boxes_room;
	bool boxes_full;		/* over LIMIT_BOXES: reported once */
};

/* Shorthands for diag_add(). */
#define check_error(ck, where, ...) diag_add((ck)->diag, where, DIAG_ERROR, __VA_ARGS__)
#define check_warning(ck, where, ...)                                                    \
	diag_add((ck)->diag, where, DIAG_WARNING, __VA_ARGS__)

/*
 * A key that every item needs is not there. The parser says so with the same
 * words, so this speaks only of a policy that came without any finding.
 */
void check_missing(
    struct check *ck, struct origin where, const char *list, const char *key);

/* True when the parser found fault with this very line. */
bool check_was_told(const struct check *ck, struct origin where);

/* ---- the stages ----------------------------------------------------------- */

/* False when the policy is over a limit that tables are made for: then stop. */
bool check_limits(struct check *ck);

int check_names(struct check *ck);
int check_site(struct check *ck);
int check_zones(struct check *ck);
int check_pairs(struct check *ck);
int check_owned(struct check *ck);
int check_gateways(struct check *ck);
int check_hosts(struct check *ck);
int check_bindings(struct check *ck);
int check_groups(struct check *ck);
int check_services(struct check *ck);
int check_permits(struct check *ck);
int check_half_open(struct check *ck);
int check_detect(struct check *ck);
int check_record(struct check *ck);
/* Parts of it: check_alerts.c. */
void check_alerts(struct check *ck);
void check_class_severities(struct check *ck);

/* Cut an address range to what segments own and boxes may hold. */
int check_cut(const struct check *ck, const struct ip_range *r, struct range_set *out);

/* Add what a name stands for; *broken is set when it had an error already. */
int check_add_named(struct check *ck, const struct name_ref *ref, struct range_set *out,
    bool *broken);

/* Boxes of permit number i (an index); the endpoints are sorted by this. */
int check_expand(struct check *ck, size_t i, struct endpoint *from, struct endpoint *to,
    struct match_set *services);

/* Advice about one permit that has its boxes, and about all of them. */
void check_advise(struct check *ck, size_t i);
int check_covered(struct check *ck);

/* Sort matches and take out what another of the same list says already. */
void match_set_normalise(struct match_set *m);
int match_set_add(struct match_set *m, const struct service_match *match);

/* One address that is the broadcast address of a written IPv4 network. */
bool check_is_broadcast(const struct check *ck, const struct ip_range *r);

/*
 * "2026-04-01", "2026-04-01T09:00[:00]", both in Asia/Tokyo, the latter with
 * +09:00 or Z if written. A day stands for its begin; with "end", for the begin
 * of the day after. False when it is none.
 */
bool check_date_parse(const char *text, bool end, int64_t *out);

/* The matches of a service whose protocol (in base) is icmp or icmpv6. */
int check_icmp(struct check *ck, const struct policy_service *s,
    const struct service_match *base, struct match_set *out);

/* A whole decimal number without sign; false over max. */
bool check_number(const char *text, size_t length, unsigned int max, unsigned int *out);

/* A whole number; with "bytes", of bytes: 500, 64K, 10G. False when it is none. */
bool check_amount(const char *text, bool bytes, uint64_t *out);

#endif /* RULES_CHECK_INTERNAL_H */
