/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files written in a thread: the newest stands in the end, failures are told later. */
#include "agent/state_later.h"

#include "agent/state_file.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "kept"

static int
make_folder(char path[32])
{
	int folder;

	strcpy(path, "/tmp/sekisho-later.XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(path));
	folder = state_folder_open(path);
	CU_ASSERT_FATAL(folder >= 0);
	return folder;
}

static void
remove_folder(int folder, const char *path)
{
	(void)unlinkat(folder, NAME, 0);
	close(folder);
	CU_ASSERT_EQUAL(rmdir(path), 0);
}

/* Seconds that a writing may take on the slowest machine. */
#define PATIENCE_S 60

static int
write_text(struct state_later *l, const char *text, int *before)
{
	return state_later_write(l, strdup(text), strlen(text), before);
}

/* Until the file says so: true. */
static bool
comes(int folder, const char *text)
{
	for (int i = 0; i < PATIENCE_S * 1000; i++) {
		char *bytes = NULL;
		size_t length;
		bool same = state_file_read(folder, NAME, 100, &bytes, &length) == 0 &&
		    strcmp(bytes, text) == 0;

		free(bytes);
		if (same)
			return true;
		usleep(1000);
	}
	return false;
}

static void
the_newest_stands_in_the_end(void)
{
	char path[32], text[32];
	int folder = make_folder(path), before = 0;
	struct state_later *l = state_later_new(folder, NAME);

	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 50; i++) {
			int r;

			snprintf(text, sizeof(text), "round %d number %d", round, i);
			r = write_text(l, text, &before);
			CU_ASSERT_TRUE(r == 0 || r == -EBUSY);
			CU_ASSERT_EQUAL(before, 0);
		}
		CU_ASSERT_TRUE(comes(folder, text));
	}
	state_later_free(l);
	state_later_free(NULL);
	remove_folder(folder, path);
}

static void
a_failure_is_told_later(void)
{
	char path[32];
	int folder = make_folder(path), before = 0;
	int not_a_folder = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct state_later *l = state_later_new(not_a_folder, NAME);

	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	for (int i = 0; i < PATIENCE_S * 1000 && before == 0; i++) {
		int r = write_text(l, "lost", &before);

		CU_ASSERT_TRUE(r == 0 || r == -EBUSY);
		usleep(1000);
	}
	CU_ASSERT_EQUAL(before, -ENOTDIR);
	state_later_free(l);
	close(not_a_folder);
	remove_folder(folder, path);
}

/* Nobody waits for what is written then, and it is nobody's memory afterwards. */
static void
it_is_left_in_the_middle(void)
{
	char path[32];
	int folder = make_folder(path), before;

	for (int i = 0; i < 100; i++) {
		struct state_later *l = state_later_new(folder, NAME);

		CU_ASSERT_PTR_NOT_NULL_FATAL(l);
		CU_ASSERT_EQUAL(write_text(l, "first", &before), 0);
		(void)write_text(l, "second", &before);
		state_later_free(l);
		CU_ASSERT_TRUE(comes(folder, "second"));
		(void)unlinkat(folder, NAME, 0);
	}
	remove_folder(folder, path);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "the newest stands in the end", the_newest_stands_in_the_end },
		{ "a failure is told later", a_failure_is_told_later },
		{ "it is left in the middle", it_is_left_in_the_middle },
		CU_TEST_INFO_NULL,
	};

	return unit_main("state_later", tests);
}
