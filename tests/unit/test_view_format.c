/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every format with every hostile text in every place that others choose: it is still one
 * message of its format, with the parts it should have and no other.
 */
#include "agent/record/views/view_format.h"
#include "rules/utf8.h"
#include "tests/unit/unit.h"
#include "tests/unit/view_sample.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUARD 0x5a

typedef void formatter(const struct view_record *r, struct view_text *out);

static char bytes[VIEW_MESSAGE_MAX + 2];
static struct view_text text;

/* NUL terminated, for the tests; the byte behind the buffer stays as it was. */
static const char *
format(formatter *how, const struct view_record *r)
{
	memset(bytes, GUARD, sizeof(bytes));
	text = (struct view_text){ .bytes = bytes, .size = VIEW_MESSAGE_MAX };
	how(r, &text);
	CU_ASSERT_FALSE(text.full);
	CU_ASSERT_EQUAL(bytes[VIEW_MESSAGE_MAX], GUARD);
	bytes[text.used] = '\0';
	return bytes;
}

static const char *
format_text(formatter *how, const char *value)
{
	json_t *root = view_sample(17, value);
	char *line = json_dumps(root, JSON_COMPACT);
	struct view_record r;

	CU_ASSERT_TRUE_FATAL(view_record_make(&r, root, line, strlen(line)));
	format(how, &r);
	view_record_free(&r);
	free(line);
	return bytes;
}

/* Each hostile text, and the long one, through "check". */
static void
try_all(formatter *how, void (*check)(const char *message, size_t length, const char *value))
{
	for (size_t i = 0; view_hostile[i] != NULL; i++) {
		format_text(how, view_hostile[i]);
		check(bytes, text.used, view_hostile[i]);
	}
	format_text(how, view_hostile_long());
	check(bytes, text.used, view_hostile_long());
}

/* Nothing steers a terminal or ends a line, all of it is UTF-8. */
static void
is_tame(const char *message, size_t length)
{
	for (size_t i = 0, n; i < length; i += n) {
		uint32_t c = 0;

		n = utf8_decode(message + i, length - i, &c);
		if (n == 0 || utf8_is_control(c)) {
			CU_FAIL("a raw control character");
			return;
		}
	}
}

/* ---- syslog ------------------------------------------------------------------------------ */

/* Behind n blanks. */
static const char *
behind(const char *p, int n)
{
	for (; n > 0 && p != NULL; n--) {
		p = strchr(p, ' ');
		p = p != NULL ? p + 1 : NULL;
	}
	return p;
}

/* RFC 5424's header: seven words, and structured data whose quotes are balanced. */
static void
check_syslog(const char *m, size_t length, const char *value)
{
	const char *data = behind(m, 6), *p;
	bool quoted = false;

	(void)value;
	CU_ASSERT_TRUE(strncmp(m, "<83>1 2026-11-21T03:14:56.123456Z ", 34) == 0);
	if (data == NULL) {
		CU_FAIL("no structured data");
		return;
	}
	CU_ASSERT_TRUE(strncmp(data, "[sekisho@32473 sequence=\"17\" ", 29) == 0);
	for (p = data; *p != '\0' && (quoted || *p != ']'); p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
	}
	CU_ASSERT_TRUE(strncmp(p, "] {\"", 4) == 0);
	/* Behind it stands JSON, whole. */
	json_t *root = json_loads(p + 2, 0, NULL);

	CU_ASSERT_TRUE(json_is_object(root));
	json_decref(root);
	CU_ASSERT_PTR_NULL(memchr(m, '\n', length));
}

static void
syslog_stays_one_message(void)
{
	try_all(view_format_syslog, check_syslog);
}

