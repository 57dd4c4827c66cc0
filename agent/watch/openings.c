/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/openings.h"

#include "agent/watch/flow_hash.h"
#include "agent/watch/flow_pages.h"
#include "agent/watch/flow_table.h"

#include <errno.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdlib.h>

#define SLOTS	5u

/*
 * One cache line. A mark of 0 is a free slot. A mark stands in the bucket of its low
 * bits, its home, or when that is full in the one of its high bits: so a table is
 * nearly full before anything must grow or be forgotten, and what does not stand
 * elsewhere is still found or missed with one look.
 */
struct bucket {
	uint64_t mark[SLOTS];
	uint32_t tick[SLOTS];		/* of the last packet << 1 | IS_OTHER */
	uint32_t blind_until : 31;	/* tick up to which something of here is missing; 0: none */
	uint32_t spilled : 1;		/* something of here may stand elsewhere */
};
_Static_assert(sizeof(struct bucket) == 64, "a bucket is a cache line");

#define IS_OTHER	1u	/* FLOW_OPENING_OTHER_SECONDS */

struct openings {
	struct flow_secret secret;
	struct bucket *buckets;
	uint64_t mask, most;	/* most: mask that it may grow to */
	uint32_t blind;		/* last tick in which packets were lost, if any were */
	uint32_t forgot_since;	/* tick: from then on counted in "forgot" */
	uint64_t forgot;
	uint32_t crowded_until;	/* tick; 0: never was */
	bool started, blinded;
};

/* Buckets less one. */
static uint64_t
mask_for(size_t openings)
{
	uint64_t n = 1;

	while (n * (SLOTS - 1) < openings && n * (SLOTS - 1) < OPENINGS_MAX)
		n *= 2;
	return n - 1;
}

struct openings *
openings_new(size_t openings, size_t most)
{
	struct openings *t = calloc(1, sizeof(*t));

	if (t == NULL || sodium_init() < 0) {
		free(t);
		errno = ENOMEM;
		return NULL;
	}
	t->mask = mask_for(openings);
	t->most = mask_for(most < openings ? openings : most);
	t->buckets = flow_pages_new((t->mask + 1) * sizeof(struct bucket));
	if (t->buckets == NULL) {
		free(t);
		errno = ENOMEM;
		return NULL;
	}
	randombytes_buf(&t->secret, sizeof(t->secret));
	return t;
}

void
openings_free(struct openings *t)
{
	if (t == NULL)
		return;
	flow_pages_free(t->buckets, (t->mask + 1) * sizeof(struct bucket));
	free(t);
}

static uint32_t
tick_of(int64_t clock_ns)
{
	return clock_ns < 0 ? 0 : (uint32_t)(clock_ns / FLOW_TICK_NS);
}

static uint32_t
is_other(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_UDP: case IPPROTO_UDPLITE: case IPPROTO_ICMP: case IPPROTO_ICMPV6:
		return 0;
	}
	return IS_OTHER;
}

/* In ticks, rounded up; the tick of the last packet and the present one are parts. */
static uint32_t
lifetime(uint32_t other)
{
	uint32_t seconds = other != 0 ? FLOW_OPENING_OTHER_SECONDS : FLOW_OPENING_SECONDS;

	return (seconds + FLOW_TICK_SECONDS - 1) / FLOW_TICK_SECONDS;
}

static uint32_t
age(uint32_t now, uint32_t then)
{
	return now > then ? now - then : 0;
}

static bool
is_alive(uint32_t tick, uint32_t now)
{
	return age(now, tick >> 1) <= lifetime(tick & IS_OTHER);
}

static struct bucket *
home_of(const struct openings *t, uint64_t mark)
{
	return &t->buckets[mark & t->mask];
}

static struct bucket *
elsewhere_of(const struct openings *t, uint64_t mark)
{
	return &t->buckets[mark >> 32 & t->mask];
}

/* Never 0. */
static uint64_t
mark_of(const struct openings *t, const struct watch_opening *o)
{
	struct flow_key k = {
		.service = (uint64_t)o->sport << 48 | (uint64_t)o->dport << 32 |
		    (uint64_t)o->protocol << 8 | FLOW_KEY_IPV6,
		.origin = (uint64_t)o->src.family << 8 | (uint64_t)o->dst.family,
		.src = { (uint64_t)o->src.value, (uint64_t)(o->src.value >> 64) },
		.dst = { (uint64_t)o->dst.value, (uint64_t)(o->dst.value >> 64) },
	};
	uint64_t hash;

	hash = flow_mark(&t->secret, &k);
	return hash != 0 ? hash : 1;
}

static void
start(struct openings *t, uint32_t now)
{
	if (t->started)
		return;
	t->started = t->blinded = true;
	t->blind = now;
}

/* Where one opening stands, or may be put. */
struct place {
	struct bucket *b;
	unsigned int slot;	/* SLOTS: nowhere */
};

static unsigned int
slot_of(const struct bucket *b, uint64_t mark)
{
	unsigned int i = 0;

	while (i < SLOTS && b->mark[i] != mark)
		i++;
	return i;
}

/* The place of the mark, alive or not. */
static struct place
find(const struct openings *t, uint64_t mark)
{
	struct place p = { .b = home_of(t, mark) };

	p.slot = slot_of(p.b, mark);
	if (p.slot == SLOTS && p.b->spilled) {
		p.b = elsewhere_of(t, mark);
		p.slot = slot_of(p.b, mark);
	}
	return p;
}

