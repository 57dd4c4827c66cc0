/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every sentence that a person reads, in English and Japanese, in one table
 * (rules/message.def). Both texts of a row take the same arguments in the
 * same order (a unit test holds them to it), so callers format blindly.
 */
#ifndef RULES_MESSAGE_H
#define RULES_MESSAGE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum message_language {
	MESSAGE_ENGLISH = 0,
	MESSAGE_JAPANESE,
};

enum message_id {
#define MESSAGE(id, slug, english, japanese) id,
#include "rules/message.def"
#undef MESSAGE
	MESSAGE_COUNT
};

/* The language of LC_ALL, LC_MESSAGES or LANG: Japanese for "ja*". */
enum message_language message_language_of_locale(void);

/* Stable short name, e.g. "host-bits"; goes into JSON and goldens. */
const char *message_slug(enum message_id id);

/* The message of a slug; false when there is none. */
bool message_find(const char *slug, size_t length, enum message_id *id);

/* The printf(3) format. */
const char *message_format(enum message_id id, enum message_language language);

/* malloc(3)ed text, NULL when memory is out. The caller frees it. */
char *message_vtext(enum message_id id, enum message_language language, va_list ap);
char *message_text(enum message_id id, enum message_language language, ...);

#endif /* RULES_MESSAGE_H */
