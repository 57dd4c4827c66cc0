/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a change tells of who wants it, whatever the environment holds. */
#include "agent/cli/change_request.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct cli japanese = { .language = MESSAGE_JAPANESE }, english;

static const char *
text(const json_t *o, const char *key)
{
	const char *t = json_string_value(json_object_get(o, key));

	return t != NULL ? t : "(none)";
}

static void
serials(void)
{
	static const struct { const char *text; bool good; uint32_t n; } rows[] = {
		{ "1", true, 1 }, { "4294967294", true, 4294967294u }, { "007", true, 7 },
		{ "0", false, 0 }, { "4294967295", false, 0 }, { "4294967297", false, 0 },
		{ "99999999999999999999999", false, 0 }, { "", false, 0 }, { "-1", false, 0 },
		{ "+1", false, 0 }, { " 1", false, 0 }, { "1 ", false, 0 }, { "1x", false, 0 },
		{ "0x1", false, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t n = 0;

		CU_ASSERT_EQUAL(change_parse_serial(rows[i].text, &n), rows[i].good);
		if (rows[i].good)
			CU_ASSERT_EQUAL(n, rows[i].n);
	}
}

static void
what_is_told(void)
{
	json_t *o;

	setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22", 1);
	o = change_request(&japanese, "apply", "申請 R8-0001");
	CU_ASSERT_STRING_EQUAL(text(o, "verb"), "apply");
	CU_ASSERT_STRING_EQUAL(text(o, "language"), "ja");
	CU_ASSERT_STRING_EQUAL(text(o, "reason"), "申請 R8-0001");
	CU_ASSERT_STRING_EQUAL(text(o, "session"), "192.0.2.1 50000 192.0.2.2 22");
	json_decref(o);
	unsetenv("SSH_CONNECTION");
	o = change_request(&english, "confirm", NULL);
	CU_ASSERT_STRING_EQUAL(text(o, "language"), "en");
	CU_ASSERT_STRING_EQUAL(text(o, "reason"), "");
	CU_ASSERT_STRING_EQUAL(text(o, "session"), "");
	CU_ASSERT_EQUAL(json_object_size(o), 5);
	json_decref(o);
}

/* No UTF-8, very long: a request all the same. What steers is kept, for the record. */
static void
hostile_words(void)
{
	char *line = malloc(100001);
	json_t *o;

	CU_ASSERT_PTR_NOT_NULL_FATAL(line);
	memset(line, 'x', 100000);
	line[100000] = '\0';
	setenv("SSH_CONNECTION", "\xff\xfe\x1b]0;x\x07", 1);
	o = change_request(&english, "apply", line);
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	CU_ASSERT(strlen(text(o, "reason")) > 100 && strlen(text(o, "reason")) <= 512);
	CU_ASSERT_STRING_EQUAL(text(o, "session"), "\xef\xbf\xbd\xef\xbf\xbd\x1b]0;x\x07");
	json_decref(o);
	unsetenv("SSH_CONNECTION");
	free(line);
}

static void
behind_sudo(void)
{
	json_t *o;

	setenv("SUDO_USER", "yamada", 1);
	o = change_request(&english, "apply", NULL);
	/* only root has been there by sudo(8) */
	CU_ASSERT_EQUAL(strcmp(text(o, "person"), "yamada") == 0, getuid() == 0);
	json_decref(o);
	setenv("SUDO_USER", "", 1);
	o = change_request(&english, "apply", NULL);
	CU_ASSERT_STRING_NOT_EQUAL(text(o, "person"), "yamada");
	json_decref(o);
	unsetenv("SUDO_USER");
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "serials", serials },
		{ "what is told", what_is_told },
		{ "hostile words", hostile_words },
		{ "behind sudo", behind_sudo },
		CU_TEST_INFO_NULL,
	};

	return unit_main("change_request", tests);
}
