/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Views at work over a log as the recorder writes it: what arrives, once, in order. */
#include "agent/record/views/view.h"
#include "agent/record/log_names.h"
#include "tests/unit/sealed_log.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)

enum which { SYSLOG = 0, CEF, JOURNAL, EVE, PROMETHEUS };

static struct sealed_log writer;
static struct view_folders folders;
static struct view view;
static struct record_outputs outputs;
static char own[] = "/tmp/sekisho-view-XXXXXX";
static int reader = -1;
static int64_t now;

static void
listen_here(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/s", own);
	snprintf(outputs.syslog, sizeof(outputs.syslog), "%s", sun.sun_path);
	unlink(sun.sun_path);
	reader = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	CU_ASSERT_EQUAL_FATAL(bind(reader, (const struct sockaddr *)&sun, sizeof(sun)), 0);
}

static void
begin(enum which which)
{
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(own));
	sealed_log_make(&writer);
	sealed_log_start(&writer);
	folders = (struct view_folders){ .log = writer.directory,
		.own = open(own, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	folders.metrics = folders.own;
	outputs = (struct record_outputs){ .eve = true, .prometheus = true };
	listen_here();
	view = (struct view){ .how = &view_adapters()[which], .folders = &folders };
	view_set(&view, &outputs);
	CU_ASSERT_TRUE_FATAL(view.on);
}

static void
end(void)
{
	static const char *const names[] = { "s", "eve.json", "sekisho.prom", "place-syslog",
	    "place-eve", "place-prometheus" };

	view_close(&view);
	sealed_log_stop(&writer);
	sealed_log_remove(&writer);
	close(reader);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(folders.own, names[i], 0);
	close(folders.own);
	rmdir(own);
	strcpy(own, "/tmp/sekisho-view-XXXXXX");
}

/* As after a kill: nothing is saved or ended in order, a new process begins. */
static void
kill_it(void)
{
	const struct view fresh = { .how = view.how, .folders = &folders };

	view_follow_end(&view.follow);
	view_socket_end(&view.socket);
	if (view.how->way == VIEW_TO_FILE)
		view_file_end(&view.file);
	view_metrics_free(view.metrics);
	view = fresh;
	view_set(&view, &outputs);
}

/* Long enough for all there is; time passes only here. */
static void
work(void)
{
	for (int i = 0; i < 40; i++) {
		now += SECOND_NS;
		(void)view_work(&view, now);
	}
}

static void
tick(void)
{
	struct view_state state;

	now += 60 * SECOND_NS;
	view_describe(&view, &state);
	view_tick(&view, &state, 1, now);
}

/* "5 6 7": the numbers of the messages that wait. */
static const char *
arrived(void)
{
	static char list[4096], message[VIEW_MESSAGE_MAX + 1];
	size_t used = 0;
	ssize_t n;

	list[0] = '\0';
	while ((n = recv(reader, message, sizeof(message) - 1, 0)) >= 0) {
		const char *p;

		message[n] = '\0';
		p = strstr(message, "sequence=\"");
		CU_ASSERT_PTR_NOT_NULL_FATAL(p);
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%lu",
		    used > 0 ? " " : "", strtoul(p + 10, NULL, 10));
	}
	return list;
}

/* "5 6 7" for 5 to 7. */
static const char *
span(uint64_t from, uint64_t to)
{
	static char list[4096];
	size_t used = 0;

	list[0] = '\0';
	for (uint64_t n = from; n <= to; n++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%" PRIu64,
		    used > 0 ? " " : "", n);
	return list;
}

static uint64_t
last(void)
{
	return writer.writer.seal->sequence;
}

static void
records_arrive_once(void)
{
	uint64_t from;

	begin(SYSLOG);
	from = last();
	work();
	CU_ASSERT_STRING_EQUAL(arrived(), "");	/* begins at the end */
	sealed_log_write(&writer, 5);
	work();
	CU_ASSERT_STRING_EQUAL(arrived(), span(from + 1, last()));
	work();
	CU_ASSERT_STRING_EQUAL(arrived(), "");
	CU_ASSERT_EQUAL(view.arrived.sequence, last());
	/* In order from one process to the next. */
	from = last();
	view_close(&view);
	sealed_log_write(&writer, 3);
	view_set(&view, &outputs);
	work();
	CU_ASSERT_STRING_EQUAL(arrived(), span(from + 1, last()));
	end();
}

static void
a_kill_repeats_and_never_omits(void)
{
	uint64_t saved;

	begin(SYSLOG);
	sealed_log_write(&writer, 4);
	work();
	(void)arrived();
	work();
	tick();
	saved = last();
	kill_it();
	work();
	CU_ASSERT_STRING_EQUAL(arrived(), "");	/* what was saved does not come again */
	sealed_log_write(&writer, 4);
	work();
	CU_ASSERT_STRING_EQUAL(arrived(), span(saved + 1, last()));
	kill_it();
	work();
	CU_ASSERT_STRING_EQUAL(arrived(), span(saved + 1, last()));
	end();
}

/* Ten messages stand in a socket that nobody reads, and go with it. */
static void
what_a_reader_did_not_read_comes_again(void)
{
	uint64_t from;

	begin(SYSLOG);
	from = last();
	sealed_log_write(&writer, 20);
	work();
	CU_ASSERT_EQUAL(view.arrived.sequence, from);
	close(reader);
	work();
	listen_here();
	for (int i = 0; i < 5; i++) {
		char first[2048];

		work();
		snprintf(first, sizeof(first), "%s", arrived());
		if (i == 0)
			CU_ASSERT_EQUAL(strtoul(first, NULL, 10), from + 1);
	}
	work();
	CU_ASSERT_EQUAL(view.arrived.sequence, last());
	end();
}

