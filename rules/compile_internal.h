/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the compiler share. Not for others. */
#ifndef RULES_COMPILE_INTERNAL_H
#define RULES_COMPILE_INTERNAL_H

#include "rules/compile.h"
#include "rules/compile_boxes.h"
#include "rules/compile_shards.h"

/* Names of our own chains and sets beside those in compile.h. */
#define CHAIN_PERMIT		"permit"
#define CHAIN_RELATED		"related"
#define CHAIN_NOISE		"noise"
#define CHAIN_REFUSE		"refuse"
#define CHAIN_REFUSE_REJECT	"refuse-reject"
#define CHAIN_REFUSE_SELF	"refuse-self"
/* cutoff_ruleset.h */
#define CHAIN_CUTOFF		"cutoff"
#define CHAIN_CUTOFF_INPUT	"cutoff-input"
#define CHAIN_CUTOFF_OUTPUT	"cutoff-output"
#define CHAIN_REFUSE_CUTOFF_SELF "refuse-cutoff-self"
#define SET_CUT_LINKS		"cut-links"
#define SET_CUT_PAIRS		"cut-pairs"
#define SET_CUT_HOSTS4		"cut-hosts4"
#define SET_CUT_HOSTS6		"cut-hosts6"
#define SET_CUT_NETS4		"cut-nets4"
#define SET_CUT_NETS6		"cut-nets6"
#define SET_PAIRS		"pairs"
#define SET_INPUTS		"inputs"
#define SET_OUTPUTS		"outputs"
#define SET_FLOWS		"flows"
#define SET_PERMITS		"permits"
#define SET_EXTENSIONS		"extensions"
#define SET_BOUND4		"bound4"
#define SET_BOUND6		"bound6"
#define SET_MACS4		"macs4"
#define SET_MACS6		"macs6"

/* Version that versioned objects carry until ruleset_settle() gives them theirs. */
#define VERSION_UNSETTLED	1u

/* How large tables get; LIMIT_* but in tests. */
struct compile_sizes {
	size_t spread;			/* tuples that small ranges of a leaf are told by */
	struct shard_limits shard;
	size_t prepared;		/* LIMIT_PREPARED_BOXES */
};

/* compile_at() with other sizes. */
struct ruleset *compile_sized(const struct checked *checked,
    const struct compile_moment *moment, const struct compile_sizes *sizes,
    struct diag *diag);

/*
 * Writes a ruleset from top to bottom: statements go to the last rule, rules
 * to the last chain. The first failure sticks in "error" (negative errno), and
 * whatever comes after it is written to nowhere.
 */
struct writer {
	struct ruleset *ruleset;
	struct ruleset_chain *chain;
	struct ruleset_rule *rule;
	struct ruleset_set *set;
	size_t room;		/* pieces that the leaves to come may still have */
	const struct compile_sizes *sizes;
	const struct compile_moment *moment;	/* NULL: none */
	struct rejudging *rejudging;	/* compile_rejudge.c */
	int error;
	struct stmt nowhere;
};

void write_chain(struct writer *w, const char *base, uint32_t version,
    struct origin origin);
void write_base_chain(struct writer *w, const char *base, enum chain_hook hook);
void write_rule(struct writer *w);
/* Never NULL. */
struct stmt *write_stmt(struct writer *w, enum stmt_kind kind);
struct stmt *write_number(struct writer *w, enum stmt_kind kind, uint64_t number);
/* A statement with a target: goto, count, set lookups. */
struct stmt *write_target(struct writer *w, enum stmt_kind kind, const char *base,
    uint32_t version);
struct stmt *write_keyed(struct writer *w, enum stmt_kind kind, const enum field *key,
    unsigned int n_fields, const char *base, uint32_t version);
void write_goto(struct writer *w, const char *chain);

void write_counter(struct writer *w, const char *base, const char *comment,
    struct origin origin);
void write_set(struct writer *w, const char *base, uint32_t version, enum set_kind kind,
    const enum field *key, unsigned int n_fields, bool interval);
/* An element of the last set; NULL once something failed. */
struct element *write_element(struct writer *w, const uint8_t *first,
    const uint8_t *last);
void write_element_target(struct writer *w, const uint8_t *first, const char *base,
    uint32_t version);
void write_range_target(struct writer *w, const uint8_t *first, const uint8_t *last,
    const char *base, uint32_t version);
/* As write_element_target(), for a set by name. */
void write_dispatch(struct writer *w, const char *set, const uint8_t *key,
    const char *base, uint32_t version);

