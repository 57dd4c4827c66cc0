/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Are the interfaces there, and do their taps see? What AF_PACKET and libpcap
 * do (Linux 6.1 to 6.18, libpcap 1.10):
 *   down, up     the socket stays bound and goes on by itself
 *   MTU, promisc nothing happens to it
 *   deleted      the binding is gone for good; one of the same name is another
 *   renamed      libpcap gives up with the name, so it is as if deleted
 * A tap can only be opened with a privilege that the watcher has not. So when
 * an interface is there without a tap, the watcher winds up in good order and
 * ends, and the keeper starts it again with fresh taps.
 */
#include "agent/ipc.h"
#include "agent/log.h"
#include "agent/watch/watcher_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Of an interface: so many seconds in a row with frames in, and none at the tap. */
#define DEAF_SECONDS	3u
/* Fewer in a second prove nothing: they may not have been for us. */
#define DEAF_FRAMES	10u
/* So long a VLAN device that is no more may still excuse its tag. */
#define VLANS_EVERY_NS	1000000000ll

const char *
watcher_away_name(enum watcher_away why)
{
	switch (why) {
	case WATCHED:
		return "watched";
	case AWAY_DOWN:
		return "down";
	case AWAY_GONE:
		return "gone";
	case AWAY_OTHER:
		return "untapped";
	}
	return "?";
}

static const char *
away_sentence(enum watcher_away why)
{
	switch (why) {
	case WATCHED:
		break;
	case AWAY_DOWN:
		return "the interface is down; it is not watched";
	case AWAY_GONE:
		return "the interface is gone; it is not watched";
	case AWAY_OTHER:
		return "the interface is there and not tapped; its taps are opened anew";
	}
	return "";
}

static const char *
over_sentence(const struct watcher_alarm *a)
{
	switch ((enum watcher_away)a->told) {
	case WATCHED:
	case AWAY_OTHER:
		break;
	case AWAY_DOWN:
		return "watched again; it was down";
	case AWAY_GONE:
		return "watched again; it was gone";
	}
	return "watched again";
}

/* Also of one that could not be asked for: as it was. */
static enum watcher_away
find_away(struct watcher *w, size_t i)
{
	struct watcher_link *link = &w->links[i];
	struct tap_set *taps = w->setup->taps;
	int error = link_ask(w->setup->link_fd, tap_set_interface(taps, i), &link->state);

	if (error == -ENODEV)
		return AWAY_GONE;
	if (error != 0)
		return (enum watcher_away)link->away.why;
	if (!link->state.up)
		return AWAY_DOWN;
	if (!tap_set_is_up(taps, i) || tap_set_find(taps, link->state.ifindex) != (int)i)
		return AWAY_OTHER;
	return WATCHED;
}

bool
watcher_learn_vlans(struct watcher *w, int64_t after_ns)
{
	if (w->setup->link_fd < 0 || w->now_ns - w->vlans_ns < after_ns)
		return false;
	w->vlans_ns = w->now_ns;
	return tap_set_learn_vlans(w->setup->taps, w->setup->link_fd) == 0;
}

void
watcher_look_at_links(struct watcher *w)
{
	int64_t wall = watcher_wall();
	bool reopen = false;

	if (w->setup->link_fd < 0)
		return;
	for (size_t i = 0; i < tap_set_count(w->setup->taps) && i < LIMIT_SEGMENTS; i++) {
		struct watcher_link *link = &w->links[i];
		enum watcher_away away = find_away(w, i);

		reopen |= away == AWAY_OTHER;
		/* It may have begun right after the last look. */
		watcher_alarm_set(&link->away, (uint8_t)away, w->links_ns, wall);
		/* How it ends is told behind all else, with the time of the end. */
		if (away != AWAY_OTHER)
			watcher_alarm_tell(w, &link->away,
			    tap_set_interface(w->setup->taps, i), away_sentence(away),
			    over_sentence(&link->away));
	}
	w->links_ns = wall;
	(void)watcher_learn_vlans(w, VLANS_EVERY_NS);
	/* An interface that comes and goes all the time must not blind the others. */
	if (reopen && !w->reopen && w->now_ns - w->began_ns >= w->setup->settle_ns) {
		w->reopen = true;
		sd_event_exit(w->event, 0);
	}
}

/* GRO makes one frame of many and others are not for us: only "none" is telling. */
static void
compare_arrivals(struct watcher *w, size_t i, int64_t wall)
{
	struct watcher_link *link = &w->links[i];
	const struct link_counters *c = &link->state.count;
	uint64_t rx = c->rx_packets - c->rx_otherhost;
	struct tap_ledger tap;

	tap_set_ledger(w->setup->taps, i, &tap);
	if (link->away.why != WATCHED || rx < link->rx || rx - link->rx < DEAF_FRAMES ||
	    tap.arrived != link->arrived)
		link->deaf_seconds = 0;
	else
		link->deaf_seconds++;
	link->rx = rx;
	link->arrived = tap.arrived;
	watcher_alarm_set(&link->deaf, link->deaf_seconds >= DEAF_SECONDS,
	    wall - DEAF_SECONDS * WATCHER_LOSS_NS, wall);
	watcher_alarm_tell(w, &link->deaf, tap_set_interface(w->setup->taps, i),
	    "frames come in and its tap sees none of them",
	    "its tap sees what comes in again");
}

static void
weigh_canary(struct watcher *w, size_t i, int64_t wall)
{
	struct watcher_link *link = &w->links[i];
	bool can_leave = link->away.why == WATCHED && link->state.carrier &&
	    link->state.ethernet;

	(void)canary_second(&w->canary, i, can_leave,
	    atomic_load_explicit(&w->setup->canaries->sent[i], memory_order_relaxed));
	watcher_alarm_set(&link->canary, w->canary.taps[i].state == CANARY_MISSING,
	    wall - CANARY_MISSES * WATCHER_LOSS_NS, wall);
	watcher_alarm_tell(w, &link->canary, tap_set_interface(w->setup->taps, i),
	    "what leaves may be unseen: the canary does not come back through its tap",
	    can_leave ? "the canary comes back again" : "nothing can leave any more");
}

void
watcher_weigh_taps(struct watcher *w)
{
	int64_t wall = watcher_wall();

	if (w->setup->link_fd < 0)
		return;
	for (size_t i = 0; i < tap_set_count(w->setup->taps) && i < LIMIT_SEGMENTS; i++) {
		compare_arrivals(w, i, wall);
		weigh_canary(w, i, wall);
	}
	(void)ipc_send(w->setup->canary_fd, IPC_CANARY, NULL, 0, -1);
}
