/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every limit of the policy language and of the tables made from it, each with
 * the reason for its size. A policy over a limit is an ordinary finding.
 */
#ifndef RULES_LIMITS_H
#define RULES_LIMITS_H

/* A municipality has 3 to 20 zones (docs/policy); 32 leaves room. */
#define LIMIT_ZONES		32u
/* One segment is one interface; a gateway with 32 zones of 8 VLANs. */
#define LIMIT_SEGMENTS		256u
/* Networks of one segment: a site network behind one L3 switch. */
#define LIMIT_NETWORKS		256u
#define LIMIT_HOSTS		65536u
#define LIMIT_GROUPS		16384u
/* Depth of groups in groups; a cycle is found before. */
#define LIMIT_GROUP_DEPTH	16u
#define LIMIT_SERVICES		16384u
/* Source ports x destination ports of one service, as written. */
#define LIMIT_MATCHES		65536u
/*
 * ct mark holds the permit's number in its low 16 bits and that of the pair of
 * segments in its high 16: all of it is ours.
 */
#define LIMIT_PERMITS		60000u
/* Boxes after expansion: address range x address range x service. */
#define LIMIT_BOXES		1000000u
/*
 * How long before a permit ends its running flows look at the clock: a month and some
 * days, so that a daemon that stays away that long still lets none live on. Beyond it
 * openings end at their second all the same.
 */
#define LIMIT_HORIZON_SECONDS	(35ll * 86400)
/* IFNAMSIZ less the terminating NUL. */
#define LIMIT_INTERFACE_NAME	15u
/* Names of zones, hosts, groups, services; ids of permits: bytes. */
#define LIMIT_NAME		63u
/* Permit ids: they name counters of the kernel and stand in rule comments. */
#define LIMIT_PERMIT_ID		32u
/*
 * Different things a detector counts of one source: what its bitmap of fixed size
 * still estimates within 5 percent (agent/watch/detect_count.h).
 */
#define LIMIT_DETECT_COUNT	4000u
/* Half-open connections of a pair of segments: a set of the kernel, an element each. */
#define LIMIT_HALF_OPEN		65535u
#define LIMIT_HALF_OPEN_SECONDS	3600u
/* Half the numbers of pairs: the other half says that a handshake is not complete. */
#define LIMIT_HALF_OPEN_SEGMENTS 181u
/* Addresses bound to a MAC, one element of an nftables set each. */
#define LIMIT_BINDINGS		262144u
/* Addresses of one host that has a MAC: one machine, or one line's router. */
#define LIMIT_MAC_ADDRESSES	256u
/* Address ranges of all groups together, so that nesting cannot eat the memory. */
#define LIMIT_GROUP_RANGES	1000000u
/* Free text (label, purpose, request, approver): bytes of UTF-8. */
#define LIMIT_TEXT		512u
/* One policy file, and all files of one policy together: bytes. */
#define LIMIT_POLICY_BYTES	(64u << 20)
/*
 * Words and signs of a policy: three times what LIMIT_PERMITS permits of a usual size
 * take. It bounds the memory that parsing 64 MiB of hostile text needs.
 */
#define LIMIT_POLICY_TOKENS	(12u << 20)
/* Files that one policy is made of, and how deep they include each other. */
#define LIMIT_POLICY_FILES	1024u
#define LIMIT_INCLUDE_DEPTH	8u
/* Brackets in brackets; the language needs 4. libconfig recurses per level. */
#define LIMIT_NESTING		32u
/* Keys of one group; the language needs 12. libconfig looks them up one by one. */
#define LIMIT_GROUP_KEYS	32u
/* Findings kept of one run; the rest is only counted. */
#define LIMIT_FINDINGS		10000u
/* nft(8) lists concatenations of six or more fields as garbage. */
#define LIMIT_KEY_FIELDS	5u
/* 64 bytes of nf_tables registers (NFT_REG32_COUNT words). */
#define LIMIT_KEY_BYTES		64u
/* nft(8) object names: what we ever need (compile_leaf.c), far below NFT_NAME_MAXLEN. */
#define LIMIT_OBJECT_NAME	107u
/*
 * Tuples of a hash map: reading one back is quadratic in its size (nft_rhash_walk()
 * skips what earlier parts of the dump told), 0.5 s here. So small ranges of a leaf
 * are told by single tuples as long as these are no more, and a leaf of more is
 * split in shards.
 */
#define LIMIT_HASH_TUPLES	(1u << 17)
/*
 * Boxes of the interval maps of one shard: all of them are loaded anew when one
 * changes (2 ms), and the map that finds the shard has an element for every shard.
 */
#define LIMIT_SHARD_BOXES	512u
/*
 * Policies of more boxes have the chains that judge running flows again at all times,
 * with nothing leading there. The kernel walks all elements of a map that one more chain
 * looks up (nf_tables_bind_set()), 0.3 us each: a change of one permit cannot wait for it.
 */
#define LIMIT_PREPARED_BOXES	4096u
/*
 * Elements that one flip may take out of exact sets and maps or put in: 5 us each, and
 * nothing of nf_tables, a cut-off least of all, gets in before the last. A set of more
 * changes is filled beside the one that runs, in batches of as many.
 */
#define LIMIT_FLIP_ELEMENTS	(1u << 15)
/* One box in so many may lie across the border that splits a shard: it is in both. */
#define LIMIT_SHARD_ACROSS	8u

#endif /* RULES_LIMITS_H */
