/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Out of the ring of packets those of the case: blocks are copied as they stand. */
#include "agent/evidence/evidence_case.h"
#include "agent/record/packet_ring.h"
#include "agent/record/pcapng.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_MOST	((off_t)1 << 28)	/* no file of the ring is as long */
#define FILES_MOST	2048u
/* Records tell the time of the first and last packet; a witness may have seen it earlier. */
#define SLACK_NS	INT64_C(2000000000)

static int64_t
time_of(const char *text)
{
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	if (strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) == NULL)
		return -1;
	return (int64_t)timegm(&tm) * 1000000000;
}

/* A packet of a violation of the case, and of its time: a key may come again. */
static bool
is_wanted(const struct evidence_case *c, const struct pcapng_block *b)
{
	const int64_t since = time_of(c->since), until = time_of(c->until);
	const char *comment;
	size_t length;
	int64_t ns;
	uint64_t key;

	return pcapng_look(b, &ns, &comment, &length) &&
	    packet_ring_key(comment, length, &key) && evidence_row(c, key) != NULL &&
	    (since < 0 || ns >= since - SLACK_NS) && (until < 0 || ns < until + SLACK_NS);
}

static bool
any_wanted(const struct evidence_case *c, const uint8_t *bytes, size_t length)
{
	struct pcapng_block b;

	for (size_t at = 0; pcapng_next(bytes + at, length - at, &b); at += b.length)
		if (is_wanted(c, &b))
			return true;
	return false;
}

static int
filter(struct evidence_case *c, const char *name, const uint8_t *bytes, size_t length,
    struct bundle *out)
{
	char path[BUNDLE_NAME_SIZE];
	struct bundle_file *file;
	struct pcapng_block b;

	if (!any_wanted(c, bytes, length))
		return 0;
	snprintf(path, sizeof(path), "packets/%s", name);
	file = bundle_begin(out, path);
	if (file == NULL)
		return -errno;
	for (size_t at = 0; pcapng_next(bytes + at, length - at, &b); at += b.length) {
		const bool packet = b.type == PCAPNG_PACKET;

		if (packet && !is_wanted(c, &b))
			continue;
		bundle_write(file, b.bytes, b.length);
		c->packets_kept += packet;
	}
	return bundle_end(file);
}

/* What is there of it now; it may grow. */
static int
read_all(int folder, const char *name, uint8_t **bytes, size_t *length)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	int r = 0;

	*bytes = NULL;
	*length = 0;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MOST)
		r = -EINVAL;
	else if ((*bytes = malloc((size_t)st.st_size + 1)) == NULL)
		r = -ENOMEM;
	while (r == 0 && *length < (size_t)st.st_size) {
		ssize_t n = read(fd, *bytes + *length, (size_t)st.st_size - *length);

		if (n <= 0) {
			r = n < 0 ? -errno : 0;
			break;
		}
		*length += (size_t)n;
	}
	close(fd);
	return r;
}

struct found {
	unsigned long number;
	char name[PACKET_RING_NAME_SIZE];
};

static int
by_number(const void *left, const void *right)
{
	const struct found *a = left, *b = right;

	return a->number < b->number ? -1 : a->number > b->number;
}

static size_t
list(DIR *dir, struct found *found)
{
	const struct dirent *entry;
	enum packet_link link;
	size_t n = 0;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the command has one thread */
	while (n < FILES_MOST && (entry = readdir(dir)) != NULL)
		if (packet_ring_parse(entry->d_name, &found[n].number, &link)) {
			snprintf(found[n].name, sizeof(found[n].name), "%.*s",
			    (int)sizeof(found[n].name) - 1, entry->d_name);
			n++;
		}
	if (n > 0)
		qsort(found, n, sizeof(*found), by_number);
	return n;
}

static int
take_file(struct evidence_case *c, int folder, const char *name, struct bundle *b)
{
	uint8_t *bytes;
	size_t length;
	int r = read_all(folder, name, &bytes, &length);

	/* The oldest one may just have gone. */
	if (r < 0 && r != -ENOENT && r != -ENOMEM) {
		c->packets_error = -r;
		r = 0;
	} else if (r == -ENOENT) {
		r = 0;
	} else if (r == 0) {
		r = filter(c, name, bytes, length, b);
	}
	free(bytes);
	return r;
}

int
evidence_packets(struct evidence_case *c, const char *log, struct bundle *b)
{
	DIR *dir = opendir(log);
	struct found *found = calloc(FILES_MOST, sizeof(*found));
	size_t n;
	int r = 0;

	if (dir == NULL || found == NULL) {
		r = dir == NULL ? -errno : -ENOMEM;
		free(found);
		if (dir != NULL)
			closedir(dir);
		return r;
	}
	n = list(dir, found);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = take_file(c, dirfd(dir), found[i].name, b);
	free(found);
	closedir(dir);
	return r;
}
