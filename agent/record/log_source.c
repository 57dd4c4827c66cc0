/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/log_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define PACKED_BYTES	(128u << 10)
/* zlib: a gzip header, and the largest window. */
#define GZIP_WINDOW	(16 + 15)

enum packing {
	PLAIN = 0,
	ZSTD,
	GZIP,
	FOREIGN
};

struct log_source {
	int fd;
	ZSTD_DStream *zstd;		/* one of both when it is compressed */
	z_stream *gzip;
	bool inside;			/* of a frame or member that has not ended */
	bool ended;			/* all of the file was taken */
	size_t start, end;		/* packed bytes that were not taken yet */
	uint8_t *packed;
};

static bool
ends_in(const char *name, const char *end)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && strcmp(dot, end) == 0;
}

bool
log_source_packed(const char *name)
{
	return ends_in(name, ".zst") || ends_in(name, ".gz");
}

bool
log_source_foreign(const char *name)
{
	return ends_in(name, ".xz") || ends_in(name, ".bz2");
}

static enum packing
by_name(const char *name)
{
	return ends_in(name, ".zst") ? ZSTD : ends_in(name, ".gz") ? GZIP : PLAIN;
}

/* A record begins with a brace, and none of these does. */
static enum packing
by_bytes(int fd)
{
	static const struct {
		uint8_t bytes[4];
		size_t length;
		enum packing packing;
	} rows[] = {
		{ { 0x28, 0xb5, 0x2f, 0xfd }, 4, ZSTD }, { { 0x1f, 0x8b }, 2, GZIP },
		{ { 0xfd, '7', 'z', 'X' }, 4, FOREIGN }, { { 'B', 'Z', 'h' }, 3, FOREIGN },
	};
	uint8_t first[4] = { 0 };

	if (pread(fd, first, sizeof(first), 0) < 0)
		return PLAIN;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (memcmp(first, rows[i].bytes, rows[i].length) == 0)
			return rows[i].packing;
	return PLAIN;
}

/* 0 or negative errno. */
static int
open_stream(struct log_source *s, enum packing packing)
{
	if (packing == PLAIN)
		return 0;
	if (packing == FOREIGN)
		return -EOPNOTSUPP;
	s->packed = malloc(PACKED_BYTES);
	if (s->packed == NULL)
		return -ENOMEM;
	if (packing == ZSTD) {
		s->zstd = ZSTD_createDStream();
		return s->zstd != NULL ? 0 : -ENOMEM;
	}
	s->gzip = calloc(1, sizeof(*s->gzip));
	if (s->gzip == NULL)
		return -ENOMEM;
	if (inflateInit2(s->gzip, GZIP_WINDOW) == Z_OK)
		return 0;
	free(s->gzip);
	s->gzip = NULL;
	return -ENOMEM;
}

static int
open_regular(struct log_source *s, int directory, const char *name)
{
	struct stat st;

	s->fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
	    O_CLOEXEC);
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? open_stream(s, by_name(name)) : -EINVAL;
}

struct log_source *
log_source_open(int directory, const char *name)
{
	struct log_source *s = calloc(1, sizeof(*s));
	int r;

	if (s == NULL)
		return NULL;
	r = open_regular(s, directory, name);
	if (r == 0)
		return s;
	log_source_close(s);
	errno = -r;
	return NULL;
}

struct log_source *
log_source_take(int fd)
{
	struct log_source *s = calloc(1, sizeof(*s));
	int r;

	if (s == NULL) {
		close(fd);
		return NULL;
	}
	s->fd = fd;
	r = open_stream(s, by_bytes(fd));
	if (r == 0)
		return s;
	log_source_close(s);
	errno = -r;
	return NULL;
}

bool
log_source_is_packed(const struct log_source *s)
{
	return s->packed != NULL;
}

void
log_source_close(struct log_source *s)
{
	if (s == NULL)
		return;
	if (s->gzip != NULL)
		inflateEnd(s->gzip);
	free(s->gzip);
	ZSTD_freeDStream(s->zstd);
	free(s->packed);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

/* Bytes; 0 when nothing came of what was taken; negative errno. */
static ssize_t
unpack_zstd(struct log_source *s, char *bytes, size_t size)
{
	ZSTD_inBuffer in = { .src = s->packed, .size = s->end, .pos = s->start };
	ZSTD_outBuffer out = { .dst = bytes, .size = size };
	size_t r = ZSTD_decompressStream(s->zstd, &out, &in);

	if (ZSTD_isError(r))
		return -EBADMSG;
	/* Between frames it says 0; a new one begins by itself. */
	if (out.pos > 0 || in.pos > s->start)
		s->inside = r != 0;
	s->start = in.pos;
	return (ssize_t)out.pos;
}

static ssize_t
unpack_gzip(struct log_source *s, char *bytes, size_t size)
{
	int r;

	s->gzip->next_in = s->packed + s->start;
	s->gzip->avail_in = (uInt)(s->end - s->start);
	s->gzip->next_out = (Bytef *)bytes;
	s->gzip->avail_out = (uInt)size;
	if (s->gzip->avail_in > 0)
		s->inside = true;
	r = inflate(s->gzip, Z_NO_FLUSH);
	s->start = s->end - s->gzip->avail_in;
	if (r == Z_STREAM_END) {
		s->inside = false;
		r = inflateReset(s->gzip);
	}
	if (r != Z_OK && r != Z_BUF_ERROR)
		return -EBADMSG;
	return (ssize_t)(size - s->gzip->avail_out);
}

/* 0 or negative errno. */
static int
more_packed(struct log_source *s)
{
	ssize_t n;

	if (s->start < s->end || s->ended)
		return 0;
	n = read(s->fd, s->packed, PACKED_BYTES);
	if (n < 0)
		return -errno;
	s->start = 0;
	s->end = (size_t)n;
	s->ended = n == 0;
	return 0;
}

static ssize_t
read_packed(struct log_source *s, char *bytes, size_t size)
{
	for (;;) {
		int e = more_packed(s);
		size_t start = s->start;
		ssize_t n;

		if (e < 0)
			return e;
		n = s->zstd != NULL ? unpack_zstd(s, bytes, size) :
		    unpack_gzip(s, bytes, size);
		if (n != 0)
			return n;
		if (s->ended)
			return s->inside ? -EBADMSG : 0;
		/* Neither took nor gave anything: it never will. */
		if (s->start == start && s->start < s->end)
			return -EBADMSG;
	}
}

ssize_t
log_source_read(struct log_source *s, char *bytes, size_t size)
{
	ssize_t n;

	if (s->packed != NULL)
		return read_packed(s, bytes, size);
	n = read(s->fd, bytes, size);
	return n < 0 ? -errno : n;
}

int
log_source_fd(const struct log_source *s)
{
	return s->fd;
}
