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

/* ---- texts of words ----------------------------------------------------------------- */

/*
 * Rows that hold nothing but "%s" and "%N$s", as those of the record do: vasprintf(3) was a
 * third of the cost of a record.
 */
#define WORDS_MOST 9u

struct piece {
	const char *text;
	size_t length;
};

/* One conversion at p, behind its percent sign: the word's number and what is behind; NULL. */
static const char *
take_word(const char *p, size_t *next, size_t *number)
{
	if (*p == 's') {
		*number = (*next)++;
		return p + 1;
	}
	if (p[0] < '1' || p[0] > '9' || p[1] != '$' || p[2] != 's')
		return NULL;
	*number = (size_t)(p[0] - '1');
	return p + 3;
}

/* How many words the row takes; 0: none, or it is no row of words only. */
static size_t
count_words(const char *format)
{
	size_t next = 0, most = 0, number = 0;

	for (const char *p = strchr(format, '%'); p != NULL; p = strchr(p, '%')) {
		p = take_word(p + 1, &next, &number);
		if (p == NULL || number >= WORDS_MOST)
			return 0;
		most = number + 1 > most ? number + 1 : most;
	}
	return most;
}

static size_t
put_piece(char *out, size_t used, const char *text, size_t length)
{
	if (out != NULL)
		memcpy(out + used, text, length);
	return used + length;
}

/* Its length without the NUL; out NULL: nothing is written. */
static size_t
put_words(char *out, const char *format, const struct piece *words)
{
	size_t used = 0, next = 0, number = 0;
	const char *p = strchr(format, '%');

	for (; p != NULL; p = strchr(format, '%')) {
		used = put_piece(out, used, format, (size_t)(p - format));
		format = take_word(p + 1, &next, &number);
		used = put_piece(out, used, words[number].text, words[number].length);
	}
	return put_piece(out, used, format, strlen(format));
}

static char *
words_text(const char *format, size_t n, va_list ap)
{
	struct piece words[WORDS_MOST];
	size_t length;
	char *text;

	for (size_t i = 0; i < WORDS_MOST; i++) {
		const char *word = i < n ? va_arg(ap, const char *) : "";

		words[i].text = word != NULL ? word : "(null)";
		words[i].length = i < n ? strlen(words[i].text) : 0;
	}
	length = put_words(NULL, format, words);
	text = malloc(length + 1);
	if (text != NULL) {
		put_words(text, format, words);
		text[length] = '\0';
	}
	return text;
}

char *
message_vtext(enum message_id id, enum message_language language, va_list ap)
{
	const size_t words = count_words(rows[id].format[language]);
	char *text;
	int n;

	if (words > 0)
		return words_text(rows[id].format[language], words, ap);
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
