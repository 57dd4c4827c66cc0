/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The slow, obvious judge. It reads the policy as written, name by name and
 * word by word, and shares nothing with the check's boxes or the classifier's
 * tables but the parser of addresses and the list of addresses never forwarded.
 * What it must say stands in rules/classifier.h.
 */
#ifndef TESTS_UNIT_ORACLE_H
#define TESTS_UNIT_ORACLE_H

#include "rules/classifier.h"
#include "rules/policy.h"

struct oracle;

/*
 * Segments are numbered in the order of the file. NULL when the policy has a
 * word that the oracle cannot read. Borrows both.
 */
struct oracle *oracle_new(const struct policy *policy, const struct ip_addr *own,
    size_t n_own);
void oracle_free(struct oracle *o);

/* classifier_judge(), or with "any" classifier_judge_any(). */
void oracle_judge(const struct oracle *o, const struct facts *f, uint16_t in,
    uint16_t out, int64_t now, bool any, struct judgement *j);

uint16_t oracle_owner(const struct oracle *o, const struct ip_addr *a);

#endif /* TESTS_UNIT_ORACLE_H */
