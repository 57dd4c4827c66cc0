/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/flow_pages.h"

#include <sys/mman.h>

#define HUGE_PAGE	((size_t)2 << 20)

/* What would fill a good part of a huge page gets all of one. */
static size_t
in_pages(size_t bytes)
{
	return bytes <= HUGE_PAGE / 4 ? bytes :
	    (bytes + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
}

void *
flow_pages_new(size_t bytes)
{
	size_t size = in_pages(bytes);
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (size >= HUGE_PAGE)
		(void)madvise(p, size, MADV_HUGEPAGE);
	return p;
}

void
flow_pages_free(void *p, size_t bytes)
{
	if (p != NULL)
		munmap(p, in_pages(bytes));
}
