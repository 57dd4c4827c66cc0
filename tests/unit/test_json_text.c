/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever an answer is, there is a text to print. */
#include "agent/json_text.h"
#include "tests/unit/unit.h"

static void
only_texts_are_texts(void)
{
	json_t *o = json_pack("{s:s, s:s, s:i, s:n, s:{s:s}, s:[s]}", "text", "mn0", "empty", "",
	    "number", 7, "null", "object", "text", "x", "array", "x");

	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	CU_ASSERT_STRING_EQUAL(json_text(o, "text"), "mn0");
	CU_ASSERT_STRING_EQUAL(json_text_or(o, "empty", "-"), "");
	CU_ASSERT_STRING_EQUAL(json_text_or(o, "number", "-"), "-");
	CU_ASSERT_STRING_EQUAL(json_text_or(o, "null", "-"), "-");
	CU_ASSERT_STRING_EQUAL(json_text_or(o, "object", "-"), "-");
	CU_ASSERT_STRING_EQUAL(json_text_or(o, "array", "-"), "-");
	CU_ASSERT_STRING_EQUAL(json_text_or(o, "missing", "-"), "-");
	CU_ASSERT_STRING_EQUAL(json_text(o, "missing"), "");
	json_decref(o);
}

static void
what_is_no_object_has_none(void)
{
	json_t *array = json_pack("[s]", "text"), *text = json_string("text");

	CU_ASSERT_STRING_EQUAL(json_text(NULL, "text"), "");
	CU_ASSERT_STRING_EQUAL(json_text(array, "text"), "");
	CU_ASSERT_STRING_EQUAL(json_text_or(text, "text", "-"), "-");
	json_decref(array);
	json_decref(text);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "only texts are texts", only_texts_are_texts },
		{ "what is no object has none", what_is_no_object_has_none },
		CU_TEST_INFO_NULL,
	};

	return unit_main("json_text", tests);
}
