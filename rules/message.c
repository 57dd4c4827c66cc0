/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of sentences: rules/message.def, read once per column. */
#include "rules/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct row {
	const char *slug;
	const char *format[2];		/* by enum message_language */
} rows[] = {
#define MESSAGE(id, slug, english, japanese) [id] = { slug, { english, japanese } },
#include "rules/message.def"
#undef MESSAGE
};

_Static_assert(sizeof(rows) / sizeof(rows[0]) == MESSAGE_COUNT, "one row per message");

enum message_language
message_language_of_locale(void)
{
	/* The order of locale(7): LC_ALL over LC_MESSAGES over LANG; empty is unset. */
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value == NULL || *value == '\0')
			continue;
		return strncmp(value, "ja", 2) == 0 ? MESSAGE_JAPANESE : MESSAGE_ENGLISH;
	}
	return MESSAGE_ENGLISH;
}

const char *
message_slug(enum message_id id)
{
	return rows[id].slug;
}

bool
message_find(const char *slug, size_t length, enum message_id *id)
{
	for (int i = 0; i < MESSAGE_COUNT; i++) {
		if (strncmp(rows[i].slug, slug, length) != 0 || rows[i].slug[length] != '\0')
			continue;
		*id = (enum message_id)i;
		return true;
	}
	return false;
}

const char *
message_format(enum message_id id, enum message_language language)
{
	return rows[id].format[language];
}

char *
message_vtext(enum message_id id, enum message_language language, va_list ap)
{
	char *text;
	int n;

/* The format is a row of our own table, and a unit test compares the columns. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	n = vasprintf(&text, rows[id].format[language], ap);
#pragma GCC diagnostic pop
	return n < 0 ? NULL : text;
}

char *
message_text(enum message_id id, enum message_language language, ...)
{
	va_list ap;
	char *text;

	va_start(ap, language);
	text = message_vtext(id, language, ap);
	va_end(ap);
	return text;
}
