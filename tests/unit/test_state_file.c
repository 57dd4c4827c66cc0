/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State files: whole or not at all, and never believed when they are not whole. The
 * calls that reach the disk are this file's own, so that each of them can fail.
 */
#include "agent/state_file.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Which call from now on fails, counted over all of them; 0: none. */
static int fail_at, calls, fail_errno = EIO;
static bool short_write;

static bool
fails(void)
{
	if (fail_at == 0 || ++calls != fail_at)
		return false;
	errno = fail_errno;
	return true;
}

int
fsync(int fd)
{
	return fails() ? -1 : (int)syscall(SYS_fsync, fd);
}

int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return fails() ? -1 : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

ssize_t
write(int fd, const void *bytes, size_t length)
{
	if (fd > STDERR_FILENO && fails())
		return -1;
	if (fd > STDERR_FILENO && short_write && length > 1)
		length = 1;
	return syscall(SYS_write, fd, bytes, length);
}

static char base[64];
static int folder = -1;

static void
open_fresh(void)
{
	char command[128];

	if (base[0] != '\0') {
		snprintf(command, sizeof(command), "rm -rf %s", base);
		/* NOLINTNEXTLINE(cert-env33-c): our own folder */
		CU_ASSERT_EQUAL_FATAL(system(command), 0);
		close(folder);
	}
	snprintf(base, sizeof(base), "/tmp/test_state_file.XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(base));
	folder = state_folder_open(base);
	CU_ASSERT_FATAL(folder >= 0);
	fail_at = calls = 0;
	short_write = false;
}

static void
close_last(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", base);
	/* NOLINTNEXTLINE(cert-env33-c): our own folder */
	CU_ASSERT_EQUAL(system(command), 0);
	close(folder);
	base[0] = '\0';
}

static void
holds(const char *name, const char *expected)
{
	char *bytes = NULL;
	size_t length = 0;
	int r = state_file_read(folder, name, 1000, &bytes, &length);

	if (expected == NULL) {
		CU_ASSERT_EQUAL(r, -ENOENT);
	} else if (r == 0) {
		CU_ASSERT_EQUAL(length, strlen(expected));
		CU_ASSERT_STRING_EQUAL(bytes, expected);
	} else {
		CU_FAIL("cannot be read");
	}
	free(bytes);
}

static void
put(const char *name, const char *bytes, size_t length)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(syscall(SYS_write, fd, bytes, length), (long)length);
	close(fd);
}

static int
read_error(const char *name, size_t max)
{
	char *bytes = NULL;
	size_t length = 7;
	int r = state_file_read(folder, name, max, &bytes, &length);

	CU_ASSERT_PTR_NULL(r < 0 ? bytes : NULL);
	CU_ASSERT(r == 0 || length == 0);
	free(bytes);
	return r;
}

static void
test_round(void)
{
	struct stat st;

	open_fresh();
	holds("boot", NULL);
	CU_ASSERT_EQUAL(state_file_write(folder, "boot", "old", 3), 0);
	holds("boot", "old");
	short_write = true;
	CU_ASSERT_EQUAL(state_file_write(folder, "boot", "newer", 5), 0);
	holds("boot", "newer");
	CU_ASSERT_EQUAL(fstatat(folder, "boot", &st, 0), 0);
	CU_ASSERT_EQUAL(st.st_mode, S_IFREG | 0600);
	CU_ASSERT_EQUAL(state_file_write(folder, "empty", "", 0), 0);
	holds("empty", "");
	CU_ASSERT_EQUAL(state_file_remove(folder, "boot"), 0);
	holds("boot", NULL);
	CU_ASSERT_EQUAL(state_file_remove(folder, "boot"), 0);
	close_last();
}

/* Every call that reaches the disk fails once: old or new, and what is said is true. */
static void
test_failures(void)
{
	bool went_through = false;

	for (int n = 1; n < 20 && !went_through; n++) {
		int r;

		open_fresh();
		CU_ASSERT_EQUAL(state_file_write(folder, "boot", "old", 3), 0);
		calls = 0;
		fail_at = n;
		r = state_file_write(folder, "boot", "newer", 5);
		went_through = calls < n;
		fail_at = 0;
		CU_ASSERT(went_through ? r == 0 : r == -EIO || r == -EUCLEAN);
		holds("boot", r == 0 || r == -EUCLEAN ? "newer" : "old");
		CU_ASSERT_EQUAL(faccessat(folder, ".new-boot", F_OK, 0), -1);
		/* and the next one works */
		CU_ASSERT_EQUAL(state_file_write(folder, "boot", "last", 4), 0);
		holds("boot", "last");
	}
	CU_ASSERT(went_through);
	open_fresh();
	CU_ASSERT_EQUAL(state_file_write(folder, "boot", "old", 3), 0);
	fail_at = 1;
	CU_ASSERT_EQUAL(state_file_remove(folder, "boot"), -EUCLEAN);
	close_last();
}

/* What a power cut in the middle left is no obstacle, and is not taken for the file. */
static void
test_leftover(void)
{
	open_fresh();
	put(".new-boot", "half", 4);
	holds("boot", NULL);
	CU_ASSERT_EQUAL(state_file_write(folder, "boot", "new", 3), 0);
	holds("boot", "new");
	CU_ASSERT_EQUAL(symlinkat("/etc/passwd", folder, ".new-boot"), 0);
	CU_ASSERT_EQUAL(state_file_write(folder, "boot", "newer", 5), 0);
	holds("boot", "newer");
	close_last();
}

