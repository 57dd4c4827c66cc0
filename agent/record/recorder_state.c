/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/recorder_state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One line of constant length, far inside one sector. */
#define STATE_WRITE "sekisho-recorder 2 %020" PRIu64 " %020" PRIu64 " %020" PRId64 " %d %020" \
	PRIu64 "\n"
#define STATE_READ "sekisho-recorder 2 %20" SCNu64 " %20" SCNu64 " %20" SCNd64 " %d %20" SCNu64
#define STATE_SIZE	128

static bool
parse(const char *text, struct recorder_state *out)
{
	struct recorder_state s = { 0 };
	int clean;

	/* A number too large is read as the largest of its type. */
	/* NOLINTNEXTLINE(cert-err34-c) */
	if (sscanf(text, STATE_READ, &s.sequence, &s.lost, &s.alive_ns, &clean,
	    &s.file) != 5)
		return false;
	if (s.sequence > INT64_MAX || s.lost > INT64_MAX || s.alive_ns < 0 ||
	    s.file > INT64_MAX)
		return false;
	s.clean = clean == 1;
	*out = s;
	return true;
}

int
recorder_state_open(int directory, struct recorder_state *out, bool *found)
{
	int fd = openat(directory, RECORDER_STATE_NAME, O_RDWR | O_CREAT | O_NOFOLLOW |
	    O_NOCTTY | O_CLOEXEC, 0640);
	char text[STATE_SIZE];
	ssize_t n;

	memset(out, 0, sizeof(*out));
	*found = false;
	if (fd < 0)
		return -errno;
	n = pread(fd, text, sizeof(text) - 1, 0);
	if (n > 0) {
		text[n] = '\0';
		*found = parse(text, out);
	}
	return fd;
}

int
recorder_state_write(int fd, const struct recorder_state *s)
{
	char text[STATE_SIZE];
	/* A clock before 1970 has no time to go by. */
	int length = snprintf(text, sizeof(text), STATE_WRITE, s->sequence, s->lost,
	    s->alive_ns > 0 ? s->alive_ns : 0, s->clean ? 1 : 0, s->file);
	ssize_t n = pwrite(fd, text, (size_t)length, 0);

	if (n < 0)
		return -errno;
	return n == length ? 0 : -EIO;
}
