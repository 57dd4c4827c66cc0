/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libconfig settings -> policy, by the table of rules/policy_keys.h. */
#ifndef RULES_POLICY_PARSE_ITEMS_H
#define RULES_POLICY_PARSE_ITEMS_H

#include "rules/policy_parse_source.h"

#include <libconfig.h>

/*
 * Fill s->policy from what libconfig read of s's plain text. Values that are
 * wrong in themselves become findings and are left out: every string in the
 * policy is UTF-8 without control characters and within its limit.
 */
void policy_parse_items(struct policy_source *s, const config_setting_t *root);

#endif /* RULES_POLICY_PARSE_ITEMS_H */
