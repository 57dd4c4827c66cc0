/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/replay.h"

#include "agent/watch/aggregate.h"
#include "agent/watch/decode.h"
#include "agent/watch/watch_judge.h"
#include "agent/watch/watch_policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct replay {
	const struct replay_options *o;
	struct replay_stats *stats;
	const struct checked *checked;
	struct classifier *classifier;
	struct places *places;
	struct aggregate *aggregate;
	struct capture_file *file;
	uint16_t place[LIMIT_SEGMENTS];
	int tap_zone, tap_segment;	/* -1: not given */
	uint16_t tap_default;		/* of what came in with a strange source */
};

static bool
find_tap(struct replay *r, const char *tap)
{
	r->tap_zone = r->tap_segment = -1;
	r->tap_default = SEGMENT_NONE;
	if (tap == NULL)
		return true;
	r->tap_zone = checked_zone_by_name(r->checked, tap);
	if (r->tap_zone < 0)
		r->tap_segment = checked_segment_by_interface(r->checked, tap);
	for (size_t i = r->checked->n_segments; i-- > 0;)
		if ((int)r->checked->segments[i].zone == r->tap_zone ||
		    (int)i == r->tap_segment)
			r->tap_default = (uint16_t)i;
	return r->tap_default != SEGMENT_NONE;
}

/* Does this wire belong to the segment? Without a tap every wire does. */
static bool
on_tap(const struct replay *r, uint16_t segment)
{
	if (segment >= r->checked->n_segments)
		return false;
	if (r->o->tap == NULL)
		return true;
	return (int)segment == r->tap_segment ||
	    (int)r->checked->segments[segment].zone == r->tap_zone;
}

static struct watch_seen
see(const struct replay *r, const struct facts *f)
{
	uint16_t src = classifier_owner(r->classifier, &f->src);
	uint16_t dst = classifier_owner(r->classifier, &f->dst);
	struct watch_seen seen = { WITNESS_TAP_INGRESS, src, SEGMENT_NONE, "" };

	if (f->src.family == IP_NONE) {
		seen.in = r->tap_default;
	} else if (src == SEGMENT_SELF) {
		seen.witness = WITNESS_TAP_EGRESS;
		seen.out = on_tap(r, dst) ? dst : r->tap_default;
	} else if (r->o->tap != NULL && on_tap(r, dst) && !on_tap(r, src)) {
		seen.witness = WITNESS_TAP_EGRESS;
		seen.out = dst;
	} else if (r->o->tap != NULL && !on_tap(r, src)) {
		seen.in = r->tap_default;
	}
	return seen;
}

static uint16_t
place_of(const struct replay *r, uint16_t segment)
{
	if (segment == SEGMENT_SELF)
		return PLACE_SELF;
	return segment < r->checked->n_segments ? r->place[segment] : PLACE_NONE;
}

static const char *
permit_of(const struct replay *r, const struct judgement *j)
{
	return j->permit == 0 ? "" : r->checked->permits[j->permit - 1].id;
}

static void
count(struct replay *r, const struct facts *f, const struct watch_seen *seen,
    const struct judgement *j, int64_t time_ns)
{
	const struct sighting s = {
		.facts = f, .permit = permit_of(r, j), .gate_reason = "",
		.time_ns = time_ns,
		.from = place_of(r, j->in), .to = place_of(r, j->out),
		.witness = seen->witness, .zv = (uint8_t)j->zv,
		.action = (uint8_t)j->action,
	};

	switch (j->verdict) {
	case VERDICT_PERMIT:
		r->stats->permitted++;
		break;
	case VERDICT_LOCAL:
		r->stats->local++;
		break;
	case VERDICT_DENY:
		r->stats->violations++;
		r->stats->leaks += seen->witness == WITNESS_TAP_EGRESS;
		r->stats->by_class[j->zv]++;
		aggregate_add(r->aggregate, &s, time_ns);
		break;
	}
}