/* SLOTS: all of them are alive. */
static unsigned int
free_slot(const struct bucket *b, uint32_t now)
{
	unsigned int i = 0;

	while (i < SLOTS && b->mark[i] != 0 && is_alive(b->tick[i], now))
		i++;
	return i;
}

/* A few full buckets among many are no crowd: an eighth of them may be blind. */
static void
note_forgotten(struct openings *t, uint32_t now, uint32_t until)
{
	if (age(now, t->forgot_since) > lifetime(0)) {
		t->forgot_since = now;
		t->forgot = 0;
	}
	t->forgot++;
	if (t->forgot > (t->mask + 1) / 8 && t->crowded_until < until)
		t->crowded_until = until;
}

/* The one that would be forgotten first; its home remembers that it is missing. */
static struct place
forget_one(struct openings *t, struct bucket *b, uint32_t now)
{
	struct place p = { b, 0 };
	struct bucket *home;
	uint32_t until;

	for (unsigned int i = 1; i < SLOTS; i++)
		if (b->tick[i] >> 1 < b->tick[p.slot] >> 1)
			p.slot = i;
	until = now + lifetime(b->tick[p.slot] & IS_OTHER);
	home = home_of(t, b->mark[p.slot]);
	if (home->blind_until < until)
		home->blind_until = until & INT32_MAX;
	note_forgotten(t, now, until);
	return p;
}

static struct place
free_place(const struct openings *t, uint64_t mark, uint32_t now)
{
	struct place p = { .b = home_of(t, mark) };

	p.slot = free_slot(p.b, now);
	if (p.slot == SLOTS) {
		p.b->spilled = 1;
		p.b = elsewhere_of(t, mark);
		p.slot = free_slot(p.b, now);
	}
	return p;
}

static struct place make_room(struct openings *t, uint64_t mark, uint32_t now);

/*
 * Of what still lives in one bucket, to where it belongs in a larger table. The marks of
 * one bucket may all go to one again: then the larger table grows in its turn.
 */
static void
move(struct openings *larger, const struct bucket *from, uint32_t now)
{
	for (unsigned int i = 0; i < SLOTS; i++) {
		struct place to;

		if (from->mark[i] == 0 || !is_alive(from->tick[i], now))
			continue;
		to = make_room(larger, from->mark[i], now);
		to.b->mark[to.slot] = from->mark[i];
		to.b->tick[to.slot] = from->tick[i];
	}
}

/* Twice the buckets; the marks of one go to two. Without memory all stays. */
static void
grow(struct openings *t, uint32_t now)
{
	uint64_t n = t->mask + 1;
	struct openings larger = *t;

	larger.mask = 2 * n - 1;
	larger.buckets = flow_pages_new(2 * n * sizeof(struct bucket));
	if (larger.buckets == NULL) {
		t->most = t->mask;
		return;
	}
	for (uint64_t at = 0; at < n; at++)
		larger.buckets[at].blind_until = larger.buckets[at + n].blind_until =
		    t->buckets[at].blind_until;
	for (uint64_t at = 0; at < n; at++)
		move(&larger, &t->buckets[at], now);
	flow_pages_free(t->buckets, n * sizeof(struct bucket));
	*t = larger;
}

static struct place
make_room(struct openings *t, uint64_t mark, uint32_t now)
{
	struct place p = free_place(t, mark, now);

	while (p.slot == SLOTS && t->mask < t->most) {
		grow(t, now);
		p = free_place(t, mark, now);
	}
	return p.slot < SLOTS ? p : forget_one(t, home_of(t, mark), now);
}

void
openings_expect(const struct openings *t, const struct watch_opening *o)
{
	__builtin_prefetch(home_of(t, mark_of(t, o)), 1);
}

void
openings_note(struct openings *t, const struct watch_opening *o, int64_t clock_ns)
{
	uint32_t now = tick_of(clock_ns);
	uint64_t mark = mark_of(t, o);
	struct place p = find(t, mark);

	start(t, now);
	if (p.slot == SLOTS)
		p = make_room(t, mark, now);
	p.b->mark[p.slot] = mark;
	p.b->tick[p.slot] = now << 1 | is_other(o->protocol);
}

/* Tick 0 is one as any other: the first ones after the machine's own start. */
static bool
is_missing_some(const struct bucket *home, uint32_t now)
{
	return home->blind_until != 0 && now <= home->blind_until;
}

enum opening_sight
openings_find(struct openings *t, const struct watch_opening *o, int64_t clock_ns)
{
	uint32_t now = tick_of(clock_ns), other = is_other(o->protocol);
	uint64_t mark = mark_of(t, o);
	struct place p = find(t, mark);

	start(t, now);
	if (p.slot < SLOTS && is_alive(p.b->tick[p.slot], now)) {
		p.b->tick[p.slot] = now << 1 | other;
		return OPENING_SEEN;
	}
	if ((t->blinded && age(now, t->blind) <= lifetime(other)) ||
	    is_missing_some(home_of(t, mark), now))
		return OPENING_ASSUMED;
	return OPENING_UNSEEN;
}

void
openings_clear(struct openings *t)
{
	t->started = true;
	t->blinded = false;
}

void
openings_blind(struct openings *t, int64_t clock_ns)
{
	t->started = t->blinded = true;
	t->blind = tick_of(clock_ns);
}

bool
openings_crowded(const struct openings *t, int64_t clock_ns)
{
	return t->crowded_until != 0 && tick_of(clock_ns) <= t->crowded_until;
}
