/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/check_text.h"

#include "rules/policy_parse.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

struct checked *
check_text(const char *text)
{
	struct diag *d = diag_new();
	struct policy *p = policy_parse_text(text, strlen(text), "p", d);
	struct checked *c = p != NULL ? checked_new(p, NOW, d) : NULL;

	if (c == NULL)
		diag_print(d, stderr, MESSAGE_ENGLISH);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	diag_free(d);
	return c;
}
