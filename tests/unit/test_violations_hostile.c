/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LG-06: whatever stands in a field that a peer or a caller can choose, the record has
 * one strict line of it, the value comes back, and no output shows a raw byte of it.
 */
#include "agent/cli/cli.h"
#include "agent/cli/columns.h"
#include "agent/record/line_scan.h"
#include "agent/record/record_json.h"
#include "agent/record/text_clean.h"
#include "rules/utf8.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/sekisho-hostile-XXXXXX";

static const char *const payloads[] = {
	"\"", "\\", "\\\"", "\n", "\r\n", "\t", "\x1b[31m", "\x1b]0;owned\x07", "\x7f",
	"\x80\x81\xfe\xff", "\xc2\x9b[m", "\xe2\x80\xa8", "\xe2\x80\xaegnp",
	"\xef\xbb\xbf", "\xf3\xa0\x80\x81", "\xed\xa0\x80", "\xc0\x80", "a\xe3\x81", "\x01\x02\x1f",
	"=cmd|'/c calc'!A1", "+1", "-1", "@SUM(A1)", "a,b", "a\"b\",c", "{\"sekisho\":1}",
	"\",\"hash\":\"", "%s%n", "\xe9\x96\xa2\xe6\x89\x80", "  ",
};

#define N_PAYLOADS (sizeof(payloads) / sizeof(payloads[0]))

/* Texts of an event, and where the record has them. */
static const struct field {
	size_t place, size;
	enum event_kind kind;
	const char *path[4];
} fields[] = {
#define FIELD(name, kind, ...) \
	{ offsetof(struct event, name), sizeof(((struct event *)NULL)->name), kind, \
	  { __VA_ARGS__ } }
	FIELD(from_zone, EVENT_VIOLATION, "observer", "ingress", "zone"),
	FIELD(to_zone, EVENT_VIOLATION, "observer", "egress", "zone"),
	FIELD(in_interface, EVENT_VIOLATION, "observer", "ingress", "interface", "name"),
	FIELD(out_interface, EVENT_VIOLATION, "observer", "egress", "interface", "name"),
	FIELD(permit, EVENT_VIOLATION, "sekisho", "permit"),
	FIELD(reason, EVENT_VIOLATION, "event", "reason"),
	FIELD(reason, EVENT_CHANGE, "event", "reason"),
	FIELD(reason, EVENT_LIFE, "event", "reason"),
	FIELD(reason, EVENT_GAP, "event", "reason"),
	FIELD(actor, EVENT_CHANGE, "sekisho", "actor"),
	FIELD(person, EVENT_CHANGE, "sekisho", "person"),
	FIELD(note, EVENT_CHANGE, "sekisho", "note"),
	FIELD(actor, EVENT_DRIFT, "sekisho", "actor"),
#undef FIELD
};

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

static struct event
event_of(const struct field *f, const char *payload, bool fill)
{
	struct event e = { .kind = (uint8_t)f->kind, .zv = ZV_01_ZONE_CROSSING,
		.action = ACTION_LEAK, .severity = 7, .count = 3, .key = 7,
		.first_ns = 1, .last_ns = 2 };
	char *place = (char *)&e + f->place;
	const size_t length = strlen(payload);

	e.facts.src = (struct ip_addr){ .family = IP_V4, .value = 0x0a010203 };
	if (f->kind == EVENT_LIFE || f->kind == EVENT_CHANGE)
		e.zv = ZV_NONE;
	/* Once, or as often as there is room. */
	for (size_t used = 0; used + length < f->size; used += length) {
		memcpy(place + used, payload, length);
		if (!fill)
			break;
	}
	return e;
}

static void
expect_value(const struct field *f, const struct event *e, const char *line, size_t length)
{
	json_t *record = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
	const json_t *value = record;
	char want[1024];
	bool cut = false;

	CU_ASSERT_PTR_NOT_NULL_FATAL(record);
	for (size_t i = 0; i < 4 && f->path[i] != NULL; i++)
		value = json_object_get(value, f->path[i]);
	text_clean((const char *)e + f->place, f->size, want, sizeof(want), &cut);
	/* A short of room is told, never silent. */
	if (!json_is_true(json_object_get(json_object_get(record, "sekisho"), "truncated")))
		CU_ASSERT_STRING_EQUAL(value != NULL ? json_string_value(value) : "", want);
	json_decref(record);
}

static void
expect_no_control(const char *text, size_t length, bool crlf)
{
	for (size_t i = 0, n; i < length; i += n) {
		uint32_t c;

		n = utf8_decode(text + i, length - i, &c);
		CU_ASSERT_NOT_EQUAL_FATAL(n, 0);
		if (c == '\n' || (crlf && c == '\r' && text[i + 1] == '\n') ||
		    (crlf && i == 0 && c == 0xfeff))
			continue;
		if (utf8_is_control(c))
			CU_FAIL_FATAL("a control character in the output");
	}
}

