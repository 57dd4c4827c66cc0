/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/policy_memfd.h"

#include "agent/ipc.h"
#include "rules/policy_print.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int
policy_memfd(const struct policy *policy)
{
	return policy_memfd_with(policy, NULL);
}

int
policy_memfd_with(const struct policy *policy, const char *behind)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	int r;

	if (out == NULL)
		return -errno;
	policy_print(policy, true, out);
	if (behind != NULL) {
		fputc('\0', out);
		fputs(behind, out);
	}
	r = fclose(out) == 0 ? ipc_memfd("policy", text, length) : -ENOMEM;
	free(text);
	return r;
}
