/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What others do to nf_tables, as the kernel tells it while it happens: each
 * transaction is a few messages and then one NEWGEN, which names the process that wrote
 * (nf_tables_commit() in net/netfilter/nf_tables_api.c). What our own channel wrote is
 * left out, by the number of its socket, which nobody else can have while it is open.
 */
#ifndef KERNEL_HELPERS_NFT_EVENTS_H
#define KERNEL_HELPERS_NFT_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NFT_EVENTS_NAME 16u		/* TASK_COMM_LEN */

/* A transaction that has not ended yet; all zero at first. */
struct nft_events_open {
	bool changed, gone;
};

/* Sums of what was read; all zero at first. */
struct nft_events_seen {
	uint32_t transactions;		/* of others, ended */
	uint32_t changed;		/* of these: touched our table */
	uint32_t gone;			/* of these: our table no longer filters, or part of it */
	uint32_t generation;		/* of the last */
	bool lost;			/* the kernel had no room: something happened unseen */
	/* Who: the last of those that did the worst of it. "" and 0: not told. */
	uint32_t pid;
	char name[NFT_EVENTS_NAME];	/* as the process calls itself: any bytes but NUL */
};

/*
 * A socket, non-blocking, that hears what all but the socket "own" write. receive_bytes:
 * of its buffer. Negative errno.
 */
int nft_events_open(uint32_t own, int receive_bytes);

/*
 * One datagram of the socket. Pure; every length in it is checked, what does not
 * hold together counts as lost.
 */
void nft_events_parse(const void *bytes, size_t length, uint32_t own,
    struct nft_events_open *open, struct nft_events_seen *seen);

/* Read what waits, at most "most" datagrams. How many there were, or negative errno. */
int nft_events_read(int fd, uint32_t own, unsigned int most, struct nft_events_open *open,
    struct nft_events_seen *seen);

#endif /* KERNEL_HELPERS_NFT_EVENTS_H */
