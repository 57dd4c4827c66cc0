/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/top/top_ask.h"

#include "agent/ipc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int
failed(struct top_ask *a, int error, const char *why)
{
	snprintf(a->error, sizeof(a->error), "%s", why != NULL ? why : strerror(-error));
	top_ask_end(a);
	return error;
}

int
top_ask_begin(struct top_ask *a, const struct cli *cli)
{
	static const char *const requests[] = {
		"{\"verb\":\"status\"}", "{\"verb\":\"matrix\"}",
	};
	int r;

	*a = (struct top_ask){ .fd = cli_connect(cli, SOCK_NONBLOCK) };
	if (a->fd < 0)
		return failed(a, a->fd, NULL);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		r = ipc_send(a->fd, IPC_REQUEST, requests[i], strlen(requests[i]), -1);
		if (r < 0)
			return failed(a, r, NULL);
	}
	return 0;
}

/* Requests are answered in their order. */
static int
keep(struct top_ask *a, json_t *answer)
{
	const char *error = json_string_value(json_object_get(answer, "error"));

	if (!json_is_true(json_object_get(answer, "ok"))) {
		int r = failed(a, -EACCES, error);

		json_decref(answer);
		return r;
	}
	if (a->status == NULL)
		a->status = answer;
	else
		a->matrix = answer;
	return a->matrix != NULL;
}

int
top_ask_hear(struct top_ask *a)
{
	static struct ipc_message m;
	json_t *answer;
	int r = 0;

	while (r == 0) {
		r = ipc_receive(a->fd, &m);
		if (r == -EAGAIN)
			return 0;
		if (r == 0)
			r = -ECONNRESET;
		if (r > 0)
			r = ipc_json(&m, &answer);
		if (r < 0)
			return failed(a, r, NULL);
		r = keep(a, answer);
	}
	return r;
}

void
top_ask_end(struct top_ask *a)
{
	if (a->fd >= 0)
		close(a->fd);
	json_decref(a->status);
	json_decref(a->matrix);
	a->fd = -1;
	a->status = a->matrix = NULL;
}
