/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading hostile bytes: a place in a packet that knows how much of it was
 * captured and how much of it there was on the wire. Whoever wants bytes gets
 * a pointer to exactly as many as were asked for, or NULL.
 */
#ifndef AGENT_WATCH_CURSOR_H
#define AGENT_WATCH_CURSOR_H

#include <stddef.h>
#include <stdint.h>

struct cursor {
	const uint8_t *at;
	uint32_t captured;	/* bytes readable from "at" */
	uint32_t wire;		/* bytes the packet had from "at", >= captured */
};

/* n bytes from here without moving; NULL when they were not captured. */
static inline const uint8_t *
cursor_peek(const struct cursor *c, uint32_t n)
{
	return n <= c->captured ? c->at : NULL;
}

/* n bytes from here, and move behind them; NULL, unmoved, when not captured. */
static inline const uint8_t *
cursor_take(struct cursor *c, uint32_t n)
{
	const uint8_t *bytes = c->at;

	if (n > c->captured)
		return NULL;
	c->at += n;
	c->captured -= n;
	c->wire -= n;
	return bytes;
}

/* Move behind n bytes of the packet, captured or not; n is at most c->wire. */
static inline void
cursor_skip(struct cursor *c, uint32_t n)
{
	uint32_t there = n < c->captured ? n : c->captured;

	c->at += there;
	c->captured -= there;
	c->wire -= n;
}

/* The packet ends n bytes from here: what follows is padding. */
static inline void
cursor_limit(struct cursor *c, uint32_t n)
{
	if (n < c->wire)
		c->wire = n;
	if (n < c->captured)
		c->captured = n;
}

static inline uint16_t
read_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
read_be32(const uint8_t *p)
{
	return (uint32_t)read_be16(p) << 16 | read_be16(p + 2);
}

static inline uint64_t
read_be64(const uint8_t *p)
{
	return (uint64_t)read_be32(p) << 32 | read_be32(p + 4);
}

#endif /* AGENT_WATCH_CURSOR_H */