/* Longest text of names below, with the NUL. */
#define PART_NAME_SIZE 30
#define LEAF_NAME_SIZE 60	/* two parts, a hyphen for the NUL of the first */
#define SHARD_NAME_SIZE (LEAF_NAME_SIZE + 12)	/* "-h4_0a1b2c3d" */

/*
 * Name of a segment inside object names: its interface, with what is not a
 * letter or digit as "__" (underscore), "_d" (dot), "_h" (hyphen) or "_x" and
 * two hex digits, so that '-' can stand between names and '.' before versions.
 * "_i" stands for nothing: it begins a name that would not begin with a letter
 * and ends one that would read as the gateway's own, "self".
 */
void name_segment(const struct checked *c, uint16_t segment, char buf[PART_NAME_SIZE]);
/* Chain of the running flows of a pair: "flow-mn0-lg0"; as unversioned as they last. */
#define CHAIN_FLOW_PREFIX	"flow-"

/* "mn0-lg0" */
void name_leaf(const struct checked *c, uint16_t in, uint16_t out,
    char buf[LEAF_NAME_SIZE]);

/* "T038 policy.conf:41" */
void name_comment(const char *what, struct origin origin, char buf[128]);

/* IFNAMSIZ bytes, zero padded. */
void key_interface(const struct checked *c, uint16_t segment, uint8_t key[16]);

/* STMT_IFNAME: the interface is this one. */
void write_interface(struct writer *w, enum field field, const char *interface);

/* What IPv6 itself needs on every link; reports: those of multicast listeners too. */
void write_neighbour_discovery(struct writer *w, bool reports);

/* Static chains and sets, counters of permits, MAC bindings. */
void compile_gate(struct writer *w, const struct checked *c);

/* One leaf chain with its maps, and its entry in the dispatch maps. */
struct leaf {
	uint16_t in, out;
	const uint32_t *boxes;		/* of this pair, both families, ascending */
	size_t n_boxes;
	bool reject;
	struct origin origin;
	int64_t ends;			/* of the first of its permits; INT64_MAX: not near */
};

/*
 * compile_rejudge.c: flows that run are judged again, by what opened them. Which
 * leaves that needs is found before they are made.
 */
struct rejudging {
	int64_t self_ends, forward_ends;	/* nearest ends; INT64_MAX: none is near */
	bool self;			/* flows of the gateway itself are judged again */
	bool *pairs;			/* by number: those whose flows are */
	bool prepared;			/* all are, or can be at once */
};

#define CHAIN_REJUDGE_PREFIX	"rejudge-"
#define CHAIN_REJUDGE_SELF	"rejudge-self"
#define REJUDGE_NAME_SIZE	(sizeof(CHAIN_REJUDGE_PREFIX) + LEAF_NAME_SIZE)

/* 0 or -ENOMEM. */
int rejudging_find(struct rejudging *r, const struct checked *c,
    const struct compile_moment *moment, bool prepared);
void rejudging_free(struct rejudging *r);
/* The nearest end of these boxes' permits, within the horizon. */
int64_t rejudging_ends(const struct checked *c, const struct compile_moment *moment,
    const uint32_t *boxes, size_t n);
bool permit_ended(const struct checked_permit *p, const struct compile_moment *moment);
/* True when the leaf gets a chain "rejudge-mn0-lg0"; *name is it. */
bool rejudges_leaf(struct writer *w, const struct checked *c, const struct leaf *leaf,
    char name[REJUDGE_NAME_SIZE]);
/* The way into such a chain. */
void write_rejudge_way(struct writer *w, const struct checked *c,
    const struct leaf *leaf, uint32_t pair, const char *name);
/* First rules of a base chain, and of "related". */
void write_rejudge_running(struct writer *w, enum chain_hook hook);
void write_rejudge_related(struct writer *w);
/* The chains and maps behind those. */
void write_rejudge_gate(struct writer *w);

/* compile_opening.c: half-open connections, where the policy limits them. */
#define OPENING_NAME_SIZE (sizeof("opening-") + LEAF_NAME_SIZE)
bool leaf_limits_openings(const struct checked *c, const struct leaf *leaf);
/* Where its openings go in place of "permit". */
void name_opening(const char *leaf, char buf[OPENING_NAME_SIZE]);
void write_half_open(struct writer *w, const struct checked *c, const struct leaf *leaf,
    const char *name, uint32_t pair);

/* 0 or -E2BIG with *culprit; every other failure is in the writer. */
int compile_leaf(struct writer *w, const struct checked *c, const struct leaf *leaf,
    uint32_t *culprit);

#endif /* RULES_COMPILE_INTERNAL_H */
