/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "limits": how many TCP connections may be half open between two segments. */
#include "rules/check_internal.h"

#include "rules/limits.h"

#include <stdlib.h>
#include <string.h>

#define SECONDS_DEFAULT 30u
#define DIGITS_MOST 9u

/* A whole number within its bounds, or a finding. */
static void
take(struct check *ck, const char *key, const char *text, uint32_t most, uint32_t *value)
{
	size_t digits;
	unsigned long n;

	if (text == NULL)
		return;
	digits = strspn(text, "0123456789");
	n = digits <= DIGITS_MOST ? strtoul(text, NULL, 10) : 0;
	if (digits > 0 && text[digits] == '\0' && n >= 1 && n <= most)
		*value = (uint32_t)n;
	else
		check_error(ck, ck->policy->limits.origin, MSG_CHECK_LIMITS_NUMBER, key, text,
		    most);
}

int
check_half_open(struct check *ck)
{
	const struct policy_limits *w = &ck->policy->limits;
	struct checked *c = ck->c;

	if (w->half_open == NULL)
		return 0;
	c->half_open_seconds = SECONDS_DEFAULT;
	take(ck, "half_open", w->half_open, LIMIT_HALF_OPEN, &c->half_open);
	take(ck, "half_open_seconds", w->half_open_seconds, LIMIT_HALF_OPEN_SECONDS,
	    &c->half_open_seconds);
	if (c->n_segments > LIMIT_HALF_OPEN_SEGMENTS)
		check_error(ck, w->origin, MSG_CHECK_LIMITS_SEGMENTS, c->n_segments,
		    LIMIT_HALF_OPEN_SEGMENTS);
	return 0;
}
