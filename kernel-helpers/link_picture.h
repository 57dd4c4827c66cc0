/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every interface of the network namespace, as far as it can carry packets past a gate. */
#ifndef KERNEL_HELPERS_LINK_PICTURE_H
#define KERNEL_HELPERS_LINK_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINK_PICTURE_MOST 1024u

struct link_entry {
	uint32_t index;
	uint32_t master;		/* it is a port of that one; 0: none */
	uint32_t xdp_program;		/* its number; 0 with "xdp": not told */
	char name[16];
	char kind[16];			/* "bridge", "vlan", ...; "" for a card */
	bool up, loopback, xdp;
	bool has_address;		/* one that is not link-local */
};

struct link_picture {
	struct link_entry links[LINK_PICTURE_MOST];
	size_t n;
	bool cut;			/* there are more */
};

/* By a socket of rtnl_open(). 0 or negative errno; then what is there may lack some. */
int link_picture_take(int fd, struct link_picture *p);

/* The parsers, one message each. Pure. */
void link_picture_link(void *picture, uint16_t type, const uint8_t *body, size_t length);
void link_picture_address(void *picture, uint16_t type, const uint8_t *body, size_t length);

/* NULL: there is none. */
const struct link_entry *link_picture_by_index(const struct link_picture *p, uint32_t index);
const struct link_entry *link_picture_by_name(const struct link_picture *p, const char *name);

/* NULL is none. */
bool link_is_bridge(const struct link_entry *l);

#endif /* KERNEL_HELPERS_LINK_PICTURE_H */
