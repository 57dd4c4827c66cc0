/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An answer is made of whatever text there is, and can always be sent. */
#include "agent/control/control_answer.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

static void
a_refusal_says_why(void)
{
	json_t *o = control_no("you may not do this");

	CU_ASSERT_TRUE(json_is_false(json_object_get(o, "ok")));
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(o, "error")),
	    "you may not do this");
	CU_ASSERT_EQUAL(json_object_size(o), 2);
	json_decref(o);
}

static void
text_is(const char *text, const char *wanted)
{
	json_t *o = control_text_json(text);

	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	CU_ASSERT_STRING_EQUAL(json_string_value(o), wanted);
	json_decref(o);
}

static void
any_bytes_are_a_text(void)
{
	text_is("", "");
	text_is("\xe9\x81\xae\xe6\x96\xad", "\xe9\x81\xae\xe6\x96\xad");
	text_is("cut in a charact\xe9\x81", "cut in a charact\xef\xbf\xbd\xef\xbf\xbd");
	text_is("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	text_is("a\x1b[31m\"\\", "a\x1b[31m\"\\");
}

/* Bad, and longer than there is room for: cut, and still a text. */
static void
long_ones_too(void)
{
	char *text = malloc(20001);
	json_t *o;
	char *dumped;

	CU_ASSERT_FATAL(text != NULL);
	memset(text, 0xff, 20000);
	text[20000] = '\0';
	o = control_text_json(text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	CU_ASSERT(json_string_length(o) > 4000 && json_string_length(o) < 4096);
	dumped = json_dumps(o, JSON_ENCODE_ANY);
	CU_ASSERT_PTR_NOT_NULL(dumped);
	free(dumped);
	json_decref(o);
	free(text);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "a refusal says why", a_refusal_says_why },
		{ "any bytes are a text", any_bytes_are_a_text },
		{ "long ones too", long_ones_too },
		CU_TEST_INFO_NULL,
	};

	return unit_main("control_answer", tests);
}
