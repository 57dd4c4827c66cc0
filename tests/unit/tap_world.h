/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real eBPF programs in front of one small policy: "a" in mn may ask "b" in lg
 * on any port of UDP and TCP. Frames run through them by BPF_PROG_RUN.
 */
#ifndef TESTS_UNIT_TAP_WORLD_H
#define TESTS_UNIT_TAP_WORLD_H

#include "kernel-helpers/tap_bpf.h"
#include "rules/facts.h"

enum { MN, LG, TAPS };

extern const uint8_t tap_world_a[6], tap_world_b[6];	/* MACs */
extern uint32_t tap_world_ifindex[TAPS];

/* A namespace of our own with both interfaces. False: we may not. */
bool tap_world_make(void);

/* Programs with that policy in force; close with tap_bpf_close(). */
struct tap_bpf *tap_world_filter(void);

/*
 * The same for one case after another, with the policy loaded anew; never closed. The
 * kernel proves the programs but once: an emulated processor takes long to do that.
 */
struct tap_bpf *tap_world_anew(void);

/* The same policy once more, in the other slot. */
void tap_world_load(struct tap_bpf *bpf);

/* From a, port 5000, to b; and what b answers to that. */
struct facts tap_world_from_a(uint8_t protocol, uint16_t dport, uint8_t flags);
struct facts tap_world_from_b(uint8_t protocol, uint16_t sport, uint8_t flags);

/* What the program returns. */
int tap_world_run(const struct tap_bpf *bpf, enum tap_program program,
    const uint8_t *frame, size_t length, uint32_t ingress, uint32_t here);

/* Go on on that processor. False: we may not run there. */
bool tap_world_run_on(int processor);

/* True: user space sees it leave. */
bool tap_world_shows_leaving(const struct tap_bpf *bpf, const struct facts *f,
    unsigned int in);

#endif /* TESTS_UNIT_TAP_WORLD_H */
