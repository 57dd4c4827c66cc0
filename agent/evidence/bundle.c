/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/evidence/bundle.h"

#include "agent/evidence/tar_write.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct entry {
	char name[BUNDLE_NAME_SIZE];
	char sum[2 * crypto_hash_sha256_BYTES + 1];
};

struct bundle {
	int folder;
	struct entry *entries;
	size_t n;
};

struct bundle_file {
	struct bundle *bundle;
	struct entry entry;
	int fd, error;
	crypto_hash_sha256_state sum;
};

struct bundle *
bundle_new(const char *path)
{
	struct bundle *b = calloc(1, sizeof(*b));
	int error;

	if (b == NULL)
		return NULL;
	b->folder = -1;
	if (sodium_init() < 0)
		errno = ENOSYS;
	else if (mkdir(path, 0700) == 0)
		b->folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (b->folder >= 0)
		return b;
	error = errno;
	bundle_free(b);
	errno = error;
	return NULL;
}

void
bundle_free(struct bundle *b)
{
	if (b == NULL)
		return;
	if (b->folder >= 0)
		close(b->folder);
	free(b->entries);
	free(b);
}

int
bundle_folder(const struct bundle *b)
{
	return b->folder;
}

/* "chain" of "chain/x": made when it is not there. */
static int
make_folder(const struct bundle *b, const char *name)
{
	const char *slash = strchr(name, '/');
	char folder[BUNDLE_NAME_SIZE];

	if (slash == NULL)
		return 0;
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - name), name);
	return mkdirat(b->folder, folder, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

struct bundle_file *
bundle_begin(struct bundle *b, const char *name)
{
	struct bundle_file *f = calloc(1, sizeof(*f));
	int e = strlen(name) < BUNDLE_NAME_SIZE ? make_folder(b, name) : -ENAMETOOLONG;

	if (f == NULL)
		return NULL;
	f->bundle = b;
	snprintf(f->entry.name, sizeof(f->entry.name), "%.*s", (int)BUNDLE_NAME_SIZE - 1, name);
	f->fd = e < 0 ? -1 : openat(b->folder, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
	if (f->fd < 0) {
		e = e < 0 ? -e : errno;
		free(f);
		errno = e;
		return NULL;
	}
	crypto_hash_sha256_init(&f->sum);
	return f;
}

void
bundle_write(struct bundle_file *f, const void *bytes, size_t length)
{
	const char *p = bytes;

	crypto_hash_sha256_update(&f->sum, bytes, length);
	while (length > 0 && f->error == 0) {
		ssize_t n = write(f->fd, p, length);

		if (n < 0 && errno != EINTR)
			f->error = errno;
		if (n > 0) {
			p += n;
			length -= (size_t)n;
		}
	}
}

static int
note(struct bundle *b, const struct entry *e)
{
	struct entry *grown = reallocarray(b->entries, b->n + 1, sizeof(*grown));

	if (grown == NULL)
		return -ENOMEM;
	b->entries = grown;
	grown[b->n++] = *e;
	return 0;
}

int
bundle_end(struct bundle_file *f)
{
	uint8_t sum[crypto_hash_sha256_BYTES];
	int e = f->error;

	if (e == 0 && fsync(f->fd) < 0)
		e = errno;
	if (close(f->fd) < 0 && e == 0)
		e = errno;
	crypto_hash_sha256_final(&f->sum, sum);
	sodium_bin2hex(f->entry.sum, sizeof(f->entry.sum), sum, sizeof(sum));
	e = e != 0 ? -e : note(f->bundle, &f->entry);
	free(f);
	return e;
}

int
bundle_put(struct bundle *b, const char *name, const void *bytes, size_t length)
{
	struct bundle_file *f = bundle_begin(b, name);

	if (f == NULL)
		return -errno;
	bundle_write(f, bytes, length);
	return bundle_end(f);
}

int
bundle_manifest(struct bundle *b, uint8_t sum[32])
{
	struct bundle_file *f = bundle_begin(b, BUNDLE_MANIFEST);
	crypto_hash_sha256_state state;
	size_t n = b->n;

	_Static_assert(crypto_hash_sha256_BYTES == 32, "as the header says");
	if (f == NULL)
		return -errno;
	for (size_t i = 0; i < n; i++) {
		const struct entry *e = &b->entries[i];

		/* sha256sum(1): the digits, two blanks, the name. */
		bundle_write(f, e->sum, strlen(e->sum));
		bundle_write(f, "  ", 2);
		bundle_write(f, e->name, strlen(e->name));
		bundle_write(f, "\n", 1);
	}
	state = f->sum;
	crypto_hash_sha256_final(&state, sum);
	return bundle_end(f);
}

int
bundle_tar(const struct bundle *b, const char *path, const char *folder)
{
	struct tar_write t;
	int r = tar_write_open(&t, path);

	for (size_t i = 0; r == 0 && i < b->n; i++)
		r = tar_write_file(&t, b->folder, b->entries[i].name, folder);
	return tar_write_close(&t, path, r);
}

void
bundle_remove(const struct bundle *b, const char *path)
{
	for (size_t i = 0; i < b->n; i++)
		(void)unlinkat(b->folder, b->entries[i].name, 0);
	for (size_t i = 0; i < b->n; i++) {
		const char *slash = strchr(b->entries[i].name, '/');
		char folder[BUNDLE_NAME_SIZE];

		if (slash == NULL)
			continue;
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - b->entries[i].name),
		    b->entries[i].name);
		(void)unlinkat(b->folder, folder, AT_REMOVEDIR);
	}
	(void)rmdir(path);
}
