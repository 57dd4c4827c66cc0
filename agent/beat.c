/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/beat.h"

#include <stddef.h>
#include <sys/mman.h>

struct beat *
beat_new(void)
{
	void *page = mmap(NULL, sizeof(struct beat), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? NULL : page;
}

void
beat_forget(struct beat *b)
{
	if (b != NULL)
		munmap(b, sizeof(*b));
}

void
beat_strike(struct beat *b)
{
	if (b != NULL)
		atomic_fetch_add_explicit(&b->count, 1, memory_order_relaxed);
}
