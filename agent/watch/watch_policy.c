/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/watch_policy.h"

#include "agent/clock.h"
#include "agent/watch/prefilter.h"
#include "rules/cutoff_text.h"
#include "rules/policy_parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void
learn_taps(struct watch_policy *p, const struct tap_set *taps)
{
	size_t n = taps != NULL ? tap_set_count(taps) : 0;

	for (size_t i = 0; i < LIMIT_SEGMENTS; i++)
		p->segment_of_tap[i] = SEGMENT_NONE;
	for (size_t i = 0; i < n && i < LIMIT_SEGMENTS; i++) {
		int segment = checked_segment_by_interface(p->checked,
		    tap_set_interface(taps, i));

		if (segment >= 0)
			p->segment_of_tap[i] = (uint16_t)segment;
	}
}

struct watch_policy *
watch_policy_of(struct checked *checked, const struct ip_addr *own, size_t n_own,
    struct places *places, const struct tap_set *taps)
{
	struct watch_policy *p = calloc(1, sizeof(*p));
	int error = -ENOMEM;

	if (p == NULL) {
		checked_free(checked);
		errno = ENOMEM;
		return NULL;
	}
	p->checked = checked;
	p->classifier = classifier_new(checked);
	p->own = calloc(n_own + 1, sizeof(*p->own));
	if (p->own != NULL && n_own > 0)
		memcpy(p->own, own, n_own * sizeof(*own));
	p->n_own = n_own;
	if (p->classifier != NULL && p->own != NULL)
		error = classifier_set_own(p->classifier, own, n_own);
	if (error == 0)
		error = places_learn(places, checked, p->place);
	if (error != 0) {
		watch_policy_free(p);
		errno = -error;
		return NULL;
	}
	learn_taps(p, taps);
	return p;
}

int
watch_policy_cut(struct watch_policy *p, const struct cut_parts *parts, int64_t since_ns)
{
	struct cutoff_judge *cut = NULL;

	if (!cut_parts_empty(parts)) {
		cut = cutoff_judge_new(parts, p->checked);
		if (cut == NULL)
			return -ENOMEM;
	}
	cutoff_judge_free(p->cut);
	p->cut = cut;
	p->cut_since_ns = since_ns;
	return 0;
}

/* What stands behind the policy; cut off from the first frame on. */
static int
take_cut(struct watch_policy *p, const char *text, size_t length)
{
	struct cut_parts parts;
	int error = cut_parts_parse(text, length, &parts);

	if (error == 0)
		error = watch_policy_cut(p, &parts, 0);
	cut_parts_free(&parts);
	return error;
}

/* The first error, as the one sentence that fits into an answer. */
static void
say_first(struct diag *diag, char *why, size_t why_size)
{
	diag_sort(diag);
	snprintf(why, why_size, "the policy has errors");
	for (size_t i = 0; i < diag_kept(diag); i++) {
		const struct finding *f = diag_at(diag, i);

		if (f->severity != DIAG_ERROR)
			continue;
		snprintf(why, why_size, "%s:%u: %s",
		    f->origin.file != NULL ? f->origin.file : "policy", f->origin.line,
		    f->text[MESSAGE_ENGLISH]);
		return;
	}
}

struct watch_policy *
watch_policy_new(const char *text, size_t length, const struct ip_addr *own, size_t n_own,
    struct places *places, const struct tap_set *taps, char *why, size_t why_size)
{
	struct diag *diag = diag_new();
	struct checked *checked = NULL;
	struct policy *policy;
	struct watch_policy *p = NULL;
	const char *end = length > 0 ? memchr(text, '\0', length) : NULL;
	size_t policy_length = end != NULL ? (size_t)(end - text) : length;
	int error = 0;

	snprintf(why, why_size, "out of memory");
	errno = ENOMEM;
	if (diag == NULL)
		return NULL;
	policy = policy_parse_text(text, policy_length, "policy", diag);
	if (policy != NULL)
		checked = checked_new(policy, (int64_t)time(NULL), diag);
	if (checked == NULL) {
		say_first(diag, why, why_size);
		errno = EINVAL;
	} else {
		p = watch_policy_of(checked, own, n_own, places, taps);
		if (p != NULL && end != NULL)
			error = take_cut(p, end + 1, length - policy_length - 1);
		if (error != 0) {
			watch_policy_free(p);
			p = NULL;
			errno = -error;
		}
		if (p != NULL)
			why[0] = '\0';
		else if (errno == EPROTO || errno == E2BIG)
			snprintf(why, why_size, "the cut-offs cannot be read");
		else if (errno == ENOSPC)
			snprintf(why, why_size,
			    "too many different zones since the start");
	}
	diag_free(diag);
	return p;
}

void
watch_policy_free(struct watch_policy *p)
{
	if (p == NULL)
		return;
	classifier_free(p->classifier);
	cutoff_judge_free(p->cut);
	checked_free(p->checked);
	free(p->own);
	free(p);
}

uint16_t
watch_policy_place(const struct watch_policy *p, uint16_t segment)
{
	if (segment == SEGMENT_SELF)
		return PLACE_SELF;
	return segment < p->checked->n_segments ? p->place[segment] : PLACE_NONE;
}

const char *
watch_policy_permit(const struct watch_policy *p, const struct judgement *j)
{
	if (j->permit == 0 || j->permit > p->checked->n_permits)
		return "";
	return p->checked->permits[j->permit - 1].id;
}

static int
tap_of(const struct watch_policy *p, const struct tap_set *taps, uint16_t segment)
{
	for (size_t i = 0; i < tap_set_count(taps) && i < LIMIT_SEGMENTS; i++)
		if (p->segment_of_tap[i] == segment)
			return (int)i;
	return -1;
}

int
watch_policy_set_filter(const struct watch_policy *p, struct tap_set *taps,
    tap_on_permitted *leaving, void *arg, int64_t *until_ns)
{
	int tap_of_segment[LIMIT_SEGMENTS];
	struct prefilter_source from = {
		.checked = p->checked, .own = p->own, .n_own = p->n_own,
		.tap_of_segment = tap_of_segment, .cut = p->cut,
	};
	/* this one first: what lies between the two makes permits end early, not late */
	int64_t monotonic_ns = clock_ns(CLOCK_MONOTONIC);
	struct prefilter *filter;
	int error;

	*until_ns = INT64_MAX;
	if (tap_set_tier(taps) < TAP_TIER_EBPF)
		return 0;
	for (size_t i = 0; i < LIMIT_SEGMENTS; i++)
		tap_of_segment[i] = tap_of(p, taps, (uint16_t)i);
	prefilter_set_time(&from, clock_ns(CLOCK_REALTIME), monotonic_ns);
	filter = prefilter_new(&from);
	if (filter == NULL) {
		error = -errno;
		tap_set_policy(taps, NULL, leaving, arg);
		return error;
	}
	error = tap_set_policy(taps, prefilter_policy(filter), leaving, arg);
	*until_ns = prefilter_policy(filter)->until_ns;
	prefilter_free(filter);
	return error;
}
