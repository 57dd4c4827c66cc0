/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink: whole lists of what the kernel has, and a bell that rings when something
 * of it changes. Asking needs no privilege, so the sockets can be handed to a process
 * that has none.
 */
#ifndef KERNEL_HELPERS_RTNL_H
#define KERNEL_HELPERS_RTNL_H

#include "kernel-helpers/attribute.h"

#include <stddef.h>
#include <stdint.h>

/* A non-blocking socket for rtnl_dump(). Negative errno. */
int rtnl_open(void);

/*
 * One that hears of links, addresses, routes, rules, queueing disciplines and the
 * switches of forwarding and its like. Negative errno.
 */
int rtnl_open_events(void);

#define RTNL_LINKS	1u	/* links and addresses */
#define RTNL_ROUTES	2u	/* routes and rules */
#define RTNL_TC		4u
#define RTNL_SWITCHES	8u
#define RTNL_ALL	15u

/* Read what waits, at most so many datagrams: the RTNL_* it was about; all, when some are lost. */
unsigned int rtnl_read_events(int fd, unsigned int most);

/* One message of an answer: its fixed part begins at body. */
typedef void rtnl_each(void *arg, uint16_t type, const uint8_t *body, size_t length);

/*
 * All of a kind: "body" is the fixed part of the question, whose attributes may follow
 * it. 0; -EINTR: it changed meanwhile and may be incomplete; another negative errno.
 */
int rtnl_dump(int fd, uint16_t type, const void *body, size_t length, rtnl_each *each,
    void *arg);

/*
 * The parser of rtnl_dump(): one datagram of the answer with this number. Pure. 1: it was
 * the last, 0: more follow, or negative errno.
 */
int rtnl_parse(const void *part, size_t length, uint32_t number, rtnl_each *each, void *arg);

/* The attributes behind a fixed part of this size; empty when the message is too short. */
static inline struct attribute
rtnl_attributes(const uint8_t *body, size_t length, size_t fixed)
{
	size_t at = NLMSG_ALIGN(fixed);

	return length < at ? (struct attribute){ body, 0 } :
	    (struct attribute){ body + at, length - at };
}

#endif /* KERNEL_HELPERS_RTNL_H */
