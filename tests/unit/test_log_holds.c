/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Legal holds: set and released by case, the lines of others left alone. */
#include "agent/record/log_holds.h"

#include "agent/record/retention.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char folder[64];
static int directory;
static atomic_int saved;

static void
on_saved(void *arg, int error)
{
	(void)arg;
	atomic_store(&saved, error == 0 ? 1 : error);
}

static void
put(const char *text)
{
	int fd = openat(directory, RETENTION_HOLDS, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	CU_ASSERT_EQUAL(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void
holds_is(const char *wanted)
{
	char text[4096] = "";
	int fd = openat(directory, RETENTION_HOLDS, O_RDONLY | O_CLOEXEC);

	CU_ASSERT(fd >= 0 && read(fd, text, sizeof(text) - 1) >= 0);
	close(fd);
	CU_ASSERT_STRING_EQUAL(text, wanted);
}

/* Edit and save, waiting for the disk. */
static int
order(const char *name, bool release, int from, int to)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	struct hold_order o = { .release = release, .from = from, .to = to };
	char *text;
	size_t length;
	int r;

	snprintf(o.name, sizeof(o.name), "%s", name);
	CU_ASSERT_PTR_NULL(hold_order_check(&o));
	r = log_holds_edit(directory, &o, &text, &length);
	if (r != 0)
		return r;
	atomic_store(&saved, 0);
	r = log_holds_save(directory, text, length, on_saved, NULL);
	for (int i = 0; r == 0 && atomic_load(&saved) == 0 && i < 5000; i++)
		nanosleep(&moment, NULL);
	return r == 0 && atomic_load(&saved) != 1 ? atomic_load(&saved) : r;
}

static void
a_case_is_held_and_released(void)
{
	CU_ASSERT_EQUAL(order("R8-12", true, 0, 0), -ENOENT);
	CU_ASSERT_EQUAL(order("R8-12", false, 20261101, 20261122), 0);
	holds_is("R8-12 20261101 20261122\n");
	CU_ASSERT_EQUAL(order("R8-12", false, 20261101, 20261122), 1);
	CU_ASSERT_EQUAL(order("R8-12", false, 20261201, 20261201), 0);
	CU_ASSERT_EQUAL(order("R8-1", false, 20261201, 20261202), 0);
	CU_ASSERT_EQUAL(order("R8-12", true, 0, 0), 0);
	holds_is("R8-1 20261201 20261202\n");
	CU_ASSERT_EQUAL(order("R8-1", true, 0, 0), 0);
	holds_is("");
}

static void
what_others_wrote_stays(void)
{
	put("# by hand\n\n  X 20260101 20260102 # why\nbroken line\nR9 20260101 20260101");
	CU_ASSERT_EQUAL(order("R8", false, 20261101, 20261122), 0);
	holds_is("# by hand\n\n  X 20260101 20260102 # why\nbroken line\n"
	    "R9 20260101 20260101\nR8 20261101 20261122\n");
	CU_ASSERT_EQUAL(order("X", true, 0, 0), 0);
	CU_ASSERT_EQUAL(order("R9", true, 0, 0), 0);
	holds_is("# by hand\n\nbroken line\nR8 20261101 20261122\n");
	CU_ASSERT_EQUAL(order("R8", true, 0, 0), 0);
}

static void
names_are_one_word(void)
{
	static const char *const bad[] = { "", "a b", "a\tb", "a\nb", "#a", "a#", "\x1b[1m",
		"\xff", "a\xe2\x80\xae", "\xc3" };
	char longest[80];

	CU_ASSERT_TRUE(hold_name_good("令和8年-第12号"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_FALSE(hold_name_good(bad[i]));
	memset(longest, 'x', sizeof(longest));
	longest[64] = '\0';
	CU_ASSERT_TRUE(hold_name_good(longest));
	longest[64] = 'x';
	longest[65] = '\0';
	CU_ASSERT_FALSE(hold_name_good(longest));
}

static void
orders_are_checked(void)
{
	struct hold_order o = { .name = "A", .from = 20261122, .to = 20261122 };

	CU_ASSERT_PTR_NULL(hold_order_check(&o));
	o.to = 20261121;
	CU_ASSERT_PTR_NOT_NULL(hold_order_check(&o));
	o.to = 20261399;
	CU_ASSERT_PTR_NOT_NULL(hold_order_check(&o));
	o.release = 1;
	CU_ASSERT_PTR_NULL(hold_order_check(&o));
	o.release = 2;
	CU_ASSERT_PTR_NOT_NULL(hold_order_check(&o));
	o.release = 1;
	memset(o.name, 'A', sizeof(o.name));
	CU_ASSERT_PTR_NOT_NULL(hold_order_check(&o));
}

static void
a_file_that_is_too_long_stays(void)
{
	char *much = malloc(HOLDS_BYTES + 1);

	CU_ASSERT_PTR_NOT_NULL_FATAL(much);
	memset(much, '#', HOLDS_BYTES);
	much[HOLDS_BYTES] = '\0';
	much[HOLDS_BYTES - 1] = '\n';
	put(much);
	CU_ASSERT_EQUAL(order("A", false, 20261101, 20261122), -EFBIG);
	put("");
	free(much);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "a case is held and released", a_case_is_held_and_released },
		{ "what others wrote stays", what_others_wrote_stays },
		{ "names are one word", names_are_one_word },
		{ "orders are checked", orders_are_checked },
		{ "a file that is too long stays", a_file_that_is_too_long_stays },
		CU_TEST_INFO_NULL,
	};
	int status;

	snprintf(folder, sizeof(folder), "/tmp/sekisho-holds-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return EXIT_FAILURE;
	directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	status = unit_main("log_holds", tests);
	(void)unlinkat(directory, RETENTION_HOLDS, 0);
	close(directory);
	(void)rmdir(folder);
	return status;
}
