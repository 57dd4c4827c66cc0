/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/cli/change_request.h"

#include "agent/record/text_clean.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *
person(void)
{
	const char *name = secure_getenv("SUDO_USER");
	const struct passwd *pw;

	if (name != NULL && name[0] != '\0' && getuid() == 0)
		return name;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the command has one thread */
	pw = getpwuid(getuid());
	return pw != NULL ? pw->pw_name : "";
}

/* Whatever stands in the environment or was typed: JSON takes UTF-8 only. */
static json_t *
text_json(const char *text)
{
	char clean[512];

	return json_stringn(clean, text_clean(text, strlen(text), clean, sizeof(clean), NULL));
}

json_t *
change_request(const struct cli *cli, const char *verb, const char *reason)
{
	const char *session = getenv("SSH_CONNECTION");

	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "verb", verb,
	    "language", cli->language == MESSAGE_JAPANESE ? "ja" : "en",
	    "person", text_json(person()),
	    "session", text_json(session != NULL ? session : ""),
	    "reason", text_json(reason != NULL ? reason : ""));
}

bool
change_parse_serial(const char *text, uint32_t *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	*out = (uint32_t)n;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && n > 0 && n < UINT32_MAX;
}
