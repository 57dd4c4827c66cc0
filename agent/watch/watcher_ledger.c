/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The watcher's numbers on their way into the heartbeats of the record. */
#include "agent/watch/watcher_state.h"

#include "agent/record/record_ledger.h"

#define LEDGER_NS	(RECORD_LEDGER_S * INT64_C(1000000000))

static void
put_layers(const struct ledger_sample *s, uint64_t *n)
{
	n[WATCHER_SEEN] = s->seen;
	n[WATCHER_PROVEN] = s->proven;
	n[WATCHER_RECEIVED] = s->received;
	n[WATCHER_DROPPED] = s->dropped;
	n[WATCHER_DELIVERED] = s->delivered;
	n[WATCHER_UNREAD] = s->left;
	n[WATCHER_FRAMES] = s->frames;
	n[WATCHER_GATE] = s->gate;
	n[WATCHER_CANARIES] = s->canaries;
	n[WATCHER_PERMITTED] = s->judged.permitted;
	n[WATCHER_LOCAL] = s->judged.local;
	n[WATCHER_EXCUSED] = s->judged.excused;
	n[WATCHER_VIOLATIONS] = s->judged.violations;
	n[WATCHER_HELD] = s->held;
	n[WATCHER_INNER] = s->inner;
	n[WATCHER_DETECTIONS] = s->detections;
	n[WATCHER_ADDED] = s->added;
	n[WATCHER_OPEN] = s->open;
	n[WATCHER_CLOSED] = s->closed;
	n[WATCHER_COUNTED] = s->counted;
	n[WATCHER_TOLD] = s->told;
	n[WATCHER_UNTOLD] = s->untold;
	n[WATCHER_OFFERED] = s->offered;
	n[WATCHER_SENT] = s->sent;
	n[WATCHER_DEFERRED] = s->refused;
}

static void
put_rest(const struct watcher *w, uint64_t *n)
{
	const struct inspect_ledger *l = inspect_ledger(w->inspect);
	const size_t taps = tap_set_count(w->setup->taps);

	n[WATCHER_TAPS] = taps;
	for (size_t i = 0; i < taps && i < LIMIT_SEGMENTS; i++)
		n[WATCHER_DEAF] += w->links[i].deaf.why != 0;
	n[WATCHER_LOST_DRIVER] = watcher_lost(w, LOSS_DRIVER);
	n[WATCHER_LOST_SOFTNET] = watcher_lost(w, LOSS_SOFTNET);
	n[WATCHER_LOST_GATE] = watcher_lost(w, LOSS_GATE);
	n[WATCHER_UNREADABLE] = l->frames + l->gate - l->unreadable[READABLE];
	n[WATCHER_OVERFLOWED] = aggregate_overflowed(w->aggregate);
	n[WATCHER_FAULTS] = w->n_faults;
}

void
watcher_tell_ledger(struct watcher *w)
{
	struct record_ledger ledger = { { 0 } };
	struct ledger_sample sample;

	if (w->now_ns < w->next_ledger_ns)
		return;
	w->next_ledger_ns = w->now_ns + LEDGER_NS;
	watcher_take_sample(w, &sample);
	put_layers(&sample, ledger.numbers);
	put_rest(w, ledger.numbers);
	/* When its queue is full the records come first; the next one says the same. */
	(void)ipc_send(w->setup->recorder_fd, IPC_RECORD_LEDGER, &ledger, sizeof(ledger), -1);
}
