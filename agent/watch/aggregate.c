/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table: a fixed array of entries, chained hash over it, a list of the
 * live ones for the sweep. What is told and when: aggregate_report.c.
 */
#include "agent/watch/aggregate.h"

#include "agent/watch/aggregate_table.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS ((size_t)PLACE_ZONES_MAX * PLACE_ZONES_MAX)

struct aggregate *
aggregate_new(const struct places *places, size_t entries, aggregate_emit *emit,
    void *arg)
{
	struct aggregate *a = calloc(1, sizeof(*a));
	size_t n_buckets = 1;

	if (a == NULL)
		return NULL;
	while (n_buckets < entries)
		n_buckets *= 2;
	a->places = places;
	a->emit = emit;
	a->arg = arg;
	a->n_entries = entries;
	a->mask = (uint32_t)(n_buckets - 1);
	a->entries = calloc(entries + 2 * PAIRS, sizeof(a->entries[0]));
	a->live = calloc(entries + 2 * PAIRS, sizeof(a->live[0]));
	a->buckets = calloc(n_buckets, sizeof(a->buckets[0]));
	if (a->entries == NULL || a->live == NULL || a->buckets == NULL ||
	    sodium_init() < 0) {
		aggregate_free(a);
		errno = ENOMEM;
		return NULL;
	}
	crypto_shorthash_keygen(a->secret);
	memset(a->buckets, 0xff, n_buckets * sizeof(a->buckets[0]));	/* NO_ENTRY */
	a->free = NO_ENTRY;
	return a;
}

void
aggregate_free(struct aggregate *a)
{
	if (a == NULL)
		return;
	free(a->entries);
	free(a->live);
	free(a->buckets);
	free(a);
}

void
aggregate_set_packet(struct aggregate *a, aggregate_packet *packet)
{
	a->packet = packet;
}

void
aggregate_set_digest(struct aggregate *a, const char *digest)
{
	snprintf(a->digest, sizeof(a->digest), "%s", digest);
}

/* Destination port; ICMP: type and code; not IP: the EtherType. */
static uint16_t
service_of(const struct facts *f)
{
	if (f->src.family == IP_NONE)
		return f->ethertype;
	if (f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_ICMPV6)
		return f->sport;
	return f->dport;
}

static void
make_key(const struct sighting *s, struct aggregate_key *key)
{
	memset(key, 0, sizeof(*key));
	key->src = s->facts->src.value;
	key->dst = s->facts->dst.value;
	key->from = s->from;
	key->to = s->to;
	key->service = service_of(s->facts);
	key->zv = s->zv;
	key->action = s->action;
	key->family = (uint8_t)s->facts->src.family;
	key->protocol = s->facts->protocol;
	key->beside = s->beside;
}

static uint64_t
hash_of(const struct aggregate *a, const struct aggregate_key *key)
{
	uint8_t out[crypto_shorthash_BYTES];
	uint64_t hash;

	_Static_assert(sizeof(hash) == sizeof(out), "SipHash gives 64 bits");
	crypto_shorthash(out, (const uint8_t *)key, sizeof(*key), a->secret);
	memcpy(&hash, out, sizeof(hash));
	return hash;
}

static struct entry *
find(const struct aggregate *a, const struct aggregate_key *key, uint64_t hash)
{
	for (uint32_t i = a->buckets[hash & a->mask]; i != NO_ENTRY;
	    i = a->entries[i].next)
		if (a->entries[i].hash == hash &&
		    memcmp(&a->entries[i].key, key, sizeof(*key)) == 0)
			return &a->entries[i];
	return NULL;
}

static void
make_live(struct aggregate *a, struct entry *e)
{
	if (e->live_at != 0)
		return;
	a->live[a->n_live++] = (uint32_t)(e - a->entries);
	e->live_at = a->n_live;
}

static void
fill(struct entry *e, const struct sighting *s)
{
	e->from = s->from;
	e->to = s->to;
	e->facts = *s->facts;
	e->severity = s->severity;
	snprintf(e->permit, sizeof(e->permit), "%s", s->permit);
	snprintf(e->detail, sizeof(e->detail), "%s", s->detail != NULL ? s->detail : "");
}

struct entry *
aggregate_pair_entry(struct aggregate *a, uint16_t from_place, uint16_t to_place,
    const struct aggregate_key *key)
{
	size_t from = places_at(a->places, from_place)->zone_number;
	size_t to = places_at(a->places, to_place)->zone_number;
	struct entry *e = &a->entries[a->n_entries + key->beside * PAIRS +
	    from * PLACE_ZONES_MAX + to];

	if (e->live_at != 0)
		return e;
	e->from = from_place;
	e->to = to_place;
	e->key.zv = key->zv;
	e->key.action = key->action;
	e->key.beside = key->beside;
	e->key.from = (uint16_t)from;
	e->key.to = (uint16_t)to;
	e->hash = hash_of(a, &e->key);
	make_live(a, e);
	return e;
}