/* The sealed line comes as it is; one that is too long is told of, not cut. */
static void
syslog_has_the_line(void)
{
	const char *m = format_text(view_format_syslog, "gw1");
	json_t *root = view_sample(17, "gw1");
	char *line = json_dumps(root, JSON_COMPACT);

	CU_ASSERT_STRING_EQUAL(m + strlen(m) - strlen(line), line);
	CU_ASSERT_TRUE(strncmp(m, "<83>1 2026-11-21T03:14:56.123456Z gw1 sekisho - attempt "
	    "[sekisho@32473 sequence=\"17\" kind=\"violation\" rule=\"ZV-01\" agg=\"final\" "
	    "count=\"42\" severity=\"7\"] {", 150) == 0);
	m = format_text(view_format_syslog, view_hostile_long());
	CU_ASSERT_PTR_NOT_NULL(strstr(m, "{\"event\":{\"sequence\":17},\"sekisho\":{"
	    "\"truncated\":true,\"bytes\":"));
	json_decref(root);
	free(line);
}

/* What is missing or no time has a place of its own: NILVALUE. */
static void
syslog_without_anything(void)
{
	struct view_record r;
	json_t *root = json_loads("{\"@timestamp\":\"yesterday\",\"event\":{\"sequence\":3}}", 0, NULL);

	CU_ASSERT_TRUE_FATAL(view_record_make(&r, root, "{}", 2));
	CU_ASSERT_STRING_EQUAL(format(view_format_syslog, &r),
	    "<86>1 - - sekisho - - [sekisho@32473 sequence=\"3\" severity=\"0\"] {}");
	view_record_free(&r);
}

/* ---- CEF ----------------------------------------------------------------------------------- */

/* Number of unescaped '=' that follow a key, and of unescaped '|' in front of them. */
static void
count_cef(const char *p, int *pipes, int *pairs)
{
	*pipes = *pairs = 0;
	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '|' && *pipes < 7)
			(*pipes)++;
		else if (*p == '=' && *pipes == 7)
			(*pairs)++;
	}
}

/* Of the sample; so many of them are there for its text. */
#define CEF_PAIRS 35
#define CEF_TEXTS 14

static void
check_cef(const char *m, size_t length, const char *value)
{
	const char *cef = strstr(m, "CEF:0|");
	int pipes, pairs;

	CU_ASSERT_PTR_NOT_NULL_FATAL(cef);
	is_tame(m, length);
	count_cef(cef, &pipes, &pairs);
	CU_ASSERT_EQUAL(pipes, 7);
	/* Nobody's text adds a pair, or takes one away. */
	CU_ASSERT_EQUAL(pairs, *value == '\0' ? CEF_PAIRS - CEF_TEXTS : CEF_PAIRS);
}

static void
cef_keeps_its_parts(void)
{
	int pipes, pairs;

	count_cef(strstr(format_text(view_format_cef, "plain"), "CEF:0|"), &pipes, &pairs);
	CU_ASSERT_EQUAL(pairs, CEF_PAIRS);
	try_all(view_format_cef, check_cef);
}

static void
cef_has_the_fields(void)
{
	const char *m = format_text(view_format_cef, "a|b=c\\d");

	CU_ASSERT_PTR_NOT_NULL(strstr(m, "CEF:0|Sekisho|sekisho|0.1.0|ZV-01|a\\|b=c\\\\d|7|cn1=17 "
	    "cn1Label=sequence rt=1795230896123 "));
	CU_ASSERT_PTR_NOT_NULL(strstr(m, " src=10.1.2.3 "));
	CU_ASSERT_PTR_NOT_NULL(strstr(m, " c6a3=2001:db8::1 c6a3Label=Destination IPv6 Address "));
	CU_ASSERT_PTR_NULL(strstr(m, " dst="));
	CU_ASSERT_PTR_NULL(strstr(m, " c6a2="));
	CU_ASSERT_PTR_NOT_NULL(strstr(m, " spt=40000 dpt=443 smac=02:00:00:00:00:0A "));
	CU_ASSERT_PTR_NOT_NULL(strstr(m, " cs1=a|b\\=c\\\\d cs1Label=fromZone "));
	CU_ASSERT_PTR_NOT_NULL(strstr(m, " act=attempt cat=violation "));
	CU_ASSERT_PTR_NOT_NULL(strstr(m, " cnt=42 "));
	m = format_text(view_format_cef, "a\nb");
	CU_ASSERT_PTR_NOT_NULL(strstr(m, " msg=a\\nb"));
}

