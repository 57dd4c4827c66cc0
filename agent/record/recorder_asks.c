/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/recorder_asks.h"

#include "agent/record/checkpoint.h"
#include "agent/record/log_holds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who waits for the disk. */
struct waiting {
	int socket;
	struct ipc_message question;	/* its head; the rest is of no use any more */
};

static void
answer(int socket, const struct ipc_message *question, int error, const char *text)
{
	struct ipc_result result = { .error = error };

	snprintf(result.text, sizeof(result.text), "%s", text);
	(void)ipc_answer(socket, question, &result, sizeof(result), -1);
}

static void
saved(void *arg, int error)
{
	struct waiting *w = arg;

	answer(w->socket, &w->question, error, error < 0 ? strerror(-error) : "");
	free(w);
}

static int
save(int directory, int socket, const struct ipc_message *question, char *text, size_t length)
{
	struct waiting *w = calloc(1, sizeof(*w));
	int r;

	if (w == NULL) {
		free(text);
		return -ENOMEM;
	}
	w->socket = socket;
	w->question.type = question->type;
	w->question.number = question->number;
	w->question.fd = -1;
	r = log_holds_save(directory, text, length, saved, w);
	if (r < 0)
		free(w);
	return r;
}

void
recorder_ask_hold(int directory, int socket, const struct ipc_message *question)
{
	struct hold_order order;
	const char *why = "length";
	char *text;
	size_t length;
	int r = -EPROTO;

	if (question->length == sizeof(order)) {
		memcpy(&order, question->payload.bytes, sizeof(order));
		why = hold_order_check(&order);
	}
	if (why == NULL) {
		r = log_holds_edit(directory, &order, &text, &length);
		if (r == 0) {
			r = save(directory, socket, question, text, length);
			/* The thread answers. */
			if (r == 0)
				return;
		}
		why = r < 0 ? strerror(-r) : "";
	}
	answer(socket, question, r < 0 ? r : 0, why);
}

void
recorder_ask_sign(struct recorder_writer *w, int socket,
    const struct ipc_message *question)
{
	struct checkpoint c = { .file = w->seal->file, .sequence = w->seal->sequence,
		.lost = w->seal->lost, .time_ns = recorder_now_ns() };

	if (question->length == SEAL_SIZE) {
		memcpy(c.hash, question->payload.bytes, SEAL_SIZE);
		snprintf(c.gateway, sizeof(c.gateway), "%.64s", w->hostname);
		checkpoint_sign_manifest(&c, w->seal->secret);
	} else if (question->length == 0) {
		(void)recorder_append_checkpoint(w);
	}
	(void)ipc_answer(socket, question, c.text, strlen(c.text), -1);
}
