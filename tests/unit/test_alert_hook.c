/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which programs may be hooks, what they read, and how they end. */
#include "agent/alert/alert_hook.h"

#include "agent/clock.h"
#include "rules/violation_class.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define S INT64_C(1000000000)

static void
only_what_is_roots_alone(void)
{
	char folder[] = "/tmp/sekisho-hook-XXXXXX", path[64], resolved[PATH_MAX];
	const char *why;
	int fd;

	CU_ASSERT_EQUAL(alert_hook_check("/bin/sh", resolved, &why), 0);
	CU_ASSERT_EQUAL(resolved[0], '/');
	CU_ASSERT_TRUE(alert_hook_check("sh", resolved, &why) < 0);
	CU_ASSERT_EQUAL(alert_hook_check("/etc", resolved, &why), -EACCES);
	CU_ASSERT_EQUAL(alert_hook_check("/etc/passwd", resolved, &why), -EACCES);
	CU_ASSERT_EQUAL(alert_hook_check("/etc/nothing-of-the-kind", resolved, &why), -ENOENT);
	/* A folder on the way to which everybody may write, sticky or not. */
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/hook", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	CU_ASSERT_TRUE_FATAL(fd >= 0);
	close(fd);
	CU_ASSERT_EQUAL(alert_hook_check(path, resolved, &why), -EPERM);
	CU_ASSERT_STRING_EQUAL(why, "somebody else than root may change it");
	unlink(path);
	/* A link is what it leads to. */
	CU_ASSERT_EQUAL(symlink("/bin/sh", path), 0);
	CU_ASSERT_EQUAL(alert_hook_check(path, resolved, &why), 0);
	CU_ASSERT_PTR_NULL(strstr(resolved, folder));
	unlink(path);
	rmdir(folder);
}

static struct alert_alarm
an_alarm(const char *line)
{
	struct alert_alarm a = { .why = ALERT_FOLDED, .heap = { .n = UINT64_MAX / 2,
		.severity = 9, .since_ns = 1795247696 * S, .until_ns = 1795247700 * S } };

	a.heap.length = strlen(line);
	memcpy(a.heap.line, line, a.heap.length);
	return a;
}

static void
the_input_is_two_lines_of_json(void)
{
	static char line[RECORD_LINE_MAX + 1];
	char name[LIMIT_NAME + 1], input[ALERT_INPUT_MOST];
	struct alert_alarm a;
	json_t *o;
	size_t n;

	/* The longest of everything. */
	memset(line, 'x', sizeof(line) - 1);
	line[0] = '"';
	line[RECORD_LINE_MAX - 2] = '"';
	line[RECORD_LINE_MAX - 1] = '\n';
	memset(name, 'n', sizeof(name) - 1);
	name[LIMIT_NAME] = '\0';
	a = an_alarm(line);
	n = alert_hook_input(name, &a, input);
	CU_ASSERT_TRUE_FATAL(n > RECORD_LINE_MAX && n <= sizeof(input));
	CU_ASSERT_EQUAL(memcmp(input, line, RECORD_LINE_MAX), 0);
	CU_ASSERT_EQUAL(input[n - 1], '\n');
	o = json_loadb(input + RECORD_LINE_MAX, n - RECORD_LINE_MAX, 0, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(o, "alert")), name);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(o, "why")), "folded");
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(o, "count")), INT64_MAX);
	CU_ASSERT_PTR_NOT_NULL(strstr(json_string_value(json_object_get(o, "message_ja")),
	    "記録"));
	json_decref(o);
	/* Records that were only counted. */
	a = an_alarm("");
	n = alert_hook_input("m", &a, input);
	CU_ASSERT_TRUE(n > 0 && input[0] == '{' && memchr(input, '\n', n) == input + n - 1);
}

/* How a shell command ends as a hook. */
static bool
run(const char *input, unsigned int timeout_s, char *why, size_t size)
{
	struct alert_run r = { .program = "/bin/sh", .name = "m", .folder = "/", .input = input,
		.length = strlen(input), .timeout_s = timeout_s };
	struct alert_hook h;
	int status = 0;

	CU_ASSERT_EQUAL_FATAL(alert_hook_start(&h, &r), 0);
	while (waitpid(h.pid, &status, WNOHANG) == 0) {
		(void)alert_hook_listen(&h);
		alert_hook_look(&h, clock_ns(CLOCK_BOOTTIME));
		usleep(1000);
	}
	return alert_hook_ended(&h, status, why, size);
}

static void
every_end_is_told(void)
{
	char why[256];

	CU_ASSERT_TRUE(run("exit 0", 10, why, sizeof(why)));
	CU_ASSERT_TRUE(run("", 10, why, sizeof(why)));
	CU_ASSERT_FALSE(run("echo a; echo b >&2; exit 7", 10, why, sizeof(why)));
	CU_ASSERT_STRING_EQUAL(why, "it ended with status 7 (said: a b )");
	CU_ASSERT_FALSE(run("kill -11 $$", 10, why, sizeof(why)));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "it was ended by signal 11"));
	CU_ASSERT_FALSE(run("while :; do echo 0123456789012345678901234567890123456789; done", 10,
	    why, sizeof(why)));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "more than 65536 bytes"));
	CU_ASSERT_FALSE(run("sleep 60 & sleep 60", 1, why, sizeof(why)));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "took too long"));
	/* Limits: a file of 2 MiB, a hundred descriptors. */
	CU_ASSERT_FALSE(run("f=$(mktemp); rm $f.x; exec 3>$f; rm $f; "
	    "dd if=/dev/zero bs=1M count=2 >&3 2>/dev/null", 10, why, sizeof(why)));
	CU_ASSERT_TRUE(run("test $(ulimit -n) = 64 && test $(ulimit -c) = 0", 10, why,
	    sizeof(why)));
	CU_ASSERT_TRUE(run("test \"$SEKISHO_ALERT\" = m && test \"$HOME\" = / && test -z \"$USER\"",
	    10, why, sizeof(why)));
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "only what is root's alone", only_what_is_roots_alone },
		{ "the input is two lines of JSON", the_input_is_two_lines_of_json },
		{ "every end is told", every_end_is_told },
		CU_TEST_INFO_NULL,
	};

	setenv("USER", "somebody", 1);
	return unit_main("alert_hook", tests);
}
