/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One direction of one interface, for tap*.c only: a libpcap handle whose
 * kernel filter lets in only that direction.
 */
#ifndef KERNEL_HELPERS_TAP_RING_H
#define KERNEL_HELPERS_TAP_RING_H

#include <pcap/pcap.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tap_ring {
	pcap_t *pcap;			/* NULL: down */
	int link_type;			/* DLT_* */
	uint32_t raw_received, raw_dropped;	/* libpcap's counters when last asked */
	uint64_t received, dropped;
	uint64_t delivered;
};

/*
 * Open, to listen to nothing yet. program: descriptor of an eBPF socket filter, -1: a
 * classic filter of our own; no frame enters before it is in place. 0 or negative
 * errno with a sentence in why.
 */
int tap_ring_open(struct tap_ring *r, const char *interface, bool outgoing, int program,
    size_t buffer_bytes, char *why, size_t why_size);

/* From here on frames come in. Needs no privilege. 0 or negative errno. */
int tap_ring_listen(struct tap_ring *r);

/* Accepts one that is down; the ledger stays as it was last asked for. */
void tap_ring_close(struct tap_ring *r);

/* Nothing enters from now on; what is inside stays readable. Accepts one that is down. */
void tap_ring_stop(struct tap_ring *r);

/*
 * Bring received and dropped up to date; to be called before libpcap's counters
 * wrap. The kernel forgets what it told, so of processes that share the socket
 * only the one that reads it may ask.
 */
void tap_ring_ask(struct tap_ring *r);

#endif /* KERNEL_HELPERS_TAP_RING_H */
