/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each fault of the record has a sentence of its own, in both languages. */
#include "agent/cli/log_words.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define NUMBER 1234567

static char *
words(int fault, enum message_language language)
{
	struct verify_finding f = { .fault = (enum verify_fault)fault, .other = NUMBER };
	char *text = log_fault_text(&f, language);

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	return text;
}

static void
each_fault_has_words(void)
{
	for (int f = VERIFY_NONE + 1; f < VERIFY_FAULT_COUNT; f++)
		for (int language = 0; language < 2; language++) {
			char *text = words(f, (enum message_language)language);

			CU_ASSERT(strlen(text) > 8);
			free(text);
		}
}

static void
no_two_faults_say_the_same(void)
{
	for (int a = VERIFY_NONE + 1; a < VERIFY_FAULT_COUNT; a++)
		for (int b = a + 1; b < VERIFY_FAULT_COUNT; b++) {
			char *one = words(a, MESSAGE_ENGLISH), *other = words(b, MESSAGE_ENGLISH);

			CU_ASSERT_STRING_NOT_EQUAL(one, other);
			free(one);
			free(other);
		}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "each fault has words", each_fault_has_words },
		{ "no two faults say the same", no_two_faults_say_the_same },
		CU_TEST_INFO_NULL,
	};

	return unit_main("log_words", tests);
}
