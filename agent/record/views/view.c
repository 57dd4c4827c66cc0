/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/views/view.h"

#include "agent/log.h"
#include "agent/record/views/view_place.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS	INT64_C(1000000000)
/* Records in one go: a few milliseconds. */
#define AT_ONCE		64u
#define TEXT_EVERY_NS	(SECOND_NS * 15)

/* A reader that is slow, or is being started again, is no trouble yet. */
#define PATIENCE_NS	(SECOND_NS * 10)

static void
fail(struct view *v, int error, int64_t now_ns)
{
	if (v->error == 0)
		v->error_ns = now_ns;
	v->error = error;
	v->next_ns = now_ns + SECOND_NS;
}

static void
succeed(struct view *v)
{
	if (v->blocked)
		log_info("forwarder: %s takes records again, from %" PRIu64 " on", v->how->name,
		    v->arrived.sequence + 1);
	v->error = 0;
	v->blocked = false;
}

static void
look_at_patience(struct view *v, int64_t now_ns)
{
	if (v->error == 0 || v->blocked || now_ns - v->error_ns < PATIENCE_NS)
		return;
	v->blocked = true;
	log_warnx("forwarder: %s takes nothing: %s", v->how->name, strerror(-v->error));
}

/* ---- begin and end ---------------------------------------------------------------------- */

static int
open_target(struct view *v)
{
	uint64_t sequence = 0;
	int r;

	switch (v->how->way) {
	case VIEW_TO_SOCKET:
		return view_socket_begin(&v->socket, v->target);
	case VIEW_TO_FILE:
		r = view_file_begin(&v->file, v->folders->own, v->target,
		    v->how->sequence_word, &sequence);
		/* It has more than was saved: a kill came in between. */
		if (r == 0 && sequence > v->arrived.sequence)
			v->arrived = (struct view_cursor){ .sequence = sequence };
		return r;
	case VIEW_TO_METRICS:
		break;
	}
	return 0;
}

static void
open_view(struct view *v, const char *target)
{
	int r;

	snprintf(v->target, sizeof(v->target), "%s", target);
	v->message = (struct view_text){ .bytes = v->bytes, .size = sizeof(v->bytes) };
	v->socket.fd = v->file.fd = -1;
	if (v->how->way == VIEW_TO_METRICS) {
		v->metrics = view_metrics_new();
		if (v->metrics == NULL)
			return;
	}
	r = view_place_load(v);
	if (r == 0)
		r = open_target(v);
	if (r < 0) {
		log_warnx("forwarder: %s cannot begin: %s", v->how->name, strerror(-r));
		view_metrics_free(v->metrics);
		v->metrics = NULL;
		return;
	}
	v->on = true;
	view_follow_begin(&v->follow, v->folders->log, &v->arrived);
}

void
view_close(struct view *v)
{
	const struct view_adapter *how = v->how;
	const struct view_folders *folders = v->folders;

	if (v->on) {
		view_place_save(v);
		view_follow_end(&v->follow);
		if (how->way == VIEW_TO_SOCKET)
			view_socket_end(&v->socket);
		if (how->way == VIEW_TO_FILE)
			view_file_end(&v->file);
		view_metrics_free(v->metrics);
	}
	memset(v, 0, sizeof(*v));
	v->how = how;
	v->folders = folders;
}

void
view_set(struct view *v, const struct record_outputs *outputs)
{
	const char *target = v->how->target(outputs);

	if (v->on && target != NULL && strcmp(target, v->target) == 0)
		return;
	view_close(v);
	if (target != NULL)
		open_view(v, target);
}

/* ---- records ------------------------------------------------------------------------------ */

static int
hand_over(struct view *v)
{
	switch (v->how->way) {
	case VIEW_TO_SOCKET:
		return view_socket_send(&v->socket, v->bytes, v->message.used);
	case VIEW_TO_FILE:
		return view_file_append(&v->file, v->bytes, v->message.used);
	case VIEW_TO_METRICS:
		break;
	}
	return 0;
}

/* What was not read when its reader ended is told again to the next one. */
static void
go_back(struct view *v, int error, int64_t now_ns)
{
	v->message.used = 0;
	view_follow_back(&v->follow, &v->arrived);
	fail(v, error, now_ns);
}

