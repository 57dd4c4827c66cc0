/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Permits that earlier ones make needless: for every box there is one earlier
 * box that holds it. Every distinct address range and service gets a number
 * and a short list of the numbers that hold it; a box is covered when one of
 * the few combinations of holders stands in a hash table of earlier boxes.
 * The lists are cut at HOLDERS_MAX: then a needless permit may go unnoticed,
 * but the work stays linear in the number of boxes.
 */
#include "rules/check_internal.h"
#include "rules/hash_slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HOLDERS_MAX 8u
/* Open ranges kept while sweeping. */
#define OPEN_MAX 64u
#define NO_ID UINT32_MAX

/* A distinct thing as a stretch on one axis; stretches compare within a lane. */
struct stretch {
	ip_value first, last;
	uint64_t lane;			/* all that must be equal, packed */
	uint32_t id;
};

/* The numbers of distinct stretches, and who holds whom. */
struct catalogue {
	struct stretch *items;		/* by id, until sorted */
	uint32_t *slots;		/* hash -> id + 1; 0: free */
	uint32_t (*holders)[HOLDERS_MAX];	/* by id, itself among them; NO_ID ends */
	size_t count, mask;
};

/* An earlier box by its numbers. */
struct entry {
	uint32_t src, dst, service;
	uint32_t permit;		/* index + 1; 0: free */
	uint16_t in, out;
};

struct cover {
	struct check *ck;
	struct catalogue ranges, services;
	struct entry *ids;		/* by box */
	struct entry *table;
	size_t mask;
};

static size_t
mix(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;

	h = ((h ^ h >> 32) + b) * 0xc4ceb9fe1a85ec53u;
	return (size_t)(h ^ h >> 29);
}

static int
catalogue_init(struct catalogue *c, size_t most)
{
	size_t size = hash_slots(most);

	c->items = calloc(most + 1, sizeof(c->items[0]));
	c->slots = calloc(size, sizeof(c->slots[0]));
	c->mask = size - 1;
	return c->items == NULL || c->slots == NULL ? -ENOMEM : 0;
}

static void
catalogue_free(struct catalogue *c)
{
	free(c->items);
	free(c->slots);
	free(c->holders);
}

/* The slot that has the stretch, or the free one where it belongs. */
static uint32_t *
catalogue_slot(const struct catalogue *c, ip_value first, ip_value last, uint64_t lane)
{
	size_t h = mix(mix((uint64_t)first, (uint64_t)(first >> 64)),
	    mix((uint64_t)last ^ lane, (uint64_t)(last >> 64)));

	for (h &= c->mask; c->slots[h] != 0; h = (h + 1) & c->mask) {
		const struct stretch *s = &c->items[c->slots[h] - 1];

		if (s->first == first && s->last == last && s->lane == lane)
			break;
	}
	return &c->slots[h];
}

static uint32_t
catalogue_id(struct catalogue *c, ip_value first, ip_value last, uint64_t lane)
{
	uint32_t *slot = catalogue_slot(c, first, last, lane);

	if (*slot == 0) {
		c->items[c->count] =
		    (struct stretch){ first, last, lane, (uint32_t)c->count };
		*slot = (uint32_t)++c->count;
	}
	return *slot - 1;
}

static int
compare_stretches(const void *pa, const void *pb)
{
	const struct stretch *a = pa, *b = pb;

	if (a->lane != b->lane)
		return a->lane < b->lane ? -1 : 1;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	if (a->last != b->last)
		return a->last > b->last ? -1 : 1;
	return 0;
}

static int
catalogue_no_holders(struct catalogue *c)
{
	c->holders = calloc(c->count + 1, sizeof(c->holders[0]));
	if (c->holders == NULL)
		return -ENOMEM;
	memset(c->holders, 0xff, (c->count + 1) * sizeof(c->holders[0]));
	return 0;
}

