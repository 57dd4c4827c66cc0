/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/softnet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* A line has 15 numbers of 8 digits at most; longer text is no such file. */
#define LINE_BYTES	160u
#define COLUMN_DROPPED	1	/* net/core/net-procfs.c, softnet_seq_show() */
#define COLUMN_SQUEEZED	2

void
softnet_open(struct softnet *s)
{
	memset(s, 0, sizeof(*s));
	s->fd = open("/proc/net/softnet_stat", O_RDONLY | O_CLOEXEC);
	(void)softnet_read(s);
}

/* One hexadecimal number and the blank behind it; false at anything else. */
static bool
take_number(const char **at, const char *end, uint32_t *out)
{
	const char *p = *at;
	uint32_t n = 0;

	while (p < end && p - *at < 8 && strchr("0123456789abcdef", *p) != NULL && *p != '\0') {
		n = n << 4 | (uint32_t)(*p <= '9' ? *p - '0' : *p - 'a' + 10);
		p++;
	}
	if (p == *at || (p < end && *p != ' '))
		return false;
	while (p < end && *p == ' ')
		p++;
	*at = p;
	*out = n;
	return true;
}

static bool
take_line(const char *line, const char *end, uint32_t *dropped, uint32_t *squeezed)
{
	uint32_t n;

	for (int column = 0; column <= COLUMN_SQUEEZED; column++) {
		if (!take_number(&line, end, &n))
			return false;
		if (column == COLUMN_DROPPED)
			*dropped = n;
		if (column == COLUMN_SQUEEZED)
			*squeezed = n;
	}
	return true;
}

int
softnet_parse(struct softnet *s, const char *text, size_t length)
{
	static uint32_t dropped[SOFTNET_CPUS], squeezed[SOFTNET_CPUS];
	const char *end = text + length;
	size_t n = 0;

	while (text < end && n < SOFTNET_CPUS) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		if (newline == NULL)
			return -EPROTO;
		if (!take_line(text, newline, &dropped[n], &squeezed[n]))
			return -EPROTO;
		text = newline + 1;
		n++;
	}
	for (size_t i = 0; n == s->n_lines && i < n; i++) {
		s->dropped += (uint32_t)(dropped[i] - s->dropped_then[i]);
		s->squeezed += (uint32_t)(squeezed[i] - s->squeezed_then[i]);
	}
	memcpy(s->dropped_then, dropped, sizeof(dropped));
	memcpy(s->squeezed_then, squeezed, sizeof(squeezed));
	s->n_lines = n;
	return 0;
}

int
softnet_read(struct softnet *s)
{
	static char text[SOFTNET_CPUS * LINE_BYTES];
	size_t length = 0;
	ssize_t n;

	if (s->fd < 0)
		return -EBADF;
	do {
		n = pread(s->fd, text + length, sizeof(text) - length, (off_t)length);
		length += n > 0 ? (size_t)n : 0;
	} while (n > 0 && length < sizeof(text));
	return n < 0 ? -errno : softnet_parse(s, text, length);
}
