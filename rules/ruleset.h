/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ruleset as a value (IR): one table with its counters, sets, maps, chains
 * and rules. The printer makes nft(8) text of it, kernel-helpers/ a netlink
 * batch; a dump of the kernel comes back as the same type, so "what should be"
 * and "what is" are compared as equals.
 *
 * A rule is a list of statements (struct stmt), each one nft statement. Keys of
 * sets are concatenations of at most LIMIT_KEY_FIELDS fields. Element keys are
 * kept as the kernel wants them: every field at a 4-byte boundary, left
 * aligned, zero padded, network order except host_order fields.
 *
 * Versioned objects (interval maps, leaf chains, exact sets of which much changes)
 * cannot change atomically in place (reference: commit order of nf_tables_api.c), or
 * not in a short time; a changed one gets a new version, printed as "name.7", and the
 * old one goes in the sweep (ruleset_diff.h).
 */
#ifndef RULES_RULESET_H
#define RULES_RULESET_H

#include "rules/diag.h"
#include "rules/field.h"
#include "rules/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RULESET_TABLE "sekisho"

/* A name and its version: 0 for objects that keep their name for ever. */
struct object_name {
	char base[LIMIT_OBJECT_NAME + 1];
	uint32_t version;
};

enum set_kind {
	SET_PLAIN = 0,		/* key -> nothing */
	SET_VERDICT_MAP,	/* key -> jump or goto a chain */
	SET_MARK_MAP,		/* key -> u32 */
	SET_COUNTER_MAP,	/* key -> named counter */
};

/* One element. Keys live in the set's key arrays at index * key_length. */
struct element {
	uint32_t mark;			/* SET_MARK_MAP */
	uint32_t order;			/* scratch of ruleset_sort() */
	struct object_name *target;	/* chain or counter; owned; else NULL */
	struct origin origin;		/* policy line that wants it; file NULL when dumped */
};

struct ruleset_set {
	struct object_name name;
	enum set_kind kind;
	enum field key[LIMIT_KEY_FIELDS];
	unsigned int n_fields;
	unsigned int key_length;	/* padded bytes of one key */
	bool interval;			/* keys are first..last per field */
	bool dynamic;			/* filled by the packet path: contents are not ours to compare */
	bool counted;			/* each element counts packets and bytes */
	uint32_t size;			/* 0: no limit */
	uint64_t timeout_ms;		/* 0: none */
	uint32_t gc_ms;			/* how often it is swept; 0: as the kernel likes */
	size_t n_elements, capacity;	/* capacity: room in the three arrays */
	uint8_t *first, *last;		/* last: interval sets only, else NULL */
	struct element *elements;
	struct origin origin;
};

enum stmt_kind {
	STMT_NONE = 0,
	/* matches */
	STMT_CT_STATE,		/* number: mask of CT_STATE_*; invert */
	STMT_CT_DIRECTION_ORIGINAL,	/* invert: reply */
	STMT_NFPROTO,		/* number: 2 IPv4, 10 IPv6 */
	STMT_L4PROTO,		/* number; invert */
	STMT_IFNAME,		/* key[0]: FIELD_IIFNAME or _OIFNAME, n_fields 1; name; invert */
	STMT_IPV4_PLAIN,	/* @nh,0,8 0x45: IPv4, header of 20 bytes */
	STMT_IPV4_OPTIONS,	/* ip hdrlength != 5 */
	STMT_ROUTING_MISSING,	/* exthdr rt missing (IPv6) */
	STMT_FIB_NOT_UNICAST,	/* fib saddr type != unicast */
	STMT_FIB_LOCAL_GROUP,	/* fib daddr type number: RTN_BROADCAST 3, RTN_MULTICAST 5 */
	STMT_TCP_NOT_OPENING,	/* tcp flags & (fin|syn|rst|ack) != syn */
	STMT_TCP_FLAG,		/* number: one flag, that is set; invert: is not */
	STMT_ICMP_TYPE,		/* number: type; with NFPROTO 2: icmp, 10: icmpv6 (field below) */
	STMT_TIME,		/* meta time >= since, < until (seconds since the epoch) */
	STMT_IN_SET,		/* key fields in "target" set; invert */
	/* statements */
	STMT_VERDICT_MAP,	/* key fields vmap target */
	STMT_VERDICT_BY_PAIR,	/* ct mark & MARK_PAIR_MASK vmap target */
	STMT_MARK_FROM_MAP,	/* ct mark set <key fields> map target */
	STMT_MARK_HALF_OPEN,	/* ct mark set ct mark | MARK_HALF_OPEN; invert: without it */
	STMT_COUNT,		/* counter name target */
	STMT_COUNT_BY_PERMIT,	/* counter name ct mark & MARK_PERMIT_MASK map target */
	STMT_UPDATE,		/* update target { key fields } */
	STMT_ADD,		/* add target { key fields }; goes on only where it has room */
	STMT_REMOVE,		/* delete target { key fields } */
	STMT_LIMIT,		/* limit rate number/second burst burst packets */
	STMT_LOG,		/* log prefix name group number snaplen 128 queue-threshold 16 */
	STMT_REJECT,		/* reject with icmpx admin-prohibited */
	STMT_ACCEPT,
	STMT_DROP,
	STMT_JUMP,		/* target */
	STMT_GOTO,		/* target */
	STMT_RETURN,
	STMT_KIND_COUNT
};

