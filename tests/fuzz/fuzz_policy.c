/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer: any bytes as a policy. They end in a finding or in a policy; a
 * policy without findings prints, reads back without findings and prints the
 * same; the check then makes of it what it can. CP-01, CP-02, FZ-03.
 */
#include "rules/checked.h"
#include "rules/policy_parse.h"
#include "rules/policy_print.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 2026-11-21: only warnings about expiry depend on it. */
#define FUZZ_NOW 1795186800

static void
demand(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_policy: %s\n", what);
	abort();
}

static char *
print(const struct policy *p, bool with_origins)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	demand(f != NULL, "no memory");
	policy_print(p, with_origins, f);
	fclose(f);
	return text;
}

static void
read_back(const struct policy *p, bool with_origins)
{
	char *first = print(p, with_origins), *second;
	struct diag *diag = diag_new();
	struct policy *again;

	demand(diag != NULL, "no memory");
	again = policy_parse_text(first, strlen(first), "policy.conf", diag);
	demand(again != NULL && diag_exit_code(diag) == 0,
	    "what was printed does not read back");
	second = print(again, with_origins);
	demand(strcmp(first, second) == 0, "what was read back prints otherwise");
	free(first);
	free(second);
	policy_free(again);
	diag_free(diag);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diag *diag = diag_new();
	struct policy *p;

	demand(diag != NULL, "no memory");
	p = policy_parse_text((const char *)data, size, "policy.conf", diag);
	demand(p != NULL || diag_exit_code(diag) == 1, "no policy and no finding");
	if (p != NULL && diag_exit_code(diag) == 0) {
		read_back(p, false);
		read_back(p, true);
	}
	if (p != NULL)
		checked_free(checked_new(p, FUZZ_NOW, diag));
	diag_sort(diag);
	diag_free(diag);
	return 0;
}
