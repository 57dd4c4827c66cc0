/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kernel-helpers/nft_verify.c asks of single sets. Not for others. */
#ifndef KERNEL_HELPERS_NFT_VERIFY_SET_H
#define KERNEL_HELPERS_NFT_VERIFY_SET_H

#include "kernel-helpers/nft_dump.h"
#include "kernel-helpers/nft_verify.h"

struct verify {
	struct nft_channel *channel;
	const struct ruleset *target;
	const struct ruleset_change *unswept;	/* NULL: what passes is gone */
	struct nft_dump dump;
	const struct ruleset_set *whole;	/* the last one that was found equal */
	bool (*pause)(void *arg);		/* NULL: none */
	void *pause_arg;
};

int verify_ask(struct verify *v, uint8_t type, bool dump, const char *name,
    struct nft_replies *r);
/* An empty set of the same type, to read elements into. NULL: ENOMEM. */
struct ruleset *verify_copy_type(const struct ruleset_set *s);
/* The elements of "keys" as the kernel has them; -ENOENT when it lacks one. */
int verify_keys(struct verify *v, const struct change *keys, struct ruleset_set *out);
/* All elements, and no others. 0, -EBADE, -EINTR (nft_verify.h) or another negative errno. */
int verify_whole_set(struct verify *v, const struct ruleset_set *want);

#endif /* KERNEL_HELPERS_NFT_VERIFY_SET_H */
