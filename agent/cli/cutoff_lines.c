/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/cli/cutoff_lines.h"

#include "agent/record/text_clean.h"
#include "rules/utf8.h"

#include <stdio.h>
#include <string.h>

/* Texts come from whoever gave the order: no control character of theirs on a terminal,
 * and no line that looks like one of ours. */
static const char *
clean_text(const json_t *o, const char *key, char *buf, size_t size)
{
	const char *t = json_string_value(json_object_get(o, key));

	buf[0] = '\0';
	if (t != NULL)
		text_clean(t, strlen(t), buf, size, NULL);
	utf8_scrub(buf);
	return buf;
}

void
cutoff_lines_say_down(const struct cli *cli, const json_t *order)
{
	const json_t *lines = json_object_get(order, "lines_down"), *line;
	char text[512] = "";
	size_t i;

	json_array_foreach(lines, i, line) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof(text) - n, "%s%s", n > 0 ? ", " : "",
		    json_string_value(line));
	}
	if (text[0] != '\0')
		cli_say(cli, MSG_CLI_CUTOFF_LINES, text);
}

void
cutoff_lines_say(const struct cli *cli, const json_t *list)
{
	char what[256], since[40], person[128], reason[256];
	const json_t *order;
	size_t i;

	json_array_foreach(list, i, order) {
		cli_say(cli, MSG_CLI_CUTOFF, (long long)json_integer_value(
		    json_object_get(order, "id")),
		    clean_text(order, "what", what, sizeof(what)),
		    clean_text(order, "since", since, sizeof(since)),
		    clean_text(order, "person", person, sizeof(person)),
		    clean_text(order, "reason", reason, sizeof(reason)));
		cutoff_lines_say_down(cli, order);
	}
}
