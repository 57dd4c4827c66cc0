/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel walks a hash set anew for every part of a dump, so reading a set
 * of 100,000 elements back costs more than writing it. Where a change touched
 * few elements of a large set, the kernel is asked for those keys alone.
 */
#include "kernel-helpers/nft_verify.h"

#include "kernel-helpers/nft_dump.h"
#include "kernel-helpers/nft_encode.h"
#include "rules/ruleset_compare.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* Above these a dump of the set is the shorter way. */
#define MAX_ASKED	4096u
#define MAX_ABSENT	256u

struct verify {
	struct nft_channel *channel;
	const struct ruleset *target;
	struct nft_dump dump;
};

static int
ask(struct verify *v, uint8_t type, const char *set, struct nft_replies *r)
{
	_Alignas(struct nlmsghdr) uint8_t question[NFT_DUMP_REQUEST_BYTES];
	size_t length = nft_dump_request(question, type, true, set);

	return v->channel->exchange(v->channel, question, length, r);
}

static int
ask_and_read(struct verify *v, uint8_t type,
    int (*read)(const struct nft_replies *r, struct nft_dump *d))
{
	struct nft_replies r;
	int error = ask(v, type, NULL, &r);

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

/* An empty set of the same type, to read elements into. */
static struct ruleset *
copy_type(const struct ruleset_set *s)
{
	struct ruleset *r = ruleset_new();
	struct ruleset_set *copy = r == NULL ? NULL : ruleset_add_set(r, s->name.base,
	    s->name.version, s->kind, s->key, s->n_fields, s->interval);

	if (copy == NULL) {
		ruleset_free(r);
		return NULL;
	}
	copy->counted = s->counted;
	copy->timeout_ms = s->timeout_ms;
	copy->size = s->size;
	return r;
}

static int
check_whole_set(struct verify *v, const struct ruleset_set *want)
{
	struct ruleset *have = copy_type(want);
	char name[LIMIT_OBJECT_NAME + 16];
	struct nft_replies r;
	int error;

	if (have == NULL)
		return -ENOMEM;
	error = ask(v, NFT_MSG_GETSETELEM, object_name_text(&want->name, name), &r);
	if (error == 0)
		error = nft_dump_elements(&r, &v->dump, &have->sets[0]);
	nft_replies_free(&r);
	ruleset_sort(have);
	if (error == 0 && !set_elements_equal(want, &have->sets[0]))
		error = -EBADE;
	ruleset_free(have);
	return error;
}

/* The elements of "keys" as the kernel has them; -ENOENT when it lacks one. */
static int
ask_for_keys(struct verify *v, const struct change *keys, struct ruleset_set *out)
{
	struct nft_batch b = { .sequence = 1 };
	const struct nlmsghdr *h;
	int left, error = nft_encode_elements(&b, keys, NFT_MSG_GETSETELEM);

	h = (const void *)b.bytes;
	left = (int)b.length;
	for (; error == 0 && mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		struct nft_replies r;

		error = v->channel->exchange(v->channel, h, h->nlmsg_len, &r);
		if (error == 0)
			error = nft_dump_elements(&r, &v->dump, out);
		nft_replies_free(&r);
	}
	nft_batch_free(&b);
	return error;
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
	struct ruleset *have = copy_type(c->set);
	int error;

	if (have == NULL)
		return -ENOMEM;
	error = ask_for_keys(v, c, &have->sets[0]);
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

static int
check_absent(struct verify *v, const struct change *c, const struct ruleset_set *want)
{
	struct ruleset *have = copy_type(c->set);
	int error = have == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < c->n_elements && error == 0; i++) {
		struct change one = *c;

		if (has_key(want, c->set, c->elements[i]))
			continue;
		one.elements = &c->elements[i];
		one.n_elements = 1;
		error = ask_for_keys(v, &one, &have->sets[0]);
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
		return check_whole_set(v, want);
	return add ? check_present(v, c) : check_absent(v, c, want);
}

static int
check_list(struct verify *v, const struct change_list *list)
{
	int error = 0;

	for (size_t i = 0; i < list->count && error == 0; i++)
		if (list->items[i].kind == CHANGE_ADD_ELEMENTS ||
		    list->items[i].kind == CHANGE_DELETE_ELEMENTS)
			error = check_elements(v, &list->items[i]);
	return error;
}

int
nft_verify_change(struct nft_channel *ch, const struct ruleset_change *c,
    const struct ruleset *target, uint32_t generation, struct nft_refusal *refusal)
{
	struct verify v = { .channel = ch, .target = target,
		.dump = { .ruleset = ruleset_new(), .generation = generation,
		.refusal = refusal } };
	uint32_t after;
	int error;

	if (v.dump.ruleset == NULL)
		return -ENOMEM;
	error = check_objects(&v);
	if (error == 0)
		error = check_list(&v, &c->stage);
	if (error == 0)
		error = check_list(&v, &c->flip);
	if (error == 0)
		error = check_list(&v, &c->sweep);
	if (error == 0)
		error = nft_generation(ch, &after);
	if (error == 0 && after != generation)
		error = -EAGAIN;
	ruleset_free(v.dump.ruleset);
	return error;
}
