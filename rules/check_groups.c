/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups: members less exceptions, resolved to address ranges. Groups inside
 * groups are resolved first, by a walk with its own stack: depth is a finding,
 * not a matter of the C stack.
 */
#include "rules/check_internal.h"

#include "rules/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A group being looked at, and how far its words were followed. */
struct visit {
	uint32_t group;
	size_t word;
};

static const char *
group_name(const struct check *ck, size_t i)
{
	const char *name = ck->policy->groups[i].name;

	return name != NULL ? name : "?";
}

static size_t
count_words(const struct policy_group *g)
{
	return g->members.count + g->except.count;
}

/* The k-th word of members and except together. */
static const struct policy_word *
word_of(const struct policy_group *g, size_t k)
{
	if (k < g->members.count)
		return &g->members.items[k];
	return &g->except.items[k - g->members.count];
}

int
check_add_named(struct check *ck, const struct name_ref *ref, struct range_set *out,
    bool *broken)
{
	const struct checked_host *h;

	switch (ref->kind) {
	case NAME_ZONE:
		*broken |= ck->zone_broken[ref->index];
		return range_set_add_set(out, &ck->zone_sets[ref->index]);
	case NAME_HOST:
		*broken |= ck->host_broken[ref->index];
		h = &ck->c->hosts[ref->index];
		for (size_t i = 0; i < h->n_ranges; i++)
			if (check_cut(ck, &h->ranges[i], out) != 0)
				return -ENOMEM;
		return 0;
	case NAME_GROUP:
		*broken |= ck->groups[ref->index].broken;
		return range_set_add_set(out, &ck->groups[ref->index].set);
	case NAME_NONE:
	case NAME_SERVICE:
	case NAME_PERMIT:
		break;
	}
	return 0;
}

/* What a word of a group stands for; NULL, reported, when it is nothing usable. */
static const struct name_ref *
resolve(struct check *ck, size_t group, const struct policy_word *word)
{
	const struct name_ref *ref;

	if (strcmp(word->text, "self") == 0) {
		check_error(
		    ck, word->origin, MSG_CHECK_GROUP_SELF, group_name(ck, group));
		return NULL;
	}
	ref = names_find(&ck->names, word->text);
	if (ref == NULL)
		check_error(ck, word->origin, MSG_CHECK_GROUP_MEMBER_UNKNOWN,
		    group_name(ck, group), word->text);
	return ref;
}

/* What is wrong with the word was reported when it was followed. */
static int
add_word(struct check *ck, const struct policy_word *word, struct range_set *out,
    bool *broken)
{
	const struct name_ref *ref = names_find(&ck->names, word->text);

	return ref != NULL ? check_add_named(ck, ref, out, broken) : 0;
}

static int
add_words(struct check *ck, const struct policy_words *words, struct range_set *out,
    bool *broken)
{
	for (size_t i = 0; i < words->count; i++)
		if (add_word(ck, &words->items[i], out, broken) != 0)
			return -ENOMEM;
	range_set_normalise(out);
	return 0;
}

/* Exceptions that hold nothing of the members are somebody's mistake. */
static int
report_idle_exceptions(struct check *ck, size_t i, const struct range_set *members)
{
	const struct policy_group *g = &ck->policy->groups[i];

	for (size_t k = 0; k < g->except.count; k++) {
		const struct policy_word *word = &g->except.items[k];
		struct range_set except = { 0 }, common = { 0 };
		bool broken = false;
		int ret = add_word(ck, word, &except, &broken);

		for (size_t j = 0; ret == 0 && common.count == 0 && j < except.count; j++)
			ret = range_set_cut(members, &except.items[j].range, &common);
		if (ret == 0 && !broken && common.count == 0)
			check_warning(ck, word->origin, MSG_CHECK_GROUP_EXCEPT_IDLE,
			    group_name(ck, i), word->text);
		range_set_free(&except);
		range_set_free(&common);
		if (ret != 0)
			return ret;
	}
	return 0;
}

