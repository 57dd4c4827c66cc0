/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bundle: tar(1) reads what stands in it, and what goes wrong leaves nothing behind. */
#include "agent/evidence/tar_write.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/sekisho-test-tar-XXXXXX";
static char path[sizeof(folder) + 16];
static int folder_fd;

static void
put(const char *name, size_t n)
{
	int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CU_ASSERT_FATAL(fd >= 0);
	for (size_t i = 0; i < n; i++)
		CU_ASSERT_EQUAL_FATAL(write(fd, "x", 1), 1);
	close(fd);
}

static bool
is_there(void)
{
	return access(path, F_OK) == 0;
}

/* A command over the file, which is $TAR in it. */
static int
tar(const char *command)
{
	CU_ASSERT_EQUAL(setenv("TAR", path, 1), 0);
	return system(command);
}

/* Sizes around a block; and whose it was, and where, stays here. */
static void
tar_reads_what_was_written(void)
{
	struct tar_write t;
	struct stat st;

	put("a", 0);
	put("b", 511);
	put("c", 512);
	put("d", 513);
	CU_ASSERT_EQUAL_FATAL(tar_write_open(&t, path), 0);
	for (const char *n = "a\0b\0c\0d\0"; *n != '\0'; n += 2)
		CU_ASSERT_EQUAL(tar_write_file(&t, folder_fd, n, "R8-12"), 0);
	CU_ASSERT_EQUAL(tar_write_close(&t, path, 0), 0);
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	CU_ASSERT_EQUAL(st.st_size, 10240);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
	CU_ASSERT_EQUAL(tar("test \"$(tar tf $TAR | tr '\\n' ' ')\" = "
	    "'R8-12/a R8-12/b R8-12/c R8-12/d '"), 0);
	CU_ASSERT_EQUAL(tar("test \"$(tar xOf $TAR | wc -c)\" = 1536"), 0);
	CU_ASSERT_EQUAL(tar("tar tvf $TAR | grep -q '^-rw------- .*0/0'"), 0);
	CU_ASSERT_EQUAL(unlink(path), 0);
}

static void
nothing_is_written_over(void)
{
	struct tar_write t;

	CU_ASSERT_EQUAL(symlink("/tmp/sekisho-test-tar-aim", path), 0);
	CU_ASSERT_EQUAL(tar_write_open(&t, path), -EEXIST);
	CU_ASSERT_EQUAL(tar_write_close(&t, path, -EEXIST), -EEXIST);
	CU_ASSERT_EQUAL(access("/tmp/sekisho-test-tar-aim", F_OK), -1);
	/* It was never ours: it stays. */
	CU_ASSERT_EQUAL(unlink(path), 0);
}

static void
links_are_not_followed(void)
{
	struct tar_write t;

	CU_ASSERT_EQUAL(symlinkat("/etc/passwd", folder_fd, "link"), 0);
	CU_ASSERT_EQUAL_FATAL(tar_write_open(&t, path), 0);
	CU_ASSERT_EQUAL(tar_write_file(&t, folder_fd, "link", "x"), -ELOOP);
	CU_ASSERT_EQUAL(tar_write_file(&t, folder_fd, "missing", "x"), -ENOENT);
	CU_ASSERT_EQUAL(t.bytes, 0);
	CU_ASSERT_EQUAL(tar_write_close(&t, path, -ELOOP), -ELOOP);
	CU_ASSERT_FALSE(is_there());
	CU_ASSERT_EQUAL(unlinkat(folder_fd, "link", 0), 0);
}

static void
names_that_do_not_fit_are_refused(void)
{
	struct tar_write t;
	char prefix[157];

	put("a", 1);
	memset(prefix, 'p', sizeof(prefix) - 1);
	prefix[156] = '\0';
	CU_ASSERT_EQUAL_FATAL(tar_write_open(&t, path), 0);
	CU_ASSERT_EQUAL(tar_write_file(&t, folder_fd, "a", prefix), -ENAMETOOLONG);
	prefix[155] = '\0';
	CU_ASSERT_EQUAL(tar_write_file(&t, folder_fd, "a", prefix), 0);
	CU_ASSERT_EQUAL(tar_write_close(&t, path, 0), 0);
	CU_ASSERT_EQUAL(tar("tar tf $TAR | grep -q 'ppp/a$'"), 0);
	CU_ASSERT_EQUAL(unlink(path), 0);
}

/* A file that is said to be larger than a header can say; no byte of it exists. */
static void
what_is_too_large_is_refused(void)
{
	struct tar_write t;
	int fd;

	put("large", 0);
	fd = openat(folder_fd, "large", O_WRONLY | O_CLOEXEC);
	CU_ASSERT_EQUAL(ftruncate(fd, (off_t)1 << 33), 0);
	close(fd);
	CU_ASSERT_EQUAL_FATAL(tar_write_open(&t, path), 0);
	CU_ASSERT_EQUAL(tar_write_file(&t, folder_fd, "large", "x"), -EFBIG);
	CU_ASSERT_EQUAL(tar_write_close(&t, path, -EFBIG), -EFBIG);
	CU_ASSERT_FALSE(is_there());
}

/* A disk that is full, also at the very end. */
static void
a_full_disk_leaves_nothing(void)
{
	struct tar_write t;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	put("a", 1);
	CU_ASSERT_EQUAL_FATAL(tar_write_open(&t, path), 0);
	CU_ASSERT_EQUAL(tar_write_file(&t, folder_fd, "a", "x"), 0);
	CU_ASSERT_EQUAL(dup2(full, t.fd), t.fd);
	CU_ASSERT_EQUAL(tar_write_file(&t, folder_fd, "a", "x"), -ENOSPC);
	CU_ASSERT_EQUAL(tar_write_close(&t, path, 0), -ENOSPC);
	CU_ASSERT_FALSE(is_there());
	close(full);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "tar reads what was written", tar_reads_what_was_written },
		{ "nothing is written over", nothing_is_written_over },
		{ "links are not followed", links_are_not_followed },
		{ "names that do not fit are refused", names_that_do_not_fit_are_refused },
		{ "what is too large is refused", what_is_too_large_is_refused },
		{ "a full disk leaves nothing", a_full_disk_leaves_nothing },
		CU_TEST_INFO_NULL,
	};
	int status;

	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/out.tar", folder);
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	status = unit_main("tar_write", tests);
	for (const char *n = "a\0b\0c\0d\0"; *n != '\0'; n += 2)
		(void)unlinkat(folder_fd, n, 0);
	(void)unlinkat(folder_fd, "large", 0);
	close(folder_fd);
	rmdir(folder);
	return status;
}
