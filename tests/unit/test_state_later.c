/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files written in a thread: there in the end, one at a time, failures told at the next. */
#include "agent/state_later.h"

#include "agent/state_file.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "kept"

/* Seconds that a writing may take on the slowest machine. */
#define PATIENCE_S 60

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

/* Write when the one before has ended; how that one ended. */
static int
write_next(struct state_later *l, int folder, const char *text)
{
	int before = 0, r = -EBUSY;

	for (int i = 0; r == -EBUSY && i < PATIENCE_S * 1000; i++) {
		r = state_later_write(l, folder, NAME, strdup(text), strlen(text), &before);
		if (r == -EBUSY)
			usleep(1000);
	}
	CU_ASSERT_EQUAL_FATAL(r, 0);
	return before;
}

static void
the_last_one_stands(void)
{
	struct state_later *l = state_later_new();
	char path[32], text[32], *bytes;
	int folder = make_folder(path);
	size_t length;

	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	for (int i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "number %d", i);
		CU_ASSERT_EQUAL(write_next(l, folder, text), 0);
	}
	/* Its begin says that number 49 has ended. */
	CU_ASSERT_EQUAL(write_next(l, folder, "end"), 0);
	CU_ASSERT_EQUAL(state_file_read(folder, NAME, 100, &bytes, &length), 0);
	CU_ASSERT_TRUE(strcmp(bytes, "number 49") == 0 || strcmp(bytes, "end") == 0);
	free(bytes);
	CU_ASSERT_EQUAL(write_next(l, folder, "end"), 0);
	CU_ASSERT_EQUAL(write_next(l, folder, "end"), 0);
	CU_ASSERT_EQUAL(state_file_read(folder, NAME, 100, &bytes, &length), 0);
	CU_ASSERT_STRING_EQUAL(bytes, "end");
	free(bytes);
	/* A folder that is none: this one has ended, and nothing of it is left. */
	(void)write_next(l, -1, "nowhere");
	state_later_free(l);
	remove_folder(folder, path);
}

static void
a_failure_is_told_at_the_next(void)
{
	struct state_later *l = state_later_new();
	char path[32];
	int folder = make_folder(path), not_a_folder = open("/dev/null", O_RDONLY | O_CLOEXEC);

	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	CU_ASSERT_EQUAL(write_next(l, not_a_folder, "lost"), 0);
	CU_ASSERT_EQUAL(write_next(l, folder, "kept"), -ENOTDIR);
	CU_ASSERT_EQUAL(write_next(l, folder, "kept"), 0);
	(void)write_next(l, -1, "nowhere");
	state_later_free(l);
	state_later_free(NULL);
	close(not_a_folder);
	remove_folder(folder, path);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "the last one stands", the_last_one_stands },
		{ "a failure is told at the next", a_failure_is_told_at_the_next },
		CU_TEST_INFO_NULL,
	};

	return unit_main("state_later", tests);
}
