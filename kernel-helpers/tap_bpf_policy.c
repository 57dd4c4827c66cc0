/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies in and out of the filter's tables. Two slots: the one that is not
 * in use is emptied and filled, then one store of the control word switches.
 * Nobody reads a slot that is being filled: after each switch we wait until no
 * program runs any more that could have read the word before.
 */
#include "kernel-helpers/tap_bpf_internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "tap_filter.skel.h"
#pragma GCC diagnostic pop

static const struct {
	size_t key_size, most;
} shape[TAP_TABLE_COUNT] = {
	[TAP_TABLE_PREFIXES4] = { sizeof(struct tap_prefix4), TAP_MAX_PREFIXES },
	[TAP_TABLE_PREFIXES6] = { sizeof(struct tap_prefix6), TAP_MAX_PREFIXES },
	[TAP_TABLE_BOXES] = { sizeof(struct tap_box_key), TAP_MAX_BOXES },
	[TAP_TABLE_MACS] = { sizeof(struct tap_mac), TAP_MAX_MACS },
};

static int
table_fd(const struct tap_bpf *b, enum tap_table table, uint32_t slot)
{
	const struct bpf_map *map = NULL;

	switch (table) {
	case TAP_TABLE_PREFIXES4:
		map = slot == 0 ? b->filter->maps.prefixes4_0 :
		    b->filter->maps.prefixes4_1;
		break;
	case TAP_TABLE_PREFIXES6:
		map = slot == 0 ? b->filter->maps.prefixes6_0 :
		    b->filter->maps.prefixes6_1;
		break;
	case TAP_TABLE_BOXES:
		map = slot == 0 ? b->filter->maps.boxes_0 : b->filter->maps.boxes_1;
		break;
	case TAP_TABLE_MACS:
		map = slot == 0 ? b->filter->maps.macs_0 : b->filter->maps.macs_1;
		break;
	case TAP_TABLE_COUNT:
		return -1;
	}
	return bpf_map__fd(map);
}

void
tap_bpf_slot_free(struct tap_slot *s)
{
	for (size_t i = 0; i < TAP_TABLE_COUNT; i++)
		free(s->kept[i].keys);
	free(s->counters);
	free(s->taken);
	free(s->now);
	memset(s, 0, sizeof(*s));
}

/* Take out what stands in a slot that nobody reads. */
static int
empty_slot(struct tap_bpf *b, uint32_t slot)
{
	struct tap_slot *s = &b->slots[slot];

	for (int i = 0; i < TAP_TABLE_COUNT; i++) {
		struct tap_kept *k = &s->kept[i];

		while (k->n > 0) {
			const char *last = (const char *)k->keys +
			    (k->n - 1) * shape[i].key_size;
			int fd = table_fd(b, (enum tap_table)i, slot);

			if (bpf_map_delete_elem(fd, last) != 0 && errno != ENOENT)
				return -errno;
			k->n--;
		}
	}
	tap_bpf_slot_free(s);
	return 0;
}

/* Takes "keys" over. What got in before an error is remembered, to be taken out. */
static int
fill_table(struct tap_bpf *b, enum tap_table table, uint32_t slot, void *keys,
    const void *values, size_t n)
{
	struct tap_kept *k = &b->slots[slot].kept[table];
	uint32_t count = (uint32_t)n;
	int error = 0;

	k->keys = keys;
	if (n > shape[table].most)
		return -E2BIG;
	if (n > 0 && keys == NULL)
		return -ENOMEM;
	if (n > 0 && bpf_map_update_batch(table_fd(b, table, slot), keys, values, &count,
	    NULL) != 0)
		error = -errno;
	k->n = count <= n ? count : 0;
	return error;
}

static void *
copy_of(const void *bytes, size_t n, size_t size)
{
	void *copy = calloc(n + 1, size);

	if (copy != NULL && n > 0)
		memcpy(copy, bytes, n * size);
	return copy;
}

static int
fill_prefixes(struct tap_bpf *b, uint32_t slot, const struct tap_policy *p,
    enum ip_family family)
{
	size_t size = family == IP_V4 ? sizeof(struct tap_prefix4) :
	    sizeof(struct tap_prefix6), n = 0;
	char *keys = calloc(p->n_prefixes + 1, size);
	uint32_t *values = calloc(p->n_prefixes + 1, sizeof(*values));
	int error = -ENOMEM;

	for (size_t i = 0; keys != NULL && values != NULL && i < p->n_prefixes; i++) {
		const struct ip_prefix *prefix = &p->prefixes[i].prefix;
		struct tap_prefix6 key = { .bits = prefix->length };

		if (prefix->base.family != family)
			continue;
		/* tap_prefix4 and tap_prefix6 begin alike: bits, then the address */
		address_to_bytes(family, prefix->base.value, key.address);
		memcpy(keys + n * size, &key, size);
		values[n++] = p->prefixes[i].number;
	}
	if (keys != NULL && values != NULL)
		error = fill_table(b, family == IP_V4 ? TAP_TABLE_PREFIXES4 :
		    TAP_TABLE_PREFIXES6, slot, keys, values, n);
	else
		free(keys);
	free(values);
	return error;
}