#define CT_STATE_INVALID	1u
#define CT_STATE_ESTABLISHED	2u
#define CT_STATE_RELATED	4u
#define CT_STATE_NEW		8u
#define CT_STATE_UNTRACKED	64u

/* Halves of the ct mark of a flow; the numbers: rules/checked.h. */
#define MARK_PAIR_SHIFT		16u
#define MARK_PAIR_MASK		0xffff0000u
#define MARK_PERMIT_MASK	0x0000ffffu
/*
 * Of the pair's half, where half-open connections are limited (rules/compile_opening.c):
 * the handshake is not complete.
 */
#define MARK_HALF_OPEN		0x80000000u

#define TCP_SYN	0x02u	/* RFC 9293 section 3.1 */
#define TCP_RST	0x04u

#define RULESET_LOG_SNAPLEN	128u
#define RULESET_LOG_QTHRESHOLD	16u

/*
 * What a kind does not use stays zero (STMT_TIME alone has since and until), so
 * that statements compare member by member.
 */
struct stmt {
	enum stmt_kind kind;
	bool invert;
	enum field key[LIMIT_KEY_FIELDS];
	unsigned int n_fields;
	uint64_t number;		/* see enum stmt_kind */
	uint32_t burst;
	uint8_t family;			/* STMT_ICMP_TYPE: 2 or 10 */
	int64_t since, until;		/* STMT_TIME; INT64_MIN, INT64_MAX: open end */
	struct object_name target;	/* set, chain or counter */
	char name[32];			/* interface or log prefix */
};

#define RULE_MAX_STMTS 8u

struct ruleset_rule {
	struct stmt stmts[RULE_MAX_STMTS];
	unsigned int n_stmts;
	char comment[128];		/* "" for none; at most 127 bytes (kernel TLV) */
	struct origin origin;
	uint64_t handle;		/* dumped rules only */
};

enum chain_hook {
	HOOK_NONE = 0,			/* a regular chain */
	HOOK_PREROUTING, HOOK_INPUT, HOOK_FORWARD, HOOK_OUTPUT, HOOK_POSTROUTING
};

struct ruleset_chain {
	struct object_name name;
	enum chain_hook hook;
	int32_t priority;
	bool policy_drop;		/* base chains; always true in ours */
	struct ruleset_rule *rules;
	size_t n_rules;
	struct origin origin;
};

struct ruleset_counter {
	struct object_name name;
	char comment[128];		/* "T038 policy.conf:41" */
	uint64_t packets, bytes;	/* dumped; a new one begins there; not compared */
	struct origin origin;
};

struct ruleset {
	char comment[128];		/* of the table: policy digest */
	struct ruleset_counter *counters;
	size_t n_counters;
	struct ruleset_set *sets;
	size_t n_sets;
	struct ruleset_chain *chains;
	size_t n_chains;
	bool sorted;			/* by ruleset_sort(); adding clears it */
	int64_t made_at;		/* moment of compile_at(), seconds; not compared */
};

/* NULL with errno ENOMEM. */
struct ruleset *ruleset_new(void);
/* Accepts NULL. */
void ruleset_free(struct ruleset *r);
/* Free what a set holds; its place in the ruleset is the caller's to fill. */
void ruleset_set_clear(struct ruleset_set *s);

/*
 * Builders; each returns the new member (valid until the next one of its kind
 * is added) or NULL with errno ENOMEM.
 */
struct ruleset_counter *ruleset_add_counter(struct ruleset *r, const char *base);
struct ruleset_set *ruleset_add_set(struct ruleset *r, const char *base, uint32_t version,
    enum set_kind kind, const enum field *key, unsigned int n_fields, bool interval);
struct ruleset_chain *ruleset_add_chain(struct ruleset *r, const char *base, uint32_t version);
struct ruleset_rule *ruleset_add_rule(struct ruleset_chain *c);
struct stmt *ruleset_add_stmt(struct ruleset_rule *r, enum stmt_kind kind);

/* key_last is NULL for exact sets. Keys are key_length bytes. */
struct element *ruleset_add_element(struct ruleset_set *s, const uint8_t *key_first,
    const uint8_t *key_last);
/* Room for n more at once. 0 or -ENOMEM. */
int ruleset_reserve_elements(struct ruleset_set *s, size_t n);

/* Name the chain or counter of an element. 0 or -ENOMEM. */
int element_set_target(struct element *e, const struct object_name *target);

/* Set a name; false when "base" is longer than LIMIT_OBJECT_NAME. */
bool object_name_set(struct object_name *n, const char *base, uint32_t version);

/* Padded length of a key of these fields. */
unsigned int ruleset_key_length(const enum field *key, unsigned int n_fields);

/* "base" or "base.version"; returns buf of LIMIT_OBJECT_NAME + 16 bytes. */
const char *object_name_text(const struct object_name *n, char *buf);
/* The reverse, for names dumped from the kernel. False when too long. */
bool object_name_parse(const char *text, struct object_name *out);
bool object_name_equal(const struct object_name *a, const struct object_name *b);

/*
 * NULL when there is none. By base name and version; binary search when
 * sorted, else a scan.
 */
struct ruleset_set *ruleset_find_set(const struct ruleset *r, const struct object_name *n);
struct ruleset_chain *ruleset_find_chain(const struct ruleset *r, const struct object_name *n);
struct ruleset_counter *ruleset_find_counter(const struct ruleset *r, const char *base);

/* Elements by key, counters, sets and chains by name: the canonical order. */
void ruleset_sort(struct ruleset *r);

#endif /* RULES_RULESET_H */
