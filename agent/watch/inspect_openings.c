/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers and the openings that explain them. */
#include "agent/watch/inspect_inside.h"

/* How an answer stands; asked[] are the openings that would explain it. */
static enum opening_sight
look_for_opening(struct inspect *i, const struct watch_opening asked[2],
    int64_t clock_ns)
{
	const struct inspect_hooks *h = &i->setup.hooks;
	enum opening_sight sight = OPENING_UNSEEN;

	for (int n = 0; n < 2 && sight != OPENING_SEEN; n++) {
		sight = openings_find(i->openings, &asked[n], clock_ns);
		if (sight != OPENING_SEEN && h->opened != NULL &&
		    h->opened(h->arg, &asked[n])) {
			openings_note(i->openings, &asked[n], clock_ns);
			sight = OPENING_SEEN;
		}
	}
	return sight;
}

enum opening_sight
inspect_opening(struct inspect *i, struct inspected *p, struct judgement *j,
    struct watch_opening asked[2])
{
	int64_t now = inspect_judged_as_of(i, p->frame->time_ns);
	enum opening_sight sight;
	struct judgement unasked;

	asked[0] = watch_opening_answered(p->facts);
	asked[1] = watch_opening_of(p->facts);
	switch (watch_judge_flow(i->policy.classifier, p->facts, p->seen, now, j,
	    &unasked)) {
	case WATCH_FLOW_NONE:
		return OPENING_SEEN;
	case WATCH_FLOW_OPENS:
		openings_note(i->openings, &asked[1], p->frame->clock_ns);
		p->opens = true;
		return OPENING_SEEN;
	case WATCH_FLOW_ANSWERS:
		break;
	}
	sight = look_for_opening(i, asked, p->frame->clock_ns);
	if (sight == OPENING_UNSEEN) {
		p->unasked = true;
		*j = unasked;
	}
	return sight;
}

void
inspect_seed(struct inspect *i, const struct watch_opening *openings, size_t n,
    int64_t time_ns, int64_t clock_ns)
{
	int64_t now = inspect_judged_as_of(i, time_ns);

	for (size_t at = 0; at < n; at++)
		if (watch_opening_permitted(i->policy.classifier, &openings[at], now))
			openings_note(i->openings, &openings[at], clock_ns);
}

void
inspect_clear_sight(struct inspect *i)
{
	openings_clear(i->openings);
}

void
inspect_blind(struct inspect *i, int64_t clock_ns)
{
	openings_blind(i->openings, clock_ns);
}

bool
inspect_crowded(const struct inspect *i, int64_t clock_ns)
{
	return openings_crowded(i->openings, clock_ns);
}
