/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/log_verify_files.h"

#include "agent/record/log_names.h"
#include "agent/record/log_pack.h"
#include "agent/record/log_source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BLOCK	(256u << 10)
/* A line that is being written is whole in a moment. */
#define WAITS	20
#define WAIT_NS	2000000
/* The folder changed under the hands: read again, so many times. */
#define AGAIN	5

/* 0 at the end of the file, or errno. */
static int
read_file(struct log_verify *v, struct log_source *s, char *block)
{
	for (;;) {
		ssize_t n = log_source_read(s, block, BLOCK);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return (int)-n;
		log_verify_bytes(v, block, (size_t)n);
	}
}

/* Takes the descriptor over. */
static void
verify_open(struct log_verify *v, int fd)
{
	const struct timespec moment = { .tv_nsec = WAIT_NS };
	struct log_source *s = log_source_take(fd);
	char *block = malloc(BLOCK);
	int error = s == NULL ? errno : block == NULL ? ENOMEM : read_file(v, s, block);

	for (int i = 0; error == 0 && !log_source_is_packed(s) && log_verify_rest(v) > 0 &&
	    i < WAITS; i++) {
		nanosleep(&moment, NULL);
		error = read_file(v, s, block);
	}
	free(block);
	log_source_close(s);
	if (error != 0)
		log_verify_unreadable(v, error);
	else
		log_verify_end(v);
}

static int
open_regular(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

/* As it is named, or as the recorder has packed it since. */
static int
open_named(int at, const char *name)
{
	int fd = open_regular(at, name);
	char packed[PATH_MAX];
	int n = snprintf(packed, sizeof(packed), "%s" LOG_PACK_END, name);

	return fd == -ENOENT && n > 0 && (size_t)n < sizeof(packed) ? open_regular(at, packed) :
	    fd;
}

void
log_verify_file(struct log_verify *v, int at, const char *name)
{
	int fd = open_named(at, name);

	log_verify_begin(v, name);
	if (fd < 0)
		log_verify_unreadable(v, -fd);
	else
		verify_open(v, fd);
}

/* Where everything stood at one moment: the current file first, then the names. */
struct folder {
	int fd, current;
	struct stat current_is;
	struct log_names names;
};

static bool
is_current(const struct folder *f, int fd)
{
	struct stat st;

	return f->current >= 0 && fstat(fd, &st) == 0 && st.st_dev == f->current_is.st_dev &&
	    st.st_ino == f->current_is.st_ino;
}

/* Closed and packed since we opened it: the closed ones may already go on behind it. */
static bool
was_packed(const struct folder *f)
{
	struct stat st;

	return f->current >= 0 && fstat(f->current, &st) == 0 && st.st_nlink == 0;
}

/* False: a file has gone since it was listed. */
static bool
verify_closed(struct log_verify *v, struct folder *f)
{
	for (size_t i = 0; i < f->names.count; i++) {
		const char *name = f->names.names[i];
		int fd;

		if (strcmp(name, LOG_NAME) == 0)
			continue;
		fd = open_regular(f->fd, name);
		if (fd == -ENOENT)
			return false;
		log_verify_begin(v, name);
		if (fd < 0) {
			log_verify_unreadable(v, -fd);
			continue;
		}
		/* Closed since we opened it: then it was the last one at that moment. */
		if (is_current(f, fd)) {
			close(f->current);
			f->current = -1;
			verify_open(v, fd);
			return true;
		}
		verify_open(v, fd);
	}
	return true;
}

static bool
verify_once(struct log_verify *v, struct folder *f, int *error)
{
	bool whole;

	f->current = open_regular(f->fd, LOG_NAME);
	if (f->current >= 0 && fstat(f->current, &f->current_is) < 0)
		f->current_is = (struct stat){ 0 };
	*error = log_names_list_packed(f->fd, &f->names);
	if (*error < 0) {
		if (f->current >= 0)
			close(f->current);
		return false;
	}
	whole = verify_closed(v, f) && !was_packed(f);
	if (whole && f->current >= 0) {
		log_verify_begin(v, LOG_NAME);
		verify_open(v, f->current);
	} else if (f->current >= 0) {
		close(f->current);
	}
	log_names_free(&f->names);
	return whole;
}

/* What a file that was closed or removed meanwhile may look like. */
static bool
may_pass(const struct verify_report *r)
{
	return r->n_findings > 0 && (r->findings[0].fault == VERIFY_FILE_MISSING ||
	    r->findings[0].fault == VERIFY_UNREADABLE);
}

int
log_verify_folder(const char *path, struct log_verify *(*prepare)(void *arg), void *arg,
    struct verify_report *out)
{
	struct folder f = { .current = -1 };
	int r = 0;

	memset(out, 0, sizeof(*out));
	f.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f.fd < 0)
		return -errno;
	for (int i = 0; r == 0; i++) {
		struct log_verify *v = prepare(arg);
		bool whole;

		if (v == NULL) {
			r = -ENOMEM;
			break;
		}
		whole = verify_once(v, &f, &r);
		log_verify_finish(v, out);
		log_verify_free(v);
		if (whole && !may_pass(out))
			break;
		if (i == AGAIN) {
			r = whole ? 0 : -EAGAIN;
			break;
		}
	}
	close(f.fd);
	return r;
}
