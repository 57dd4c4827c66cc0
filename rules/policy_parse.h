/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy text -> policy, by libconfig(3), with @include and UTF-8. */
#ifndef RULES_POLICY_PARSE_H
#define RULES_POLICY_PARSE_H

#include "rules/diag.h"
#include "rules/policy.h"

/*
 * Read a policy file and what it includes (names relative to the folder of the
 * including file; how to split lists over files: rules/policy_parse_source.h).
 * Syntax errors, unknown keys, keys written twice, wrong types, text that is
 * not UTF-8 or too long, and files over LIMIT_POLICY_BYTES are findings.
 * Returns the policy (caller frees) also when findings were added, so that the
 * check can add its own: values at fault are left out, so NULL and empty lists.
 * NULL when the text as a whole could not be read; there is an error then.
 */
struct policy *policy_parse_file(const char *path, struct diag *diag);

/* The same from memory; "name" stands for the file in findings. No includes. */
struct policy *policy_parse_text(const char *text, size_t length, const char *name,
    struct diag *diag);

#endif /* RULES_POLICY_PARSE_H */
