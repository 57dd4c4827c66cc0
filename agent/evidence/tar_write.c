/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/evidence/tar_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK		512u
#define RECORD		(20u * BLOCK)
#define COPY_BYTES	65536u
#define SIZE_MOST	((off_t)1 << 33)	/* eleven octal digits */

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], time[12], sum[8], type, link[100],
	    magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

int
tar_write_open(struct tar_write *t, const char *path)
{
	t->bytes = 0;
	t->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
	return t->fd < 0 ? -errno : 0;
}

static int
put(struct tar_write *t, const void *bytes, size_t length)
{
	const char *p = bytes;

	while (length > 0) {
		ssize_t n = write(t->fd, p, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		length -= (size_t)n;
		t->bytes += (uint64_t)n;
	}
	return 0;
}

static int
pad(struct tar_write *t, unsigned int to)
{
	static const char nothing[RECORD];
	const size_t over = t->bytes % to;

	return over == 0 ? 0 : put(t, nothing, to - over);
}

/* So many digits; what stands in front of them is left out. The field is cleared. */
static void
put_octal(char *field, unsigned int digits, uint64_t n)
{
	for (; digits-- > 0; n /= 8)
		field[digits] = (char)('0' + n % 8);
}

/* Name and prefix as they are; whose it was stays here. False: a text is too long. */
static bool
fill(struct header *h, const char *name, const char *prefix, const struct stat *st)
{
	unsigned int sum = 0;
	const unsigned char *p = (const unsigned char *)h;

	memset(h, 0, sizeof(*h));
	if (strlen(name) > sizeof(h->name) || strlen(prefix) > sizeof(h->prefix))
		return false;
	memcpy(h->name, name, strlen(name));
	memcpy(h->prefix, prefix, strlen(prefix));
	put_octal(h->mode, 7, 0600);
	put_octal(h->uid, 7, 0);
	put_octal(h->gid, 7, 0);
	put_octal(h->size, 11, (uint64_t)st->st_size);
	put_octal(h->time, 11, (uint64_t)(st->st_mtime > 0 ? st->st_mtime : 0));
	h->type = '0';
	memcpy(h->magic, "ustar", 6);
	memcpy(h->version, "00", 2);
	memset(h->sum, ' ', sizeof(h->sum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += p[i];
	put_octal(h->sum, 6, sum);
	h->sum[6] = '\0';
	return true;
}

static int
copy(struct tar_write *t, int fd, off_t size)
{
	char bytes[COPY_BYTES];

	while (size > 0) {
		ssize_t n = read(fd, bytes, size < (off_t)sizeof(bytes) ? (size_t)size :
		    sizeof(bytes));
		int r = n < 0 ? -errno : n == 0 ? -EIO : put(t, bytes, (size_t)n);

		if (r < 0)
			return r;
		size -= n;
	}
	return pad(t, BLOCK);
}

int
tar_write_file(struct tar_write *t, int folder, const char *name, const char *prefix)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	struct header h;
	struct stat st;
	int r;

	if (fd < 0)
		return -errno;
	r = fstat(fd, &st) < 0 ? -errno : st.st_size >= SIZE_MOST ? -EFBIG : 0;
	if (r == 0)
		r = fill(&h, name, prefix, &st) ? put(t, &h, sizeof(h)) : -ENAMETOOLONG;
	if (r == 0)
		r = copy(t, fd, st.st_size);
	close(fd);
	return r;
}

int
tar_write_close(struct tar_write *t, const char *path, int error)
{
	static const char end[2 * BLOCK];

	if (t->fd < 0)
		return error;
	if (error == 0)
		error = put(t, end, sizeof(end));
	if (error == 0)
		error = pad(t, RECORD);
	if (error == 0 && fsync(t->fd) < 0)
		error = -errno;
	if (close(t->fd) < 0 && error == 0)
		error = -errno;
	if (error < 0)
		(void)unlink(path);
	return error;
}
