/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/classifier_flow.h"

#include "rules/classifier_index.h"
#include "rules/ruleset.h"

#include <stdlib.h>

struct flow_judge {
	const struct checked *checked;
	struct permit_index *index;
};

struct flow_judge *
flow_judge_new(const struct checked *checked)
{
	struct flow_judge *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->checked = checked;
	j->index = permit_index_new(checked);
	if (j->index == NULL) {
		free(j);
		return NULL;
	}
	return j;
}

void
flow_judge_free(struct flow_judge *j)
{
	if (j == NULL)
		return;
	permit_index_free(j->index);
	free(j);
}

/* Protocols that conntrack keeps ports of, or type and code in their place. */
static bool
has_ports(uint8_t protocol)
{
	static const uint8_t those[] = { 1, 6, 17, 58, 132 };

	for (size_t i = 0; i < sizeof(those); i++)
		if (those[i] == protocol)
			return true;
	return false;
}

uint32_t
flow_judge_mark(const struct flow_judge *j, const struct flow_opening *f, int64_t now)
{
	struct index_query q = { .src = f->src, .dst = f->dst, .sport = f->sport,
		.dport = f->dport, .protocol = f->protocol,
		.has_ports = has_ports(f->protocol) };
	struct index_answer a = { 0 };
	const struct checked *c = j->checked;

	q.in = f->with_self && f->from_self ? SEGMENT_SELF : checked_owner(c, &f->src);
	q.out = f->with_self && !f->from_self ? SEGMENT_SELF : checked_owner(c, &f->dst);
	if (q.in == SEGMENT_NONE || q.out == SEGMENT_NONE || q.in == q.out)
		return 0;
	permit_index_find(j->index, &q, INDEX_SERVICE, now, &a);
	if (a.permit == 0)
		return 0;
	return checked_pair_number(c, q.in, q.out) << MARK_PAIR_SHIFT
	    | c->permits[a.permit - 1].number;
}
