/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ruleset with one of everything the gate is made of, for tests of the kernel side. */
#ifndef TESTS_UNIT_NFT_SAMPLE_H
#define TESTS_UNIT_NFT_SAMPLE_H

#include "rules/ruleset.h"
#include "rules/ruleset_diff.h"

/* Sorted and settled at version 1. Memory running out ends the program. */
struct ruleset *nft_sample(void);

/* The same without its chain rules' last one: something to flip. */
struct ruleset *nft_sample_changed(void);

/* Add n exact elements to the map "mn0-lg0-x4". */
void nft_sample_fill(struct ruleset *r, size_t n);

/* Key of struct ruleset_set for ip saddr . ip daddr . ip protocol . th dport. */
void nft_sample_key4(uint8_t key[16], uint32_t saddr, uint32_t daddr, uint8_t protocol,
    uint16_t dport);

#endif /* TESTS_UNIT_NFT_SAMPLE_H */
