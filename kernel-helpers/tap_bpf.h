/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The eBPF half of the tap, for tap*.c only: programs, policy tables, counters
 * and the event ring of tap_filter.bpf.c. Opening needs CAP_BPF and
 * CAP_NET_ADMIN; everything after it works on open descriptors without
 * privilege (Linux >= 5.19, or kernel.unprivileged_bpf_disabled = 0).
 */
#ifndef KERNEL_HELPERS_TAP_BPF_H
#define KERNEL_HELPERS_TAP_BPF_H

#include "kernel-helpers/tap.h"
#include "kernel-helpers/tap_filter.h"
#include "rules/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tap_bpf;

/* NULL with a sentence in why. Close with tap_bpf_close(), which accepts NULL. */
struct tap_bpf *tap_bpf_open(char *why, size_t why_size);
void tap_bpf_close(struct tap_bpf *b);

enum tap_program {
	TAP_PROGRAM_INCOMING,	/* for a packet socket */
	TAP_PROGRAM_OUTGOING,	/* for a packet socket */
	TAP_PROGRAM_LEAVING,	/* for tcx, egress */
	TAP_PROGRAM_ENTERING,	/* for tcx, ingress */
};

/* Its descriptor, which stays b's. */
int tap_bpf_program(const struct tap_bpf *b, enum tap_program program);

/*
 * Put TAP_PROGRAM_LEAVING or _ENTERING before all others at the interface's hook. A
 * descriptor that holds it there, or negative errno (no tcx: Linux < 6.6).
 */
int tap_bpf_attach(struct tap_bpf *b, enum tap_program program, uint32_t ifindex);

/*
 * This tap has that interface. "provable": its frames begin with an Ethernet
 * header; of others nothing is proven. 0 or negative errno.
 */
int tap_bpf_set_tap(struct tap_bpf *b, size_t tap, uint32_t ifindex, bool provable);

void tap_bpf_counts(const struct tap_bpf *b, size_t tap, struct tap_count *out);

/*
 * tap_bpf_policy.c. Fill the slot that is not in use, then switch to it. NULL:
 * no policy. On error there is none from before the first change on.
 */
int tap_bpf_load(struct tap_bpf *b, const struct tap_policy *p);

/* Increments since the last call, of the policy in force or of the one before it. */
void tap_bpf_take(struct tap_bpf *b, bool before,
    void (*permitted)(void *arg, const struct tap_permitted *p), void *arg);

/* tap_set_flow_seen() */
bool tap_bpf_flow_seen(const struct tap_bpf *b, const struct ip_addr *src,
    const struct ip_addr *dst, uint16_t sport, uint16_t dport, uint8_t protocol);

/* Readable when events wait. */
int tap_bpf_fd(const struct tap_bpf *b);

/* At most about max events. Returns how many, or negative errno. */
int tap_bpf_dispatch(struct tap_bpf *b, int max,
    void (*event)(void *arg, const struct tap_event *e), void *arg);

#endif /* KERNEL_HELPERS_TAP_BPF_H */
