/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

/* One write(2) a line, so that the processes do not mix their words. */
static void
put(const char *priority, const char *error, const char *format, va_list ap)
{
	char line[1024];
	int n;

/* The callers' formats are checked where they are written (see the header). */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	n = vsnprintf(line, sizeof(line), format, ap);
#pragma GCC diagnostic pop
	if (n < 0)
		return;
	fprintf(stderr, "%ssekishod: %s%s%s\n", priority, line,
	    error != NULL ? ": " : "", error != NULL ? error : "");
}

void
log_warn(const char *format, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, format);
	put(SD_WARNING, strerror(saved), format, ap);
	va_end(ap);
	errno = saved;
}

void
log_warnx(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	put(SD_WARNING, NULL, format, ap);
	va_end(ap);
}

void
log_info(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	put(SD_INFO, NULL, format, ap);
	va_end(ap);
}
