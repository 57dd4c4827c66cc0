/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/flow_table.h"

#include "kernel-helpers/tap_ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE	(2u << 20)
#define WINDOWS		((1u << FLOW_WINDOW_BITS) - 1)
#define WAY_INDEX_BITS	17u	/* twice as many as there can be ways */

void *
flow_pages_new(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	/* fewer TLB misses where the system has huge pages to give */
	if (bytes >= HUGE_PAGE)
		(void)madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

void
flow_pages_free(void *p, size_t bytes)
{
	if (p != NULL)
		munmap(p, bytes);
}

static size_t
slots_bytes(const struct flow_table *t)
{
	return t->n_entries * sizeof(t->slots[0]);
}

/* All of them from the start: what is not touched takes no memory. */
static size_t
entries_bytes(const struct flow_table *t)
{
	return t->most * sizeof(t->entries[0]);
}

static size_t
tails_bytes(const struct flow_table *t)
{
	return t->most * sizeof(t->tails[0]);
}

#define WAYS_BYTES	((FLOW_WAYS_MOST + 1) * sizeof(struct flow_way))
#define WAY_INDEX_BYTES	((1u << WAY_INDEX_BITS) * sizeof(uint16_t))

static uint32_t
power_of_two(size_t n)
{
	uint32_t power = 2 * FLOW_BUCKET_SLOTS;

	while (power < n && power < FLOW_ENTRIES_MAX)
		power *= 2;
	return power;
}

/* At least two buckets: no shift by the whole width. */
static unsigned int
shift_for(uint32_t entries)
{
	return 64 - (unsigned int)__builtin_ctz(entries / FLOW_BUCKET_SLOTS);
}

struct flow_table *
flow_table_new(size_t entries, size_t most)
{
	struct flow_table *t = calloc(1, sizeof(*t));

	if (t == NULL || sodium_init() < 0) {
		free(t);
		errno = ENOMEM;
		return NULL;
	}
	t->n_entries = power_of_two(entries);
	t->most = power_of_two(most < entries ? entries : most);
	t->may_grow = t->n_entries < t->most;
	t->shift = shift_for(t->n_entries);
	t->slots = flow_pages_new(slots_bytes(t));
	t->entries = flow_pages_new(entries_bytes(t));
	t->tails = flow_pages_new(tails_bytes(t));
	t->ways = flow_pages_new(WAYS_BYTES);
	t->way_index = flow_pages_new(WAY_INDEX_BYTES);
	if (t->slots == NULL || t->entries == NULL || t->tails == NULL ||
	    t->ways == NULL || t->way_index == NULL) {
		flow_table_free(t);
		errno = ENOMEM;
		return NULL;
	}
	randombytes_buf(&t->secret, sizeof(t->secret));
	return t;
}

void
flow_table_free(struct flow_table *t)
{
	if (t == NULL)
		return;
	flow_pages_free(t->slots, slots_bytes(t));
	flow_pages_free(t->entries, entries_bytes(t));
	flow_pages_free(t->tails, tails_bytes(t));
	flow_pages_free(t->ways, WAYS_BYTES);
	flow_pages_free(t->way_index, WAY_INDEX_BYTES);
	free(t->moments);
	free(t);
}

/* ---- windows ----------------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* No window holds: the next packet opens one. */
static void
close_window(struct flow_table *t)
{
	t->wall_span = t->clock_span = 0;
}

int
flow_table_set_policy(struct flow_table *t, const struct checked *checked)
{
	const int64_t farthest = INT64_MAX / 1000000000;
	int64_t *moments = calloc(2 * checked->n_permits + 1, sizeof(moments[0]));
	size_t n = 0;

	if (moments == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < checked->n_permits; i++) {
		const struct checked_permit *p = &checked->permits[i];

		/* what lies farther away than a packet's time can say never comes */
		if (p->valid_from > -farthest && p->valid_from < farthest)
			moments[n++] = p->valid_from * 1000000000;
		if (p->valid_until > -farthest && p->valid_until < farthest)
			moments[n++] = p->valid_until * 1000000000;
	}
	qsort(moments, n, sizeof(moments[0]), compare);
	free(t->moments);
	t->moments = moments;
	t->n_moments = n;
	memset(t->way_index, 0, WAY_INDEX_BYTES);
	t->n_ways = 0;
	close_window(t);
	return 0;
}

/* The stretch between two moments that holds "wall". */
static void
stretch(struct flow_table *t, int64_t wall_ns)
{
	size_t low = 0, high = t->n_moments;
	int64_t from, until;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->moments[middle] <= wall_ns)
			low = middle + 1;
		else
			high = middle;
	}
	from = low == 0 ? INT64_MIN : t->moments[low - 1];
	until = low == t->n_moments ? INT64_MAX : t->moments[low];
	t->wall_from = (uint64_t)from;
	t->wall_span = (uint64_t)until - (uint64_t)from;
}

