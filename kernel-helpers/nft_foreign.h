/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of others, as far as they can change what the gate decides. To accept a packet
 * in another table overrides no drop of ours; to rewrite it, to send it out by itself, to
 * mark its connection or to hand its flow to a shortcut does.
 */
#ifndef KERNEL_HELPERS_NFT_FOREIGN_H
#define KERNEL_HELPERS_NFT_FOREIGN_H

#include "kernel-helpers/nft_channel.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NFT_FOREIGN_MOST 256u

#define NFT_FOREIGN_REWRITES	1u	/* nat, tproxy, changes of the packet's head */
#define NFT_FOREIGN_QUEUES	2u	/* hands packets to a program */
#define NFT_FOREIGN_UNTRACKS	4u	/* takes packets out of connection tracking */
#define NFT_FOREIGN_MARKS	8u	/* sets marks: of connections, or of packets for routing */
#define NFT_FOREIGN_MOVES	16u	/* sends packets to another interface: fwd, dup */
#define NFT_FOREIGN_OFFLOADS	32u	/* flows pass by all rules: a flowtable */

struct nft_foreign_table {
	uint8_t family;			/* NFPROTO_* */
	char name[64];			/* cut, when longer */
	bool hooked;			/* stands in the way of packets that come or cross */
	unsigned int does;		/* NFT_FOREIGN_* */
};

struct nft_foreign {
	struct nft_foreign_table tables[NFT_FOREIGN_MOST];
	size_t n;
	bool cut;
};

/* Questions for everything of a kind, of all tables of all families. */
enum nft_foreign_kind {
	NFT_FOREIGN_CHAINS = 0,
	NFT_FOREIGN_FLOWTABLES,
	NFT_FOREIGN_RULES,
	NFT_FOREIGN_KINDS
};

/* Ask the kernel by a channel of this process; the replies are the caller's to free. */
int nft_foreign_ask(struct nft_channel *ch, enum nft_foreign_kind kind,
    struct nft_replies *replies);

/*
 * The replies to one kind, added to what is known; chains first. Pure; every length is
 * checked. 0, -EPROTO for what is no such answer, or what the kernel refused with.
 */
int nft_foreign_add(struct nft_foreign *f, enum nft_foreign_kind kind, const void *bytes,
    size_t length);

#endif /* KERNEL_HELPERS_NFT_FOREIGN_H */
