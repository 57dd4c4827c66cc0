/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy -> policy text that parses again and prints the same. */
#ifndef RULES_POLICY_PRINT_H
#define RULES_POLICY_PRINT_H

#include "rules/policy.h"

#include <stdbool.h>
#include <stdio.h>

/*
 * One file without includes, one item a line, keys in the order of the manual page.
 * with_origins adds the key origin = "file:line" to every item; the parser takes
 * it as the item's origin, so a policy handed to another process keeps its lines.
 */
void policy_print(const struct policy *p, bool with_origins, FILE *out);

/* Hexadecimal SHA-256 of the text without origins: layout and comments do not count.
 * 0 or -ENOMEM. */
int policy_digest(const struct policy *p, char out[65]);

#endif /* RULES_POLICY_PRINT_H */