/* Every byte changed, and every shorter length. */
static void
test_damage(void)
{
	char whole[256];
	ssize_t n;
	int fd;

	open_fresh();
	CU_ASSERT_EQUAL(state_file_write(folder, "boot", "{\"serial\": 7}\n", 14), 0);
	fd = openat(folder, "boot", O_RDONLY);
	n = read(fd, whole, sizeof(whole));
	close(fd);
	CU_ASSERT_FATAL(n == 14 + 72);
	for (ssize_t i = 0; i < n; i++) {
		put("boot", whole, (size_t)i);
		CU_ASSERT_EQUAL(read_error("boot", 1000), -EBADMSG);
		whole[i] ^= 1;
		put("boot", whole, (size_t)n);
		CU_ASSERT_EQUAL(read_error("boot", 1000), -EBADMSG);
		whole[i] ^= 1;
	}
	put("boot", whole, (size_t)n);
	CU_ASSERT_EQUAL(read_error("boot", 14), 0);
	CU_ASSERT_EQUAL(read_error("boot", 13), -EFBIG);
	close_last();
}

static void
test_hostile_files(void)
{
	open_fresh();
	CU_ASSERT_EQUAL(state_file_write(folder, "boot", "x", 1), 0);
	CU_ASSERT_EQUAL(fchmodat(folder, "boot", 0620, 0), 0);
	CU_ASSERT_EQUAL(read_error("boot", 10), -EPERM);
	CU_ASSERT_EQUAL(fchmodat(folder, "boot", 0640, 0), 0);
	CU_ASSERT_EQUAL(read_error("boot", 10), 0);
	CU_ASSERT_EQUAL(symlinkat("boot", folder, "link"), 0);
	CU_ASSERT_EQUAL(read_error("link", 10), -EPERM);
	CU_ASSERT_EQUAL(mkfifoat(folder, "fifo", 0600), 0);
	CU_ASSERT_EQUAL(read_error("fifo", 10), -EPERM);
	CU_ASSERT_EQUAL(mkdirat(folder, "folder", 0700), 0);
	CU_ASSERT_EQUAL(read_error("folder", 10), -EPERM);
	CU_ASSERT_EQUAL(read_error("../boot", 10), -EINVAL);
	CU_ASSERT_EQUAL(read_error(".new-boot", 10), -EINVAL);
	CU_ASSERT_EQUAL(read_error("", 10), -EINVAL);
	CU_ASSERT_EQUAL(state_file_write(folder, "a/b", "x", 1), -EINVAL);
	CU_ASSERT_EQUAL(state_file_write(folder, "a b", "x", 1), -EINVAL);
	CU_ASSERT_EQUAL(state_file_remove(folder, "../x"), -EINVAL);
	/* a folder in the way of a file */
	CU_ASSERT(state_file_write(folder, "folder", "x", 1) < 0);
	close_last();
}

static void
test_folders(void)
{
	char path[128];
	int fd;

	open_fresh();
	fd = state_folder_open_at(folder, "versions");
	CU_ASSERT(fd >= 0);
	close(fd);
	fd = state_folder_open_at(folder, "versions");
	CU_ASSERT(fd >= 0);
	close(fd);
	CU_ASSERT_EQUAL(fchmodat(folder, "versions", 0770, 0), 0);
	CU_ASSERT_EQUAL(state_folder_open_at(folder, "versions"), -EPERM);
	CU_ASSERT_EQUAL(state_folder_open_at(folder, ".."), -EINVAL);
	CU_ASSERT_EQUAL(symlinkat("/", folder, "root"), 0);
	CU_ASSERT(state_folder_open_at(folder, "root") < 0);
	snprintf(path, sizeof(path), "%s/no/such", base);
	CU_ASSERT_EQUAL(state_folder_open(path), -ENOENT);
	close_last();
}

static void
test_json(void)
{
	static const char *const bad[] = { "", "[1]", "7", "{\"a\": 1, \"a\": 2}", "{", "{} x" };
	json_t *value = json_pack("{s:i, s:s}", "serial", 7, "who", "みほん"), *read;

	open_fresh();
	CU_ASSERT_EQUAL(state_file_write_json(folder, "pending", value), 0);
	CU_ASSERT_EQUAL(state_file_read_json(folder, "pending", 1000, &read), 0);
	CU_ASSERT(json_equal(value, read));
	json_decref(read);
	json_decref(value);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CU_ASSERT_EQUAL(state_file_write(folder, "pending", bad[i],
		    strlen(bad[i])), 0);
		CU_ASSERT_EQUAL(state_file_read_json(folder, "pending", 1000, &read),
		    -EBADMSG);
		CU_ASSERT_PTR_NULL(read);
	}
	CU_ASSERT_EQUAL(state_file_read_json(folder, "none", 1000, &read), -ENOENT);
	close_last();
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "written, read, removed", test_round },
		{ "every call fails once", test_failures },
		{ "what a crash left", test_leftover },
		{ "every byte damaged", test_damage },
		{ "files that are no state files", test_hostile_files },
		{ "folders", test_folders },
		{ "JSON", test_json },
		CU_TEST_INFO_NULL,
	};

	return unit_main("state_file", tests);
}
