/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where netlink bytes go: straight to a socket (tests, bench, one-shot apply)
 * or through the keeper process. Both give the same replies.
 */
#ifndef KERNEL_HELPERS_NFT_CHANNEL_H
#define KERNEL_HELPERS_NFT_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

/* Replies of one request or batch, message after message as the kernel sent them. */
struct nft_replies {
	uint8_t *bytes;		/* malloc(3)ed; free with nft_replies_free() */
	size_t length;
};

struct nft_channel {
	/*
	 * Send one batch (or one dump request) and gather every reply to it.
	 * 0 or a negative errno; -ENOBUFS: outcome unknown, read back.
	 */
	int (*exchange)(struct nft_channel *ch, const void *bytes, size_t length,
	    struct nft_replies *replies);
	void (*close)(struct nft_channel *ch);
	void *state;
};

void nft_replies_free(struct nft_replies *r);

/*
 * A channel on a NETLINK_NETFILTER socket of this process. Needs
 * CAP_NET_ADMIN in the user namespace of the network namespace.
 * NULL with errno. Close with nft_channel_close().
 */
struct nft_channel *nft_channel_open(void);
void nft_channel_close(struct nft_channel *ch);	/* accepts NULL */

/*
 * The number of a channel's socket, by which the kernel names who wrote (nl_pid of
 * netlink(7)). 0 for a channel that is no socket of this process.
 */
uint32_t nft_channel_port(const struct nft_channel *ch);

/*
 * True when every message of a batch is one we may send: BEGIN and END of a
 * batch, and messages of nf_tables whose family is inet and whose table is
 * RULESET_TABLE; or a single get or dump. The keeper asks this of every batch
 * it is handed; *why names the first bad message.
 */
int nft_channel_allowed(const void *bytes, size_t length, char *why, size_t why_size);

#endif /* KERNEL_HELPERS_NFT_CHANNEL_H */
