/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ruleset -> nft(8) text that "nft -f" loads and "nft list table" prints alike. */
#ifndef RULES_RULESET_PRINT_H
#define RULES_RULESET_PRINT_H

#include "rules/ruleset.h"

#include <stdio.h>

/* The whole table. */
void ruleset_print(const struct ruleset *r, FILE *out);

/* One rule without its chain, as nft(8) writes it; no newline. */
void ruleset_print_rule(const struct ruleset_rule *rule, FILE *out);

/* One key "10.0.0.0/24 . 10.0.0.2-10.0.0.9 . tcp . 443"; last NULL: exact. */
void ruleset_print_key(const struct ruleset_set *s, const uint8_t *first,
    const uint8_t *last, FILE *out);

#endif /* RULES_RULESET_PRINT_H */
