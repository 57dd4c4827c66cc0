/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of a record on standard input, told to a socket in a view's format (LG-16c): as
 * the forwarder would tell them, but also lines that no recorder of ours would write.
 *
 *   view_send journal|syslog|cef SOCKET    prints how many were told
 */
#include "agent/record/views/view_format.h"
#include "agent/record/views/view_socket.h"

#include <err.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	void (*format)(const struct view_record *r, struct view_text *out);
} formats[] = {
	{ "journal", view_format_journal }, { "syslog", view_format_syslog },
	{ "cef", view_format_cef },
};

/* True when it was a record, and told. */
static bool
tell(struct view_socket *s, size_t format, const char *line, size_t length)
{
	static char bytes[VIEW_MESSAGE_MAX];
	struct view_text message = { .bytes = bytes, .size = sizeof(bytes) };
	json_t *root = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
	struct view_record record;
	int r;

	if (!view_record_make(&record, root, line, length))
		return false;
	formats[format].format(&record, &message);
	if (message.full)
		errx(1, "record %llu is too long for a message",
		    (unsigned long long)record.sequence);
	r = view_socket_send(s, message.bytes, message.used);
	view_record_free(&record);
	if (r < 0)
		errx(1, "%s: %s", s->path, strerror(-r));
	return true;
}

int
main(int argc, char **argv)
{
	struct view_socket s;
	size_t format = 0, size = 0;
	unsigned int told = 0;
	char *line = NULL;
	ssize_t n;

	if (argc != 3)
		errx(2, "view_send FORMAT SOCKET");
	while (format < sizeof(formats) / sizeof(formats[0]) &&
	    strcmp(formats[format].name, argv[1]) != 0)
		format++;
	if (format == sizeof(formats) / sizeof(formats[0]) || view_socket_begin(&s, argv[2]) < 0)
		errx(2, "view_send FORMAT SOCKET");
	while ((n = getline(&line, &size, stdin)) > 0)
		told += tell(&s, format, line, (size_t)n - (line[n - 1] == '\n'));
	free(line);
	view_socket_end(&s);
	printf("%u\n", told);
	return 0;
}
