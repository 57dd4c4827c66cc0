/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first steps of every child: what it lets go of, and what it becomes. */
#include "agent/keeper/keeper_internal.h"

#include "agent/log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int
by_number(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int
keeper_close_others(int *keep, size_t n)
{
	unsigned int first = STDERR_FILENO + 1;

	qsort(keep, n, sizeof(*keep), by_number);
	for (size_t i = 0; i < n; i++) {
		unsigned int fd = (unsigned int)keep[i];

		if (keep[i] < (int)first)
			continue;
		if (fd > first && close_range(first, fd - 1, 0) < 0)
			return -errno;
		first = fd + 1;
	}
	return close_range(first, ~0U, 0) < 0 ? -errno : 0;
}

int
keeper_become(enum privilege_role role, const struct privilege_needs *needs, struct beat *beat)
{
	int r = privilege_become(role, needs);

	atomic_store(&beat->landlock, r);
	/* After the change of user, which clears it: nobody outlives the keeper. */
	if (r >= 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		r = -errno;
	if (r < 0)
		log_warnx("cannot give up privileges: %s", strerror(-r));
	return r;
}
