/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/views/view_file.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORD "\"sekisho_sequence\""

static char path[] = "/tmp/sekisho-view-file-XXXXXX";
static int folder;

static void
put(const char *name, const char *text, size_t n)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	CU_ASSERT_TRUE_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, text, n), (ssize_t)n);
	close(fd);
}

/* What is in a file; "" when there is none. */
static const char *
get(const char *name)
{
	static char text[4096];
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
clear(void)
{
	static const char *const names[] = { "f", "f.1", "g", "p", "p.new" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(folder, names[i], 0);
}

/* The last whole line tells how far it got; half a line is no line. */
static void
the_end_is_found(void)
{
	static const struct {
		const char *text, *left;
		uint64_t sequence;
	} rows[] = {
		{ "", "", 0 },
		{ "{\"m\":{\"sekisho_sequence\":[\"17\"]}}\n", "{\"m\":{\"sekisho_sequence\":[\"17\"]}}\n", 17 },
		{ "{\"sekisho_sequence\":[\"17\"]}\n{\"sekisho_sequence\":[\"1", "{\"sekisho_sequence\":[\"17\"]}\n", 17 },
		{ "{\"sekisho_sequence\":17}\n{\"sekisho_sequence\":18}\n", "{\"sekisho_sequence\":17}\n{\"sekisho_sequence\":18}\n", 18 },
		{ "half", "", 0 },
		{ "nothing\n", "nothing\n", 0 },
		{ "{\"sekisho_sequence\":[\"x\"]}\n", "{\"sekisho_sequence\":[\"x\"]}\n", 0 },
		{ "\n", "\n", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view_file f;
		uint64_t sequence = 99;

		put("f", rows[i].text, strlen(rows[i].text));
		CU_ASSERT_EQUAL(view_file_begin(&f, folder, "f", WORD, &sequence), 0);
		CU_ASSERT_EQUAL(sequence, rows[i].sequence);
		CU_ASSERT_STRING_EQUAL(get("f"), rows[i].left);
		CU_ASSERT_EQUAL(view_file_append(&f, "x\n", 2), 0);
		CU_ASSERT_EQUAL(strlen(get("f")), strlen(rows[i].left) + 2);
		view_file_end(&f);
	}
}

static void
it_does_not_grow_for_ever(void)
{
	struct view_file f;
	uint64_t sequence;

	clear();
	CU_ASSERT_EQUAL(view_file_begin(&f, folder, "f", WORD, &sequence), 0);
	f.limit = 10;
	for (int i = 0; i < 9; i++) {
		const char line[3] = { (char)('0' + i), '.', '\n' };

		CU_ASSERT_EQUAL(view_file_append(&f, line, 3), 0);
	}
	CU_ASSERT_STRING_EQUAL(get("f.1"), "3.\n4.\n5.\n");
	CU_ASSERT_STRING_EQUAL(get("f"), "6.\n7.\n8.\n");
	view_file_end(&f);
}

/* logrotate(8) and its like. */
static void
one_that_was_moved_is_begun_anew(void)
{
	struct view_file f;
	uint64_t sequence;

	clear();
	CU_ASSERT_EQUAL(view_file_begin(&f, folder, "f", WORD, &sequence), 0);
	CU_ASSERT_EQUAL(view_file_append(&f, "1\n", 2), 0);
	CU_ASSERT_EQUAL(renameat(folder, "f", folder, "g"), 0);
	CU_ASSERT_EQUAL(view_file_append(&f, "2\n", 2), 0);
	CU_ASSERT_STRING_EQUAL(get("g"), "1\n");
	CU_ASSERT_STRING_EQUAL(get("f"), "2\n");
	view_file_end(&f);
}

static void
links_are_not_followed(void)
{
	struct view_file f;
	uint64_t sequence;

	clear();
	put("g", "mine\n", 5);
	CU_ASSERT_EQUAL(symlinkat("g", folder, "f"), 0);
	CU_ASSERT_TRUE(view_file_begin(&f, folder, "f", WORD, &sequence) < 0);
	CU_ASSERT_EQUAL(symlinkat("g", folder, "p.new"), 0);
	CU_ASSERT_EQUAL(view_file_replace(folder, "p", "text", 4), 0);
	CU_ASSERT_STRING_EQUAL(get("p"), "text");
	CU_ASSERT_STRING_EQUAL(get("g"), "mine\n");
}

static void
a_full_disk_leaves_no_half_line(void)
{
	struct view_file f;
	uint64_t sequence;

	if (faccessat(AT_FDCWD, "/dev/full", F_OK, 0) < 0)
		return;
	clear();
	CU_ASSERT_EQUAL(view_file_begin(&f, folder, "f", WORD, &sequence), 0);
	CU_ASSERT_EQUAL(view_file_append(&f, "1\n", 2), 0);
	/* The same file in name, another behind the descriptor. */
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), kept = f.fd;

	f.fd = full;
	CU_ASSERT_TRUE(view_file_append(&f, "2\n", 2) < 0);
	close(kept);
	CU_ASSERT_EQUAL(view_file_append(&f, "3\n", 2), 0);
	CU_ASSERT_STRING_EQUAL(get("f"), "1\n3\n");
	view_file_end(&f);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "the end is found", the_end_is_found },
		{ "it does not grow for ever", it_does_not_grow_for_ever },
		{ "one that was moved is begun anew", one_that_was_moved_is_begun_anew },
		{ "links are not followed", links_are_not_followed },
		{ "a full disk leaves no half line", a_full_disk_leaves_no_half_line },
		CU_TEST_INFO_NULL,
	};
	int r;

	if (mkdtemp(path) == NULL)
		return 1;
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = unit_main("view_file", tests);
	clear();
	rmdir(path);
	close(folder);
	return r;
}
