/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The eBPF half of the tap, for tap*.c only: programs, owner tables and the
 * event ring of tap_filter.bpf.c. Opening needs CAP_BPF; everything after it
 * works on open descriptors without privilege (Linux >= 5.19, or
 * kernel.unprivileged_bpf_disabled = 0).
 */
#ifndef KERNEL_HELPERS_TAP_BPF_H
#define KERNEL_HELPERS_TAP_BPF_H

#include "kernel-helpers/tap_filter.h"
#include "rules/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tap_bpf;

/* A prefix and the kernel's number of the interface that owns it. */
struct tap_bpf_owner {
	struct ip_prefix prefix;
	uint32_t ifindex;
};

/* NULL with a sentence in why. Close with tap_bpf_close(), which accepts NULL. */
struct tap_bpf *tap_bpf_open(char *why, size_t why_size);
void tap_bpf_close(struct tap_bpf *b);

/* Descriptor of the program for one direction; stays owned by b. */
int tap_bpf_program(const struct tap_bpf *b, bool outgoing);

/* Count events of this interface from now on. 0 or negative errno. */
int tap_bpf_count_interface(struct tap_bpf *b, uint32_t ifindex);
void tap_bpf_counts(const struct tap_bpf *b, uint32_t ifindex,
    struct tap_event_count *out);

/*
 * Replace the owner tables, entry by entry: new ones first, then the old ones
 * go. 0 or negative errno; after an error the tables are a mixture, which
 * sends more frames than needed to the event ring and hides none.
 */
int tap_bpf_owners(struct tap_bpf *b, const struct tap_bpf_owner *owners, size_t n);

/* Readable when events wait. */
int tap_bpf_fd(const struct tap_bpf *b);

/* At most about max events. Returns how many, or negative errno. */
int tap_bpf_dispatch(struct tap_bpf *b, int max,
    void (*event)(void *arg, const struct tap_event *e), void *arg);

#endif /* KERNEL_HELPERS_TAP_BPF_H */
