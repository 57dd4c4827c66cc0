/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to the recorder, and what is written down beside violations: start,
 * stop, and every gap in watching (ZV-14).
 */
#include "agent/watch/watcher_state.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>


int
watcher_emit(void *watcher, const struct event *e)
{
	struct watcher *w = watcher;
	struct pollfd room = { .fd = w->setup->recorder_fd, .events = POLLOUT };
	int error = ipc_send(w->setup->recorder_fd, IPC_RECORD_EVENT, e, sizeof(*e), -1);
	int64_t left = w->wait_until_ns == 0 ? 0 : w->wait_until_ns - watcher_clock();

	w->ledger.offered++;
	/* Only at the end, and not for ever, the recorder is waited for. */
	while (error == -EAGAIN && left > 0) {
		(void)poll(&room, 1, (int)(left / 1000000) + 1);
		error = ipc_send(w->setup->recorder_fd, IPC_RECORD_EVENT, e, sizeof(*e),
		    -1);
		left = w->wait_until_ns - watcher_clock();
	}
	if (error == 0)
		w->ledger.events++;
	else
		w->ledger.refused++;
	return error;
}

/* ---- packets ----------------------------------------------------------------- */

/* Whatever finds no room goes: nobody waits for a packet. */
static int
send_packet(void *watcher, const struct packet *p, size_t length)
{
	const struct watcher *w = watcher;

	return ipc_send(w->setup->packets_fd, IPC_RECORD_PACKET, p, length, -1);
}

static void
take_packet(void *watcher, uint64_t key, uint64_t nth, uint64_t of, const struct sighting *s)
{
	struct watcher *w = watcher;
	const struct tap_set *taps = w->setup->taps;
	const char *interface = "gateway";

	if (s == NULL) {
		evidence_end(w->evidence, key, of, w->now_ns);
		return;
	}
	if (s->frame->tap < tap_set_count(taps))
		interface = tap_set_interface(taps, s->frame->tap);
	evidence_take(w->evidence, key, nth, s, interface, w->now_ns);
}

int
watcher_evidence(struct watcher *w)
{
	w->evidence = evidence_new(send_packet, w);
	if (w->evidence == NULL)
		return -ENOMEM;
	if (w->setup->packets_fd > 0)
		aggregate_set_packet(w->aggregate, take_packet);
	return 0;
}

/* ---- beside violations ------------------------------------------------------- */

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

int
watcher_tell_gap(struct watcher *w, const struct watcher_gap *gap)
{
	struct event e;

	begin(w, &e, EVENT_GAP);
	e.zv = ZV_14_WATCH_GAP;
	e.action = ACTION_GAP;
	e.severity = gap->severity;
	e.lost = gap->lost;
	if (gap->last_ns > 0)
		e.last_ns = gap->last_ns;
	/* Somebody set the clock back in between: then only the end is known. */
	e.first_ns = gap->first_ns > 0 && gap->first_ns < e.last_ns ? gap->first_ns :
	    e.last_ns;
	snprintf(e.in_interface, sizeof(e.in_interface), "%s", gap->interface);
	snprintf(e.reason, sizeof(e.reason), "%s%s%s", gap->interface,
	    gap->interface[0] != '\0' ? ": " : "", gap->sentence);
	return watcher_emit(w, &e);
}

void
watcher_alarm_set(struct watcher_alarm *a, uint8_t why, int64_t since_ns, int64_t now_ns)
{
	/* Its end was not told yet: then it is one with the one before. */
	if (a->why == 0 && why != 0 && a->told == 0)
		a->since_ns = since_ns;
	if (a->why != 0 && why == 0)
		a->until_ns = now_ns;
	a->why = why;
}

void
watcher_alarm_tell(struct watcher *w, struct watcher_alarm *a, const char *interface,
    const char *begun, const char *over)
{
	const struct watcher_gap gap = { .interface = interface,
	    .sentence = a->why != 0 ? begun : over, .first_ns = a->since_ns,
	    .last_ns = a->why != 0 ? 0 : a->until_ns,
	    .severity = a->why != 0 ? SEVERITY_HIGH : SEVERITY_WARNING };

	if (a->why != a->told && watcher_tell_gap(w, &gap) == 0)
		a->told = a->why;
}
