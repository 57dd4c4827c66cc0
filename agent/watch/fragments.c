/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/fragments.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WAYS	4u	/* packets of one bucket */
#define UNIT	8u	/* bytes an offset counts in */

/* Without padding: it is hashed and compared as bytes. */
struct key {
	uint64_t src[2], dst[2];
	uint32_t id, place;
	uint16_t vlan[FACT_VLANS];
	uint8_t family, protocol, tunnel, level;
	uint8_t zero[6];
};

_Static_assert(sizeof(struct key) == 56, "struct key has no padding");

struct piece {
	uint16_t unit : 13;	/* offset / UNIT */
	uint16_t joined : 1;	/* of several fragments: nothing repeats it */
	uint16_t bytes;
};

/* One packet. Cleared: a free place. */
struct packet {
	struct key key;
	int64_t since_ns;
	uint32_t end;		/* where it ends, once its last fragment was seen; else 0 */
	uint16_t sport, dport;	/* of the first fragment */
	uint8_t protocol, tcp_flags;
	bool used, first, ports, overlap;
	uint8_t n_pieces;
	struct piece pieces[FRAGMENTS_PIECES];	/* by offset; none touches another's bytes */
};

struct fragments {
	struct fragments_ledger ledger;
	size_t mask;		/* buckets - 1 */
	uint8_t secret[crypto_shorthash_KEYBYTES];
	struct packet packets[];
};

/* What a fragment is to the packet it belongs to. */
enum fit {
	FIT_NEW,
	FIT_REPEAT,
	FIT_OVERLAP,
};

struct fragments *
fragments_new(size_t tracked)
{
	struct fragments *t;
	size_t buckets = 1;

	while (buckets * WAYS < tracked)
		buckets *= 2;
	if (sodium_init() < 0) {
		errno = ENOMEM;
		return NULL;
	}
	t = calloc(1, sizeof(*t) + buckets * WAYS * sizeof(t->packets[0]));
	if (t == NULL)
		return NULL;
	t->mask = buckets - 1;
	randombytes_buf(t->secret, sizeof(t->secret));
	return t;
}

void
fragments_free(struct fragments *t)
{
	free(t);
}

void
fragments_ledger(const struct fragments *t, struct fragments_ledger *out)
{
	*out = t->ledger;
}

/* ---- the table ------------------------------------------------------------- */

static void
make_key(const struct facts *f, uint32_t place, struct key *key)
{
	memset(key, 0, sizeof(*key));
	key->src[0] = (uint64_t)f->src.value;
	key->src[1] = (uint64_t)(f->src.value >> 64);
	key->dst[0] = (uint64_t)f->dst.value;
	key->dst[1] = (uint64_t)(f->dst.value >> 64);
	key->id = f->fragment_id;
	key->place = place;
	memcpy(key->vlan, f->vlan, sizeof(key->vlan));
	key->family = (uint8_t)f->src.family;
	key->protocol = f->src.family == IP_V4 ? f->protocol : 0;
	key->tunnel = f->tunnel;
	key->level = f->level;
}

static struct packet *
bucket_of(struct fragments *t, const struct key *key)
{
	uint64_t hash;

	_Static_assert(sizeof(hash) == crypto_shorthash_BYTES, "64 bits of SipHash");
	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)key, sizeof(*key),
	    t->secret);
	return &t->packets[(hash & t->mask) * WAYS];
}

/* Empty for this key, in the place of the oldest if there is no other. */
static void
begin(struct packet *p, const struct key *key, int64_t now_ns)
{
	memset(p, 0, sizeof(*p));
	p->key = *key;
	p->since_ns = now_ns;
	p->used = true;
}

static bool
is_over(const struct packet *p, int64_t now_ns)
{
	return !p->used || now_ns - p->since_ns > FRAGMENTS_KEPT_NS;
}

static struct packet *
find(struct fragments *t, const struct key *key, int64_t now_ns)
{
	struct packet *bucket = bucket_of(t, key), *room = &bucket[0];

	for (size_t i = 0; i < WAYS; i++) {
		struct packet *p = &bucket[i];

		if (!is_over(p, now_ns) && memcmp(&p->key, key, sizeof(*key)) == 0)
			return p;
		if (!is_over(room, now_ns) &&
		    (is_over(p, now_ns) || p->since_ns < room->since_ns))
			room = p;
	}
	t->ledger.evicted += !is_over(room, now_ns);
	begin(room, key, now_ns);
	return room;
}

/* ---- the pieces of one packet ---------------------------------------------- */

static uint32_t
piece_begin(const struct piece *p)
{
	return (uint32_t)p->unit * UNIT;
}

static uint32_t
piece_end(const struct piece *p)
{
	return piece_begin(p) + p->bytes;
}

/* First piece that ends behind "offset"; n_pieces: none. In order it is the end. */
static size_t
piece_behind(const struct packet *p, uint32_t offset)
{
	size_t i = p->n_pieces;

	while (i > 0 && piece_end(&p->pieces[i - 1]) > offset)
		i--;
	return i;
}

/* Every byte is there: no hole before the last piece, which is there if its end is known. */
static bool
is_done(const struct packet *p)
{
	uint32_t at = 0;

	if (p->end == 0)
		return false;
	for (size_t i = 0; i < p->n_pieces; i++) {
		if (piece_begin(&p->pieces[i]) != at)
			return false;
		at = piece_end(&p->pieces[i]);
	}
	return true;
}

