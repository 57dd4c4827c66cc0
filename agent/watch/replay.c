/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/replay.h"

#include "agent/watch/aggregate.h"
#include "agent/watch/flow_table.h"
#include "agent/watch/inspect.h"
#include "agent/watch/openings.h"

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
	struct inspect *inspect;
	struct capture_file *file;
	struct inspect_frame frames[INSPECT_BATCH];
	uint64_t number;		/* of packets judged before the one at hand */
	uint64_t read;			/* packets, while only a sample is judged */
	int64_t swept_ns;
	uint64_t permitted[PLACE_ZONES_MAX][PLACE_ZONES_MAX];
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

/* What a file does not say is taken from addresses. */
static void
place(void *arg, const struct inspect_frame *frame, struct facts *f,
    struct watch_seen *seen)
{
	const struct replay *r = arg;
	uint16_t src = classifier_owner(r->classifier, &f->src);
	uint16_t dst = classifier_owner(r->classifier, &f->dst);

	(void)frame;
	*seen = (struct watch_seen){ WITNESS_TAP_INGRESS, src, SEGMENT_NONE, "",
	    WATCH_TAG_UNKNOWN };
	if (f->src.family == IP_NONE) {
		seen->in = r->tap_default;
	} else if (src == SEGMENT_SELF) {
		seen->witness = WITNESS_TAP_EGRESS;
		seen->out = on_tap(r, dst) ? dst : r->tap_default;
	} else if (r->o->tap != NULL && on_tap(r, dst) && !on_tap(r, src)) {
		seen->witness = WITNESS_TAP_EGRESS;
		seen->out = dst;
	} else if (r->o->tap != NULL && !on_tap(r, src)) {
		seen->in = r->tap_default;
	}
	/* A MAC can be held against a host only where the host itself wrote it. */
	if (seen->witness == WITNESS_TAP_EGRESS || r->o->tap == NULL)
		f->flags &= (uint16_t)~FACT_HAS_MAC;
}

static const char *
zone_of(const struct replay *r, uint16_t segment)
{
	uint16_t place_number = segment == SEGMENT_SELF ? PLACE_SELF :
	    segment < r->checked->n_segments ? r->place[segment] : PLACE_NONE;

	return places_at(r->places, place_number)->zone;
}

