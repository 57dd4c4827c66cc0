/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/flow_pages.h"
#include "tests/unit/unit.h"

#include <stdint.h>
#include <stdio.h>

/* All that was asked for is there, is zero and can be written; so it is given back. */
static void
pages_are_zero_and_whole(void)
{
	static const size_t sizes[] = { 1, 4096, 512 << 10, (512 << 10) + 1, 1 << 20,
		2 << 20, (2 << 20) + 64, 5 << 20 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t *p = flow_pages_new(sizes[i]), all = 0;

		CU_ASSERT_PTR_NOT_NULL_FATAL(p);
		for (size_t at = 0; at < sizes[i]; at++) {
			all |= p[at];
			p[at] = 0xff;
		}
		CU_ASSERT_EQUAL(all, 0);
		flow_pages_free(p, sizes[i]);
	}
	flow_pages_free(NULL, 4096);
}

static void
more_than_there_is_is_no_memory(void)
{
	CU_ASSERT_PTR_NULL(flow_pages_new((size_t)1 << 60));
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "pages are zero and whole", pages_are_zero_and_whole },
		{ "more than there is is no memory", more_than_there_is_is_no_memory },
		CU_TEST_INFO_NULL,
	};

	return unit_main("flow_pages", tests);
}
