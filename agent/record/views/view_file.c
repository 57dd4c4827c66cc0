/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/views/view_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_SIZE	64u
/* Looked through from the end: more than two lines of full length. */
#define TAIL_BYTES	32768u

/* The number behind the word: {"word":["17"]} or {"word":17}. */
static uint64_t
number_behind(const char *line, size_t length, const char *word)
{
	const char *p = memmem(line, length, word, strlen(word)), *end = line + length;
	uint64_t n = 0;

	if (p == NULL)
		return 0;
	p += strlen(word);
	while (p < end && strchr("[\":", *p) != NULL && *p != '\0')
		p++;
	for (int digits = 0; p < end && *p >= '0' && *p <= '9' && digits < 18; p++, digits++)
		n = n * 10 + (uint64_t)(*p - '0');
	return n;
}

/* Of the last whole line; what stands behind it is cut off. */
static int
look_at_end(struct view_file *f)
{
	char tail[TAIL_BYTES];
	const uint64_t from = f->size > sizeof(tail) ? f->size - sizeof(tail) : 0;
	ssize_t n = pread(f->fd, tail, sizeof(tail), (off_t)from);
	const char *last, *before;

	if (n < 0)
		return -errno;
	last = n > 0 ? memrchr(tail, '\n', (size_t)n) : NULL;
	f->size = last != NULL ? from + (size_t)(last - tail) + 1 : 0;
	if (last != NULL) {
		before = last > tail ? memrchr(tail, '\n', (size_t)(last - tail)) : NULL;
		before = before != NULL ? before + 1 : tail;
		f->sequence = number_behind(before, (size_t)(last - before), f->word);
	}
	return ftruncate(f->fd, (off_t)f->size) < 0 ? -errno : 0;
}

static int
open_it(struct view_file *f)
{
	f->fd = openat(f->folder, f->name, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC, 0640);
	if (f->fd < 0)
		return -errno;
	if (fstat(f->fd, &f->opened) < 0)
		return -errno;
	if (!S_ISREG(f->opened.st_mode))
		return -EINVAL;
	f->size = (uint64_t)f->opened.st_size;
	return look_at_end(f);
}

int
view_file_begin(struct view_file *f, int folder, const char *name, const char *word,
    uint64_t *sequence)
{
	int r;

	*f = (struct view_file){ .folder = folder, .fd = -1, .name = name, .word = word,
		.limit = VIEW_FILE_BYTES };
	r = open_it(f);
	*sequence = f->sequence;
	if (r < 0)
		view_file_end(f);
	return r;
}

void
view_file_end(struct view_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

static bool
was_moved(const struct view_file *f)
{
	struct stat st;

	return fstatat(f->folder, f->name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    st.st_ino != f->opened.st_ino || st.st_dev != f->opened.st_dev;
}

static int
look_after(struct view_file *f, size_t n)
{
	char old[NAME_SIZE];
	int r;

	if (f->fd >= 0 && f->size > 0 && f->size + n > f->limit) {
		snprintf(old, sizeof(old), "%s.1", f->name);
		if (renameat(f->folder, f->name, f->folder, old) < 0)
			return -errno;
	}
	if (f->fd >= 0 && !was_moved(f))
		return 0;
	view_file_end(f);
	r = open_it(f);
	if (r < 0)
		view_file_end(f);
	return r;
}

int
view_file_append(struct view_file *f, const char *bytes, size_t n)
{
	ssize_t written;
	int r = look_after(f, n);

	if (r < 0)
		return r;
	written = write(f->fd, bytes, n);
	if (written == (ssize_t)n) {
		f->size += n;
		return 0;
	}
	r = written < 0 ? -errno : -ENOSPC;
	/* Opened anew, half a line is cut off. */
	if (ftruncate(f->fd, (off_t)f->size) < 0)
		view_file_end(f);
	return r;
}

static int
write_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t written = write(fd, bytes, n);

		if (written < 0)
			return -errno;
		bytes += written;
		n -= (size_t)written;
	}
	return 0;
}

int
view_file_replace(int folder, const char *name, const char *bytes, size_t n)
{
	char aside[NAME_SIZE];
	int fd, r;

	snprintf(aside, sizeof(aside), "%s.new", name);
	(void)unlinkat(folder, aside, 0);
	fd = openat(folder, aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	r = write_all(fd, bytes, n);
	/* Whatever the process's umask is: another user reads it. */
	if (r == 0 && fchmod(fd, 0644) < 0)
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && renameat(folder, aside, folder, name) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(folder, aside, 0);
	return r;
}