/* The log is closed and packed while nobody listens. */
static void
rotation_changes_nothing(void)
{
	uint64_t from;
	char list[4096];
	size_t used = 0;

	begin(SYSLOG);
	from = last();
	close(reader);
	for (int file = 0; file < 4; file++) {
		sealed_log_write(&writer, 3);
		recorder_rotate(&writer.writer);
		work();
	}
	view_close(&view);
	sealed_log_write(&writer, 2);
	view_set(&view, &outputs);
	listen_here();
	for (int i = 0; i < 8; i++) {
		work();
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
		    used > 0 ? " " : "", arrived());
		while (used > 0 && list[used - 1] == ' ')
			list[--used] = '\0';
	}
	CU_ASSERT_STRING_EQUAL(list, span(from + 1, last()));
	CU_ASSERT_EQUAL(view.missed, 0);
	end();
}

/* Power went: the log ends before what was told, and its numbers are given again. */
static void
a_log_that_lost_its_end(void)
{
	size_t length;
	char *before, *list;
	uint64_t kept;

	begin(SYSLOG);
	sealed_log_write(&writer, 2);
	kept = last();
	before = sealed_log_read(&writer, LOG_NAME, &length);
	sealed_log_write(&writer, 3);
	work();
	(void)arrived();
	work();
	view_close(&view);
	sealed_log_put(&writer, LOG_NAME, before, length);
	view_set(&view, &outputs);
	work();
	list = strdup(arrived());
	CU_ASSERT_PTR_NOT_NULL_FATAL(list);
	CU_ASSERT_STRING_EQUAL(list, span(1, kept));
	free(list);
	free(before);
	end();
}

/* The place is behind what the file has, as after a kill: no line twice, none missing. */
static void
eve_has_each_violation_once(void)
{
	uint64_t wanted;
	size_t lines = 0;
	char *text, *p;
	struct stat st;
	char path[64];
	int fd;

	begin(EVE);
	wanted = last();
	sealed_log_write(&writer, 7);
	work();
	kill_it();
	sealed_log_write(&writer, 7);
	work();
	work();
	snprintf(path, sizeof(path), "%s/eve.json", own);
	CU_ASSERT_EQUAL_FATAL(stat(path, &st), 0);
	text = calloc(1, (size_t)st.st_size + 1);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_EQUAL(read(fd, text, (size_t)st.st_size), st.st_size);
	for (p = text; (p = strstr(p, "\"sekisho_sequence\":[\"")) != NULL; p += 21, lines++)
		CU_ASSERT_EQUAL(strtoul(p + 21, NULL, 10), ++wanted);
	CU_ASSERT_EQUAL(lines, 14);
	close(fd);
	free(text);
	end();
}

/* Numbers and place go to the disk together: a kill counts nothing twice. */
static void
the_numbers_are_exact_over_a_kill(void)
{
	uint64_t n;

	begin(PROMETHEUS);
	sealed_log_write(&writer, 5);
	work();
	tick();
	sealed_log_write(&writer, 5);
	work();
	kill_it();
	work();
	n = view.metrics != NULL ? last() : 0;
	CU_ASSERT_EQUAL(view.arrived.sequence, n);
	tick();
	{
		char *text;
		int fd = openat(folders.own, "sekisho.prom", O_RDONLY | O_CLOEXEC);

		text = calloc(1, VIEW_METRICS_MAX + 1);
		CU_ASSERT_PTR_NOT_NULL_FATAL(text);
		CU_ASSERT_TRUE(read(fd, text, VIEW_METRICS_MAX) > 0);
		CU_ASSERT_PTR_NOT_NULL(strstr(text, "sekisho_records_total{kind=\"violation\"} 10\n"));
		close(fd);
		free(text);
	}
	end();
}

static void
the_policy_says_which(void)
{
	struct record_outputs none = { .eve = false };

	begin(SYSLOG);
	view_set(&view, &none);
	CU_ASSERT_FALSE(view.on);
	CU_ASSERT_FALSE(view_work(&view, ++now));
	for (unsigned int i = 0; i < VIEW_ADAPTERS; i++) {
		CU_ASSERT_PTR_NULL(view_adapters()[i].target(&none));
		CU_ASSERT_TRUE(view_adapters()[i].way == VIEW_TO_METRICS ||
		    view_adapters()[i].format != NULL);
	}
	view_set(&view, &outputs);
	CU_ASSERT_TRUE(view.on);
	end();
}

/* Told after ten seconds, and again when it goes on. */
static void
a_view_that_takes_nothing_says_so(void)
{
	struct view_state state;

	begin(SYSLOG);
	close(reader);
	sealed_log_write(&writer, 1);
	work();
	tick();
	view_describe(&view, &state);
	CU_ASSERT_TRUE(state.blocked);
	listen_here();
	work();
	view_describe(&view, &state);
	CU_ASSERT_FALSE(state.blocked);
	end();
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "records arrive once", records_arrive_once },
		{ "a kill repeats and never omits", a_kill_repeats_and_never_omits },
		{ "what a reader did not read comes again", what_a_reader_did_not_read_comes_again },
		{ "rotation changes nothing", rotation_changes_nothing },
		{ "a log that lost its end", a_log_that_lost_its_end },
		{ "eve.json has each violation once", eve_has_each_violation_once },
		{ "the numbers are exact over a kill", the_numbers_are_exact_over_a_kill },
		{ "the policy says which", the_policy_says_which },
		{ "a view that takes nothing says so", a_view_that_takes_nothing_says_so },
		CU_TEST_INFO_NULL,
	};

	return unit_main("view", tests);
}
