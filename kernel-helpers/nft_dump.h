/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel dump -> struct ruleset. Pure: takes the bytes of replies, knows no
 * socket. What it reads is exactly what nft_encode.h writes; anything else in
 * our table is -EPROTO, with a sentence that names where it stands.
 */
#ifndef KERNEL_HELPERS_NFT_DUMP_H
#define KERNEL_HELPERS_NFT_DUMP_H

#include "kernel-helpers/nft_channel.h"
#include "kernel-helpers/nft_commit.h"
#include "rules/ruleset.h"

#include <linux/netlink.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NFT_DUMP_REQUEST_BYTES 256u

struct nft_dump {
	struct ruleset *ruleset;	/* filled */
	uint32_t generation;		/* every part must be of this one */
	struct nft_refusal *refusal;
};

/*
 * A question: "type" is NFT_MSG_GET*. "name" NULL: all of them; else the set, chain or
 * counter of this name, for elements their set, for rules their chain. Returns its length.
 */
size_t nft_dump_request(uint8_t buf[NFT_DUMP_REQUEST_BYTES], uint8_t type, bool dump,
    const char *name);

/*
 * Each takes the replies to one question and adds what they say to the
 * ruleset. 0, or a negative errno: -EAGAIN the table changed meanwhile;
 * -EPROTO something we never write; -ENOENT (table) there is none.
 */
int nft_dump_generation(const struct nft_replies *r, uint32_t *generation);
int nft_dump_table(const struct nft_replies *r, struct nft_dump *d);
int nft_dump_counters(const struct nft_replies *r, struct nft_dump *d);
int nft_dump_sets(const struct nft_replies *r, struct nft_dump *d);
int nft_dump_chains(const struct nft_replies *r, struct nft_dump *d);
int nft_dump_rules(const struct nft_replies *r, struct nft_dump *d);
/* Flows in one pass by every rule; we never make any, so each is strange. */
int nft_dump_flowtables(const struct nft_replies *r, struct nft_dump *d);
int nft_dump_elements(const struct nft_replies *r, struct nft_dump *d,
    struct ruleset_set *s);

/*
 * Calls each() for every message of this NFT_MSG_NEW* type; all checks of
 * consistency are made here. What each() returns ends the walk unless 0.
 */
int nft_dump_walk(const struct nft_replies *r, uint8_t type, uint32_t generation,
    int (*each)(const struct nlmsghdr *h, void *arg), void *arg);

/* Sentence into the refusal; returns -EPROTO. */
int nft_dump_strange(struct nft_dump *d, const char *what, const char *name);

#endif /* KERNEL_HELPERS_NFT_DUMP_H */
