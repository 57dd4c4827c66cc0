/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A real kernel for tests of the gate: a network namespace of its own, with nothing but
 * what the test puts there. Needs root; without it the test says so and is skipped (77).
 */
#ifndef TESTS_NFT_BED_H
#define TESTS_NFT_BED_H

#include "kernel-helpers/nft_commit.h"

#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stdint.h>

/* To that kernel; while bed_main() runs. */
extern struct nft_channel *bed_channel;

/* What somebody else may do to our table, as shell commands. */
#define BED_TAMPERING 17
extern const char *const bed_tampering[BED_TAMPERING];

/* Who stands between us and the kernel: the state of a channel that goes through it. */
struct meddler {
	struct nft_channel *real;
	int batches, when, times;
};
void bed_no_close(struct nft_channel *ch);
/* An exchange: batch "when" and the next ones, "times" in all, cannot be sent (-EPERM). */
int bed_fail_to_send(struct nft_channel *ch, const void *bytes, size_t length,
    struct nft_replies *replies);

/* Run the tests there. The result is main()'s. */
int bed_main(const char *suite, CU_TestInfo *tests);

/* What somebody else does; the test fails where it does. */
void bed_shell(const char *command);
void bed_empty(void);
/* The long way: read, change, read back. 0 or negative errno. */
int bed_apply(struct ruleset *r, bool *changed);
/* Our table; NULL: there is none. The caller frees it. */
struct ruleset *bed_read(void);
/* The kernel holds exactly this. */
void bed_holds(const struct ruleset *want);
/* As control does behind its answer; what is known is then all that there is. */
void bed_settles(struct nft_known *known);
uint32_t bed_generation(void);

#endif /* TESTS_NFT_BED_H */
