/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every whole line once and as it stands, whatever the file holds. */
#include "agent/evidence/line_walk.h"
#include "agent/record/log_pack.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/sekisho-test-walk-XXXXXX";
static int folder_fd;

#define NAME "violations.jsonl"

struct seen {
	size_t n, lengths[8];
	unsigned long bytes;
	unsigned int sum;		/* over all lines and where they end */
	int stop;			/* what to say at the second one */
};

static int
see(void *arg, const char *line, size_t length)
{
	struct seen *s = arg;

	if (s->n < 8)
		s->lengths[s->n] = length;
	s->n++;
	s->bytes += length;
	for (size_t i = 0; i < length; i++)
		s->sum = s->sum * 31 + (unsigned char)line[i];
	s->sum = s->sum * 31 + 1000;
	return s->n == 2 ? s->stop : 0;
}

static void
put(const void *bytes, size_t n)
{
	int fd = openat(folder_fd, NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CU_ASSERT_FATAL(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
	close(fd);
}

static void
whole_lines_are_handed_over(void)
{
	struct seen s = { 0 };

	put("one\n\nth\0ree\nno end", 17);
	CU_ASSERT_EQUAL(line_walk(folder_fd, NAME, see, &s), 0);
	CU_ASSERT_EQUAL(s.n, 3);
	CU_ASSERT_EQUAL(s.lengths[0], 3);
	CU_ASSERT_EQUAL(s.lengths[1], 0);
	CU_ASSERT_EQUAL(s.lengths[2], 6);
}

static void
whoever_takes_may_stop(void)
{
	struct seen s = { .stop = -ECANCELED };

	put("a\nb\nc\n", 6);
	CU_ASSERT_EQUAL(line_walk(folder_fd, NAME, see, &s), -ECANCELED);
	CU_ASSERT_EQUAL(s.n, 2);
	CU_ASSERT_EQUAL(line_walk(folder_fd, "missing", see, &s), -ENOENT);
}

/* Lines around the longest, at all places around the border of a block; each comes once. */
static void
long_lines_come_once_and_cut(void)
{
	const size_t block = (size_t)256 << 10, around[] = { LINE_WALK_MOST - 1,
		LINE_WALK_MOST, LINE_WALK_MOST + 1, 3 * LINE_WALK_MOST, 3 * block };
	char *bytes = malloc(5 * block);

	CU_ASSERT_FATAL(bytes != NULL);
	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++)
		for (size_t before = 0; before < 3; before++) {
			struct seen s = { 0 };
			size_t first = before == 0 ? 1 : block - 4 + before, n = around[i];

			memset(bytes, 'x', 5 * block);
			for (size_t at = 99; at < first; at += 100)
				bytes[at] = '\n';
			bytes[first] = '\n';
			bytes[first + 1 + n] = '\n';
			memcpy(bytes + first + n + 2, "end\n", 4);
			put(bytes, first + n + 6);
			CU_ASSERT_EQUAL(line_walk(folder_fd, NAME, see, &s), 0);
			CU_ASSERT_EQUAL(s.n, first / 100 + 3);
			CU_ASSERT_EQUAL(s.bytes, first - first / 100 + 3 +
			    (n < LINE_WALK_MOST ? n : LINE_WALK_MOST));
		}
	free(bytes);
}

static void
a_packed_file_is_the_same(void)
{
	struct seen plain = { 0 }, packed = { 0 };
	char bytes[60000];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i % 97 == 96 ? '\n' : (char)('a' + i % 23);
	put(bytes, sizeof(bytes));
	CU_ASSERT_EQUAL(line_walk(folder_fd, NAME, see, &plain), 0);
	CU_ASSERT_EQUAL_FATAL(log_pack(folder_fd, NAME), 0);
	CU_ASSERT_EQUAL(line_walk(folder_fd, NAME ".zst", see, &packed), 0);
	CU_ASSERT_EQUAL(plain.n, 60000 / 97);
	CU_ASSERT_EQUAL(packed.n, plain.n);
	CU_ASSERT_EQUAL(packed.sum, plain.sum);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "whole lines are handed over", whole_lines_are_handed_over },
		{ "whoever takes may stop", whoever_takes_may_stop },
		{ "long lines come once and cut", long_lines_come_once_and_cut },
		{ "a packed file is the same", a_packed_file_is_the_same },
		CU_TEST_INFO_NULL,
	};
	int status;

	if (mkdtemp(folder) == NULL)
		return 1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	status = unit_main("line_walk", tests);
	(void)unlinkat(folder_fd, NAME, 0);
	(void)unlinkat(folder_fd, NAME ".zst", 0);
	close(folder_fd);
	rmdir(folder);
	return status;
}
