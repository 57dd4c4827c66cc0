/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to the recorder, and what is written down beside violations: start,
 * stop, and everything that was lost on the way to the judge (ZV-14).
 */
#include "agent/watch/watcher_state.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* At the end the recorder gets this long for each event, and no longer in all. */
#define DRAIN_POLL_MS 1000

int
watcher_emit(void *watcher, const struct event *e)
{
	struct watcher *w = watcher;
	struct pollfd room = { .fd = w->setup->recorder_fd, .events = POLLOUT };
	int error = ipc_send(w->setup->recorder_fd, IPC_RECORD_EVENT, e, sizeof(*e), -1);

	/* A recorder that keeps its queue full once ends the waiting for all. */
	if (error == -EAGAIN && w->draining) {
		w->draining = poll(&room, 1, DRAIN_POLL_MS) > 0;
		error = ipc_send(w->setup->recorder_fd, IPC_RECORD_EVENT, e, sizeof(*e),
		    -1);
	}
	if (error == 0)
		w->ledger.events++;
	else
		w->ledger.refused++;
	return error;
}

static void
begin(struct watcher *w, struct event *e, enum event_kind kind)
{
	memset(e, 0, sizeof(*e));
	e->kind = (uint8_t)kind;
	e->first_ns = e->last_ns = watcher_wall();
	if (w->policy != NULL)
		memcpy(e->policy_digest, w->policy->checked->digest,
		    sizeof(e->policy_digest));
}

void
watcher_tell_life(struct watcher *w, const char *sentence)
{
	struct event e;

	begin(w, &e, EVENT_LIFE);
	e.severity = SEVERITY_NOTICE;
	snprintf(e.reason, sizeof(e.reason), "%s", sentence);
	(void)watcher_emit(w, &e);
}

/* Add what this tap lost since it was last told. */
static void
look_at_tap(struct watcher *w, size_t i)
{
	struct tap_set *taps = w->setup->taps;
	struct tap_ledger now;
	uint64_t dropped, unsure;
	bool up = tap_set_is_up(taps, i);

	tap_set_ledger(taps, i, &now);
	dropped = now.dropped - w->told[i].dropped;
	unsure = now.ring_lost - w->told[i].ring_lost;
	w->loss.ring += dropped;
	w->loss.unsure += unsure;
	w->loss.down |= w->was_up[i] && !up;
	if (dropped > 0 || unsure > 0 || (w->was_up[i] && !up))
		snprintf(w->loss.interface, sizeof(w->loss.interface), "%s",
		    tap_set_interface(taps, i));
	w->told[i] = now;
	w->was_up[i] = up;
}

/* Only what did happen; at least one of the parts did. */
static void
write_loss(const struct watcher_loss *loss, char *out, size_t size)
{
	const struct { uint64_t n; const char *what; } parts[] = {
		{ loss->ring, "frames lost in the capture rings" },
		{ loss->gate, "messages of the gate lost" },
		{ loss->unsure, "leaving frames judged by their source address alone" },
	};
	size_t at = (size_t)snprintf(out, size, "watching was incomplete");
	const char *mark = ": ";

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && at < size; i++) {
		if (parts[i].n == 0)
			continue;
		at += (size_t)snprintf(out + at, size - at, "%s%llu %s", mark,
		    (unsigned long long)parts[i].n, parts[i].what);
		mark = ", ";
	}
	if (loss->interface[0] != '\0' && at < size)
		snprintf(out + at, size - at, "%s%s %s", mark, loss->interface,
		    loss->down ? "went away and is not watched" : "lost most recently");
}

void
watcher_check_losses(struct watcher *w)
{
	struct event e;

	for (size_t i = 0; i < tap_set_count(w->setup->taps) && i < LIMIT_SEGMENTS; i++)
		look_at_tap(w, i);
	w->loss.gate += w->nflog.lost - w->nflog_lost;
	w->nflog_lost = w->nflog.lost;

	begin(w, &e, EVENT_GAP);
	if (w->loss.ring + w->loss.gate + w->loss.unsure > 0 || w->loss.down) {
		e.zv = ZV_14_WATCH_GAP;
		e.action = ACTION_GAP;
		e.severity = SEVERITY_HIGH;
		e.lost = w->loss.ring + w->loss.gate;
		if (w->loss.since_ns != 0 && w->loss.since_ns < e.last_ns)
			e.first_ns = w->loss.since_ns;
		memcpy(e.in_interface, w->loss.interface, sizeof(e.in_interface));
		write_loss(&w->loss, e.reason, sizeof(e.reason));
		/* Not written: it stays, and the interval grows. */
		if (watcher_emit(w, &e) != 0)
			return;
	}
	memset(&w->loss, 0, sizeof(w->loss));
	w->loss.since_ns = e.last_ns;
}
