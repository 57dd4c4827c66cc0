/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of sentences: callers format blindly, so the columns must agree. */
#include "rules/message.h"
#include "rules/utf8.h"
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ARGUMENTS	10
#define CONVERSION_SIZE 8

/* The type each argument is read as, "zu" or "s", by its position. */
struct arguments {
	char type[MAX_ARGUMENTS][CONVERSION_SIZE];
	unsigned int n;
	bool bad; /* a "*", a gap, or numbered and unnumbered mixed */
};

static const char *
one_conversion(const char *p, struct arguments *a, unsigned int *next)
{
	char *end;
	unsigned long number = strtoul(p, &end, 10);
	bool numbered = end != p && *end == '$';
	unsigned int at = numbered ? (unsigned int)number - 1 : (*next)++;
	size_t flags, length;

	if (numbered)
		p = end + 1;
	flags = strspn(p, "-+ #0123456789.");
	p += flags;
	length = strspn(p, "hlzjt") + 1;
	if (at >= MAX_ARGUMENTS || length >= CONVERSION_SIZE ||
	    strchr("*nm", p[length - 1])) {
		a->bad = true;
		return p;
	}
	memcpy(a->type[at], p, length);
	/* %x and %X read what %u reads. */
	if (strchr("xXo", a->type[at][length - 1]) != NULL)
		a->type[at][length - 1] = 'u';
	if (at >= a->n)
		a->n = at + 1;
	return p + length;
}

static struct arguments
arguments_of(const char *format)
{
	struct arguments a = { .n = 0 };
	unsigned int next = 0;
	bool numbered = strchr(format, '$') != NULL;

	for (const char *p = format; (p = strchr(p, '%')) != NULL;) {
		if (*++p == '%')
			p++;
		else
			p = one_conversion(p, &a, &next);
	}
	if (numbered && next > 0)
		a.bad = true;
	for (unsigned int i = 0; i < a.n; i++)
		a.bad = a.bad || a.type[i][0] == '\0';
	return a;
}

static void
both_languages_take_the_same_arguments(void)
{
	for (unsigned int id = 0; id < MESSAGE_COUNT; id++) {
		struct arguments en = arguments_of(message_format(id, MESSAGE_ENGLISH));
		struct arguments ja = arguments_of(message_format(id, MESSAGE_JAPANESE));
		bool same = !en.bad && !ja.bad && en.n == ja.n &&
		    memcmp(en.type, ja.type, sizeof(en.type)) == 0;

		CU_ASSERT_TRUE(same);
		if (!same)
			fprintf(stderr, "arguments differ: %s\n", message_slug(id));
	}
}

static void
slugs_are_unique_words(void)
{
	for (unsigned int id = 0; id < MESSAGE_COUNT; id++) {
		const char *slug = message_slug(id);

		CU_ASSERT_TRUE(*slug != '\0');
		CU_ASSERT_EQUAL(
		    strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(slug));
		for (unsigned int other = 0; other < id; other++) {
			bool unique = strcmp(slug, message_slug(other)) != 0;

			CU_ASSERT_TRUE(unique);
			if (!unique)
				fprintf(stderr, "slug twice: %s\n", slug);
		}
	}
}

static void
texts_are_utf8(void)
{
	for (unsigned int id = 0; id < MESSAGE_COUNT; id++)
		for (unsigned int language = 0; language < 2; language++) {
			const char *text = message_format(id, language);
			size_t length = strlen(text);
			uint32_t c;
			bool good = length > 0;

			for (size_t i = 0, n; good && i < length; i += n) {
				n = utf8_decode(text + i, length - i, &c);
				good = n > 0;
			}
			CU_ASSERT_TRUE(good);
			if (!good)
				fprintf(stderr, "bad text: %s\n", message_slug(id));
		}
}

static void
numbered_arguments_work(void)
{
	char *text =
	    message_text(MSG_PARSE_BRACKET_MISMATCH, MESSAGE_JAPANESE, ")", "{", 12u);

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_STRING_EQUAL(
	    text, "「)」がありますが、閉じるべき括弧は12行目の「{」です");
	free(text);
}

static void
the_locale_chooses_the_language(void)
{
	static const struct {
		const char *all, *messages, *lang;
		enum message_language want;
	} rows[] = {
		{ NULL, NULL, NULL, MESSAGE_ENGLISH },
		{ NULL, NULL, "ja_JP.UTF-8", MESSAGE_JAPANESE },
		{ NULL, "C", "ja_JP.UTF-8", MESSAGE_ENGLISH },
		{ "C", "ja_JP.UTF-8", "ja_JP.UTF-8", MESSAGE_ENGLISH },
		{ "", "ja", "C", MESSAGE_JAPANESE },
		{ "ja_JP.UTF-8", "C", "C", MESSAGE_JAPANESE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsetenv("LC_ALL");
		unsetenv("LC_MESSAGES");
		unsetenv("LANG");
		if (rows[i].all != NULL)
			setenv("LC_ALL", rows[i].all, 1);
		if (rows[i].messages != NULL)
			setenv("LC_MESSAGES", rows[i].messages, 1);
		if (rows[i].lang != NULL)
			setenv("LANG", rows[i].lang, 1);
		CU_ASSERT_EQUAL(message_language_of_locale(), rows[i].want);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "both languages take the same arguments",
		    both_languages_take_the_same_arguments },
		{ "slugs are unique words", slugs_are_unique_words },
		{ "texts are UTF-8", texts_are_utf8 },
		{ "numbered arguments work", numbered_arguments_work },
		{ "the locale chooses the language", the_locale_chooses_the_language },
		CU_TEST_INFO_NULL,
	};

	return unit_main("message", tests);
}