/* Elements of an array from "first" on. */
static int
fill_array(const struct bpf_map *map, uint32_t first, const void *values, size_t size,
    size_t n, size_t most)
{
	if (n > most)
		return -E2BIG;
	for (size_t i = 0; i < n; i++) {
		uint32_t at = first + (uint32_t)i;

		if (bpf_map_update_elem(bpf_map__fd(map), &at,
		    (const char *)values + i * size, BPF_ANY) != 0)
			return -errno;
	}
	return 0;
}

/* What the programs noted under another policy of this slot is nothing to this one. */
static int
clear_pending(const struct tap_bpf *b, uint32_t slot)
{
	memset(b->noted, 0, (size_t)b->processors * sizeof(b->noted[0]));
	if (bpf_map_update_elem(bpf_map__fd(b->filter->maps.pending), &slot, b->noted,
	    BPF_ANY) != 0)
		return -errno;
	return 0;
}

/* Counters of a slot begin at nothing. */
static int
fill_counters(struct tap_bpf *b, uint32_t slot, const struct tap_policy *p)
{
	struct tap_slot *s = &b->slots[slot];
	const size_t size = sizeof(struct tap_counts);
	struct tap_counts *nothing = calloc(p->n_counters + 1, size);
	int error = 0;

	s->counters = copy_of(p->counters, p->n_counters, sizeof(*s->counters));
	s->taken = calloc(p->n_counters + 1, sizeof(*s->taken));
	s->now = calloc(p->n_counters + 1, sizeof(*s->now));
	if (nothing == NULL || s->counters == NULL || s->taken == NULL || s->now == NULL)
		error = -ENOMEM;
	if (error == 0 && p->n_counters > TAP_MAX_COUNTERS)
		error = -E2BIG;
	if (error == 0)
		error = clear_pending(b, slot);
	for (uint32_t i = 0; error == 0 && i < (uint32_t)b->processors; i++)
		error = fill_array(b->filter->maps.permitted,
		    (i * 2 + slot) * TAP_MAX_COUNTERS, nothing, size, p->n_counters,
		    TAP_MAX_COUNTERS);
	if (error == 0)
		s->n_counters = p->n_counters;
	free(nothing);
	return error;
}

/* Boxes name their counters from 0 on; in the filter the slot's come first. */
static int
fill_boxes(struct tap_bpf *b, uint32_t slot, const struct tap_policy *p)
{
	struct tap_box *boxes = copy_of(p->boxes, p->n_boxes, sizeof(*boxes));
	int error;

	if (boxes == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_boxes; i++)
		if (boxes[i].counter != 0)
			boxes[i].counter += slot * TAP_MAX_COUNTERS;
	error = fill_table(b, TAP_TABLE_BOXES, slot,
	    copy_of(p->box_keys, p->n_boxes, sizeof(*p->box_keys)), boxes, p->n_boxes);
	free(boxes);
	return error;
}

static int
fill_macs(struct tap_bpf *b, uint32_t slot, const struct tap_policy *p)
{
	uint32_t *values = calloc(p->n_macs + 1, sizeof(*values));
	int error;

	if (values == NULL)
		return -ENOMEM;
	error = fill_table(b, TAP_TABLE_MACS, slot,
	    copy_of(p->macs, p->n_macs, sizeof(*p->macs)), values, p->n_macs);
	free(values);
	return error;
}

static int
fill_slot(struct tap_bpf *b, uint32_t slot, const struct tap_policy *p)
{
	int error = fill_prefixes(b, slot, p, IP_V4);

	if (error == 0)
		error = fill_prefixes(b, slot, p, IP_V6);
	if (error == 0)
		error = fill_counters(b, slot, p);
	if (error == 0)
		error = fill_boxes(b, slot, p);
	if (error == 0)
		error = fill_macs(b, slot, p);
	if (error == 0)
		error = fill_array(b->filter->maps.classes, slot * TAP_MAX_CLASSES,
		    p->classes, sizeof(*p->classes), p->n_classes, TAP_MAX_CLASSES);
	if (error == 0)
		error = fill_array(b->filter->maps.services, slot * TAP_MAX_SERVICES,
		    p->services, sizeof(*p->services), p->n_services, TAP_MAX_SERVICES);
	for (uint32_t udp = 0; error == 0 && udp < 2; udp++)
		error = fill_array(b->filter->maps.ports, TAP_PORT_TABLE(slot, udp),
		    p->ports[udp], sizeof(*p->ports[udp]), 1, 1);
	return error;
}

