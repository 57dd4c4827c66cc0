/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Object by object, or all of them behind a large change. Where a change touched few
 * elements of a large set, the kernel is asked for those keys alone.
 */
#include "kernel-helpers/nft_verify_set.h"

#include "rules/ruleset_compare.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* Above these the whole set is the shorter way. */
#define MAX_ASKED	4096u
#define MAX_ABSENT	256u
/* Objects asked for one by one; a dump of all of them costs as much as some 100. */
#define MAX_NAMED	192u

static int
ask_and_read(struct verify *v, uint8_t type,
    int (*read)(const struct nft_replies *r, struct nft_dump *d))
{
	struct nft_replies r;
	int error = verify_ask(v, type, true, NULL, &r);

	if (error == 0)
		error = read(&r, &v->dump);
	nft_replies_free(&r);
	return error;
}

/* Sets by name and type, chains with all their rules. Both sides are sorted. */
static int
check_objects(struct verify *v)
{
	struct ruleset *have = v->dump.ruleset;
	const struct ruleset *want = v->target;
	int error = ask_and_read(v, NFT_MSG_GETSET, nft_dump_sets);

	if (error == 0)
		error = ask_and_read(v, NFT_MSG_GETCHAIN, nft_dump_chains);
	if (error == 0)
		error = ask_and_read(v, NFT_MSG_GETRULE, nft_dump_rules);
	if (error != 0)
		return error;
	ruleset_sort(have);
	if (have->n_sets != want->n_sets || have->n_chains != want->n_chains)
		return -EBADE;
	for (size_t i = 0; i < want->n_sets; i++)
		if (!object_name_equal(&want->sets[i].name, &have->sets[i].name) ||
		    !set_type_equal(&want->sets[i], &have->sets[i]))
			return -EBADE;
	for (size_t i = 0; i < want->n_chains; i++)
		if (!object_name_equal(&want->chains[i].name, &have->chains[i].name) ||
		    !chain_type_equal(&want->chains[i], &have->chains[i]) ||
		    !chain_rules_equal(&want->chains[i], &have->chains[i]))
			return -EBADE;
	return 0;
}

/* The change names them in the order of the sorted target. */
static bool
same_elements(const struct change *c, const struct ruleset_set *have)
{
	if (have->n_elements != c->n_elements)
		return false;
	for (size_t i = 0; i < c->n_elements; i++)
		if (element_key_compare(c->set, c->elements[i], have, i) != 0 ||
		    !element_value_equal(&c->set->elements[c->elements[i]],
		    &have->elements[i]))
			return false;
	return true;
}

static int
check_present(struct verify *v, const struct change *c)
{
	struct ruleset *have = verify_copy_type(c->set);
	int error;

	if (have == NULL)
		return -ENOMEM;
	error = verify_keys(v, c, &have->sets[0]);
	ruleset_sort(have);
	if (error == -ENOENT || (error == 0 && !same_elements(c, &have->sets[0])))
		error = -EBADE;
	ruleset_free(have);
	return error;
}

