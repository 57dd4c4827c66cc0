/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Until when the kernel's filter may go by a policy: no packet longer than the judge. */
#include "agent/watch/prefilter.h"
#include "agent/watch/watch_policy.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#define SECOND	1000000000ll
/* 2026-11-22 00:00 in Tokyo: the end of a permit that is valid until the 21st */
#define END_S	1795273200ll

static const char text[] =
    "schema = 1; site = { name = \"s\"; gateway = \"g\"; };"
    "zones = ("
    " { name = \"mn\"; class = \"mynumber\"; segments = ( { interface = \"mn0\";"
    "   networks = [ \"10.1.0.0/24\" ]; gateway = [ \"10.1.0.1\" ]; } ); },"
    " { name = \"lg\"; class = \"lgwan\"; segments = ( { interface = \"lg0\";"
    "   networks = [ \"10.2.0.0/24\" ]; gateway = [ \"10.2.0.1\" ]; } ); } );"
    "hosts = ( { name = \"a\"; zone = \"mn\"; addresses = [ \"10.1.0.2\" ]; },"
    " { name = \"b\"; zone = \"lg\"; addresses = [ \"10.2.0.2\" ]; } );"
    "services = ( { name = \"log\"; protocol = \"udp\"; ports = [ \"514\" ]; } );"
    "permits = ( { id = \"T1\"; from = [ \"a\" ]; to = [ \"b\" ];"
    "   services = [ \"log\" ]; purpose = \"p\"; valid_until = \"2026-11-21\"; } );";

static void
no_permit_outlives_its_end(void)
{
	static const struct {
		const char *what;
		int64_t left_ns;	/* of the permit */
		bool holds;		/* has the filter any time left at all */
	} rows[] = {
		{ "a day", 86400 * SECOND, true },
		{ "a second", SECOND, true },
		{ "in the middle of a second", SECOND + SECOND / 2, true },
		{ "at its end", SECOND + 1, true },
		{ "in the last second", SECOND / 10, true },
		{ "in the last moment", 1, false },
	};
	const int64_t clock_ns = 5000 * SECOND + 123456789;
	int tap_of_segment[LIMIT_SEGMENTS] = { 0, 1 };
	struct places *places = places_new();
	char why[256] = "";
	struct watch_policy *p = watch_policy_new(text, sizeof(text) - 1, NULL, 0, places,
	    NULL, why, sizeof(why));

	if (p == NULL)
		fprintf(stderr, "%s\n", why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_EQUAL_FATAL(p->checked->permits[0].valid_until, END_S);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct prefilter_source from = { .checked = p->checked,
		    .tap_of_segment = tap_of_segment };
		struct prefilter *filter;
		int64_t left;
		bool good;

		prefilter_set_time(&from, END_S * SECOND - rows[i].left_ns, clock_ns);
		filter = prefilter_new(&from);
		CU_ASSERT_PTR_NOT_NULL_FATAL(filter);
		left = prefilter_policy(filter)->until_ns - clock_ns;
		/* early by the filter's coarse clock, but by no more */
		good = left < rows[i].left_ns && left >= rows[i].left_ns - SECOND / 50 &&
		    (left > 0) == rows[i].holds;
		if (!good)
			fprintf(stderr, "%s: %lld\n", rows[i].what, (long long)left);
		CU_ASSERT_TRUE(good);
		prefilter_free(filter);
	}
	watch_policy_free(p);
	places_free(places);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "no permit outlives its end", no_permit_outlives_its_end },
		CU_TEST_INFO_NULL,
	};

	return unit_main("prefilter", tests);
}