/* True: it went, or never will. */
static bool
send_message(struct view *v, int64_t now_ns)
{
	int r = hand_over(v);

	if (r == -EMSGSIZE)
		v->refused++;
	if (r == 0 || r == -EMSGSIZE) {
		v->message.used = 0;
		if (v->how->way == VIEW_TO_FILE)
			v->arrived = v->follow.at;
		if (r == 0)
			succeed(v);
		return true;
	}
	if (r == -EAGAIN || v->how->way == VIEW_TO_FILE)
		fail(v, r, now_ns);
	else
		go_back(v, r, now_ns);
	return false;
}

static void
take_record(struct view *v, const struct view_record *r)
{
	if (v->how->way == VIEW_TO_METRICS) {
		view_metrics_take(v->metrics, r);
		v->arrived = v->follow.at;
		return;
	}
	if (!v->how->wants(r)) {
		if (v->how->way == VIEW_TO_FILE)
			v->arrived = v->follow.at;
		return;
	}
	v->message.used = 0;
	v->message.full = false;
	v->how->format(r, &v->message);
	if (!v->message.full)
		return;
	/* Cannot be by the bounds of the formats; half a message would be no message. */
	v->message.used = 0;
	v->refused++;
}

static void
look_whether_read(struct view *v, int64_t now_ns)
{
	int r;

	if (v->how->way != VIEW_TO_SOCKET || v->socket.fd < 0 || v->message.used > 0 ||
	    v->arrived.sequence == v->follow.at.sequence)
		return;
	r = view_socket_was_read(&v->socket);
	if (r > 0)
		v->arrived = v->follow.at;
	else if (r < 0)
		go_back(v, r, now_ns);
}

bool
view_work(struct view *v, int64_t now_ns)
{
	const struct view_record *record;
	int r = 1;

	if (!v->on || now_ns < v->budget_ns || (v->error != 0 && now_ns < v->next_ns &&
	    v->error != -EAGAIN))
		return false;
	for (unsigned int n = 0; n < AT_ONCE; n++) {
		if (v->message.used > 0 && !send_message(v, now_ns))
			return false;
		r = view_follow_next(&v->follow, &record);
		if (r != 1)
			break;
		take_record(v, record);
	}
	if (v->message.used > 0)
		(void)send_message(v, now_ns);
	v->missed = v->missed_before + v->follow.missed;
	look_whether_read(v, now_ns);
	if (r < 0 && r != -EAGAIN)
		fail(v, r, now_ns);
	if (r == 1)
		v->budget_ns = now_ns + SECOND_NS * AT_ONCE / v->how->per_second;
	return r == 1 || r == -EAGAIN;
}

/* ---- places and texts ----------------------------------------------------------------------- */

static void
write_text(struct view *v, const struct view_state *states, size_t n, int64_t now_ns)
{
	struct view_text text = { .size = VIEW_METRICS_MAX };
	int r = -ENOMEM;

	text.bytes = malloc(text.size);
	if (text.bytes != NULL) {
		view_metrics_print(v->metrics, states, n, &text);
		r = view_file_replace(v->folders->metrics, v->target, text.bytes, text.used);
	}
	free(text.bytes);
	if (r < 0)
		fail(v, r, now_ns);
	else
		succeed(v);
	v->next_ns = now_ns + TEXT_EVERY_NS;
}

void
view_tick(struct view *v, const struct view_state *states, size_t n, int64_t now_ns)
{
	if (!v->on)
		return;
	look_at_patience(v, now_ns);
	if (v->how->way == VIEW_TO_METRICS) {
		if (now_ns < v->next_ns)
			return;
		write_text(v, states, n, now_ns);
	}
	view_place_save(v);
}

void
view_describe(const struct view *v, struct view_state *out)
{
	*out = (struct view_state){ .name = v->how->name, .sequence = v->arrived.sequence,
		.missed = v->missed, .refused = v->refused, .blocked = v->blocked };
}

int
view_waits_for(const struct view *v)
{
	return v->on && v->how->way == VIEW_TO_SOCKET && v->error == -EAGAIN ? v->socket.fd : -1;
}

bool
view_is_behind(const struct view *v)
{
	return v->on && v->how->way == VIEW_TO_SOCKET && v->socket.fd >= 0 &&
	    v->arrived.sequence != v->follow.at.sequence;
}
