/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emergency cut-offs: what an administrator has taken out of the traffic until it
 * is restored, whatever the policy permits. A list of orders, and what they come to:
 * interfaces, pairs of interfaces, addresses, or all.
 *
 * An order may grow while it stands (a new policy gives its zone another interface),
 * but never shrinks: what was cut stays cut until somebody restores it. So an order
 * outlives the zone or the host that it names.
 */
#ifndef RULES_CUTOFF_H
#define RULES_CUTOFF_H

#include "rules/address.h"
#include "rules/checked.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Orders at a time: people give them one by one. */
#define LIMIT_CUTOFFS		256u
/* Pairs of interfaces of all orders: zones of 64 segments, both ways. */
#define LIMIT_CUTOFF_PAIRS	8192u
/* Interfaces of all orders: those of a policy, and of some before it. */
#define LIMIT_CUTOFF_LINKS	1024u
/* Address ranges of all orders; a host may have hundreds. */
#define LIMIT_CUTOFF_RANGES	16384u

/* IFNAMSIZ bytes, zero padded: as it stands in a set of the kernel. */
struct cut_link {
	char name[16];
};

/* One direction. */
struct cut_pair {
	struct cut_link in, out;
};

/*
 * What is cut. A link: every packet that comes in or goes out there, those of the
 * gateway itself too. A range: every packet with one end in it. All: everything that
 * is forwarded. Sorted and without repeats after cut_parts_tidy().
 */
struct cut_parts {
	bool all;
	struct cut_link *links;
	size_t n_links;
	struct cut_pair *pairs;
	size_t n_pairs;
	struct ip_range *ranges;
	size_t n_ranges;
};

enum cutoff_kind {
	CUTOFF_NONE = 0,
	CUTOFF_HOST,		/* a host of the policy, by its name */
	CUTOFF_ADDRESS,		/* an address, range or network */
	CUTOFF_ZONE,
	CUTOFF_PAIR,		/* of zones, both directions */
	CUTOFF_ALL,
	CUTOFF_FOUND,		/* the kernel had it and nobody knew why */
	CUTOFF_KIND_COUNT
};

struct cutoff {
	uint32_t id;			/* 1.. , never given twice */
	enum cutoff_kind kind;
	char what[2][LIMIT_NAME + 33];	/* as it was asked for; [1]: the other zone of a pair */
	struct cut_parts parts;		/* all it has ever come to */
	bool link_down;			/* its interfaces are taken down too */
	struct cut_link *downed;	/* those that were up, and that we took down */
	size_t n_downed;
	int64_t since_ns;		/* CLOCK_REALTIME */
	char person[64], reason[128], actor[64];
};

struct cutoffs {
	struct cutoff *items;		/* by id */
	size_t n;
	uint32_t last_id;
};

void cut_parts_free(struct cut_parts *p);	/* leaves it empty */
bool cut_parts_empty(const struct cut_parts *p);
/* 0, -ENOMEM, or -E2BIG at a limit. */
int cut_parts_add_link(struct cut_parts *p, const char *name);
int cut_parts_add_pair(struct cut_parts *p, const char *in, const char *out);
int cut_parts_add_range(struct cut_parts *p, const struct ip_range *r);
int cut_parts_add(struct cut_parts *p, const struct cut_parts *more);
/* Sort, drop repeats, join ranges that meet. */
void cut_parts_tidy(struct cut_parts *p);
/* Is the address in one of these ranges, tidy? */
bool cut_ranges_hold(const struct ip_range *ranges, size_t n, const struct ip_addr *a);
/* Is all of b in a? Both tidy. */
bool cut_parts_hold(const struct cut_parts *a, const struct cut_parts *b);

/* Take the list's own memory back; leaves it empty, last_id too. */
void cutoffs_free(struct cutoffs *l);
void cutoff_free(struct cutoff *c);
/*
 * A new last entry with its id, everything else zero; valid until the next one. NULL
 * with errno ENOMEM or E2BIG.
 */
struct cutoff *cutoffs_add(struct cutoffs *l);
struct cutoff *cutoffs_find(const struct cutoffs *l, uint32_t id);
void cutoffs_remove(struct cutoffs *l, uint32_t id);

/*
 * Add to an order's parts what its names come to under this policy. 0, -ENOENT: it
 * has no such zone or host (for a new order that is an error), -ENOMEM, -E2BIG.
 */
int cutoff_resolve(struct cutoff *c, const struct checked *checked);

/*
 * What stands of all orders together, tidy. "All" cuts the gateway itself off from every
 * segment but those of zones for management; checked may be NULL: from none then.
 */
int cutoffs_union(const struct cutoffs *l, const struct checked *checked,
    struct cut_parts *out);

/*
 * Would it shut people who manage the gateway out: a zone for management, or more than
 * one address of one.
 */
bool cutoff_hits_management(const struct cutoff *c, const struct checked *checked);

/* "mynumber", "mynumber - internet", "10.0.0.1", "all"; returns buf. */
#define CUTOFF_TEXT_SIZE 208u
const char *cutoff_text(const struct cutoff *c, char buf[CUTOFF_TEXT_SIZE]);

const char *cutoff_kind_name(enum cutoff_kind kind);
/* CUTOFF_NONE when the word is none. */
enum cutoff_kind cutoff_kind_parse(const char *word);

#endif /* RULES_CUTOFF_H */