/* A key that went may have come back with another value: binary search. */
static bool
has_key(const struct ruleset_set *s, const struct ruleset_set *other, size_t i)
{
	size_t low = 0, high = s->n_elements;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = element_key_compare(s, middle, other, i);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* Taken out, and in again under another mark until the sweep. */
static bool
passes(const struct verify *v, const struct ruleset_set *set, size_t i)
{
	for (size_t k = 0; v->unswept != NULL && k < v->unswept->n_passing; k++) {
		const struct ruleset_set *s = &v->unswept->passing[k]->sets[0];

		if (object_name_equal(&s->name, &set->name) && has_key(s, set, i))
			return true;
	}
	return false;
}

static int
check_absent(struct verify *v, const struct change *c, const struct ruleset_set *want)
{
	struct ruleset *have = verify_copy_type(c->set);
	int error = have == NULL ? -ENOMEM : 0;

	for (size_t i = 0; error == 0 && i < c->n_elements; i++) {
		struct change one = *c;

		if (has_key(want, c->set, c->elements[i]) ||
		    passes(v, c->set, c->elements[i]))
			continue;
		one.elements = &c->elements[i];
		one.n_elements = 1;
		error = verify_keys(v, &one, &have->sets[0]);
		error = error == -ENOENT ? 0 : error == 0 ? -EBADE : error;
	}
	ruleset_free(have);
	return error;
}

static int
check_elements(struct verify *v, const struct change *c)
{
	const struct ruleset_set *want = ruleset_find_set(v->target, &c->set->name);
	bool add = c->kind == CHANGE_ADD_ELEMENTS;

	/* Gone with its elements, or filled by the packets, or swept away again. */
	if (want == NULL || want->dynamic || (c->passing && add))
		return 0;
	if (c->elements == NULL || want->interval ||
	    c->n_elements > (add ? MAX_ASKED : MAX_ABSENT))
		return verify_whole_set(v, want);
	return add ? check_present(v, c) : check_absent(v, c, want);
}

/* ---- single objects ---------------------------------------------------------- */

typedef int reader(const struct nft_replies *r, struct nft_dump *d);

/* What the kernel has of this name, into a ruleset of its own: *out, the caller's. */
static int
ask_named(struct verify *v, uint8_t type, const struct object_name *name, reader *read,
    struct ruleset **out)
{
	struct nft_dump dump = v->dump;
	char text[LIMIT_OBJECT_NAME + 16];
	struct nft_replies r;
	int error;

	dump.ruleset = *out != NULL ? *out : ruleset_new();
	if (dump.ruleset == NULL)
		return -ENOMEM;
	*out = dump.ruleset;
	error = verify_ask(v, type, type == NFT_MSG_GETRULE, object_name_text(name, text), &r);
	if (error == 0)
		error = read(&r, &dump);
	nft_replies_free(&r);
	return error;
}

static int
check_gone(struct verify *v, uint8_t type, const struct object_name *name, reader *read)
{
	struct ruleset *have = NULL;
	int error = ask_named(v, type, name, read, &have);

	ruleset_free(have);
	return error == -ENOENT ? 0 : error == 0 ? -EBADE : error;
}

static int
check_set(struct verify *v, const struct ruleset_set *want)
{
	struct ruleset *have = NULL;
	int error = ask_named(v, NFT_MSG_GETSET, &want->name, nft_dump_sets, &have);

	if (error == -ENOENT || (error == 0 && (have->n_sets != 1 ||
	    !set_type_equal(want, &have->sets[0]))))
		error = -EBADE;
	ruleset_free(have);
	return error;
}

static int
check_chain(struct verify *v, const struct ruleset_chain *want)
{
	struct ruleset *have = NULL;
	int error = ask_named(v, NFT_MSG_GETCHAIN, &want->name, nft_dump_chains, &have);

	if (error == 0)
		error = ask_named(v, NFT_MSG_GETRULE, &want->name, nft_dump_rules, &have);
	if (error == -ENOENT || (error == 0 && (have->n_chains != 1 ||
	    !chain_type_equal(want, &have->chains[0]) ||
	    !chain_rules_equal(want, &have->chains[0]))))
		error = -EBADE;
	ruleset_free(have);
	return error;
}

static int
check_counter(struct verify *v, const struct ruleset_counter *want)
{
	struct ruleset *have = NULL;
	int error = ask_named(v, NFT_MSG_GETOBJ, &want->name, nft_dump_counters, &have);

	if (error == -ENOENT || (error == 0 && have->n_counters != 1))
		error = -EBADE;
	ruleset_free(have);
	return error;
}

/* What a change did to an object as a whole: is it there as wanted, or gone? */
static int
check_object(struct verify *v, const struct change *c)
{
	const struct ruleset *t = v->target;
	const struct ruleset_chain *chain;

	switch (c->kind) {
	case CHANGE_ADD_TABLE:		/* all else would be missing */
	case CHANGE_ADD_ELEMENTS:
	case CHANGE_DELETE_ELEMENTS:
		return 0;
	case CHANGE_ADD_COUNTER:
		return check_counter(v, c->counter);
	case CHANGE_DELETE_COUNTER:
		return ruleset_find_counter(t, c->counter->name.base) != NULL ? 0 :
		    check_gone(v, NFT_MSG_GETOBJ, &c->counter->name, nft_dump_counters);
	case CHANGE_ADD_SET:
		return check_set(v, c->set);
	case CHANGE_DELETE_SET:
		return ruleset_find_set(t, &c->set->name) != NULL ? 0 :
		    check_gone(v, NFT_MSG_GETSET, &c->set->name, nft_dump_sets);
	case CHANGE_ADD_CHAIN:
	case CHANGE_ADD_RULES:
	case CHANGE_FLUSH_CHAIN:
		chain = ruleset_find_chain(t, &c->chain->name);
		/* New rules are looked at once, with their chain. */
		return chain == NULL ||
		    (c->kind != CHANGE_ADD_RULES && chain->n_rules > 0) ? 0 :
		    check_chain(v, chain);
	case CHANGE_DELETE_CHAIN:
		return ruleset_find_chain(t, &c->chain->name) != NULL ? 0 :
		    check_gone(v, NFT_MSG_GETCHAIN, &c->chain->name, nft_dump_chains);
	}
	return -EINVAL;
}

static int
check_list(struct verify *v, const struct change_list *list, bool objects)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < list->count; i++) {
		if (list->items[i].kind == CHANGE_ADD_ELEMENTS ||
		    list->items[i].kind == CHANGE_DELETE_ELEMENTS)
			error = check_elements(v, &list->items[i]);
		else if (objects)
			error = check_object(v, &list->items[i]);
	}
	return error;
}

