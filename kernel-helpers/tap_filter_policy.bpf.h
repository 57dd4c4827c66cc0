/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks the tables of one slot: which permit holds the first packet of a flow.
 * Once for a new flow, so this may cost some look-ups.
 */
#ifndef KERNEL_HELPERS_TAP_FILTER_POLICY_BPF_H
#define KERNEL_HELPERS_TAP_FILTER_POLICY_BPF_H

#include "kernel-helpers/tap_filter_maps.bpf.h"
#include "kernel-helpers/tap_filter_parse.bpf.h"

struct answer {
	bool sure;		/* nothing was left unasked */
	__u32 permit, counter;	/* 0: no permit; nobody counts it */
};

/* One direction of a flow as the permits see it. */
struct question {
	const struct tap_class *src, *dst;
	const struct tap_services *services;	/* find() looks them up */
	__u32 slot, n_services;
	__u16 sport, dport;	/* host order */
	__u8 protocol;
	struct answer best;
};

static __always_inline const struct tap_class *
class_at(__u32 slot, __u32 number)
{
	__u32 at = slot * TAP_MAX_CLASSES + number;

	if (number == TAP_CLASS_UNKNOWN || number >= TAP_MAX_CLASSES)
		return NULL;
	return bpf_map_lookup_elem(&classes, &at);
}

/* NULL: an address that nothing is proven of. */
static __noinline const struct tap_class *
class_of(__u32 slot, __u16 family, const __be32 *address)
{
	struct tap_prefix6 k6 = { .bits = 128 };
	struct tap_prefix4 k4 = { .bits = 32 };
	__u32 *number = NULL;
	void *table;

	if (family == 4) {
		__builtin_memcpy(k4.address, address, 4);
		table = bpf_map_lookup_elem(&prefixes4, &slot);
		if (table)
			number = bpf_map_lookup_elem(table, &k4);
	} else {
		__builtin_memcpy(k6.address, address, 16);
		table = bpf_map_lookup_elem(&prefixes6, &slot);
		if (table)
			number = bpf_map_lookup_elem(table, &k6);
	}
	return number ? class_at(slot, *number) : NULL;
}

static __always_inline const struct tap_services *
services_of(const struct question *q)
{
	__u32 at = TAP_PORT_TABLE(q->slot, q->protocol == IPPROTO_UDP);
	struct tap_ports *table = bpf_map_lookup_elem(&ports, &at);

	if (!table)
		return NULL;
	at = table->services[q->dport];
	if (at == TAP_CLASS_UNKNOWN || at >= TAP_MAX_SERVICES)
		return NULL;
	at += q->slot * TAP_MAX_SERVICES;
	return bpf_map_lookup_elem(&services, &at);
}

/*
 * Always 0, and nobody has promised it: before Linux 6.7 the verifier follows a
 * callback for one turn only, takes what it starts with for what it always meets,
 * and would throw the comparison with an earlier turn's permit away.
 */
volatile __u32 tap_none;

/* One of all combinations of the source's, destination's and port's ranges. */
static long
walk_one(__u32 i, void *context)
{
	struct question *q = context;
	__u32 pair = i / q->n_services;
	const struct tap_service *one =
	    &q->services->service[i % q->n_services & (TAP_LIST - 1)];
	struct tap_box_key key = {
		.src = q->src->src[pair / q->dst->n_dst & (TAP_LIST - 1)],
		.dst = q->dst->dst[pair % q->dst->n_dst & (TAP_LIST - 1)],
		.service = one->number,
	};
	void *table;
	struct tap_box *box;

	if (q->sport < one->sport_first || q->sport > one->sport_last)
		return 0;
	table = bpf_map_lookup_elem(&boxes, &q->slot);
	box = table ? bpf_map_lookup_elem(table, &key) : NULL;
	if (box && (q->best.permit == 0 || box->permit < q->best.permit)) {
		q->best.permit = box->permit;
		q->best.counter = box->counter;
	}
	return 0;
}

/*
 * The first permit in file order that holds it, the least of all its boxes, in
 * q->best. What cannot be asked to the end is not sure.
 */
static __noinline bool
find(struct question *q)
{
	const struct tap_services *s = services_of(q);
	__u32 n;

	q->best.sure = false;
	q->best.permit = q->best.counter = tap_none;
	if (!s || !s->known)
		return false;
	q->services = s;
	q->n_services = s->n;
	n = q->src->n_src * q->dst->n_dst * s->n;
	if (n > TAP_LIST * TAP_LIST * TAP_LIST)
		return false;
	q->best.sure = n == 0 || bpf_loop(n, walk_one, q, 0) == n;
	return q->best.sure;
}

#endif /* KERNEL_HELPERS_TAP_FILTER_POLICY_BPF_H */
