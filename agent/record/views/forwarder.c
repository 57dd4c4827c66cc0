/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/views/forwarder.h"

#include "agent/beat.h"
#include "agent/clock.h"
#include "agent/ipc.h"
#include "agent/log.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND_NS	INT64_C(1000000000)
/* A record is told so soon, at the latest. */
#define IDLE_MS		200
/* While there is more to tell. */
#define BUSY_MS		10
#define AGAIN_NS	(SECOND_NS * 10)
/* At a stop; what it did not get through by then is told after the next start. */
#define LAST_NS		(SECOND_NS * 3)

struct forwarder {
	const struct forwarder_setup *setup;
	struct record_outputs outputs;
	struct view views[VIEW_ADAPTERS];
	int64_t next_tick_ns, next_open_ns;
	bool stop, failed;
	struct ipc_message message;
};

static void
set_views(struct forwarder *f, int64_t now_ns)
{
	for (size_t i = 0; i < VIEW_ADAPTERS; i++)
		view_set(&f->views[i], &f->outputs);
	f->next_open_ns = now_ns + AGAIN_NS;
}

static size_t
describe(const struct forwarder *f, struct view_state states[VIEW_ADAPTERS])
{
	size_t n = 0;

	for (size_t i = 0; i < VIEW_ADAPTERS; i++)
		if (f->views[i].on)
			view_describe(&f->views[i], &states[n++]);
	return n;
}

/* ---- messages ---------------------------------------------------------------------------- */

static json_t *
view_json(const struct view *v)
{
	const int64_t since = v->blocked ? clock_ns(CLOCK_BOOTTIME) - v->error_ns : 0;
	struct view_state s;

	view_describe(v, &s);
	return json_pack("{s:s, s:I, s:I, s:I, s:b, s:s, s:I}", "name", s.name, "sequence",
	    (json_int_t)s.sequence, "missed", (json_int_t)s.missed, "refused",
	    (json_int_t)s.refused, "blocked", s.blocked, "error",
	    s.blocked ? strerror(-v->error) : "", "seconds", (json_int_t)(since / SECOND_NS));
}

static void
answer(struct forwarder *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < VIEW_ADAPTERS; i++)
		if (f->views[i].on)
			json_array_append_new(list, view_json(&f->views[i]));
	(void)ipc_answer_json(f->setup->control_fd, &f->message, list);
	json_decref(list);
}

static void
take_policy(struct forwarder *f)
{
	struct record_rules rules;

	if (f->message.length != sizeof(rules))
		return;
	memcpy(&rules, f->message.payload.bytes, sizeof(rules));
	f->outputs = rules.outputs;
	/* The sender is trusted; a text has an end all the same. */
	f->outputs.syslog[sizeof(f->outputs.syslog) - 1] = '\0';
	f->outputs.cef[sizeof(f->outputs.cef) - 1] = '\0';
	set_views(f, clock_ns(CLOCK_BOOTTIME));
}

static void
take_message(struct forwarder *f)
{
	int r = ipc_receive(f->setup->control_fd, &f->message);

	if (r == -EAGAIN || r == -EPROTO)
		return;
	if (r <= 0 || f->message.type == IPC_STOP)
		f->stop = true;
	f->failed = f->failed || r < 0;
	if (r <= 0)
		return;
	if (f->message.fd >= 0)
		close(f->message.fd);
	f->message.fd = -1;
	if (f->message.type == IPC_RECORD_POLICY)
		take_policy(f);
	else if (f->message.type == IPC_VIEW_STATUS)
		answer(f);
}

/* ---- work ---------------------------------------------------------------------------------- */

static bool
work(struct forwarder *f)
{
	bool more = false;

	for (size_t i = 0; i < VIEW_ADAPTERS; i++)
		more |= view_work(&f->views[i], clock_ns(CLOCK_BOOTTIME));
	return more;
}

static void
tick(struct forwarder *f)
{
	const int64_t now = clock_ns(CLOCK_BOOTTIME);
	struct view_state states[VIEW_ADAPTERS];
	size_t n;

	if (now < f->next_tick_ns)
		return;
	f->next_tick_ns = now + SECOND_NS;
	/* One that could not begin, a full disk perhaps. */
	if (now >= f->next_open_ns)
		set_views(f, now);
	n = describe(f, states);
	for (size_t i = 0; i < VIEW_ADAPTERS; i++)
		view_tick(&f->views[i], states, n, now);
}

static void
wait_for_work(struct forwarder *f, bool more)
{
	struct pollfd fds[1 + VIEW_ADAPTERS] = {
		{ .fd = f->setup->control_fd, .events = POLLIN },
	};

	for (size_t i = 0; i < VIEW_ADAPTERS; i++)
		fds[1 + i] = (struct pollfd){ .fd = view_waits_for(&f->views[i]),
			.events = POLLOUT };
	if (poll(fds, 1 + VIEW_ADAPTERS, more ? BUSY_MS : IDLE_MS) > 0 && fds[0].revents != 0)
		take_message(f);
}

/* The last words of the recorder; a reader that does not read is not waited for. */
static void
finish(struct forwarder *f)
{
	const int64_t until = clock_ns(CLOCK_BOOTTIME) + LAST_NS;
	bool unread = true;

	while (unread && clock_ns(CLOCK_BOOTTIME) < until) {
		bool more = work(f);

		unread = more;
		for (size_t i = 0; i < VIEW_ADAPTERS; i++)
			unread |= view_is_behind(&f->views[i]);
		if (unread)
			(void)poll(NULL, 0, more ? 1 : BUSY_MS);
	}
	f->next_tick_ns = 0;
	for (size_t i = 0; i < VIEW_ADAPTERS; i++)
		f->views[i].next_ns = 0;
	tick(f);
	for (size_t i = 0; i < VIEW_ADAPTERS; i++)
		view_close(&f->views[i]);
}

int
forwarder_run(const struct forwarder_setup *setup)
{
	struct forwarder *f = calloc(1, sizeof(*f));
	bool more = false, failed;

	if (f == NULL)
		return EXIT_FAILURE;
	f->setup = setup;
	for (size_t i = 0; i < VIEW_ADAPTERS; i++) {
		f->views[i].how = &view_adapters()[i];
		f->views[i].folders = &setup->folders;
	}
	while (!f->stop) {
		beat_strike(setup->beat);
		wait_for_work(f, more);
		more = work(f);
		tick(f);
	}
	finish(f);
	failed = f->failed;
	free(f);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