static struct entry *
overflow_entry(struct aggregate *a, const struct sighting *s,
    const struct aggregate_key *key)
{
	struct entry *e = aggregate_pair_entry(a, s->from, s->to, key);

	a->overflowed++;
	if (e->severity < s->severity)
		e->severity = s->severity;
	return e;
}

static struct entry *
take_entry(struct aggregate *a, const struct sighting *s, const struct aggregate_key *key,
    uint64_t hash)
{
	struct entry *e;
	uint32_t i = a->free;

	if (i == NO_ENTRY && a->fresh == a->n_entries)
		return overflow_entry(a, s, key);
	if (i == NO_ENTRY)
		i = a->fresh++;
	else
		a->free = a->entries[i].next;
	e = &a->entries[i];
	memset(e, 0, sizeof(*e));
	e->key = *key;
	e->hash = hash;
	e->next = a->buckets[hash & a->mask];
	a->buckets[hash & a->mask] = i;
	a->used++;
	fill(e, s);
	make_live(a, e);
	return e;
}

static void
stretch(struct stream *s, int64_t time_ns)
{
	if (s->first_ns == 0 || time_ns < s->first_ns)
		s->first_ns = time_ns;
	if (time_ns > s->last_ns)
		s->last_ns = time_ns;
}

/* What the tap saw too is not shown again as the gate saw it. */
static void
show(const struct aggregate *a, const struct entry *e, const struct sighting *s)
{
	const bool leaves = s->witness == WITNESS_TAP_EGRESS;
	const struct stream *stream = leaves ? &e->leak : &e->attempt;
	uint64_t nth = leaves ? e->egress : e->ingress;

	if (a->packet == NULL || s->frame == NULL)
		return;
	if (s->witness == WITNESS_GATE) {
		if (e->ingress > 0)
			return;
		nth = e->gate;
	}
	a->packet(a->arg, aggregate_stream_key(e, stream), nth, 0, s);
}

void
aggregate_add(struct aggregate *a, const struct sighting *s, int64_t now_ns)
{
	struct aggregate_key key;
	struct entry *e;
	uint64_t hash;

	make_key(s, &key);
	hash = hash_of(a, &key);
	e = find(a, &key, hash);
	if (e == NULL)
		e = take_entry(a, s, &key, hash);

	a->added++;
	e->seen_ns = now_ns;
	e->witnesses |= s->witness;
	if (s->witness == WITNESS_TAP_EGRESS) {
		e->egress++;
		e->egress_bytes += s->facts->length;
		stretch(&e->leak, s->time_ns);
		aggregate_count_leak(a, e);
	} else if (s->witness == WITNESS_GATE) {
		e->gate++;
		e->gate_bytes += s->facts->length;
		snprintf(e->gate_reason, sizeof(e->gate_reason), "%s", s->gate_reason);
		stretch(&e->attempt, s->time_ns);
	} else {
		e->ingress++;
		e->ingress_bytes += s->facts->length;
		stretch(&e->attempt, s->time_ns);
	}
	show(a, e, s);
	aggregate_report_now(a, e, now_ns);
}

void
aggregate_add_crossed(struct aggregate *a, const struct sighting *arrival)
{
	struct aggregate_key key;
	struct entry *e;

	make_key(arrival, &key);
	e = find(a, &key, hash_of(a, &key));
	if (e != NULL)
		e->credit++;
}

void
aggregate_drop(struct aggregate *a, struct entry *e)
{
	uint32_t self = (uint32_t)(e - a->entries), last = a->live[--a->n_live];
	uint32_t *link = &a->buckets[e->hash & a->mask];

	a->live[e->live_at - 1] = last;
	a->entries[last].live_at = e->live_at;
	e->live_at = 0;
	if (self >= a->n_entries) {
		memset(e, 0, sizeof(*e));
		return;
	}
	while (*link != self)
		link = &a->entries[*link].next;
	*link = e->next;
	e->next = a->free;
	a->free = self;
	a->used--;
}

size_t
aggregate_used(const struct aggregate *a)
{
	return a->used;
}

uint64_t
aggregate_overflowed(const struct aggregate *a)
{
	return a->overflowed;
}

struct aggregate_totals
aggregate_total(const struct aggregate *a, uint16_t from_zone, uint16_t to_zone)
{
	return a->totals[from_zone % PLACE_ZONES_MAX][to_zone % PLACE_ZONES_MAX];
}
