/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taps: every zone interface, both directions told apart. With the eBPF filter
 * (tap_filter.bpf.c) frames that the policy permits beyond doubt are counted
 * in the kernel and not handed over; the rest is, and a leaving one with the
 * interface it truly came in by (skb->ingress_ifindex). The programs stand at the
 * tcx hooks of both ways and hand over by their event ring (TAP_TIER_TCX). A way
 * that has no such hook takes a libpcap ring with the program as its filter; in
 * that of the way out frames stand whose source is owned by their ingress.
 *
 * Without eBPF (tier TAP_TIER_CLASSIC) every frame is handed over and the
 * ingress of a leaving packet is taken from its source address: a packet that
 * lies about its source on the way out is judged by the lie. Status says so.
 */
#ifndef KERNEL_HELPERS_TAP_H
#define KERNEL_HELPERS_TAP_H

#include "kernel-helpers/tap_filter.h"
#include "rules/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAP_SNAPLEN		512u	/* a TLS client hello */
#define TAP_BUFFER_BYTES	(16u << 20)	/* each ring */
#define TAP_BUFFER_TOTAL	(512u << 20)	/* all rings; many are smaller */
#define TAP_BUFFER_LEAST	(1u << 20)	/* but never below this */

enum tap_tier {
	TAP_TIER_NONE = 0,	/* no kernel filter */
	TAP_TIER_CLASSIC,	/* classic BPF: truncation only */
	TAP_TIER_EBPF,		/* permits in the kernel, true ingress on the way out */
	TAP_TIER_TCX,		/* the same at tcx hooks: no packet socket is bound */
};

/*
 * One frame of one tap. Bytes are valid during the callback only. Incoming
 * frames to other stations are left out (PACKET_OTHERHOST): no gateway
 * forwards them, and whatever does shows them on the way out.
 */
struct tap_frame {
	const uint8_t *bytes;
	uint32_t captured, length;
	int64_t time_ns;	/* CLOCK_REALTIME; of a pcap ring in whole microseconds */
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
	uint64_t proven;	/* permitted beyond doubt: counted, not handed over */
	uint64_t received;	/* by the kernel's sockets, after the filter */
	uint64_t dropped;	/* ring full */
	uint64_t delivered;	/* handed to the callback */
	uint64_t ring_lost;	/* event ring full: took a pcap ring, ingress unknown */
	uint64_t arrived;	/* of seen: on the way in */
};

/* What the kernel's filter proved permitted, in the direction of the packets. */
struct tap_permitted {
	int in, out;		/* taps */
	uint32_t permit;	/* index + 1 in its policy; of answers the opener's */
	uint64_t packets, bytes;
};

struct tap_set;

/* All addresses of a prefix that no longer one holds are of one class. */
struct tap_policy_prefix {
	struct ip_prefix prefix;
	uint32_t number;	/* of the class */
};

/* Who is counted by one counter. */
struct tap_counter {
	int in, out;		/* taps */
	uint32_t permit;	/* index + 1 */
};

/*
 * A policy as the filter asks it. Element 0 of classes and services is
 * TAP_CLASS_UNKNOWN. Boxes have different keys; each names its counter + 1. All
 * of it holds until until_ns: then nothing is proven any more.
 */
struct tap_policy {
	const struct tap_policy_prefix *prefixes;
	size_t n_prefixes;
	const struct tap_class *classes;
	size_t n_classes;
	const struct tap_services *services;
	size_t n_services;
	const struct tap_ports *ports[2];	/* TCP, UDP */
	const struct tap_box_key *box_keys;
	const struct tap_box *boxes;
	size_t n_boxes;
	const struct tap_mac *macs;
	size_t n_macs;
	const struct tap_counter *counters;
	size_t n_counters;
	int64_t until_ns;	/* CLOCK_MONOTONIC */
};

typedef void tap_on_permitted(void *arg, const struct tap_permitted *p);

/*
 * Open taps on these interfaces (needs CAP_NET_RAW, from TAP_TIER_EBPF on
 * CAP_BPF and CAP_NET_ADMIN). An interface that does not exist yet is a tap that is
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

/* The kernel's numbers of our programs at tcx hooks; 0: there is none. */
void tap_set_programs(const struct tap_set *s, uint32_t *leaving, uint32_t *entering);

/*
 * Give the filter another policy; NULL: none, everything is handed over. The
 * new tables are complete before one store puts them in force; flows proven by
 * the old ones are proven anew. Then "leaving" (may be NULL) gets what the old
 * policy counted and tap_set_permitted() has not handed out: it counts no more.
 * Needs no privilege from Linux 5.19 on. On error there is no policy.
 */
int tap_set_policy(struct tap_set *s, const struct tap_policy *p,
    tap_on_permitted *leaving, void *arg);

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
 * Let nothing more in; what is in the rings can still be read. So the ledger
 * comes to rest: received = dropped + delivered when all is read.
 */
void tap_set_stop(struct tap_set *s);

/* What was counted since the last call, by pair and permit of the policy in force. */
void tap_set_permitted(struct tap_set *s, tap_on_permitted *permitted, void *arg);

/*
 * True: the filter saw a packet of this direction, of a flow that a permit of its
 * policy held, and has not forgotten it since: the opening, a later packet, or an
 * answer, which it takes for one only if it saw the opening. False says nothing:
 * entries are evicted.
 */
bool tap_set_flow_seen(const struct tap_set *s, const struct ip_addr *src,
    const struct ip_addr *dst, uint16_t sport, uint16_t dport, uint8_t protocol);

/* The interface's MAC when the tap was opened; false: it has none, or is down. */
bool tap_set_mac(const struct tap_set *s, size_t i, uint8_t mac[6]);

/*
 * Learn anew, by link_fd (link.h), which VLANs are devices stacked on the taps'
 * interfaces; tap_set_open() has done it once. Needs no privilege, does not wait.
 * 0 or negative errno: then what was known stays.
 */
int tap_set_learn_vlans(struct tap_set *s, int link_fd);

/*
 * True when a VLAN device on the tap's interface takes this VLAN, by tags of this
 * EtherType (802.1Q or 802.1ad). "i" may be any number.
 */
bool tap_set_carries_vlan(const struct tap_set *s, size_t i, uint16_t protocol,
    uint16_t id);

/* 64-bit ledger of one tap since it was opened; asks the kernel. */
void tap_set_ledger(struct tap_set *s, size_t i, struct tap_ledger *out);

#endif /* KERNEL_HELPERS_TAP_H */
