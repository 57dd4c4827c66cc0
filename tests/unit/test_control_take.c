/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of a state file: what is not as it was written is not taken. */
#include "agent/control/control_take.h"
#include "tests/unit/unit.h"

#include <stdint.h>

static const char text[] = "{ \"name\": \"T001\", \"nul\": \"T0\\u000001\", \"n\": 7, \"big\": "
    "9223372036854775807, \"real\": 7.0, \"list\": [ 7 ], \"empty\": \"\" }";

static json_t *o;

static void
texts(void)
{
	char out[5] = "keep";

	CU_ASSERT_FALSE(control_take_text(o, "nul", out, sizeof(out)));
	CU_ASSERT_FALSE(control_take_text(o, "n", out, sizeof(out)));
	CU_ASSERT_FALSE(control_take_text(o, "no such", out, sizeof(out)));
	/* one byte too long with its end */
	CU_ASSERT_FALSE(control_take_text(o, "name", out, 4));
	CU_ASSERT_STRING_EQUAL(out, "keep");
	CU_ASSERT_TRUE(control_take_text(o, "name", out, 5));
	CU_ASSERT_STRING_EQUAL(out, "T001");
	CU_ASSERT_TRUE(control_take_text(o, "empty", out, sizeof(out)));
	CU_ASSERT_STRING_EQUAL(out, "");
}

static void
numbers(void)
{
	json_int_t n = 0;

	CU_ASSERT_TRUE(control_take_number(o, "n", 7, 7, &n));
	CU_ASSERT_EQUAL(n, 7);
	CU_ASSERT_FALSE(control_take_number(o, "n", 8, 9, &n));
	CU_ASSERT_FALSE(control_take_number(o, "n", 0, 6, &n));
	CU_ASSERT_TRUE(control_take_number(o, "big", 0, INT64_MAX, &n));
	CU_ASSERT_FALSE(control_take_number(o, "real", 0, 9, &n));
	CU_ASSERT_FALSE(control_take_number(o, "list", 0, 9, &n));
	CU_ASSERT_FALSE(control_take_number(o, "name", 0, 9, &n));
	CU_ASSERT_FALSE(control_take_number(o, "no such", 0, 9, &n));
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "texts", texts },
		{ "numbers", numbers },
		CU_TEST_INFO_NULL,
	};
	int r;

	o = json_loads(text, JSON_ALLOW_NUL, NULL);
	if (o == NULL)
		return 1;
	r = unit_main("control_take", tests);
	json_decref(o);
	return r;
}
