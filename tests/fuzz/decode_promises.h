/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What decoding promises of any bytes whatsoever, for the fuzzers and the test of
 * damaged captures. A broken promise aborts.
 */
#ifndef TESTS_FUZZ_DECODE_PROMISES_H
#define TESTS_FUZZ_DECODE_PROMISES_H

#include "agent/record/event_check.h"
#include "agent/watch/decode.h"

#include <stdlib.h>
#include <string.h>

static inline void
must(bool holds)
{
	if (!holds)
		abort();
}

/* Bit by bit: facts are cleared before they are filled in, padding and all. */
static inline bool
same_bytes(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n) == 0;
}

/* What is decoded must be a record that the recorder takes. */
static inline void
must_be_recordable(const struct facts *f)
{
	struct event e, out;
	const char *why;

	memset(&e, 0, sizeof(e));
	e.kind = EVENT_VIOLATION;
	e.zv = ZV_02_NOT_PERMITTED;
	e.count = 1;
	e.facts = *f;
	must(event_check(&e, sizeof(e), false, &out, &why) == 0);
}

static inline void
must_be_fragment_or_whole(const struct facts *f)
{
	const unsigned int both = FACT_FRAGMENT_FIRST | FACT_FRAGMENT_LATER;
	bool later = (f->flags & FACT_FRAGMENT_LATER) != 0;

	must((f->flags & both) != both);
	if ((f->flags & both) == 0) {
		must(f->fragment_offset == 0 && f->fragment_bytes == 0);
		must((f->flags & FACT_FRAGMENT_LAST) == 0);
		return;
	}
	must(later == (f->fragment_offset != 0) && f->fragment_offset % 8 == 0);
	must(!later || (f->flags & FACT_HAS_PORTS) == 0);
	must(f->unreadable == UNREADABLE_FRAGMENT ||
	    (f->fragment_bytes > 0 && f->fragment_offset + f->fragment_bytes <= 65535));
}

static inline void
must_be_facts(const struct facts *f)
{
	bool has_ports = (f->flags & FACT_HAS_PORTS) != 0;

	must(f->unreadable < UNREADABLE_COUNT && f->unreadable != UNREADABLE_OVERLAP);
	must((f->flags & ~FACT_KNOWN) == 0 && (f->flags & FACT_PORTS_INHERITED) == 0);
	for (size_t i = 0; i < FACT_VLANS; i++)
		must(f->vlan[i] <= 4096 && (i == 0 || f->vlan[i] == 0 || f->vlan[i - 1] != 0));
	must(f->src.family == f->dst.family);
	must(f->src.family != IP_V4 || (f->src.value >> 32) == 0);
	must(f->src.family != IP_NONE || (!has_ports && f->protocol == 0));
	must(has_ports || (f->sport == 0 && f->dport == 0 && f->tcp_flags == 0));
	must(!(f->flags & FACT_ROUTING_HEADER) || (f->flags & FACT_EXTENSION));
	must((f->level == 0) == (f->tunnel == TUNNEL_NONE));
	must_be_fragment_or_whole(f);
	must_be_recordable(f);
}

/* What follows lies inside the frame, and behind what was read before. */
static inline void
must_be_rest(const struct decode_rest *rest, const uint8_t *begin, const uint8_t *end)
{
	const struct cursor *c = &rest->payload;

	must(rest->level <= DECODE_LEVELS && rest->tunnel < TUNNEL_COUNT);
	must(rest->trouble < UNREADABLE_COUNT);
	must(c->captured <= c->wire);
	if (c->at != NULL)
		must(c->at >= begin && c->at <= end && c->captured <= (size_t)(end - c->at));
	else
		must(c->captured == 0 && (rest->tunnel == TUNNEL_NONE || rest->trouble != 0));
}

/* A packet that was read and all that it carries, to the end. */
static inline void
must_walk(struct decode_rest *rest, const struct facts *outer, const uint8_t *bytes,
    uint32_t captured)
{
	const uint8_t *end = bytes + captured, *at = bytes;
	unsigned int level = outer->level;
	struct facts f;

	must_be_facts(outer);
	must(outer->unreadable == READABLE || rest->tunnel == TUNNEL_NONE);
	for (;;) {
		must_be_rest(rest, at, end);
		must(rest->level == level);
		at = rest->payload.at != NULL ? rest->payload.at : at;
		if (!decode_inner(rest, &f))
			break;
		must_be_facts(&f);
		must(f.tunnel != TUNNEL_NONE && f.level == rest->level);
		if (f.unreadable == UNREADABLE_TUNNEL_DEPTH)
			must(level == DECODE_LEVELS && f.level == level);
		else
			must(f.level == ++level);
		must(f.unreadable == READABLE || rest->tunnel == TUNNEL_NONE);
	}
	must(!decode_inner(rest, &f));
}

/* Twice the same, bit by bit. */
static inline void
must_decode(int link, const uint8_t *bytes, uint32_t captured, uint32_t length)
{
	struct decode_rest rest, again_rest;
	struct facts f, again;

	memset(&f, 0x55, sizeof(f));
	memset(&again, 0xaa, sizeof(again));
	decode_frame(link, bytes, captured, length, &f, &rest);
	decode_frame(link, bytes, captured, length, &again, &again_rest);
	must(same_bytes(&f, &again, sizeof(f)));
	must(f.length == (length < captured ? captured : length));
	must(f.level == 0 && rest.level == 0);
	must_walk(&rest, &f, bytes, captured);
	decode_frame(link, bytes, captured, length, &again, NULL);
	must(same_bytes(&f, &again, sizeof(f)));
}

#endif /* TESTS_FUZZ_DECODE_PROMISES_H */
