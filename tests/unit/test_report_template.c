/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The template language: values never become markup, and mistakes are told with their line. */
#include "agent/report/report_template.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The page of a template over values, or why there is none; the caller frees it. */
static char *
page_of(const char *text, const char *values)
{
	const struct report_part parts[] = {
		{ "page", text, strlen(text) }, { "style", "b{}", 3 }, { NULL, NULL, 0 },
	};
	json_t *root = json_loads(values, 0, NULL);
	char *page = NULL, why[160];
	size_t length = 0;
	FILE *out = open_memstream(&page, &length);
	int r;

	CU_ASSERT_PTR_NOT_NULL_FATAL(root);
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	r = report_render(out, parts, "page", root, MESSAGE_ENGLISH, why, sizeof(why));
	fclose(out);
	json_decref(root);
	if (r == 0)
		return page;
	CU_ASSERT_EQUAL(r, -EINVAL);
	free(page);
	return strdup(why);
}

static void
check(const char *text, const char *values, const char *expected)
{
	char *page = page_of(text, values);

	if (strcmp(page, expected) != 0)
		fprintf(stderr, "%s over %s: %s\n", text, values, page);
	CU_ASSERT_STRING_EQUAL(page, expected);
	free(page);
}

static void
values_are_escaped(void)
{
	check("{{a}}", "{\"a\": \"<b>&'\\\"</b>\"}", "&lt;b&gt;&amp;&#39;&quot;&lt;/b&gt;");
	check("{{a}}", "{\"a\": \"{{a}}\"}", "{{a}}");
	check("{{a}}", "{\"a\": \"x\\u001b[2J\\u202e\\n\"}", "x\xef\xbf\xbd[2J\xef\xbf\xbd\n");
	check("{{a.b}} {{c}}", "{\"a\": {\"b\": 1234567}, \"c\": -1000}", "1,234,567 -1,000");
	check("{{n}}{{m}}", "{\"n\": 0, \"m\": 999}", "0999");
}

static void
sections_repeat_and_choose(void)
{
	check("{{#a}}<{{.}}>{{/a}}", "{\"a\": [\"x\", 2]}", "<x><2>");
	check("{{#a}}{{b}}{{c}};{{/a}}", "{\"a\": [{\"b\": 1}, {\"b\": 2}], \"c\": \"o\"}",
	    "1o;2o;");
	check("{{#a}}{{b}}{{/a}}", "{\"a\": {\"b\": \"in\"}, \"b\": \"out\"}", "in");
	for (size_t i = 0; i < 5; i++) {
		static const char *const none[] = { "{}", "{\"a\": false}", "{\"a\": 0}",
			"{\"a\": \"\"}", "{\"a\": []}" };

		check("{{#a}}yes{{/a}}{{^a}}no{{/a}}", none[i], "no");
	}
	check("{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{\"a\": -1}", "yes");
	check("{{#a}}1{{#a}}2{{/a}}3{{/a}}4", "{\"a\": true}", "1234");
	check("{{>style}}|{{:verb-plan}}", "{}", "b{}|show what an apply would change");
}

static void
mistakes_are_told(void)
{
	check("a\nb {{missing}}", "{}", "page:2: no text or number \"missing\"");
	check("{{a}}", "{\"a\": []}", "page:1: no text or number \"a\"");
	check("\n\n{{#a}}", "{\"a\": 1}", "page:3: never closed: \"a\"");
	check("{{/a}}", "{}", "page:1: nothing to close: \"a\"");
	check("{{a", "{}", "page:1: this is no tag: \"{{\"");
	check("{{:no-such-thing}}", "{}", "page:1: no message \"no-such-thing\"");
	check("{{>page}}", "{}", "page:1: no part \"page\"");
	check("{{>other}}", "{}", "page:1: no part \"other\"");
}

static void
depth_has_an_end(void)
{
	char text[20 * 12 + 1] = "", *page;

	for (int i = 0; i < 20; i++)
		memcpy(text + strlen(text), "{{#a}}", 7);
	for (int i = 0; i < 20; i++)
		memcpy(text + strlen(text), "{{/a}}", 7);
	/* An array in an array: each level stands on the one outside. */
	page = page_of(text, "{\"a\": [{\"b\": 1}]}");
	CU_ASSERT_STRING_EQUAL(page, "page:1: too deep \"\"");
	free(page);
}

/* Every text of the built-in page is there in both languages, and every tag is one. */
static void
the_page_names_texts_that_exist(void)
{
	const struct report_part *page = report_parts();
	const char *at = page->text, *end = page->text + page->length;
	unsigned int seen = 0;

	CU_ASSERT_FATAL(page->length > 1000 && page[1].length > 1000);
	while ((at = memmem(at, (size_t)(end - at), "{{:", 3)) != NULL) {
		const char *name = at + 3, *close = memmem(name, (size_t)(end - name), "}}", 2);
		enum message_id id;

		CU_ASSERT_PTR_NOT_NULL_FATAL(close);
		if (!message_find(name, (size_t)(close - name), &id)) {
			fprintf(stderr, "no text: %.*s\n", (int)(close - name), name);
			CU_FAIL("a text is missing");
		}
		seen++;
		at = close;
	}
	CU_ASSERT_TRUE(seen > 100);
	/* Nothing is fetched from anywhere, and nothing runs. */
	CU_ASSERT_PTR_NULL(memmem(page->text, page->length, "http:", 5));
	CU_ASSERT_PTR_NULL(memmem(page->text, page->length, "https:", 6));
	CU_ASSERT_PTR_NULL(memmem(page->text, page->length, "<script", 7));
	CU_ASSERT_PTR_NULL(memmem(page[1].text, page[1].length, "url(", 4));
	CU_ASSERT_PTR_NULL(memmem(page[1].text, page[1].length, "@import", 7));
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "values are escaped", values_are_escaped },
		{ "sections repeat and choose", sections_repeat_and_choose },
		{ "mistakes are told", mistakes_are_told },
		{ "depth has an end", depth_has_an_end },
		{ "the page names texts that exist", the_page_names_texts_that_exist },
		CU_TEST_INFO_NULL,
	};

	return unit_main("report template", tests);
}
