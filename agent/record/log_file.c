/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/log_file.h"

#include "agent/record/log_names.h"
#include "agent/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_MODE	0640
#define COPY_BYTES	4096

static int
open_file(int directory, const char *name)
{
	int fd = openat(directory, name,
	    O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, LOG_MODE);
	struct stat st;
	int r;

	if (fd < 0)
		return -errno;
	r = fstat(fd, &st) < 0 ? -errno : 0;
	if (r == 0 && !S_ISREG(st.st_mode))
		r = -EINVAL;
	/* The umask may have taken the group's right to read. */
	if (r == 0 && st.st_size == 0 && fchmod(fd, LOG_MODE) < 0)
		r = -errno;
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

/* Behind the last newline at or before "size"; negative errno. */
static off_t
end_of_lines(int fd, off_t size)
{
	char buf[COPY_BYTES];

	while (size > 0) {
		size_t want = size < COPY_BYTES ? (size_t)size : COPY_BYTES;
		ssize_t n = pread(fd, buf, want, size - (off_t)want);
		const char *newline;

		if (n < 0)
			return -errno;
		if ((size_t)n != want)
			return -EIO;
		newline = memrchr(buf, '\n', want);
		if (newline != NULL)
			return size - (off_t)want + (newline - buf) + 1;
		size -= (off_t)want;
	}
	return 0;
}

static int
copy_range(int from, off_t start, off_t end, int to)
{
	char buf[COPY_BYTES];

	while (start < end) {
		size_t want =
		    end - start < COPY_BYTES ? (size_t)(end - start) : COPY_BYTES;
		ssize_t n = pread(from, buf, want, start);
		int r = n < 0 ? -errno : n == 0 ? -EIO : write_all(to, buf, (size_t)n);

		if (r < 0)
			return r;
		start += n;
	}
	/* Each piece that was set aside ends a line of its own. */
	return write_all(to, "\n", 1);
}

/* The copy is on the disk before the original is cut. */
static int
set_bytes_aside(const struct log_file *f, off_t start, off_t end)
{
	int to = open_file(f->directory, LOG_TORN_NAME);
	struct stat before;
	int r;

	if (to < 0)
		return to;
	r = fstat(to, &before) < 0 ? -errno : 0;
	if (r == 0) {
		r = copy_range(f->fd, start, end, to);
		if (r == 0 && fdatasync(to) < 0)
			r = -errno;
		if (r < 0 && ftruncate(to, before.st_size) < 0)
			r = -errno;
	}
	close(to);
	if (r == 0 && ftruncate(f->fd, start) < 0)
		r = -errno;
	return r;
}

static int
mend(struct log_file *f)
{
	struct stat st;
	off_t end;
	int r;

	if (fstat(f->fd, &st) < 0)
		return -errno;
	end = end_of_lines(f->fd, st.st_size);
	if (end < 0)
		return (int)end;
	if (end < st.st_size) {
		r = set_bytes_aside(f, end, st.st_size);
		if (r < 0)
			return r;
		f->set_aside += (uint64_t)(st.st_size - end);
	}
	f->torn = false;
	return 0;
}

int
log_file_cut(struct log_file *f, off_t start)
{
	struct stat st;
	int r;

	if (fstat(f->fd, &st) < 0)
		return -errno;
	r = set_bytes_aside(f, start, st.st_size);
	if (r == 0)
		f->set_aside += (uint64_t)(st.st_size - start);
	return r;
}

int
log_file_open(struct log_file *f, int directory)
{
	f->set_aside = 0;
	f->directory = directory;
	f->torn = true;
	f->fd = open_file(directory, LOG_NAME);
	if (f->fd < 0)
		return f->fd;
	/* A full disk may refuse now what it allows later: append tries again. */
	(void)mend(f);
	return 0;
}

void
log_file_close(struct log_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

/* Take back the first bytes of a line that did not fit. */
static void
cut_off(struct log_file *f, size_t written)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0 || st.st_size < (off_t)written ||
	    ftruncate(f->fd, st.st_size - (off_t)written) < 0)
		f->torn = true;
}

int
log_file_append(struct log_file *f, const char *line, size_t length)
{
	ssize_t n;
	int r;

	if (f->torn) {
		r = mend(f);
		if (r < 0)
			return r;
	}
	do
		n = write(f->fd, line, length);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if ((size_t)n == length)
		return 0;
	/* The reason comes with the next write; a disk that is full is the common one. */
	cut_off(f, (size_t)n);
	return -ENOSPC;
}

bool
log_file_moved(const struct log_file *f)
{
	struct stat here, there;

	if (fstat(f->fd, &here) < 0)
		return false;
	if (fstatat(f->directory, LOG_NAME, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT;
	return here.st_dev != there.st_dev || here.st_ino != there.st_ino;
}

int
log_file_reopen(struct log_file *f, int *old)
{
	struct log_file next;
	int r;

	*old = -1;
	if (!log_file_moved(f))
		return 0;
	r = log_file_open(&next, f->directory);
	if (r < 0)
		return r;
	*old = f->fd;
	next.set_aside += f->set_aside;
	*f = next;
	return 1;
}
