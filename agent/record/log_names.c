/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/log_names.h"

#include "agent/record/log_source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum rotation { BY_DATE = 0, BY_NUMBER, CLOSED, CURRENT, NOT_OURS };

bool
log_names_closed(const char *name, unsigned long *day, unsigned long *number)
{
	const size_t stem = sizeof(LOG_CLOSED_STEM) - 1;
	char *end;

	if (strncmp(name, LOG_CLOSED_STEM, stem) != 0 ||
	    strspn(name + stem, "0123456789") != 8 || name[stem + 8] != '-' ||
	    strspn(name + stem + 9, "0123456789") < 3)
		return false;
	*day = strtoul(name + stem, NULL, 10);
	*number = strtoul(name + stem + 9, &end, 10);
	return strcmp(end, LOG_CLOSED_END) == 0 ||
	    strcmp(end, LOG_CLOSED_END ".zst") == 0 || strcmp(end, LOG_CLOSED_END ".gz") == 0;
}

static enum rotation
rotation_of(const char *name)
{
	const size_t stem = sizeof(LOG_NAME) - 1;
	unsigned long day, number;
	const char *rest;

	if (log_names_closed(name, &day, &number))
		return CLOSED;
	if (strncmp(name, LOG_NAME, stem) != 0)
		return NOT_OURS;
	rest = name + stem;
	if (*rest == '\0')
		return CURRENT;
	if ((*rest != '.' && *rest != '-') || rest[1] < '0' || rest[1] > '9')
		return NOT_OURS;
	return *rest == '.' ? BY_NUMBER : BY_DATE;
}

/* Length of the name without what a packer put behind it. */
static size_t
stem_length(const char *name)
{
	size_t n = strlen(name);

	return log_source_packed(name) ? (size_t)(strrchr(name, '.') - name) : n;
}

static int
closed_first(const char *a, const char *b)
{
	unsigned long day[2] = { 0 }, number[2] = { 0 };

	log_names_closed(a, &day[0], &number[0]);
	log_names_closed(b, &day[1], &number[1]);
	if (day[0] != day[1])
		return day[0] < day[1] ? -1 : 1;
	if (number[0] != number[1])
		return number[0] < number[1] ? -1 : 1;
	return strcmp(a, b);
}

static int
older_first(const void *left, const void *right)
{
	const char *a = left, *b = right;
	enum rotation x = rotation_of(a), y = rotation_of(b);
	unsigned long m, n;

	if (x != y)
		return x < y ? -1 : 1;
	if (x == CLOSED)
		return closed_first(a, b);
	if (x != BY_NUMBER)
		return strcmp(a, b);
	m = strtoul(a + sizeof(LOG_NAME), NULL, 10);
	n = strtoul(b + sizeof(LOG_NAME), NULL, 10);
	return m > n ? -1 : m < n ? 1 : strcmp(a, b);
}

int
log_names_compare(const char *a, const char *b)
{
	size_t n = stem_length(a);

	if (n == stem_length(b) && strncmp(a, b, n) == 0)
		return 0;
	return older_first(a, b);
}

bool
log_names_lasting(const char *name)
{
	const enum rotation r = rotation_of(name);

	return r == BY_DATE || r == CLOSED;
}

/* While one is being packed both stand there: the original comes first, and counts. */
static void
drop_packed_twins(struct log_names *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->count; i++) {
		if (kept == 0 || log_names_compare(n->names[kept - 1], n->names[i]) != 0)
			memmove(n->names[kept++], n->names[i], sizeof(*n->names));
	}
	n->count = kept;
}

static int
add(struct log_names *out, const char *name, bool packed)
{
	char (*grown)[LOG_NAME_SIZE];

	if (rotation_of(name) == NOT_OURS || strlen(name) >= LOG_NAME_SIZE)
		return 0;
	if (log_source_foreign(name) || (log_source_packed(name) && !packed)) {
		out->compressed++;
		return 0;
	}
	grown = reallocarray(out->names, out->count + 1, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	out->names = grown;
	memcpy(grown[out->count++], name, strlen(name) + 1);
	return 0;
}

static int
list(int directory, struct log_names *out, bool packed)
{
	/* An own open file description: readdir(3) moves its position. */
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	DIR *dir;
	int r = 0;

	memset(out, 0, sizeof(*out));
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (dir == NULL) {
		r = -errno;
		close(fd);
		return r;
	}
	while (r == 0 && (entry = readdir(dir)) != NULL)
		r = add(out, entry->d_name, packed);
	closedir(dir);
	if (r < 0) {
		log_names_free(out);
		return r;
	}
	if (out->count > 0)
		qsort(out->names, out->count, sizeof(*out->names), older_first);
	drop_packed_twins(out);
	return 0;
}

int
log_names_list(int directory, struct log_names *out)
{
	return list(directory, out, false);
}

int
log_names_list_packed(int directory, struct log_names *out)
{
	return list(directory, out, true);
}

void
log_names_free(struct log_names *n)
{
	free(n->names);
	memset(n, 0, sizeof(*n));
}