/* What the command of these words prints; the caller frees it. */
static char *
run(const char *command, bool json, enum message_language language, size_t *length)
{
	struct cli cli = { .language = language, .json = json };
	char name[128], words[64], *rest = words, *argv[8], *text;
	int argc = 0, saved, fd;
	struct stat st;

	snprintf(words, sizeof(words), "%s", command);
	while (argc < 7 && (argv[argc] = strsep(&rest, " ")) != NULL)
		argc++;
	CU_ASSERT_EQUAL_FATAL(paths_init(&cli.paths, root), 0);
	snprintf(name, sizeof(name), "%s/out", root);
	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CU_ASSERT_FATAL(saved >= 0 && fd >= 0);
	dup2(fd, STDOUT_FILENO);
	CU_ASSERT_EQUAL(cli_violations(argc, argv, &cli), CLI_OK);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	CU_ASSERT_EQUAL(fstat(fd, &st), 0);
	*length = (size_t)st.st_size;
	text = calloc(1, *length + 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_EQUAL(pread(fd, text, *length, 0), (ssize_t)*length);
	close(fd);
	unlink(name);
	return text;
}

static size_t
lines_of(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')) != NULL; text++)
		n++;
	return n;
}

static FILE *
begin_log(void)
{
	char name[128];
	FILE *log;

	snprintf(name, sizeof(name), "%s/log", root);
	mkdir(name, 0700);
	snprintf(name, sizeof(name), "%s/log/violations.jsonl", root);
	log = fopen(name, "we");
	CU_ASSERT_PTR_NOT_NULL_FATAL(log);
	return log;
}

static size_t
write_all(FILE *log)
{
	const struct record_context context = { .sequence = 7, .created_ns = 1,
		.boot = "b", .hostname = "gw", .version = "0", .sender = "watcher" };
	size_t count = 0;

	for (size_t i = 0; i < N_FIELDS; i++) {
		for (size_t j = 0; j < 2 * N_PAYLOADS; j++) {
			struct event e = event_of(&fields[i], payloads[j / 2], j % 2 == 1);
			struct line_fields found;
			char line[RECORD_LINE_MAX];
			size_t length;

			e.key = ++count;
			CU_ASSERT_EQUAL_FATAL(record_json_line(&e, &context, line, &length), 0);
			CU_ASSERT_PTR_EQUAL(memchr(line, '\n', length), line + length - 1);
			CU_ASSERT_TRUE(line_scan(line, length - 1, &found));
			CU_ASSERT_TRUE(found.plain);
			expect_value(&fields[i], &e, line, length);
			fwrite(line, 1, length, log);
		}
	}
	fclose(log);
	return count;
}

static void
nothing_hostile_comes_out(void)
{
	static const char table[] = "violations --all", csv[] = "violations --all --csv",
	    sums[] = "violations --all --by pair";
	const size_t count = write_all(begin_log());
	size_t length;
	char *text;

	for (int l = MESSAGE_ENGLISH; l <= MESSAGE_JAPANESE; l++) {
		text = run(table, false, (enum message_language)l, &length);
		CU_ASSERT_EQUAL(strlen(text), length);
		expect_no_control(text, length, false);
		for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;)
			CU_ASSERT_TRUE(columns_width(line) <= 80);
		free(text);
		text = run(csv, false, (enum message_language)l, &length);
		expect_no_control(text, length, true);
		CU_ASSERT_EQUAL(lines_of(text), count + 1);
		/* No cell is a formula. */
		for (const char *p = text; (p = strpbrk(p, ",\"\n")) != NULL; p++)
			if (p[1] == '=' || p[1] == '@')
				CU_ASSERT_PTR_NULL(strchr(",\n", *p));
		free(text);
		text = run(sums, false, (enum message_language)l, &length);
		expect_no_control(text, length, false);
		free(text);
	}
	text = run(table, true, MESSAGE_ENGLISH, &length);
	expect_no_control(text, length, false);
	CU_ASSERT_EQUAL(lines_of(text), count);
	free(text);
}

/* Lines of somebody else: raw characters that JSON allows, and names of 64 KB. */
static void
foreign_lines_do_no_harm(void)
{
	static char huge[65536 + 1];
	static const char table[] = "violations", sums[] = "violations --by pair";
	FILE *log = begin_log();
	size_t length;
	json_t *record;
	char *text;

	memset(huge, 'x', sizeof(huge) - 1);
	fprintf(log, "{\"@timestamp\":\"\xc2\x9b" "31m\",\"message\":\"\x7f\xe2\x80\xa8\","
	    "\"sekisho\":{\"kind\":\"violation\",\"key\":\"\xe2\x80\xae\",\"count\":1},"
	    "\"observer\":{\"ingress\":{\"zone\":\"\xf3\xa0\x80\x81\"}}}\n");
	fprintf(log, "{ \"message\":\t\"\xc2\x85\", \"observer\": {\"ingress\": "
	    "{\"zone\": \"%s\"}}, \"sekisho\": {\"kind\": \"violation\", \"key\": \"\\u001b\"}}\n",
	    huge);
	fclose(log);
	text = run(table, false, MESSAGE_ENGLISH, &length);
	expect_no_control(text, length, false);
	free(text);
	text = run(sums, false, MESSAGE_JAPANESE, &length);
	expect_no_control(text, length, false);
	free(text);
	text = run(sums, true, MESSAGE_ENGLISH, &length);
	expect_no_control(text, length, false);
	free(text);
	text = run(table, true, MESSAGE_ENGLISH, &length);
	expect_no_control(text, length, false);
	CU_ASSERT_EQUAL(lines_of(text), 2);
	record = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, NULL);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(record, "message")),
	    "\x7f\xe2\x80\xa8");
	json_decref(record);
	free(text);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "LG-06 nothing hostile comes out", nothing_hostile_comes_out },
		{ "LG-06 foreign lines do no harm", foreign_lines_do_no_harm },
		CU_TEST_INFO_NULL,
	};
	char path[128];
	int status;

	if (mkdtemp(root) == NULL)
		return EXIT_FAILURE;
	setenv("TZ", "UTC", 1);
	status = unit_main("violations_hostile", tests);
	snprintf(path, sizeof(path), "%s/log/violations.jsonl", root);
	unlink(path);
	snprintf(path, sizeof(path), "%s/log", root);
	rmdir(path);
	rmdir(root);
	return status;
}