static void
add_holder(struct catalogue *c, uint32_t id, uint32_t holder)
{
	for (size_t n = 0; n < HOLDERS_MAX; n++)
		if (c->holders[id][n] == NO_ID) {
			c->holders[id][n] = holder;
			return;
		}
}

/*
 * Sweep the stretches with the list of those still open. Sorts them: no number
 * is looked up any more.
 */
static void
catalogue_find_holders(struct catalogue *c)
{
	const struct stretch *open[OPEN_MAX];
	size_t n_open = 0;

	qsort(c->items, c->count, sizeof(c->items[0]), compare_stretches);
	for (size_t i = 0; i < c->count; i++) {
		const struct stretch *s = &c->items[i];
		size_t kept = 0;

		add_holder(c, s->id, s->id);
		for (size_t k = 0; k < n_open; k++) {
			if (open[k]->lane != s->lane || open[k]->last < s->first)
				continue;
			if (open[k]->last >= s->last)
				add_holder(c, s->id, open[k]->id);
			open[kept++] = open[k];
		}
		n_open = kept;
		if (n_open < OPEN_MAX && s->first != s->last)
			open[n_open++] = s;
	}
}

#define PORT_MAX 65535u

static uint64_t
service_lane(enum service_form form, enum ip_family family, bool any, uint8_t protocol)
{
	return (uint64_t)protocol | (uint64_t)any << 8 | (uint64_t)form << 9 |
	    (uint64_t)family << 11;
}

#define LANE_FORM(lane) ((lane) >> 9 & 3)
#define LANE_SOURCE_PORTS(first, last) ((uint64_t)(first) << 20 | (uint64_t)(last) << 36)

/* Ports or ICMP types are the axis, everything else the lane. */
static uint32_t
service_id(struct catalogue *c, const struct service_match *m)
{
	uint64_t lane = service_lane(m->form, m->family, m->protocol_any, m->protocol);

	if (m->form == SERVICE_ICMP)
		return catalogue_id(c, m->sport_first, m->sport_last, lane);
	lane |= LANE_SOURCE_PORTS(m->sport_first, m->sport_last);
	return catalogue_id(c, m->dport_first, m->dport_last, lane);
}

/* A protocol as a whole holds its ports and types, "any" holds everything. */
static void
find_wider_services(struct catalogue *c)
{
	uint64_t everything = LANE_SOURCE_PORTS(0, PORT_MAX);
	uint64_t any = service_lane(SERVICE_PROTOCOL, IP_NONE, true, 0) | everything;
	uint32_t any_id = *catalogue_slot(c, 0, PORT_MAX, any);

	for (uint32_t id = 0; id < c->count; id++) {
		uint64_t lane = c->items[id].lane;
		uint64_t family = lane >> 11 & 7;
		uint64_t whole = (lane & 0xff) | family << 11 | everything;
		uint32_t whole_id = *catalogue_slot(c, 0, PORT_MAX, whole);

		if (any_id != 0 && any_id - 1 != id)
			add_holder(c, id, any_id - 1);
		if (whole_id != 0 && LANE_FORM(lane) != SERVICE_PROTOCOL)
			add_holder(c, id, whole_id - 1);
	}
}

static int
number_boxes(struct cover *v)
{
	const struct checked *c = v->ck->c;

	if (catalogue_init(&v->ranges, 2 * c->n_boxes) != 0 ||
	    catalogue_init(&v->services, c->n_boxes) != 0)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_boxes; i++) {
		const struct box *b = &c->boxes[i];
		struct entry *e = &v->ids[i];

		e->src = catalogue_id(&v->ranges, b->src.first, b->src.last,
		    b->src.family);
		e->dst = catalogue_id(&v->ranges, b->dst.first, b->dst.last,
		    b->dst.family);
		e->service = service_id(&v->services, &b->service);
		e->permit = b->permit + 1;
		e->in = b->in;
		e->out = b->out;
	}
	if (catalogue_no_holders(&v->ranges) != 0 ||
	    catalogue_no_holders(&v->services) != 0)
		return -ENOMEM;
	find_wider_services(&v->services);
	catalogue_find_holders(&v->ranges);
	catalogue_find_holders(&v->services);
	return 0;
}