/*
 * From now on this word. An update of a map in a map returns when no program
 * runs any more that began before it (maybe_wait_bpf_programs() in
 * kernel/bpf/syscall.c), so we put one there that stands there already.
 */
static int
switch_to(struct tap_bpf *b, uint64_t word)
{
	uint32_t slot = 0;
	int same = table_fd(b, TAP_TABLE_MACS, slot);

	__atomic_store_n(&b->filter->bss->tap_control, word, __ATOMIC_SEQ_CST);
	if (bpf_map_update_elem(bpf_map__fd(b->filter->maps.macs), &slot, &same,
	    BPF_ANY) != 0)
		return -errno;
	return 0;
}

int
tap_bpf_load(struct tap_bpf *b, const struct tap_policy *p)
{
	uint32_t slot = !b->slot;
	int error = 0;

	if (p != NULL)
		error = empty_slot(b, slot);
	if (p != NULL && error == 0)
		error = fill_slot(b, slot, p);
	if (p == NULL || error != 0) {
		/* stale permits are worse than none */
		int waited = switch_to(b, 0);

		return error != 0 ? error : waited;
	}
	__atomic_store_n(&b->filter->bss->tap_until_ns[slot], (uint64_t)p->until_ns,
	    __ATOMIC_SEQ_CST);
	b->generation++;
	b->slot = slot;
	return switch_to(b, b->generation << 1 | slot);
}

/* One counter of all processors. */
static struct tap_counts
counted(const struct tap_bpf *b, uint32_t slot, uint32_t counter)
{
	struct tap_counts sum = { .packets = { 0, 0 } }, one;

	for (uint32_t i = 0; i < (uint32_t)b->processors; i++) {
		uint32_t at = (i * 2 + slot) * TAP_MAX_COUNTERS + counter;

		if (bpf_map_lookup_elem(bpf_map__fd(b->filter->maps.permitted), &at,
		    &one) != 0)
			continue;
		for (int way = 0; way < 2; way++) {
			sum.packets[way] += one.packets[way];
			sum.bytes[way] += one.bytes[way];
		}
	}
	return sum;
}

/* What one processor noted, and has not counted itself. */
static void
add_pending(const struct tap_pending *w, uint32_t slot, struct tap_counts *now, size_t n)
{
	uint64_t round = w->n / TAP_PENDING & TAP_PENDING_ROUND_MASK;

	for (uint64_t i = 0; i < w->n % TAP_PENDING; i++) {
		uint64_t e = w->entry[i];
		uint32_t counter = (uint32_t)(e >> TAP_PENDING_COUNTER) &
		    ((1u << (TAP_PENDING_ROUND - TAP_PENDING_COUNTER)) - 1);
		uint32_t at = (counter >> 1) - slot * TAP_MAX_COUNTERS;

		if (e >> TAP_PENDING_ROUND != round || at >= n)
			continue;
		now[at].packets[counter & 1]++;
		now[at].bytes[counter & 1] += (uint32_t)e;
	}
}

/*
 * The counters first: what is counted between the two reads is in neither, and comes
 * with the next call, but nothing is in both.
 */
static void
count_now(const struct tap_bpf *b, uint32_t slot)
{
	const struct tap_slot *s = &b->slots[slot];

	for (size_t i = 0; i < s->n_counters; i++)
		s->now[i] = counted(b, slot, (uint32_t)i);
	if (bpf_map_lookup_elem(bpf_map__fd(b->filter->maps.pending), &slot,
	    b->noted) != 0)
		return;
	for (int i = 0; i < b->processors; i++)
		add_pending(&b->noted[i], slot, s->now, s->n_counters);
}

static void
take_one(const struct tap_slot *s, size_t at,
    void (*permitted)(void *arg, const struct tap_permitted *p), void *arg)
{
	const struct tap_counter *c = &s->counters[at];
	const struct tap_counts *now = &s->now[at];
	struct tap_counts *taken = &s->taken[at];

	for (int way = 0; way < 2; way++) {
		struct tap_permitted p = {
			.in = way == 0 ? c->in : c->out, .out = way == 0 ? c->out : c->in,
			.permit = c->permit,
			.packets = now->packets[way] - taken->packets[way],
			.bytes = now->bytes[way] - taken->bytes[way],
		};

		/* less than before: some are on their way from one to the other */
		if (now->packets[way] <= taken->packets[way] ||
		    now->bytes[way] < taken->bytes[way])
			continue;
		taken->packets[way] = now->packets[way];
		taken->bytes[way] = now->bytes[way];
		permitted(arg, &p);
	}
}

void
tap_bpf_take(struct tap_bpf *b, bool before,
    void (*permitted)(void *arg, const struct tap_permitted *p), void *arg)
{
	uint32_t slot = before ? !b->slot : b->slot;

	count_now(b, slot);
	for (size_t i = 0; i < b->slots[slot].n_counters; i++)
		take_one(&b->slots[slot], i, permitted, arg);
}
