/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/ledger.h"

#include <inttypes.h>
#include <stdio.h>

const char *
ledger_layer_name(enum ledger_layer layer)
{
	switch (layer) {
	case LEDGER_FILTER:
		return "filter";
	case LEDGER_RING:
		return "ring";
	case LEDGER_DECODE:
		return "decode";
	case LEDGER_JUDGE:
		return "judge";
	case LEDGER_TUNNELS:
		return "tunnels";
	case LEDGER_AGGREGATE:
		return "aggregate";
	case LEDGER_TOTALS:
		return "totals";
	case LEDGER_RECORD:
		return "record";
	case LEDGER_PACKETS:
		return "packets";
	case LEDGER_LAYERS:
		break;
	}
	return "?";
}

static uint64_t
sum(const struct ledger_judged *j)
{
	return j->permitted + j->local + j->excused + j->violations;
}

/* What one sample says of both sides of one identity. */
struct sides {
	uint64_t in, out;
};

static struct sides
sides_of(const struct ledger_sample *s, enum ledger_layer layer)
{
	switch (layer) {
	case LEDGER_FILTER:
		return (struct sides){ s->seen, s->proven + s->received };
	case LEDGER_RING:
		return (struct sides){ s->received, s->dropped + s->delivered + s->left };
	case LEDGER_DECODE:
		return (struct sides){ s->delivered, s->frames + s->canaries };
	case LEDGER_JUDGE:
		return (struct sides){ s->frames + s->gate, sum(&s->judged) + s->held };
	case LEDGER_TUNNELS:
		return (struct sides){ s->inner, sum(&s->inside) + s->unrecorded };
	case LEDGER_AGGREGATE:
		return (struct sides){ s->judged.violations + s->inside.violations +
		    s->detections, s->added };
	case LEDGER_TOTALS:
		return (struct sides){ s->counted, s->told + s->untold };
	case LEDGER_RECORD:
		return (struct sides){ s->offered, s->sent + s->refused };
	case LEDGER_PACKETS:
		return (struct sides){ s->packets_wanted, s->packets_sent +
		    s->packets_limited + s->packets_refused };
	case LEDGER_LAYERS:
		break;
	}
	return (struct sides){ 0, 0 };
}

static bool
is_of_the_kernel(enum ledger_layer layer)
{
	return layer == LEDGER_FILTER || layer == LEDGER_RING;
}

/*
 * A side of these only grows, so at every moment between the samples it lay
 * between its two values. Too much came in when even the least of it is more than
 * the most that can have come out, and the other way round.
 */
static bool
is_broken_between(const struct ledger_sample *earlier, const struct ledger_sample *later,
    struct ledger_fault *f)
{
	struct sides a = sides_of(earlier, f->layer), b = sides_of(later, f->layer);

	f->in = b.in;
	f->out = a.out;
	if (b.in < a.out)
		return true;
	f->in = a.in;
	f->out = b.out;
	/* what came into a ring may wait there */
	return f->layer != LEDGER_RING && a.in > b.out;
}

static bool
is_broken(const struct ledger_sample *s, struct ledger_fault *f)
{
	struct sides now = sides_of(s, f->layer);

	f->in = now.in;
	f->out = now.out;
	if (now.in == now.out && f->layer == LEDGER_AGGREGATE) {
		f->in = s->added;
		f->out = s->open + s->closed;
	}
	return f->in != f->out;
}

size_t
ledger_check(const struct ledger_sample *earlier, const struct ledger_sample *later,
    struct ledger_fault faults[LEDGER_LAYERS])
{
	size_t n = 0;

	for (enum ledger_layer layer = 0; layer < LEDGER_LAYERS; layer++) {
		struct ledger_fault *f = &faults[n];

		f->layer = layer;
		n += is_of_the_kernel(layer) ? is_broken_between(earlier, later, f) :
		    is_broken(later, f);
	}
	return n;
}

bool
ledger_is_stuck(const struct ledger_sample *then, const struct ledger_sample *now,
    struct ledger_fault *f)
{
	struct sides before = sides_of(then, LEDGER_RING), ring = sides_of(now, LEDGER_RING);

	*f = (struct ledger_fault){ LEDGER_RING, ring.in, ring.out };
	return ring.in > ring.out && before.in == ring.in && before.out == ring.out;
}

uint64_t
ledger_waiting(const struct ledger_sample *s)
{
	struct sides ring = sides_of(s, LEDGER_RING);

	return ring.in > ring.out ? ring.in - ring.out : 0;
}

void
ledger_write_fault(const struct ledger_fault *f, char *out, size_t size)
{
	snprintf(out, size, "%s: %" PRIu64 " in, %" PRIu64 " out",
	    ledger_layer_name(f->layer), f->in, f->out);
}
