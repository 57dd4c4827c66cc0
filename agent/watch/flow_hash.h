/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keyed hash of flow keys: fast enough for every packet, and proved against
 * those who choose the packets.
 *
 * First NH of UMAC (Black, Halevi, Krawczyk, Krovetz, Rogaway 1999) on 64-bit
 * words: two different keys meet with a probability of about 2^-64, whatever they
 * are. Its 128 bits are then brought down by multilinear hashing, of which the top n
 * bits of two different inputs agree with 2^-n (flow_mark; Lemire and Kaser 2014) or
 * 2 * 2^-n (flow_hash; Dietzfelbinger et al. 1997). That is all a table needs from
 * somebody who sends packets and never sees a hash. It is no MAC: who could read
 * hashes could compute the secret. The secret is new with every start, and the worst
 * that a lucky guess brings is one bucket in which entries push each other out.
 * SipHash costs three times as much a packet.
 */
#ifndef AGENT_WATCH_FLOW_HASH_H
#define AGENT_WATCH_FLOW_HASH_H

#include "agent/watch/flow_key.h"

__extension__ typedef unsigned __int128 flow_wide;

/* Filled with random bytes. */
struct flow_secret {
	flow_wide mark[3];
	uint64_t nh[6];
	uint64_t fold[2];
};

/*
 * What comes before is linear: addresses in a row could crowd into some buckets, under
 * some secrets. A fixed one-to-one mixture (MurmurHash3's finalizer, shortened) ends
 * that, and changes nothing of who collides with whom in all 64 bits.
 */
static inline uint64_t
flow_mix(uint64_t h)
{
	h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
	return (h ^ h >> 32) * 0xd6e8feb86659fd93u;
}

static inline flow_wide
flow_nh(const struct flow_secret *s, const struct flow_key *k)
{
	flow_wide sum = (flow_wide)(k->service + s->nh[0]) * (k->origin + s->nh[1]) +
	    (flow_wide)(k->src[0] + s->nh[2]) * (k->src[1] + s->nh[3]);

	/* IPv4 has nothing there, and the family stands in "service" */
	if ((k->service & FLOW_KEY_IPV6) != 0)
		sum += (flow_wide)(k->dst[0] + s->nh[4]) * (k->dst[1] + s->nh[5]);
	return sum;
}

/* Only the top 32 bits are any good. */
static inline uint64_t
flow_hash(const struct flow_secret *s, const struct flow_key *k)
{
	flow_wide sum = flow_nh(s, k);

	uint64_t h = (uint64_t)sum * (s->fold[0] | 1) +
	    (uint64_t)(sum >> 64) * (s->fold[1] | 1);

	return flow_mix(h);
}

static inline uint64_t
flow_mark_of(const struct flow_secret *s, flow_wide sum)
{
	sum = s->mark[0] + s->mark[1] * (uint64_t)sum + s->mark[2] * (uint64_t)(sum >> 64);
	return flow_mix((uint64_t)(sum >> 64));
}

/* 64 good bits, for what is not compared with the key itself. */
static inline uint64_t
flow_mark(const struct flow_secret *s, const struct flow_key *k)
{
	return flow_mark_of(s, flow_nh(s, k));
}

#define FLOW_WORDS 6u

/* The same of any words; what is shorter is filled up with zeros. */
static inline uint64_t
flow_mark_words(const struct flow_secret *s, const uint64_t w[FLOW_WORDS])
{
	flow_wide sum = (flow_wide)(w[0] + s->nh[0]) * (w[1] + s->nh[1]) +
	    (flow_wide)(w[2] + s->nh[2]) * (w[3] + s->nh[3]) +
	    (flow_wide)(w[4] + s->nh[4]) * (w[5] + s->nh[5]);

	return flow_mark_of(s, sum);
}

#endif /* AGENT_WATCH_FLOW_HASH_H */