/* ---- eve.json -------------------------------------------------------------------------------- */

static const json_t *
at(const json_t *root, const char *a, const char *b)
{
	return json_object_get(json_object_get(root, a), b);
}

/* Strict JSON, one line, the members it should have; each text the one it was, or its begin. */
static void
check_eve(const char *m, size_t length, const char *value)
{
	json_error_t error;
	json_t *root = json_loads(m, JSON_REJECT_DUPLICATES, &error);
	const char *from = json_string_value(json_array_get(json_object_get(
	    at(root, "alert", "metadata"), "sekisho_from"), 0));

	CU_ASSERT_PTR_NOT_NULL_FATAL(root);
	CU_ASSERT_EQUAL(m[length - 1], '\n');
	is_tame(m, length - 1);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(root, "event_type")), "alert");
	CU_ASSERT_EQUAL(json_object_size(root), *value == '\0' ? 10 : 12);
	if (*value != '\0') {
		CU_ASSERT_PTR_NOT_NULL_FATAL(from);
		CU_ASSERT_EQUAL(strncmp(value, from, strlen(from)), 0);
		CU_ASSERT_TRUE(strlen(from) == strlen(value) || strlen(from) > 60);
	}
	json_decref(root);
}

static void
eve_is_strict(void)
{
	try_all(view_format_eve, check_eve);
}

static void
eve_has_the_fields(void)
{
	const char *m = format_text(view_format_eve, "tcp");

	CU_ASSERT_STRING_EQUAL(m, "{\"timestamp\":\"2026-11-21T03:14:56.123456+0000\",\"flow_id\":255,"
	    "\"in_iface\":\"tcp\",\"event_type\":\"alert\",\"src_ip\":\"10.1.2.3\",\"src_port\":40000,"
	    "\"dest_ip\":\"2001:db8::1\",\"dest_port\":443,\"proto\":\"TCP\",\"ether\":{\"src_mac\":"
	    "\"02:00:00:00:00:0a\",\"dest_mac\":\"tcp\"},\"host\":\"tcp\",\"alert\":{\"action\":"
	    "\"blocked\",\"gid\":1,\"signature_id\":8730001,\"rev\":1,\"signature\":\"tcp\","
	    "\"category\":\"tcp\",\"severity\":1,\"metadata\":{\"sekisho_sequence\":[\"17\"],"
	    "\"sekisho_class\":[\"ZV-01\"],\"sekisho_action\":[\"attempt\"],\"sekisho_phase\":"
	    "[\"final\"],\"sekisho_from\":[\"tcp\"],\"sekisho_to\":[\"tcp\"],\"sekisho_permit\":"
	    "[\"tcp\"],\"sekisho_count\":[\"42\"]}}}\n");
}

/* ---- the journal -------------------------------------------------------------------------------- */

/* As systemd reads it; the value of a field, malloc(3)ed, NULL when it is not there once. */
static char *
journal_field(const char *m, size_t length, const char *name, size_t *fields)
{
	const char *p = m, *end = m + length;
	char *found = NULL;

	for (*fields = 0; p < end; (*fields)++) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *equals = newline == NULL ? NULL :
		    memchr(p, '=', (size_t)(newline - p));
		const char *value = equals != NULL ? equals + 1 : NULL;
		size_t n = equals != NULL ? (size_t)(newline - value) : 0, name_length;
		uint64_t size;

		CU_ASSERT_PTR_NOT_NULL_FATAL(newline);
		name_length = (size_t)((equals != NULL ? equals : newline) - p);
		CU_ASSERT_EQUAL(strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), name_length);
		if (equals == NULL) {
			CU_ASSERT_TRUE_FATAL(end - newline > (ptrdiff_t)sizeof(size));
			memcpy(&size, newline + 1, sizeof(size));
			value = newline + 1 + sizeof(size);
			n = le64toh(size);
			CU_ASSERT_TRUE_FATAL(n < (size_t)(end - value));
			CU_ASSERT_EQUAL(value[n], '\n');
		}
		if (name_length == strlen(name) && strncmp(p, name, name_length) == 0) {
			CU_ASSERT_PTR_NULL(found);
			found = strndup(value, n);
		}
		p = value + n + 1;
	}
	return found;
}