/* A set looked at as a whole must not hold what only the sweep takes out of it. */
bool
nft_verify_is_small(const struct ruleset_change *c)
{
	size_t filled = 0;

	for (size_t i = 0; i < c->flip.count; i++) {
		const struct change *item = &c->flip.items[i];

		if (item->elements != NULL && item->n_elements > MAX_ABSENT)
			return false;
	}
	for (size_t i = 0; i < c->stage.count; i++) {
		size_t n = c->stage.items[i].kind == CHANGE_ADD_ELEMENTS ?
		    c->stage.items[i].set->n_elements : 0;

		filled += n;
		if (n > MAX_ASKED || filled > LIMIT_FLIP_ELEMENTS)
			return false;
	}
	return c->stage.count + c->flip.count + c->sweep.count <= MAX_NAMED;
}

/* What there is of these lists; whole: every object, not only theirs. */
static int
verify(struct verify *v, const struct change_list *const lists[3], bool whole,
    uint32_t generation, struct nft_refusal *refusal)
{
	struct ruleset *objects = ruleset_new();
	uint32_t after;
	int error = objects == NULL ? -ENOMEM : 0;

	v->dump = (struct nft_dump){ .ruleset = objects, .generation = generation,
		.refusal = refusal };
	if (error == 0 && whole)
		error = check_objects(v);
	for (int i = 0; i < 3 && error == 0; i++)
		if (lists[i] != NULL)
			error = check_list(v, lists[i], !whole);
	if (error == 0)
		error = nft_generation(v->channel, &after);
	if (error == 0 && after != generation)
		error = -EAGAIN;
	ruleset_free(objects);
	return error;
}

int
nft_verify_change(struct nft_channel *ch, const struct ruleset_change *c,
    const struct ruleset *target, uint32_t generation, struct nft_refusal *refusal)
{
	return nft_verify_pausing(ch, c, target, generation, NULL, NULL, refusal);
}

int
nft_verify_pausing(struct nft_channel *ch, const struct ruleset_change *c,
    const struct ruleset *target, uint32_t generation, bool (*pause)(void *arg),
    void *pause_arg, struct nft_refusal *refusal)
{
	const struct change_list *const lists[3] = { &c->stage, &c->flip, &c->sweep };
	struct verify v = { .channel = ch, .target = target, .pause = pause,
		.pause_arg = pause_arg };

	return verify(&v, lists, !nft_verify_is_small(c), generation, refusal);
}

int
nft_verify_flip(struct nft_channel *ch, const struct ruleset_change *c,
    const struct ruleset *target, uint32_t generation, struct nft_refusal *refusal)
{
	const struct change_list *const lists[3] = { &c->stage, &c->flip };
	struct verify v = { .channel = ch, .target = target, .unswept = c };

	return verify(&v, lists, false, generation, refusal);
}

int
nft_verify_sweep(struct nft_channel *ch, const struct ruleset_change *c,
    const struct ruleset *target, uint32_t generation, struct nft_refusal *refusal)
{
	const struct change_list *const lists[3] = { &c->sweep };
	struct verify v = { .channel = ch, .target = target };

	return verify(&v, lists, false, generation, refusal);
}
