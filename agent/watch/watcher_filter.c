/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy in the kernel's filter, and what was proven there, in our matrix. */
#include "agent/watch/watcher_state.h"

/* A clock that was set by less moves no permit's day that anybody would notice. */
#define STEP_NS 1000000000ll

/* Of the policy that counted it; w->policy until the next one has taken over. */
static void
add_permitted(void *arg, const struct tap_permitted *p)
{
	struct watcher *w = arg;
	const struct watch_policy *policy = w->policy;
	uint16_t in, out, from, to;

	if (policy == NULL || p->in < 0 || p->in >= (int)LIMIT_SEGMENTS || p->out < 0 ||
	    p->out >= (int)LIMIT_SEGMENTS)
		return;
	in = policy->segment_of_tap[p->in];
	out = policy->segment_of_tap[p->out];
	from = places_at(w->places, watch_policy_place(policy, in))->zone_number;
	to = places_at(w->places, watch_policy_place(policy, out))->zone_number;
	w->permitted[from][to] += p->packets;
	inspect_permit_bytes(w->inspect,
	    &(struct inspect_bytes){ p->permit, in, out, p->bytes }, watcher_wall(),
	    w->now_ns);
}

int
watcher_filter_set(struct watcher *w, const struct watch_policy *next)
{
	w->filter_offset_ns = watcher_wall() - watcher_clock();
	return watch_policy_set_filter(next, w->setup->taps, add_permitted, w,
	    &w->filter_until_ns);
}

void
watcher_filter_count(struct watcher *w)
{
	tap_set_permitted(w->setup->taps, add_permitted, w);
}

/* Validity that begins or ends by the calendar, and a calendar that was set. */
static bool
is_due(const struct watcher *w)
{
	int64_t step = watcher_wall() - watcher_clock() - w->filter_offset_ns;

	if (w->filter_until_ns == INT64_MAX)
		return false;
	return watcher_clock() >= w->filter_until_ns || step > STEP_NS || step < -STEP_NS;
}

void
watcher_filter_sweep(struct watcher *w)
{
	watcher_filter_count(w);
	if (is_due(w))
		(void)watcher_filter_set(w, w->policy);
}