void
flow_table_open_window(struct flow_table *t, int64_t wall_ns, int64_t clock_ns)
{
	int64_t tick = clock_ns / FLOW_TICK_NS;

	stretch(t, wall_ns);
	t->clock_from = (uint64_t)(tick * FLOW_TICK_NS);
	t->clock_span = FLOW_TICK_NS;
	/* A number that comes round again must not wake up old decisions. */
	if (t->window == WINDOWS) {
		t->window = 0;
		for (uint32_t i = 0; i < t->n_taken; i++)
			t->entries[i].window = 0;
	}
	t->window++;
}

/* ---- keeping ----------------------------------------------------------------- */

/*
 * Names, leases and what may be a tunnel: detectors and the decoder look into every
 * packet (RFC 1035, 2131, 8415; decode.h lists the tunnels).
 */
static bool
never_kept(uint16_t port)
{
	switch (port) {
	case 53: case 67: case 68: case 546: case 547:
	case 2152: case 3544: case 4789: case 6081:
		return true;
	}
	return false;
}

static uint16_t
port_of(const struct flow_key *k, unsigned int which)
{
	const uint32_t ports = flow_key_ports(k);
	uint16_t two[2];

	memcpy(two, &ports, sizeof(two));
	return ntohs(two[which]);
}

/* Give up one of a full bucket: what does not hold, else what nobody asked for. */
static uint32_t
victim(struct flow_table *t, const uint32_t *slot, uint64_t hash)
{
	unsigned int hand = (unsigned int)(hash >> 32) % FLOW_BUCKET_SLOTS;

	t->ledger.evicted++;
	/* two rounds: the first may find all of them used */
	for (unsigned int i = 0; i < 2 * FLOW_BUCKET_SLOTS; i++) {
		unsigned int at = (hand + i) % FLOW_BUCKET_SLOTS;
		struct flow_entry *e = &t->entries[slot[at] & FLOW_INDEX_MASK];

		if (e->used == 0 || e->window != t->window)
			return at;
		e->used = 0;
	}
	return hand;
}

/* The first free slot of the bucket, or FLOW_BUCKET_SLOTS. */
static unsigned int
free_slot(const uint32_t *slot)
{
	unsigned int at = 0;

	while (at < FLOW_BUCKET_SLOTS && slot[at] != 0)
		at++;
	return at;
}

static struct flow_key
key_of(const struct flow_table *t, uint32_t index)
{
	const struct flow_entry *e = &t->entries[index];
	const struct flow_tail *tail = &t->tails[index];
	struct flow_key k = { e->service, e->origin, { e->src, 0 }, { 0, 0 } };

	if ((e->service & FLOW_KEY_IPV6) != 0) {
		k.src[1] = tail->src;
		k.dst[0] = tail->dst[0];
		k.dst[1] = tail->dst[1];
	}
	return k;
}

static void
set_key(struct flow_table *t, struct flow_entry *e, const struct flow_key *k)
{
	e->service = k->service;
	e->origin = k->origin;
	e->src = k->src[0];
	if ((k->service & FLOW_KEY_IPV6) != 0)
		t->tails[e - t->entries] = (struct flow_tail){
			.src = k->src[1], .dst = { k->dst[0], k->dst[1] },
		};
}