static int
take_away(struct check *ck, size_t i, struct range_set *members)
{
	const struct policy_group *g = &ck->policy->groups[i];
	struct group_state *state = &ck->groups[i];
	struct range_set except = { 0 };
	bool had_members = members->count > 0;
	int ret = add_words(ck, &g->except, &except, &state->broken);

	if (ret == 0)
		ret = range_set_subtract(members, &except, &state->set);
	if (ret == 0 && !state->broken)
		ret = report_idle_exceptions(ck, i, members);
	if (ret == 0 && !state->broken && had_members && state->set.count == 0) {
		check_error(ck, g->origin, MSG_CHECK_GROUP_LEFT_EMPTY, group_name(ck, i));
		state->broken = true;
	}
	range_set_free(&except);
	return ret;
}

/* All groups inside are done. */
static int
finish(struct check *ck, size_t i)
{
	const struct policy_group *g = &ck->policy->groups[i];
	struct group_state *state = &ck->groups[i];
	struct range_set members = { 0 };
	int ret;

	state->done = true;
	if (g->members.count == 0) {
		if (!check_was_told(ck, g->origin))
			check_error(
			    ck, g->origin, MSG_CHECK_GROUP_EMPTY, group_name(ck, i));
		state->broken = true;
	}
	if (state->depth > LIMIT_GROUP_DEPTH && !state->broken) {
		check_error(ck, g->origin, MSG_CHECK_GROUP_DEEP, group_name(ck, i),
		    LIMIT_GROUP_DEPTH);
		state->broken = true;
	}
	if (state->broken || ck->n_group_ranges > LIMIT_GROUP_RANGES)
		return 0;

	ret = add_words(ck, &g->members, &members, &state->broken);
	if (ret == 0)
		ret = take_away(ck, i, &members);
	range_set_free(&members);
	ck->n_group_ranges += state->set.count;
	if (ck->n_group_ranges > LIMIT_GROUP_RANGES) {
		check_error(ck, g->origin, MSG_CHECK_LIMIT_GROUP_RANGES,
		    group_name(ck, i), LIMIT_GROUP_RANGES);
		state->broken = true;
	}
	return ret;
}

/* A group met inside another: go down, or note its depth. True: go down. */
static bool
meet(struct check *ck, uint32_t outer, uint32_t inner, const struct policy_word *word)
{
	struct group_state *out = &ck->groups[outer], *in = &ck->groups[inner];

	if (!in->done && in->depth == 0)
		return true;
	if (!in->done) {
		check_error(ck, word->origin, MSG_CHECK_GROUP_CYCLE,
		    group_name(ck, inner), group_name(ck, outer));
		out->broken = true;
		return false;
	}
	out->broken |= in->broken;
	if (out->depth <= in->depth)
		out->depth = in->depth + 1;
	return false;
}

/* One step of the walk: follow the next word of the top group, or finish it. */
static int
step(struct check *ck, struct visit *stack, size_t *depth)
{
	struct visit *top = &stack[*depth - 1];
	const struct policy_group *g = &ck->policy->groups[top->group];
	const struct policy_word *word;
	const struct name_ref *ref;

	if (top->word == count_words(g)) {
		(*depth)--;
		return finish(ck, top->group);
	}
	word = word_of(g, top->word);
	ref = resolve(ck, top->group, word);
	if (ref == NULL)
		ck->groups[top->group].broken = true;
	if (ref != NULL && ref->kind == NAME_GROUP &&
	    meet(ck, top->group, ref->index, word)) {
		/* The same word is met again, done, after the group inside. */
		ck->groups[ref->index].depth = 1;
		stack[(*depth)++] = (struct visit){ ref->index, 0 };
		return 0;
	}
	top->word++;
	return 0;
}

int
check_groups(struct check *ck)
{
	size_t n = ck->policy->n_groups;
	struct visit *stack = calloc(n + 1, sizeof(stack[0]));
	int ret = 0;

	ck->groups = calloc(n + 1, sizeof(ck->groups[0]));
	if (stack == NULL || ck->groups == NULL)
		ret = -ENOMEM;
	for (size_t i = 0; ret == 0 && i < n; i++) {
		size_t depth = 1;

		if (ck->groups[i].done)
			continue;
		ck->groups[i].depth = 1;
		stack[0] = (struct visit){ (uint32_t)i, 0 };
		while (ret == 0 && depth > 0)
			ret = step(ck, stack, &depth);
	}
	free(stack);
	return ret;
}