static void
replay_packet(struct replay *r, const struct capture_packet *p)
{
	struct facts f;
	struct judgement j;
	struct watch_seen seen;
	int64_t now = r->o->now;

	decode_frame(r->stats->link_type, p->bytes, p->captured, p->length, &f, NULL);
	seen = see(r, &f);
	/* A MAC can be held against a host only where the host itself wrote it. */
	if (seen.witness == WITNESS_TAP_EGRESS || r->o->tap == NULL)
		f.flags &= (uint16_t)~FACT_HAS_MAC;
	if (now == REPLAY_PACKET_TIME)
		now = p->time_ns / 1000000000;
	watch_judge(r->classifier, &f, &seen, now, &j);

	r->stats->packets++;
	r->stats->bytes += f.length;
	r->stats->unreadable[f.unreadable]++;
	count(r, &f, &seen, &j, p->time_ns);
	if (r->o->judged != NULL) {
		const struct replay_judged judged = {
			.number = r->stats->packets + r->stats->passed_over, .time_ns = p->time_ns,
			.captured = p->captured, .facts = &f, .judgement = &j,
			.from = places_at(r->places, place_of(r, j.in))->zone,
			.to = places_at(r->places, place_of(r, j.out))->zone,
			.permit = permit_of(r, &j),
			.outgoing = seen.witness == WITNESS_TAP_EGRESS,
		};

		r->o->judged(r->o->arg, &judged);
	}
}

/* Only the last word on each violation; there is nobody to warn early. */
static int
on_event(void *arg, const struct event *e)
{
	struct replay *r = arg;

	if (e->phase == PHASE_FINAL && r->o->violation != NULL)
		r->o->violation(r->o->arg, e);
	return 0;
}

static int
prepare(struct replay *r, char *why, size_t why_size)
{
	snprintf(why, why_size, "out of memory");
	r->classifier = classifier_new(r->checked);
	r->places = places_new();
	if (r->classifier == NULL || r->places == NULL)
		return -ENOMEM;
	r->aggregate = aggregate_new(r->places, AGGREGATE_ENTRIES, on_event, r);
	if (r->aggregate == NULL)
		return -ENOMEM;
	aggregate_set_digest(r->aggregate, r->checked->digest);
	if (places_learn(r->places, r->checked, r->place) != 0)
		return -ENOSPC;
	if (!find_tap(r, r->o->tap)) {
		snprintf(why, why_size, "%s: no zone and no interface of the policy",
		    r->o->tap);
		return -ENOENT;
	}
	r->file = capture_file_open(r->o->capture, r->o->reader, why, why_size);
	if (r->file == NULL)
		return -errno;
	r->stats->reader = capture_file_reader(r->file);
	r->stats->link_type = capture_file_link_type(r->file);
	return 0;
}

/* Of the packet that comes now: the first of every o->sample. */
static bool
in_sample(const struct replay *r)
{
	uint64_t before = r->stats->packets + r->stats->passed_over;

	return r->o->sample < 2 || before % r->o->sample == 0;
}

static int
read_all(struct replay *r)
{
	struct capture_packet p;
	int status;

	while ((status = capture_file_next(r->file, &p)) > 0)
		if (in_sample(r))
			replay_packet(r, &p);
		else
			r->stats->passed_over++;
	r->stats->cut = status == -ENODATA;
	if (status < 0)
		snprintf(r->stats->damage, sizeof(r->stats->damage), "%s",
		    capture_file_error(r->file));
	aggregate_finish(r->aggregate);
	if (r->stats->violations > 0)
		return 3;
	return status < 0 && !r->stats->cut ? 1 : 0;
}

int
replay_run(const struct checked *checked, const struct replay_options *o,
    struct replay_stats *stats, char *why, size_t why_size)
{
	struct replay r = { .o = o, .stats = stats, .checked = checked };
	int result;

	memset(stats, 0, sizeof(*stats));
	result = prepare(&r, why, why_size);
	if (result == 0)
		result = read_all(&r);
	capture_file_close(r.file);
	aggregate_free(r.aggregate);
	places_free(r.places);
	classifier_free(r.classifier);
	return result;
}
