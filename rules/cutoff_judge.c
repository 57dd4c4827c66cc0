/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/cutoff_judge.h"

#include <errno.h>
#include <stdlib.h>

struct cutoff_judge {
	struct cut_parts parts;
	size_t n;			/* segments */
	bool *links;			/* by segment */
	bool *pairs;			/* in * n + out */
};

static void
index_names(struct cutoff_judge *j, const struct checked *checked)
{
	for (size_t i = 0; i < j->parts.n_links; i++) {
		int s = checked_segment_by_interface(checked, j->parts.links[i].name);

		if (s >= 0)
			j->links[s] = true;
	}
	for (size_t i = 0; i < j->parts.n_pairs; i++) {
		const struct cut_pair *p = &j->parts.pairs[i];
		int in = checked_segment_by_interface(checked, p->in.name);
		int out = checked_segment_by_interface(checked, p->out.name);

		if (in >= 0 && out >= 0)
			j->pairs[(size_t)in * j->n + (size_t)out] = true;
	}
}

struct cutoff_judge *
cutoff_judge_new(const struct cut_parts *parts, const struct checked *checked)
{
	struct cutoff_judge *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->n = checked->n_segments;
	j->links = calloc(j->n + 1, sizeof(*j->links));
	j->pairs = calloc(j->n * j->n + 1, sizeof(*j->pairs));
	if (j->links == NULL || j->pairs == NULL || cut_parts_add(&j->parts, parts) != 0) {
		cutoff_judge_free(j);
		errno = ENOMEM;
		return NULL;
	}
	index_names(j, checked);
	return j;
}

void
cutoff_judge_free(struct cutoff_judge *j)
{
	if (j == NULL)
		return;
	cut_parts_free(&j->parts);
	free(j->links);
	free(j->pairs);
	free(j);
}

static bool
holds_address(const struct cutoff_judge *j, const struct ip_addr *a)
{
	return cut_ranges_hold(j->parts.ranges, j->parts.n_ranges, a);
}

bool
cutoff_judge_holds_pair(const struct cutoff_judge *j, uint16_t in, uint16_t out)
{
	if (j == NULL)
		return false;
	if (j->parts.all && in != SEGMENT_SELF && out != SEGMENT_SELF)
		return true;
	if ((in < j->n && j->links[in]) || (out < j->n && j->links[out]))
		return true;
	return in < j->n && out < j->n && j->pairs[in * j->n + out];
}

bool
cutoff_judge_holds(const struct cutoff_judge *j, uint16_t in, uint16_t out,
    const struct ip_addr *src, const struct ip_addr *dst)
{
	if (j == NULL)
		return false;
	return cutoff_judge_holds_pair(j, in, out) ||
	    (in != SEGMENT_SELF && holds_address(j, src)) ||
	    (out != SEGMENT_SELF && holds_address(j, dst));
}

const struct cut_parts *
cutoff_judge_parts(const struct cutoff_judge *j)
{
	return &j->parts;
}
