/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/state_file.h"

#include "agent/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "sha256 " and 64 digits and a newline. */
#define SEAL_WORD	"sha256 "
#define SEAL_LENGTH	(sizeof(SEAL_WORD) - 1 + 64 + 1)
/* In front of the name while a file is being written; no name begins with a dot. */
#define ASIDE		".new-"

static bool
good_name(const char *name)
{
	size_t n = strnlen(name, STATE_FILE_NAME + 1);

	if (n == 0 || n > STATE_FILE_NAME || name[0] == '.')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789-_.") == n;
}

/* Ours or root's, and nobody else's to change. */
static bool
trusted(const struct stat *st, mode_t type)
{
	return (st->st_mode & S_IFMT) == type &&
	    (st->st_uid == geteuid() || st->st_uid == 0) &&
	    (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Whose folder it is, to whom its files may belong too. */
static bool
trusted_in(int folder, const struct stat *st)
{
	struct stat parent;

	return trusted(st, S_IFREG) || (S_ISREG(st->st_mode) &&
	    (st->st_mode & (S_IWGRP | S_IWOTH)) == 0 && fstat(folder, &parent) == 0 &&
	    st->st_uid == parent.st_uid);
}

static int
look_at_folder(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		r = -EPERM;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

static int
open_folder(int at, const char *path)
{
	struct stat st;
	int fd, r = 0;

	if (mkdirat(at, path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (!trusted(&st, S_IFDIR))
		r = -EPERM;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

int
state_folder_open(const char *path)
{
	return open_folder(AT_FDCWD, path);
}

int
state_folder_open_at(int folder, const char *name)
{
	return good_name(name) ? open_folder(folder, name) : -EINVAL;
}

int
state_folder_look(const char *path)
{
	return look_at_folder(AT_FDCWD, path);
}

int
state_folder_look_at(int folder, const char *name)
{
	return good_name(name) ? look_at_folder(folder, name) : -EINVAL;
}

static void
seal(const void *bytes, size_t length, char out[SEAL_LENGTH + 1])
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	char hex[sizeof(digest) * 2 + 1];

	crypto_hash_sha256(digest, bytes, length);
	sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest));
	snprintf(out, SEAL_LENGTH + 1, SEAL_WORD "%s\n", hex);
}

/* Up to max bytes of the file; NUL behind them. */
static int
read_all(int folder, int fd, size_t max, char **bytes, size_t *length)
{
	struct stat st;
	size_t size, n = 0;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!trusted_in(folder, &st))
		return -EPERM;
	if (st.st_size < 0 || (uintmax_t)st.st_size > max)
		return -EFBIG;
	size = (size_t)st.st_size;
	*bytes = malloc(size + 1);
	if (*bytes == NULL)
		return -ENOMEM;
	while (n < size) {
		ssize_t got = read(fd, *bytes + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			int r = got < 0 ? -errno : -EBADMSG;

			free(*bytes);
			*bytes = NULL;
			return r;
		}
		n += (size_t)got;
	}
	(*bytes)[n] = '\0';
	*length = n;
	return 0;
}

/* Take the last line off; -EBADMSG when it does not vouch for the rest. */
static int
check_seal(char *bytes, size_t *length)
{
	char expected[SEAL_LENGTH + 1];
	size_t n;

	if (*length < SEAL_LENGTH)
		return -EBADMSG;
	n = *length - SEAL_LENGTH;
	seal(bytes, n, expected);
	if (memcmp(bytes + n, expected, SEAL_LENGTH) != 0)
		return -EBADMSG;
	bytes[n] = '\0';
	*length = n;
	return 0;
}

int
state_file_read(int folder, const char *name, size_t max, char **bytes, size_t *length)
{
	int fd, r;

	*bytes = NULL;
	*length = 0;
	if (!good_name(name))
		return -EINVAL;
	/* A FIFO must not make anybody wait. */
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno == ELOOP ? -EPERM : -errno;
	r = read_all(folder, fd, max + SEAL_LENGTH, bytes, length);
	close(fd);
	if (r == 0)
		r = check_seal(*bytes, length);
	if (r < 0) {
		free(*bytes);
		*bytes = NULL;
		*length = 0;
	}
	return r;
}

static int
write_aside(int folder, const char *aside, const void *bytes, size_t length)
{
	char last[SEAL_LENGTH + 1];
	int fd, r;

	/* What a crash left. */
	if (unlinkat(folder, aside, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(folder, aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	seal(bytes, length, last);
	r = write_all(fd, bytes, length);
	if (r == 0)
		r = write_all(fd, last, SEAL_LENGTH);
	/* Never tried again: after a failed one the kernel forgets what it did not write. */
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	return r;
}

int
state_file_write(int folder, const char *name, const void *bytes, size_t length)
{
	char aside[sizeof(ASIDE) + STATE_FILE_NAME];
	int r;

	if (!good_name(name))
		return -EINVAL;
	snprintf(aside, sizeof(aside), ASIDE "%s", name);
	r = write_aside(folder, aside, bytes, length);
	if (r == 0 && renameat(folder, aside, folder, name) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(folder, aside, 0);
		return r;
	}
	return fsync(folder) < 0 ? -EUCLEAN : 0;
}

int
state_file_remove(int folder, const char *name)
{
	if (!good_name(name))
		return -EINVAL;
	if (unlinkat(folder, name, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return fsync(folder) < 0 ? -EUCLEAN : 0;
}

int
state_file_read_json(int folder, const char *name, size_t max, json_t **value)
{
	char *bytes = NULL;
	size_t length;
	int r = state_file_read(folder, name, max, &bytes, &length);

	*value = NULL;
	if (r < 0)
		return r;
	*value = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL);
	free(bytes);
	if (json_is_object(*value))
		return 0;
	json_decref(*value);
	*value = NULL;
	return -EBADMSG;
}

int
state_file_write_json(int folder, const char *name, const json_t *value)
{
	char *text = json_dumps(value, JSON_INDENT(1) | JSON_SORT_KEYS);
	size_t length;
	int r;

	if (text == NULL)
		return -ENOMEM;
	/* The newline takes the place of the NUL: the last line begins a line. */
	length = strlen(text);
	text[length] = '\n';
	r = state_file_write(folder, name, text, length + 1);
	free(text);
	return r;
}
