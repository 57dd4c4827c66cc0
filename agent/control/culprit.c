/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/culprit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What the kernel copied, and we print, without what a terminal or a log would act on. */
static void
clean(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || (unsigned char)*text >= 0x7f)
			*text = '?';
}

/* Bytes read, NUL terminated; 0: nothing to be had. */
static size_t
read_proc(uint32_t pid, const char *file, char *out, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, out, size - 1);
	close(fd);
	out[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static void
read_command(uint32_t pid, char *out, size_t size)
{
	size_t n = read_proc(pid, "cmdline", out, size);

	/* Its words end with NUL each. */
	while (n > 0 && out[n - 1] == '\0')
		n--;
	for (size_t i = 0; i < n; i++)
		if (out[i] == '\0')
			out[i] = ' ';
	clean(out);
}

/* The real one of "Uid:	1000	1000 ..."; NULL: not told. */
static const char *
find_uid(char *status)
{
	char *at = strstr(status, "\nUid:\t");

	if (at == NULL)
		return NULL;
	at += sizeof("\nUid:\t") - 1;
	at[strspn(at, "0123456789")] = '\0';
	return at;
}

void
culprit_describe(uint32_t pid, const char name[16], struct culprit *out)
{
	char told[17] = "", now[64] = "", status[2048] = "";
	const char *uid = NULL;

	memset(out, 0, sizeof(*out));
	memcpy(told, name, 16);
	if (pid == 0) {
		snprintf(out->who, sizeof(out->who), "unknown");
		return;
	}
	if (read_proc(pid, "comm", now, sizeof(now)) > 0) {
		now[strcspn(now, "\n")] = '\0';
		if (strcmp(now, told) == 0) {
			read_command(pid, out->command, sizeof(out->command));
			(void)read_proc(pid, "status", status, sizeof(status));
			uid = find_uid(status);
		}
	}
	clean(told);
	snprintf(out->who, sizeof(out->who), "%s, pid %u%s%s", told, pid,
	    uid != NULL ? ", uid " : "", uid != NULL ? uid : "");
}
