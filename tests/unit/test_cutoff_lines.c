/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cut-offs as people see them; what somebody typed steers no terminal. */
#include "agent/cli/cutoff_lines.h"
#include "tests/unit/said.h"
#include "tests/unit/unit.h"

#include <string.h>

static const struct cli english, japanese = { .language = MESSAGE_JAPANESE };

static const char *
said_of(const struct cli *cli, const char *text)
{
	json_t *list = json_loads(text, 0, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(list);
	said_begin();
	cutoff_lines_say(cli, list);
	json_decref(list);
	return said_end();
}

static void
one_line_each(void)
{
	static const char two[] = "[ { \"id\": 3, \"what\": \"zone lgwan\", \"since\": "
	    "\"2026-11-22 09:00\", \"person\": \"yamada\", \"reason\": \"worm\" }, { \"id\": 4, "
	    "\"what\": \"all\", \"since\": \"-\", \"person\": \"-\", \"reason\": \"-\", "
	    "\"lines_down\": [ \"eth1\", \"eth2\" ] } ]";

	CU_ASSERT_STRING_EQUAL(said_of(&english, "[]"), "");
	CU_ASSERT_STRING_EQUAL(said_of(&english, two),
	    "CUT OFF  3: zone lgwan, since 2026-11-22 09:00 by yamada: worm\n"
	    "CUT OFF  4: all, since - by -: -\n"
	    "         lines taken down: eth1, eth2\n");
	CU_ASSERT_PTR_NOT_NULL(strstr(said_of(&japanese, two), "緊急遮断 3: zone lgwan"));
}

static void
hostile_texts(void)
{
	const char *said = said_of(&english, "[ { \"id\": 1, \"what\": 7, \"person\": "
	    "\"\\u001b]0;x\\u0007\", \"reason\": \"a\\nCUT OFF  9\" } ]");

	CU_ASSERT_PTR_NULL(strchr(said, '\x1b'));
	CU_ASSERT_PTR_NULL(strchr(said, '\x07'));
	/* one order is one line */
	CU_ASSERT_PTR_EQUAL(strchr(said, '\n'), said + strlen(said) - 1);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "one line each", one_line_each },
		{ "hostile texts", hostile_texts },
		CU_TEST_INFO_NULL,
	};

	return unit_main("cutoff_lines", tests);
}