/* A packet has one end, and nothing behind it. */
static bool
contradicts_end(const struct packet *p, const struct facts *f)
{
	uint32_t end = f->fragment_offset + f->fragment_bytes;
	uint32_t reach = p->n_pieces == 0 ? 0 : piece_end(&p->pieces[p->n_pieces - 1]);

	if ((f->flags & FACT_FRAGMENT_LAST) != 0)
		return p->end != 0 ? p->end != end : reach >= end;
	return p->end != 0 && end >= p->end;
}

static bool
contradicts_first(const struct packet *p, const struct facts *f)
{
	return (f->flags & FACT_FRAGMENT_FIRST) != 0 && p->first &&
	    (p->protocol != f->protocol || p->sport != f->sport || p->dport != f->dport ||
	    p->tcp_flags != f->tcp_flags ||
	    p->ports != ((f->flags & FACT_HAS_PORTS) != 0));
}

static enum fit
fit_of(const struct packet *p, const struct facts *f)
{
	size_t i = piece_behind(p, f->fragment_offset);
	const struct piece *next = &p->pieces[i];
	uint32_t end = f->fragment_offset + f->fragment_bytes;

	if (contradicts_end(p, f) || contradicts_first(p, f))
		return FIT_OVERLAP;
	if (i == p->n_pieces || piece_begin(next) >= end)
		return FIT_NEW;
	return piece_begin(next) == f->fragment_offset && piece_end(next) == end &&
	    !next->joined ? FIT_REPEAT : FIT_OVERLAP;
}

/* Make one of every run of pieces that touch each other. */
static void
join(struct packet *p)
{
	size_t n = 1;

	for (size_t i = 1; i < p->n_pieces; i++) {
		struct piece *last = &p->pieces[n - 1];

		if (piece_end(last) == piece_begin(&p->pieces[i])) {
			last->bytes = (uint16_t)(last->bytes + p->pieces[i].bytes);
			last->joined = 1;
		} else {
			p->pieces[n++] = p->pieces[i];
		}
	}
	p->n_pieces = (uint8_t)n;
}

/* False: no room for it. */
static bool
add_piece(struct packet *p, const struct facts *f)
{
	size_t i;

	if (p->n_pieces == FRAGMENTS_PIECES)
		join(p);
	if (p->n_pieces == FRAGMENTS_PIECES)
		return false;
	i = piece_behind(p, f->fragment_offset);
	memmove(&p->pieces[i + 1], &p->pieces[i],
	    (p->n_pieces - i) * sizeof(p->pieces[0]));
	p->pieces[i] = (struct piece){ .unit = f->fragment_offset / UNIT & 0x1fffu,
	    .bytes = (uint16_t)f->fragment_bytes };
	p->n_pieces++;
	if ((f->flags & FACT_FRAGMENT_LAST) != 0)
		p->end = f->fragment_offset + f->fragment_bytes;
	return true;
}

/* ---- one fragment ---------------------------------------------------------- */

/* False: it overlaps, or belongs to a packet of which fragments did. */
static bool
place_fragment(struct packet *p, const struct facts *f, int64_t now_ns)
{
	enum fit fit = fit_of(p, f);

	if ((fit != FIT_REPEAT || p->overlap) && is_done(p)) {
		const struct key key = p->key;

		begin(p, &key, now_ns);
		fit = FIT_NEW;
	}
	if (fit == FIT_OVERLAP || (fit == FIT_NEW && !add_piece(p, f)))
		p->overlap = true;
	return !p->overlap;
}

static void
remember_first(struct packet *p, const struct facts *f)
{
	p->first = true;
	p->protocol = f->protocol;
	p->ports = (f->flags & FACT_HAS_PORTS) != 0;
	p->sport = f->sport;
	p->dport = f->dport;
	p->tcp_flags = f->tcp_flags;
}

static void
inherit(const struct packet *p, struct facts *f)
{
	f->protocol = p->protocol;
	if (!p->ports)
		return;
	f->sport = p->sport;
	f->dport = p->dport;
	f->tcp_flags = p->tcp_flags;
	f->flags |= FACT_HAS_PORTS | FACT_PORTS_INHERITED;
}

/* What decode could not place is no piece of anything. */
static bool
is_placed(const struct facts *f)
{
	return (f->flags & (FACT_FRAGMENT_FIRST | FACT_FRAGMENT_LATER)) != 0 &&
	    f->unreadable != UNREADABLE_FRAGMENT;
}

void
fragments_track(struct fragments *t, struct facts *f, uint32_t place, int64_t now_ns)
{
	struct packet *p;
	struct key key;

	if (!is_placed(f))
		return;
	make_key(f, place, &key);
	p = find(t, &key, now_ns);
	if (!place_fragment(p, f, now_ns)) {
		t->ledger.overlaps++;
		if (f->unreadable == READABLE)
			f->unreadable = UNREADABLE_OVERLAP;
	} else if ((f->flags & FACT_FRAGMENT_FIRST) != 0) {
		t->ledger.firsts++;
		if (f->unreadable == READABLE)
			remember_first(p, f);
	} else if (p->first && f->unreadable == READABLE) {
		t->ledger.inherited++;
		inherit(p, f);
	} else {
		t->ledger.orphans++;
	}
}
