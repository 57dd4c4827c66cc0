/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/report/report_words.h"

#include "agent/cli/violations_table.h"
#include "agent/record/record_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_SHOWN 12

const char *
report_number(int64_t number, char out[REPORT_NUMBER])
{
	char digits[24];
	const int n = snprintf(digits, sizeof(digits), "%" PRId64, number);
	size_t to = 0;

	for (int i = 0; i < n; i++) {
		out[to++] = digits[i];
		if (digits[i] != '-' && i + 1 < n && (n - i - 1) % 3 == 0)
			out[to++] = ',';
	}
	out[to] = '\0';
	return out;
}

json_t *
report_words_take(char *text)
{
	json_t *value = text != NULL ? json_string(text) : NULL;

	free(text);
	return value != NULL ? value : json_string("");
}

json_t *
report_words_share(uint64_t part, uint64_t whole)
{
	const uint64_t thousandths = whole == 0 ? 0 :
	    (uint64_t)((__extension__(unsigned __int128)part) * 100000 / whole);

	if (whole == 0)
		return json_string("–");
	return json_sprintf("%" PRIu64 ".%03" PRIu64 " %%", thousandths / 1000,
	    thousandths % 1000);
}

json_t *
report_words_change(uint64_t now, uint64_t before)
{
	const bool more = now > before;
	const uint64_t by = more ? now - before : before - now;
	char text[80], digits[REPORT_NUMBER];
	int n;

	if (by == 0) {
		snprintf(text, sizeof(text), "±0");
	} else {
		n = snprintf(text, sizeof(text), "%s%s", more ? "+" : "−",
		    report_number((int64_t)by, digits));
		/* A share of nothing says nothing, one of very little not much. */
		if (before > 0 && by / before < 100)
			snprintf(text + n, sizeof(text) - (size_t)n, " (%s%.0f %%)",
			    more ? "+" : "−", 100.0 * (double)by / (double)before);
	}
	return json_pack("{s:s, s:b, s:b}", "text", text, "more", more, "less",
	    !more && by > 0);
}

json_t *
report_words_sentence(const json_t *record, enum message_language language)
{
	const char *text = violations_text(record, language == MESSAGE_JAPANESE ?
	    "sekisho.message_ja" : "message");

	return json_string(*text != '\0' ? text : violations_text(record, "message"));
}

static json_t *
digest(const json_t *record, const char *path)
{
	return json_sprintf("%.*s", DIGEST_SHOWN, violations_text(record, path));
}

json_t *
report_words_event(const json_t *record, enum message_language language)
{
	const char *stamp = violations_text(record, "@timestamp");
	const int64_t at = report_seconds(stamp, strlen(stamp));
	const char *person = violations_text(record, "sekisho.person");
	const char *actor = violations_text(record, "sekisho.actor");

	return json_pack("{s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:b, s:I}",
	    "time", report_words_take(at == INT64_MIN ? NULL : report_time_text(at)),
	    "sentence", report_words_sentence(record, language),
	    "action", violations_text(record, "event.action"),
	    "person", person, "actor", actor, "note", violations_text(record, "sekisho.note"),
	    "before", digest(record, "sekisho.policy_before"),
	    "after", digest(record, "sekisho.policy"),
	    "failed", strcmp(violations_text(record, "event.outcome"), "failure") == 0,
	    "serial", violations_number(record, "sekisho.serial"));
}

int
report_words_keep(json_t *rows, size_t most, json_t *row)
{
	if (row == NULL || json_array_append_new(rows, row) < 0)
		return -ENOMEM;
	if (json_array_size(rows) > most)
		json_array_remove(rows, 0);
	return 0;
}