static void
judged(void *arg, const struct inspected *p)
{
	struct replay *r = arg;
	const struct judgement *j = p->judgement;
	const struct replay_judged out = {
		.number = r->number++ * (r->o->sample > 1 ? r->o->sample : 1) + 1,
		.time_ns = p->frame->time_ns,
		.captured = p->frame->captured, .facts = p->facts, .judgement = j,
		.from = zone_of(r, j->in), .to = zone_of(r, j->out),
		.permit = j->permit == 0 ? "" : r->checked->permits[j->permit - 1].id,
		.outgoing = p->seen->witness == WITNESS_TAP_EGRESS,
	};

	r->o->judged(r->o->arg, &out);
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
prepare_path(struct replay *r)
{
	const struct inspect_setup setup = {
		.places = r->places, .aggregate = r->aggregate, .permitted = r->permitted,
		.flow_entries = r->o->no_flow_table ? 0 : FLOW_ENTRIES_LIVE,
		.flow_entries_most = FLOW_ENTRIES_MAX, .openings_most = OPENINGS_MAX,
		.now = r->o->now == REPLAY_PACKET_TIME ? INSPECT_PACKET_TIME : r->o->now,
		.hooks = { .arg = r, .place = place,
		    .judged = r->o->judged != NULL ? judged : NULL },
	};
	const struct inspect_policy policy = { .checked = r->checked,
	    .classifier = r->classifier, .place = r->place };

	r->inspect = inspect_new(&setup);
	return r->inspect == NULL ? -ENOMEM : inspect_set_policy(r->inspect, &policy);
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
	return prepare_path(r);
}

/* Detectors count in seconds of the capture; of one that jumps back too. */
static inline bool
sweep_is_due(int64_t swept_ns, int64_t time_ns)
{
	return time_ns < swept_ns || time_ns - swept_ns >= 1000000000;
}

static void
sweep(struct replay *r, int64_t time_ns)
{
	uint64_t read, size;

	r->swept_ns = time_ns;
	inspect_sweep(r->inspect, time_ns, time_ns);
	if (r->o->progress == NULL)
		return;
	capture_file_progress(r->file, &read, &size);
	r->o->progress(r->o->arg, inspect_ledger(r->inspect)->frames, read, size);
}

/* Of the packet that comes now: the first of every o->sample. */
static bool
in_sample(struct replay *r)
{
	if (r->read++ % r->o->sample == 0)
		return true;
	r->stats->passed_over++;
	return false;
}

/* A sweep stands at the same packet whichever reader brought how many at once. */
static void
inspect_batch(struct replay *r, const struct capture_packet *packets, size_t n)
{
	struct inspect_frame *frames = r->frames;
	const bool all = r->o->sample < 2;
	int64_t swept_ns = r->swept_ns;
	size_t done = 0, kept = 0;

	for (size_t i = 0; i < n; i++) {
		const struct capture_packet *p = &packets[i];
		struct inspect_frame *frame = &frames[kept];

		if (!all && !in_sample(r))
			continue;
		frame->bytes = p->bytes;
		frame->captured = p->captured;
		frame->length = p->length;
		frame->time_ns = frame->clock_ns = p->time_ns;
		if (sweep_is_due(swept_ns, p->time_ns)) {
			inspect_frames(r->inspect, &frames[done], kept - done);
			done = kept;
			sweep(r, p->time_ns);
			swept_ns = r->swept_ns;
		}
		kept++;
	}
	inspect_frames(r->inspect, &frames[done], kept - done);
}

static int
read_packets(struct replay *r)
{
	struct capture_packet packets[INSPECT_BATCH];
	int n;

	for (unsigned int i = 0; i < INSPECT_BATCH; i++)
		r->frames[i].link_type = r->stats->link_type;

	while ((n = capture_file_batch(r->file, packets, (int)INSPECT_BATCH)) > 0)
		inspect_batch(r, packets, (size_t)n);
	return n;
}

static void
take_stats(const struct replay *r)
{
	const struct inspect_ledger *l = inspect_ledger(r->inspect);
	struct replay_stats *s = r->stats;

	s->packets = l->frames;
	s->bytes = l->bytes;
	s->permitted = l->permitted;
	s->local = l->local;
	s->assumed = l->assumed;
	s->violations = l->violations;
	s->leaks = l->leaks;
	s->by_table = l->by_table;
	s->inner = l->inner;
	s->inner_violations = l->inner_violations;
	s->detections = l->detections;
	memcpy(s->by_class, l->by_class, sizeof(s->by_class));
	memcpy(s->unreadable, l->unreadable, sizeof(s->unreadable));
}

static int
read_all(struct replay *r)
{
	int status = read_packets(r);
	const struct replay_stats *s = r->stats;

	inspect_finish(r->inspect);
	take_stats(r);
	r->stats->cut = status == -ENODATA;
	if (status < 0)
		snprintf(r->stats->damage, sizeof(r->stats->damage), "%s",
		    capture_file_error(r->file));
	aggregate_finish(r->aggregate);
	if (s->violations + s->inner_violations + s->detections > 0)
		return 3;
	return status < 0 && !s->cut ? 1 : 0;
}

int
replay_run(const struct checked *checked, const struct replay_options *o,
    struct replay_stats *stats, char *why, size_t why_size)
{
	struct replay *r = calloc(1, sizeof(*r));
	int result;

	memset(stats, 0, sizeof(*stats));
	if (r == NULL) {
		snprintf(why, why_size, "out of memory");
		return -ENOMEM;
	}
	r->o = o;
	r->stats = stats;
	r->checked = checked;
	result = prepare(r, why, why_size);
	if (result == 0)
		result = read_all(r);
	capture_file_close(r->file);
	inspect_free(r->inspect);
	aggregate_free(r->aggregate);
	places_free(r->places);
	classifier_free(r->classifier);
	free(r);
	return result;
}
