/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taps: libpcap on every zone interface, both directions told apart.
 *
 * With the eBPF filter (tap_filter.bpf.c) the egress side knows through which
 * interface a leaving packet came in (skb->ingress_ifindex): a packet whose
 * real ingress is the interface that owns its source address goes through the
 * pcap ring as usual; any other one takes the BPF ring buffer with the true
 * ingress beside its head. Without it (tier TAP_TIER_CLASSIC) the ingress of a
 * leaving packet is taken from its source address, and a packet that lies
 * about its source on the way out is judged by the lie: status says so.
 */
#ifndef KERNEL_HELPERS_TAP_H
#define KERNEL_HELPERS_TAP_H

#include "rules/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAP_SNAPLEN		256u
#define TAP_BUFFER_BYTES	(16u << 20)	/* each ring; two rings an interface */
#define TAP_BUFFER_TOTAL	(512u << 20)	/* all rings; many are smaller */
#define TAP_BUFFER_LEAST	(1u << 20)	/* but never below this */

enum tap_tier {
	TAP_TIER_NONE = 0,	/* no kernel filter */
	TAP_TIER_CLASSIC,	/* classic BPF: truncation only */
	TAP_TIER_EBPF,		/* true ingress interface on the way out */
};

/*
 * One frame of one tap. Bytes are valid during the callback only. Incoming
 * frames to other stations are left out (PACKET_OTHERHOST): no gateway
 * forwards them, and whatever does shows them on the way out.
 */
struct tap_frame {
	const uint8_t *bytes;
	uint32_t captured, length;
	int64_t time_ns;	/* CLOCK_REALTIME */
	int interface;		/* index into the tap set: where it was seen */
	bool outgoing;
	int ingress;		/* outgoing: true ingress, an index or TAP_INGRESS_* */
	int link_type;		/* DLT_* */
};

#define TAP_INGRESS_BY_SOURCE	(-1)	/* the owner of its source address */
#define TAP_INGRESS_SELF	(-2)	/* sent by the gateway itself */
#define TAP_INGRESS_FOREIGN	(-3)	/* an interface that is in no segment */

/*
 * seen = proven + received, and received = dropped + delivered + what still
 * waits in a ring.
 */
struct tap_ledger {
	uint64_t seen;		/* by the kernel's filter; without one as received */
	uint64_t proven;	/* permitted beyond doubt: counted there, not handed over */
	uint64_t received;	/* by the kernel's sockets, after the filter */
	uint64_t dropped;	/* ring full */
	uint64_t delivered;	/* handed to the callback */
	uint64_t ring_lost;	/* event ring full: took the pcap ring instead */
	uint64_t arrived;	/* of seen: on the way in */
};

/* What the kernel's filter proved permitted since this was asked for last. */
struct tap_permitted {
	int in, out;		/* taps, or TAP_INGRESS_SELF for the gateway */
	uint32_t permit;	/* index + 1 in that policy */
	uint64_t packets, bytes;
};

struct tap_set;

/* Which prefix is owned by which interface, for the filter's tables. */
struct tap_owner {
	struct ip_prefix prefix;
	int interface;		/* index into the tap set */
};

/*
 * Open taps on these interfaces (needs CAP_NET_RAW, for TAP_TIER_EBPF CAP_BPF
 * and CAP_NET_ADMIN). An interface that does not exist yet is a tap that is
 * down; tap_set_missing() counts them. NULL with errno, and a sentence in why.
 */
struct tap_set *tap_set_open(const char *const *interfaces, size_t n, char *why,
    size_t why_size);

/* The same with no tier above "best": rehearses what an older kernel gets. */
struct tap_set *tap_set_open_tier(const char *const *interfaces, size_t n,
    enum tap_tier best, char *why, size_t why_size);

void tap_set_close(struct tap_set *s);

size_t tap_set_count(const struct tap_set *s);
size_t tap_set_missing(const struct tap_set *s);
const char *tap_set_interface(const struct tap_set *s, size_t i);
bool tap_set_is_up(const struct tap_set *s, size_t i);
/* The tap of the kernel's interface number (not 0); -1 when there is none. */
int tap_set_find(const struct tap_set *s, uint32_t ifindex);
enum tap_tier tap_set_tier(const struct tap_set *s);
const char *tap_tier_name(enum tap_tier tier);
/* Why the tier is not the best one; "" when it is. */
const char *tap_set_tier_reason(const struct tap_set *s);

/*
 * Replace the filter's owner tables; needs no privilege from Linux 5.19 on. 0
 * or negative errno: then more frames than needed take the event ring, no less.
 */
int tap_set_owners(struct tap_set *s, const struct tap_owner *owners, size_t n);

/* Descriptors to poll for reading: fds[] gets up to max, returns how many there are. */
size_t tap_set_fds(const struct tap_set *s, int *fds, size_t max);

/*
 * Hand every waiting frame to the callback, at most about max_frames.
 * Returns frames handed over, or a negative errno: -ENETDOWN when an interface
 * went away (its tap is closed, the others go on).
 */
int tap_set_dispatch(struct tap_set *s, int max_frames,
    void (*frame)(void *arg, const struct tap_frame *f), void *arg);

/*
 * Send one frame of our own out of the interface, by the socket that watches
 * arrivals: it is seen by the tap of the leaving side. Needs no privilege. 0 or
 * negative errno, -ENETDOWN when the tap is down.
 */
int tap_set_send(const struct tap_set *s, size_t i, const void *frame, size_t length);

/*
 * Let nothing more in; what is in the rings can still be read. So the ledger
 * comes to rest: received = dropped + delivered when all is read.
 */
void tap_set_stop(struct tap_set *s);

/* Every pair and permit that has counted something. */
void tap_set_permitted(const struct tap_set *s,
    void (*permitted)(void *arg, const struct tap_permitted *p), void *arg);

/* The interface's MAC when the tap was opened; false: it has none, or is down. */
bool tap_set_mac(const struct tap_set *s, size_t i, uint8_t mac[6]);

/* 64-bit ledger of one tap since it was opened; asks the kernel. */
void tap_set_ledger(struct tap_set *s, size_t i, struct tap_ledger *out);

#endif /* KERNEL_HELPERS_TAP_H */
