/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often permits were used: over reloads, restarts, months, and from damaged files. */
#include "agent/hits.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOOT "boot-1"

static void
look(struct hits *h, uint32_t day, const char *boot, const char *id, uint64_t counter)
{
	hits_begin(h, day, boot);
	CU_ASSERT_EQUAL(hits_take(h, id, counter), 0);
	hits_end(h);
}

static uint64_t
month(const struct hits *h, const char *id, uint32_t back)
{
	const struct hits_permit *p = hits_find(h, id);

	return p != NULL ? p->months[back] : UINT64_MAX;
}

static void
growth_is_counted_once(void)
{
	struct hits h = { 0 };

	look(&h, 20261122, BOOT, "T1", 5);
	CU_ASSERT_EQUAL(h.since, 20261122);
	CU_ASSERT_EQUAL(month(&h, "T1", 0), 5);
	look(&h, 20261122, BOOT, "T1", 5);
	look(&h, 20261123, BOOT, "T1", 9);
	CU_ASSERT_EQUAL(month(&h, "T1", 0), 9);
	CU_ASSERT_EQUAL(hits_find(&h, "T1")->last, 20261123);
	look(&h, 20261124, BOOT, "T1", 9);
	CU_ASSERT_EQUAL(hits_find(&h, "T1")->last, 20261123);
	/* The table was made anew. */
	look(&h, 20261124, BOOT, "T1", 2);
	CU_ASSERT_EQUAL(month(&h, "T1", 0), 11);
	/* Another boot, and a counter that is higher already than the old one was. */
	look(&h, 20261125, "boot-2", "T1", 30);
	CU_ASSERT_EQUAL(month(&h, "T1", 0), 41);
	hits_free(&h);
}

static void
months_move_on(void)
{
	struct hits h = { 0 };

	look(&h, 20261130, BOOT, "T1", 5);
	look(&h, 20261201, BOOT, "T1", 8);
	CU_ASSERT_EQUAL(month(&h, "T1", 0), 3);
	CU_ASSERT_EQUAL(month(&h, "T1", 1), 5);
	look(&h, 20270301, BOOT, "T1", 9);
	CU_ASSERT_EQUAL(month(&h, "T1", 0), 1);
	CU_ASSERT_EQUAL(month(&h, "T1", 3), 3);
	CU_ASSERT_EQUAL(month(&h, "T1", 4), 5);
	CU_ASSERT_EQUAL(hits_month(&h, 20261105), 4);
	CU_ASSERT_EQUAL(hits_month(&h, 20270401), HITS_MONTHS);
	/* The clock goes back: nothing is turned, and it counts to the last day. */
	look(&h, 20260101, BOOT, "T1", 10);
	CU_ASSERT_EQUAL(h.day, 20270301);
	CU_ASSERT_EQUAL(month(&h, "T1", 0), 2);
	/* So long that all of it is forgotten. */
	look(&h, 20290101, BOOT, "T1", 10);
	for (uint32_t m = 0; m < HITS_MONTHS; m++)
		CU_ASSERT_EQUAL(month(&h, "T1", m), 0);
	CU_ASSERT_EQUAL(hits_find(&h, "T1")->last, 20270301);
	hits_free(&h);
}

static void
what_is_gone_and_unused_is_forgotten(void)
{
	struct hits h = { 0 };

	hits_begin(&h, 20261122, BOOT);
	CU_ASSERT_EQUAL(hits_take(&h, "Z", 0), 0);
	CU_ASSERT_EQUAL(hits_take(&h, "A", 3), 0);
	hits_end(&h);
	CU_ASSERT_EQUAL(h.n, 2);
	CU_ASSERT_STRING_EQUAL(h.permits[0].id, "A");
	look(&h, 20261123, BOOT, "M", 0);
	/* A was used, Z never; A's counter began anew meanwhile. */
	CU_ASSERT_PTR_NULL(hits_find(&h, "Z"));
	CU_ASSERT_PTR_NOT_NULL_FATAL(hits_find(&h, "A"));
	look(&h, 20261124, BOOT, "A", 5);
	CU_ASSERT_EQUAL(month(&h, "A", 0), 8);
	hits_free(&h);
}

static void
text_goes_and_comes(void)
{
	struct hits h = { 0 }, back;
	size_t length;
	char *text, *again;

	hits_begin(&h, 20261122, BOOT);
	for (unsigned int i = 0; i < 2000; i++) {
		char id[16];

		snprintf(id, sizeof(id), "T%u", i);
		CU_ASSERT_EQUAL(hits_take(&h, id, (uint64_t)i * 7), 0);
	}
	hits_end(&h);
	text = hits_print(&h, &length);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_EQUAL_FATAL(hits_parse(&back, text, length), 0);
	CU_ASSERT_EQUAL(back.n, 2000);
	CU_ASSERT_EQUAL(month(&back, "T1999", 0), UINT64_C(1999) * 7);
	again = hits_print(&back, &length);
	CU_ASSERT_PTR_NOT_NULL_FATAL(again);
	CU_ASSERT_STRING_EQUAL(again, text);
	free(again);
	hits_free(&back);
	/* Cut short anywhere, it is damaged: only whole lines are good. */
	for (size_t n = 0; n < 600 && n < length; n++) {
		const int r = hits_parse(&back, text, n);

		CU_ASSERT_EQUAL(r, n > 0 && text[n - 1] == '\n' ? 0 : -EBADMSG);
		hits_free(&back);
	}
	free(text);
	hits_free(&h);
}

static void
what_is_no_text_is_refused(void)
{
	static const char *const bad[] = {
		"", "\n", "hits 1\n", "hits 2 20261122 20261122 b\n", "hits 1 0 20261122 b\n",
		"hits 1 20261122 20261322 b\n", "hits 1 20261122 20261122 \n",
		"hits 1 20261122 20261122 b\nT1 20261122 0 0 0 0 0\n",
		"hits 1 20261122 20261122 b\nT1 20261122 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
		"hits 1 20261122 20261122 b\nT1 20261122 0 -1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
		("hits 1 20261122 20261122 b\nT1 20261122 0 99999999999999999999 "
		 "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"),
		("hits 1 20261122 20261122 b\nT2 20261122 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
		 "T1 20261122 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"),
	};
	struct hits h;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CU_ASSERT_EQUAL(hits_parse(&h, bad[i], strlen(bad[i])), -EBADMSG);
		CU_ASSERT_PTR_NULL(h.permits);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "growth is counted once", growth_is_counted_once },
		{ "months move on", months_move_on },
		{ "what is gone and unused is forgotten", what_is_gone_and_unused_is_forgotten },
		{ "text goes and comes", text_goes_and_comes },
		{ "what is no text is refused", what_is_no_text_is_refused },
		CU_TEST_INFO_NULL,
	};

	return unit_main("hits", tests);
}
