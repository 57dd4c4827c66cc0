/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verbs share: words to people, JSON to programs, the policy, the daemon. */
#include "agent/cli/cli.h"

#include "agent/cli/columns.h"
#include "agent/ipc.h"
#include "agent/policy_memfd.h"
#include "rules/diag.h"
#include "rules/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Names and reasons of others stand in a sentence: no escape sequence reaches a terminal. */
static void
print_lines(FILE *out, char *text)
{
	for (char *line; (line = strsep(&text, "\n")) != NULL;) {
		columns_print(out, line, 0);
		fputc('\n', out);
	}
}

static void
vsay(FILE *out, const char *prefix, const struct cli *cli, enum message_id id, va_list ap)
{
	char *text = message_vtext(id, cli->language, ap);

	fputs(prefix, out);
	if (text != NULL)
		print_lines(out, text);
	else
		fprintf(out, "%s\n", message_slug(id));
	free(text);
}

void
cli_complain(const struct cli *cli, enum message_id id, ...)
{
	va_list ap;

	va_start(ap, id);
	vsay(stderr, "sekisho: ", cli, id, ap);
	va_end(ap);
}

void
cli_say(const struct cli *cli, enum message_id id, ...)
{
	va_list ap;

	va_start(ap, id);
	vsay(stdout, "", cli, id, ap);
	va_end(ap);
}

int
cli_usage(const struct cli *cli, const char *verb, enum message_id id, ...)
{
	va_list ap;

	va_start(ap, id);
	vsay(stderr, "sekisho: ", cli, id, ap);
	va_end(ap);
	fprintf(stderr, verb != NULL ? "sekisho help %s\n" : "sekisho help\n",
	    verb != NULL ? verb : "");
	return CLI_USAGE;
}

/* As JSON has it: two halves for what lies beyond 16 bits (RFC 8259, section 7). */
static void
print_escaped(uint32_t c)
{
	if (c > 0xffff)
		printf("\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
		    0xdc00 + ((c - 0x10000) & 0x3ff));
	else
		printf("\\u%04x", c);
}

void
cli_print_json(json_t *value)
{
	char *text = json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(15));

	for (const char *at = text; at != NULL && *at != '\0';) {
		const struct columns_glyph g = columns_glyph(at);
		uint32_t c = 0;

		/* JSON escapes those of ASCII; C1 and what turns text around are left to us. */
		if (g.bad && *at != '\n' && utf8_decode(at, g.length, &c) > 0)
			print_escaped(c);
		else
			fwrite(at, 1, g.length, stdout);
		at += g.length;
	}
	putchar('\n');
	free(text);
	json_decref(value);
}

struct checked *
cli_load_policy(const struct cli *cli, const char *file, bool warnings)
{
	struct diag *diag = diag_new();
	struct checked *checked;

	if (diag == NULL) {
		cli_complain(cli, MSG_CLI_NO_MEMORY);
		return NULL;
	}
	checked = checked_from_file(file != NULL ? file : cli->paths.policy,
	    (int64_t)time(NULL), diag);
	if (checked == NULL || warnings)
		diag_print(diag, stderr, cli->language);
	diag_free(diag);
	return checked;
}

int
cli_connect(const struct cli *cli, int flags)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);

	if (fd < 0)
		return -errno;
	memcpy(sun.sun_path, cli->paths.socket,
	    strnlen(cli->paths.socket, sizeof(sun.sun_path) - 1));
	if (connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

/* An apply of a very large policy takes its time; nothing else does. */
#define ANSWER_TIMEOUT_MS 120000

json_t *
cli_ask(const struct cli *cli, json_t *request, int fd)
{
	static struct ipc_message answer;
	char *text = json_dumps(request, JSON_COMPACT);
	json_t *result = NULL;
	int s = cli_connect(cli, 0);
	int r;

	json_decref(request);
	if (s < 0 || text == NULL) {
		cli_complain(cli, MSG_CLI_NO_DAEMON, cli->paths.socket,
		    strerror(s < 0 ? -s : ENOMEM));
		free(text);
		if (s >= 0)
			close(s);
		return NULL;
	}
	r = ipc_ask(s, IPC_REQUEST, text, strlen(text), fd, &answer, ANSWER_TIMEOUT_MS);
	if (r == 0)
		r = ipc_json(&answer, &result);
	if (r < 0)
		cli_complain(cli, MSG_CLI_NO_ANSWER, strerror(-r));
	free(text);
	close(s);
	return result;
}

/* A healthy answer may still tell of a problem: that is an exit code of 1. */
static int
answer_code(const struct cli *cli, const json_t *answer)
{
	const char *error = json_string_value(json_object_get(answer, "error"));

	if (json_is_true(json_object_get(answer, "ok")))
		return json_is_string(json_object_get(answer, "problem")) ? CLI_ERROR : CLI_OK;
	if (!cli->json)
		cli_complain(cli, MSG_CLI_REFUSED, error != NULL ? error : "?");
	return CLI_ERROR;
}

int
cli_exchange(const struct cli *cli, json_t *request, int fd,
    void (*say)(const struct cli *cli, const json_t *answer))
{
	json_t *answer = cli_ask(cli, request, fd);
	int code;

	if (answer == NULL)
		return CLI_UNAVAILABLE;
	code = answer_code(cli, answer);
	if (cli->json)
		cli_print_json(json_incref(answer));
	else if (json_is_true(json_object_get(answer, "ok")))
		say(cli, answer);
	json_decref(answer);
	return code;
}

int
cli_hand_policy_with(const struct cli *cli, json_t *request, const char *file,
    void (*say)(const struct cli *cli, const json_t *answer))
{
	struct checked *checked = cli_load_policy(cli, file, true);
	int code, fd;

	if (checked == NULL) {
		json_decref(request);
		return CLI_ERROR;
	}
	fd = policy_memfd(checked->policy);
	checked_free(checked);
	json_object_set_new(request, "file", json_string(file));
	code = cli_exchange(cli, request, fd, say);
	if (fd >= 0)
		close(fd);
	return code;
}

int
cli_hand_policy(const struct cli *cli, const char *verb, const char *file,
    void (*say)(const struct cli *cli, const json_t *answer))
{
	return cli_hand_policy_with(cli, json_pack("{s:s}", "verb", verb), file, say);
}