#define JOURNAL_FIELDS 32
#define JOURNAL_TEXTS 11

static void
check_journal(const char *m, size_t length, const char *value)
{
	size_t fields;
	char *message = journal_field(m, length, "MESSAGE", &fields);
	char *priority = journal_field(m, length, "PRIORITY", &fields);

	CU_ASSERT_STRING_EQUAL(priority, "3");
	CU_ASSERT_EQUAL(fields, *value == '\0' ? JOURNAL_FIELDS - JOURNAL_TEXTS : JOURNAL_FIELDS);
	CU_ASSERT_PTR_NOT_NULL_FATAL(message);
	if (*value != '\0' && strlen(value) < 1000)
		CU_ASSERT_STRING_EQUAL(message, value);
	free(message);
	free(priority);
}

static void
journal_keeps_its_fields(void)
{
	try_all(view_format_journal, check_journal);
}

/* ---- records that are none ------------------------------------------------------------------------ */

static void
what_is_no_record(void)
{
	static const char *const none[] = { "[]", "7", "{}", "{\"event\":7}", "{\"event\":{\"sequence\":0}}",
		"{\"event\":{\"sequence\":-1}}", "{\"event\":{\"sequence\":\"1\"}}" };
	struct view_record r;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CU_ASSERT_FALSE(view_record_make(&r, json_loads(none[i], JSON_DECODE_ANY, NULL),
		    none[i], strlen(none[i])));
	/* Members of other types are as if they were missing. */
	CU_ASSERT_TRUE(view_record_make(&r, json_loads("{\"event\":{\"sequence\":1,\"action\":[1]},"
	    "\"sekisho\":\"x\",\"source\":{\"ip\":{},\"port\":\"7\"}}", 0, NULL), "", 0));
	CU_ASSERT_STRING_EQUAL(r.action, "");
	CU_ASSERT_STRING_EQUAL(r.source, "");
	CU_ASSERT_EQUAL(r.source_port, 0);
	format(view_format_cef, &r);
	format(view_format_eve, &r);
	format(view_format_journal, &r);
	view_record_free(&r);
}

static void
times(void)
{
	static const struct {
		const char *time;
		bool good;
		int64_t seconds;
	} rows[] = {
		{ "2026-11-21T03:14:56.123456789Z", true, 1795230896 },
		{ "1970-01-01T00:00:00.000000000Z", true, 0 },
		{ "2026-11-21T03:14:56.123456789", false, 0 }, { "", false, 0 },
		{ "2026-11-21T03:14:56.12345678xZ", false, 0 },
		{ "-026-11-21T03:14:56.123456789Z", false, 0 },
		{ "1969-12-31T23:59:59.000000000Z", false, 0 },
		{ "2026-13-21T03:14:56.123456789Z", false, 0 },
	};
	int64_t seconds;
	long nanoseconds;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool good = view_record_time(rows[i].time, &seconds, &nanoseconds);

		CU_ASSERT_EQUAL(good, rows[i].good);
		if (good)
			CU_ASSERT_EQUAL(seconds, rows[i].seconds);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "syslog stays one message", syslog_stays_one_message },
		{ "syslog has the sealed line", syslog_has_the_line },
		{ "syslog of a record without anything", syslog_without_anything },
		{ "CEF keeps its parts", cef_keeps_its_parts },
		{ "CEF has the fields", cef_has_the_fields },
		{ "eve.json is strict", eve_is_strict },
		{ "eve.json has the fields", eve_has_the_fields },
		{ "the journal's fields", journal_keeps_its_fields },
		{ "what is no record", what_is_no_record },
		{ "times", times },
		CU_TEST_INFO_NULL,
	};

	return unit_main("view_format", tests);
}
