/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/log_holds.h"

#include "agent/record/retention.h"
#include "rules/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_NAME	RETENTION_HOLDS ".new"
#define HOLDS_MODE	0640
#define BLANKS		" \t\r\n"

bool
hold_name_good(const char *name)
{
	const size_t length = strnlen(name, HOLD_NAME_SIZE);

	if (length == 0 || length == HOLD_NAME_SIZE || strcspn(name, BLANKS "\v\f#") != length)
		return false;
	for (size_t at = 0, n; at < length; at += n) {
		uint32_t c;

		n = utf8_decode(name + at, length - at, &c);
		if (n == 0 || utf8_is_control(c))
			return false;
	}
	return true;
}

const char *
hold_order_check(const struct hold_order *o)
{
	if (memchr(o->name, '\0', sizeof(o->name)) == NULL || !hold_name_good(o->name))
		return "name of the case";
	if (o->release > 1)
		return "order";
	if (o->release == 0 && retention_between(o->from, o->to) < 0)
		return "days";
	return NULL;
}

/* ---- the text ---------------------------------------------------------------------- */

/* What is there; nothing where there is no file. NUL terminated. */
static int
read_holds(int directory, char **text, size_t *length)
{
	int fd = openat(directory, RETENTION_HOLDS,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t n = 0;
	int r = 0;

	*length = 0;
	*text = calloc(1, HOLDS_BYTES + 2);
	if (*text == NULL)
		r = -ENOMEM;
	else if (fd < 0)
		r = errno == ENOENT ? 0 : -errno;
	while (r == 0 && fd >= 0 && *length <= HOLDS_BYTES) {
		n = read(fd, *text + *length, HOLDS_BYTES + 1 - *length);
		if (n <= 0)
			break;
		*length += (size_t)n;
	}
	if (r == 0 && n < 0)
		r = -errno;
	if (r == 0 && *length > HOLDS_BYTES)
		r = -EFBIG;
	if (fd >= 0)
		close(fd);
	return r;
}

static bool
is_of_case(const char *line, size_t length, const char *name)
{
	const size_t blanks = strspn(line, " \t"), n = strlen(name);

	return blanks + n <= length && memcmp(line + blanks, name, n) == 0 &&
	    (blanks + n == length || strchr(BLANKS, line[blanks + n]) != NULL);
}

/* Takes lines out in place; how many. */
static unsigned int
remove_case(char *text, size_t *length, const char *name)
{
	unsigned int gone = 0;
	size_t kept = 0;

	for (size_t at = 0; at < *length;) {
		const char *newline = memchr(text + at, '\n', *length - at);
		const size_t n = newline != NULL ? (size_t)(newline - text) + 1 - at :
		    *length - at;

		if (is_of_case(text + at, n, name)) {
			gone++;
		} else {
			memmove(text + kept, text + at, n);
			kept += n;
		}
		at += n;
	}
	*length = kept;
	text[kept] = '\0';
	return gone;
}

/* A line more. "text" has HOLDS_BYTES and two. 1: it stands there. */
static int
add_case(char *text, size_t *length, const struct hold_order *o)
{
	char line[HOLD_NAME_SIZE + 32];
	const int n = snprintf(line, sizeof(line), "%s %d %d\n", o->name, o->from, o->to);
	const char *found = strstr(text, line);

	if (found != NULL && (found == text || found[-1] == '\n'))
		return 1;
	if (*length > 0 && text[*length - 1] != '\n')
		text[(*length)++] = '\n';
	if (*length + (size_t)n > HOLDS_BYTES)
		return -EFBIG;
	memcpy(text + *length, line, (size_t)n + 1);
	*length += (size_t)n;
	return 0;
}

int
log_holds_edit(int directory, const struct hold_order *o, char **text, size_t *length)
{
	int r = read_holds(directory, text, length);

	if (r == 0 && o->release != 0)
		r = remove_case(*text, length, o->name) > 0 ? 0 : -ENOENT;
	else if (r == 0)
		r = add_case(*text, length, o);
	if (r != 0) {
		free(*text);
		*text = NULL;
	}
	return r;
}

/* ---- the file ---------------------------------------------------------------------- */

struct job {
	int directory;
	char *text;
	size_t length;
	void (*done)(void *arg, int error);
	void *arg;
};

static int
write_aside(const struct job *j)
{
	int fd, r = 0;

	(void)unlinkat(j->directory, NEW_NAME, 0);
	fd = openat(j->directory, NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_NOCTTY | O_CLOEXEC, HOLDS_MODE);
	if (fd < 0)
		return -errno;
	/* The umask may have taken the group's right to read. */
	if (fchmod(fd, HOLDS_MODE) < 0)
		r = -errno;
	else if (write(fd, j->text, j->length) != (ssize_t)j->length)
		r = -EIO;
	else if (fsync(fd) < 0)
		r = -errno;
	close(fd);
	return r;
}

static atomic_bool at_work;

static void *
work(void *arg)
{
	struct job *j = arg;
	int r = write_aside(j);

	if (r == 0 && renameat(j->directory, NEW_NAME, j->directory, RETENTION_HOLDS) < 0)
		r = -errno;
	if (r == 0 && fsync(j->directory) < 0)
		r = -errno;
	free(j->text);
	/* Free for the next one before anybody hears that this one is done. */
	atomic_store(&at_work, false);
	j->done(j->arg, r);
	free(j);
	return NULL;
}

int
log_holds_save(int directory, char *text, size_t length,
    void (*done)(void *arg, int error), void *arg)
{
	struct job *j = malloc(sizeof(*j));
	pthread_t thread;
	int e;

	if (j == NULL || atomic_exchange(&at_work, true)) {
		free(text);
		e = j == NULL ? -ENOMEM : -EBUSY;
		free(j);
		return e;
	}
	*j = (struct job){ directory, text, length, done, arg };
	e = pthread_create(&thread, NULL, work, j);
	if (e != 0) {
		atomic_store(&at_work, false);
		free(text);
		free(j);
		return -e;
	}
	(void)pthread_detach(thread);
	return 0;
}
