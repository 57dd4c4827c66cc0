/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/log_tail.h"

#include "agent/record/log_names.h"
#include "agent/record/log_pack.h"
#include "agent/record/seal_line.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Looked through from the end for a good line: 500 lines of full length. */
#define TAIL_BYTES (1u << 20)

static int64_t
parse_time(const char *text)
{
	struct tm tm;
	const char *rest;

	memset(&tm, 0, sizeof(tm));
	rest = text != NULL ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	if (rest == NULL || *rest != '.' || strspn(rest + 1, "0123456789") != 9)
		return 0;
	return (int64_t)timegm(&tm) * 1000000000 + strtol(rest + 1, NULL, 10);
}

static uint64_t
sequence_of(const char *line, size_t length, struct log_tail *out)
{
	json_t *root = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
	json_int_t n = json_integer_value(json_object_get(json_object_get(root, "event"),
	    "sequence"));

	struct seal_line parts;

	out->created_ns = parse_time(json_string_value(json_object_get(
	    json_object_get(root, "event"), "created")));
	memset(out->hash, 0, sizeof(out->hash));
	if (length > 0 && seal_line_split(line, length - 1, &parts))
		(void)seal_unhex(parts.hash, out->hash);
	json_decref(root);
	return n > 0 ? (uint64_t)n : 0;
}

/* Of the last good line of these bytes; the first one may be half a line. */
static uint64_t
last_sequence(const char *bytes, size_t length, struct log_tail *out)
{
	uint64_t sequence = 0;

	while (length > 0 && sequence == 0) {
		const char *before = memrchr(bytes, '\n', length - 1);
		size_t start = before != NULL ? (size_t)(before - bytes) + 1 : 0;

		sequence = sequence_of(bytes + start, length - start, out);
		length = start;
	}
	return sequence;
}

static int
look(int fd, struct log_tail *out)
{
	struct stat st;
	size_t want;
	ssize_t n;
	char *bytes;

	if (fstat(fd, &st) < 0)
		return -errno;
	want = st.st_size < TAIL_BYTES ? (size_t)st.st_size : TAIL_BYTES;
	if (want == 0)
		return 0;
	bytes = malloc(want);
	if (bytes == NULL)
		return -ENOMEM;
	n = pread(fd, bytes, want, st.st_size - (off_t)want);
	if (n > 0)
		out->sequence = last_sequence(bytes, (size_t)n, out);
	free(bytes);
	out->written_ns = st.st_mtim.tv_sec * (int64_t)1000000000 + st.st_mtim.tv_nsec;
	return n < 0 ? -errno : 0;
}

int
log_tail_find(int directory, struct log_tail *out)
{
	struct log_names names;
	int r = log_names_list(directory, &names);

	memset(out, 0, sizeof(*out));
	for (size_t i = r < 0 ? 0 : names.count; i > 0 && out->sequence == 0; i--) {
		int fd = log_pack_named(names.names[i - 1]) ? -1 : openat(directory, names.names[i - 1], O_RDONLY | O_NOFOLLOW |
		    O_NONBLOCK | O_CLOEXEC);

		if (fd < 0)
			continue;
		r = look(fd, out);
		close(fd);
		if (r < 0)
			break;
	}
	if (out->sequence == 0)
		out->written_ns = 0;
	log_names_free(&names);
	return r;
}