/* The slot of an equal box, or the free one where it belongs. */
static struct entry *
slot_of(const struct cover *v, const struct entry *e)
{
	size_t h = mix((uint64_t)e->src << 32 | e->dst,
	    (uint64_t)e->service << 32 | (uint32_t)e->in << 16 | e->out) & v->mask;

	for (;; h = (h + 1) & v->mask) {
		struct entry *s = &v->table[h];

		if (s->permit == 0 || (s->src == e->src && s->dst == e->dst &&
		    s->service == e->service && s->in == e->in && s->out == e->out))
			return s;
	}
}

/* Whether permit a is in force whenever b is. */
static bool
outlasts(const struct checked_permit *a, const struct checked_permit *b)
{
	return a->valid_from <= b->valid_from && a->valid_until >= b->valid_until;
}

/* The earlier permit that holds this box; NULL. */
static const struct checked_permit *
holder_of(const struct cover *v, const struct entry *box)
{
	const struct checked_permit *permits = v->ck->c->permits;
	const uint32_t *src = v->ranges.holders[box->src];
	const uint32_t *dst = v->ranges.holders[box->dst];
	const uint32_t *service = v->services.holders[box->service];
	struct entry e = *box;

	for (size_t i = 0; i < HOLDERS_MAX && src[i] != NO_ID; i++)
		for (size_t j = 0; j < HOLDERS_MAX && dst[j] != NO_ID; j++)
			for (size_t k = 0; k < HOLDERS_MAX && service[k] != NO_ID; k++) {
				const struct entry *found;

				e.src = src[i];
				e.dst = dst[j];
				e.service = service[k];
				found = slot_of(v, &e);
				if (found->permit != 0 &&
				    outlasts(&permits[found->permit - 1],
					&permits[box->permit - 1]))
					return &permits[found->permit - 1];
			}
	return NULL;
}

static void
report(struct cover *v, const struct checked_permit *p)
{
	const struct checked_permit *first = NULL;

	for (size_t i = p->first_box; i < p->first_box + p->n_boxes; i++) {
		const struct checked_permit *holder = holder_of(v, &v->ids[i]);

		if (holder == NULL)
			return;
		if (first == NULL)
			first = holder;
	}
	if (first != NULL)
		check_warning(v->ck, p->origin, MSG_CHECK_PERMIT_COVERED, p->id,
		    first->id, AT(first->origin));
}

/* Of equal boxes keep the one that is in force longer. */
static void
remember(struct cover *v, const struct checked_permit *p)
{
	const struct checked_permit *permits = v->ck->c->permits;

	for (size_t i = p->first_box; i < p->first_box + p->n_boxes; i++) {
		struct entry *slot = slot_of(v, &v->ids[i]);

		if (slot->permit == 0 || !outlasts(&permits[slot->permit - 1], p))
			*slot = v->ids[i];
	}
}

int
check_covered(struct check *ck)
{
	size_t size = hash_slots(ck->c->n_boxes);
	struct cover v = { .ck = ck, .mask = size - 1 };
	int ret = -ENOMEM;

	v.ids = calloc(ck->c->n_boxes + 1, sizeof(v.ids[0]));
	v.table = calloc(size, sizeof(v.table[0]));
	if (v.ids != NULL && v.table != NULL && number_boxes(&v) == 0) {
		for (size_t i = 0; i < ck->c->n_permits; i++) {
			const struct checked_permit *p = &ck->c->permits[i];

			if (p->disabled || ck->permit_broken[i])
				continue;
			report(&v, p);
			remember(&v, p);
		}
		ret = 0;
	}
	catalogue_free(&v.ranges);
	catalogue_free(&v.services);
	free(v.ids);
	free(v.table);
	return ret;
}