/* The number of the rest of a decision; 0: there are too many of them. */
static uint32_t
way_of(struct flow_table *t, const struct flow_decision *d)
{
	uint64_t all = (uint64_t)d->in << 48 | (uint64_t)d->out << 32 |
	    (uint64_t)d->counter << 16 | d->verdict;
	uint32_t at = (uint32_t)(all * 0x9e3779b97f4a7c15u >> (64 - WAY_INDEX_BITS));

	for (; t->way_index[at] != 0; at = (at + 1) % (1u << WAY_INDEX_BITS)) {
		const struct flow_way *w = &t->ways[t->way_index[at]];

		if (w->in == d->in && w->out == d->out && w->counter == d->counter &&
		    w->verdict == d->verdict)
			return t->way_index[at];
	}
	if (t->n_ways == FLOW_WAYS_MOST)
		return 0;
	t->way_index[at] = (uint16_t)++t->n_ways;
	t->ways[t->n_ways] = (struct flow_way){ d->in, d->out, d->counter, d->verdict };
	return t->n_ways;
}

/*
 * Twice as many buckets for the same entries. Each of the new takes about half of
 * one old, so all of them fit. Without memory it goes on as it is.
 */
static void
grow(struct flow_table *t)
{
	struct flow_table larger = *t;

	larger.n_entries *= 2;
	larger.shift = shift_for(larger.n_entries);
	larger.slots = flow_pages_new(slots_bytes(&larger));
	if (larger.slots == NULL) {
		t->may_grow = false;
		return;
	}
	larger.may_grow = larger.n_entries < larger.most;
	for (uint32_t index = 0; index < t->n_taken; index++) {
		const struct flow_key k = key_of(t, index);
		uint64_t hash = flow_hash(&t->secret, &k);
		uint32_t *slot = flow_table_bucket(&larger, hash);

		slot[free_slot(slot)] = flow_tag(hash) | index;
	}
	flow_pages_free(t->slots, slots_bytes(t));
	*t = larger;
}

static struct flow_entry *
take(struct flow_table *t, uint64_t hash)
{
	uint32_t *slot, index;
	unsigned int at;

	if (t->may_grow && t->n_taken >= t->n_entries / 2)
		grow(t);
	slot = flow_table_bucket(t, hash);
	at = free_slot(slot);
	if (at < FLOW_BUCKET_SLOTS) {
		index = t->n_taken++;	/* as many entries as slots: there is one */
	} else {
		at = victim(t, slot, hash);
		index = slot[at] & FLOW_INDEX_MASK;
	}
	slot[at] = flow_tag(hash) | index;
	return &t->entries[index];
}

/* HTTP and TLS are known on any port. */
static unsigned int
first_packets(const struct flow_key *k)
{
	if (tap_port_looked_into(port_of(k, 0)) || tap_port_looked_into(port_of(k, 1)))
		return FLOW_LOOKED_INTO;
	return (k->service >> 8 & 0xffu) == IPPROTO_TCP ? FLOW_LOOKED_INTO_TCP : 1;
}

void
flow_table_keep(struct flow_table *t, const struct flow_key *k, uint64_t hash,
    const struct flow_decision *d)
{
	uint16_t sport = port_of(k, 0), dport = port_of(k, 1);
	struct flow_entry *e;
	uint32_t way;

	if (never_kept(sport) || never_kept(dport) || d->permit >> FLOW_PERMIT_BITS != 0)
		return;
	way = way_of(t, d);
	if (way == 0)
		return;
	e = flow_table_entry(t, k, hash);
	if (e == NULL) {
		e = take(t, hash);
		set_key(t, e, k);
		e->used = 0;
		/* this one was looked into already */
		e->left = (first_packets(k) - 1) & 15u;
		t->ledger.kept++;
	}
	e->permit = d->permit & ((1u << FLOW_PERMIT_BITS) - 1);
	e->way = (uint16_t)way;
	e->window = (uint16_t)t->window;
}

void
flow_table_begin(struct flow_table *t, const struct flow_key *k, uint64_t hash)
{
	struct flow_entry *e = flow_table_entry(t, k, hash);

	if (e != NULL)
		e->left = first_packets(k) & 15u;
}
