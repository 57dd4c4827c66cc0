/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filters of traffic control: before and behind the gate's hooks they can send frames
 * from one interface to another, and no rule of the gate ever sees them.
 */
#ifndef KERNEL_HELPERS_TC_PICTURE_H
#define KERNEL_HELPERS_TC_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TC_PICTURE_MOST 256u

enum tc_place {
	TC_COMING = 0,		/* before the gate */
	TC_LEAVING,		/* behind it */
	TC_SHARED,		/* filters that several interfaces share: not looked into */
};

struct tc_filter {
	uint32_t interface;		/* index */
	enum tc_place place;
	char kind[16];			/* "u32", "flower", "bpf"; "" of a shared block */
	bool moves;			/* sends frames elsewhere, or may: mirred, bpf */
};

struct tc_picture {
	struct tc_filter filters[TC_PICTURE_MOST];
	size_t n;
	bool cut;
};

/* Of these interfaces (indexes), by a socket of rtnl_open(). 0 or negative errno. */
int tc_picture_take(int fd, const uint32_t *interfaces, size_t n, struct tc_picture *p);

/* A queueing discipline that filters can hang on. */
struct tc_qdisc {
	uint32_t interface, handle;
	bool clsact;			/* clsact or ingress */
	bool shared;
};

struct tc_qdiscs {
	struct tc_qdisc all[TC_PICTURE_MOST];
	size_t n;
	bool cut;
};

struct tc_asked {
	struct tc_picture *picture;
	enum tc_place place;
};

/* The parsers, one message each: of a struct tc_qdiscs, of a struct tc_asked. Pure. */
void tc_picture_qdisc(void *qdiscs, uint16_t type, const uint8_t *body, size_t length);
void tc_picture_filter(void *asked, uint16_t type, const uint8_t *body, size_t length);

#endif /* KERNEL_HELPERS_TC_PICTURE_H */
