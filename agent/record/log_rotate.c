/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/log_rotate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND 1000000000

long
log_rotate_day(int64_t now_ns)
{
	time_t seconds = now_ns / NS_PER_SECOND;
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	localtime_r(&seconds, &tm);
	return (tm.tm_year + 1900L) * 10000 + (tm.tm_mon + 1L) * 100 + tm.tm_mday;
}

bool
log_rotate_due(const struct log_rotate *r, uint64_t bytes, int64_t now_ns)
{
	return (r->size != 0 && bytes >= r->size) ||
	    (r->daily && log_rotate_day(now_ns) != r->day);
}

/* The newest name there is; 0 0 for none. */
static int
newest(int directory, unsigned long *day, unsigned long *number)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	DIR *dir;

	*day = *number = 0;
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (dir == NULL) {
		int r = -errno;

		close(fd);
		return r;
	}
	while ((entry = readdir(dir)) != NULL) {
		unsigned long d, n;

		if (!log_names_closed(entry->d_name, &d, &n))
			continue;
		if (d > *day || (d == *day && n > *number)) {
			*day = d;
			*number = n;
		}
	}
	closedir(dir);
	return 0;
}

int
log_rotate_close(int directory, int64_t now_ns, char name[LOG_NAME_SIZE])
{
	const long today = log_rotate_day(now_ns);
	/* Eight digits: a clock before 1000 or after 9999 has no day here. */
	unsigned long wanted = today >= 10000101 && today <= 99991231 ? (unsigned long)today : 0;
	unsigned long day, number;
	int r = newest(directory, &day, &number);

	if (r < 0)
		return r;
	if (wanted > day) {
		day = wanted;
		number = 0;
	}
	snprintf(name, LOG_NAME_SIZE, LOG_CLOSED_STEM "%08lu-%03lu" LOG_CLOSED_END, day,
	    number + 1);
	return renameat2(directory, LOG_NAME, directory, name, RENAME_NOREPLACE) < 0 ? -errno :
	    0;
}
