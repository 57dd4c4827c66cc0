/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection table, where a permit that was taken away must leave no flow
 * behind: count and delete entries by ct mark (pair and permit, rules/ruleset.h)
 * or by the addresses that opened them. ctnetlink over libmnl.
 */
#ifndef KERNEL_HELPERS_CONNTRACK_H
#define KERNEL_HELPERS_CONNTRACK_H

#include "rules/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Host order; ICMP: sport = type << 8 | code, dport 0; 0 where there are none. */
struct conntrack_ends {
	struct ip_addr src, dst;
	uint16_t sport, dport;
};

/* One entry, in the direction that opened it. */
struct conntrack_flow {
	struct ip_addr src, dst;
	uint16_t sport, dport;		/* as in struct conntrack_ends */
	uint8_t protocol;
	uint32_t mark;
	/* The same packet behind address translation; without any, as above. */
	struct conntrack_ends translated;
};

/* A socket for the calls below; negative errno. Needs CAP_NET_ADMIN. */
int conntrack_open(void);

/*
 * Delete every entry that "select" chooses. 0 or a negative errno; *seen and
 * *deleted say how many entries there were and how many are gone (an entry that
 * ended by itself meanwhile counts). Flows opened after the dump began are not
 * seen: call again until *deleted is 0.
 */
int conntrack_delete(int fd, bool (*select)(void *arg, const struct conntrack_flow *f),
    void *arg, size_t *seen, size_t *deleted);

enum conntrack_choice {
	CONNTRACK_LEAVE = 0,
	CONNTRACK_DELETE,
	CONNTRACK_MARK,		/* it runs on under the mark that choose() gave */
};

/*
 * For every entry what choose() says. 0 or a negative errno; -EINTR: done, but the
 * table changed its size meanwhile, so entries may have been passed over.
 */
int conntrack_change(int fd, enum conntrack_choice (*choose)(void *arg,
    const struct conntrack_flow *f, uint32_t *mark), void *arg, size_t *deleted,
    size_t *marked);

/* Entries with one of these marks, sorted ascending. */
int conntrack_delete_marks(int fd, const uint32_t *marks, size_t n, size_t *deleted);

/*
 * How many entries select() chooses; NULL: all. -EINTR: the table changed its size
 * meanwhile, so entries may have been passed over.
 */
int conntrack_count(int fd, bool (*select)(void *arg, const struct conntrack_flow *f),
    void *arg, size_t *count);

/*
 * One entry of a dump (IPCTNL_MSG_CT_NEW) into *out; false when it is none.
 * Pure; every length is checked.
 */
bool conntrack_parse(const void *message, size_t length, struct conntrack_flow *out);

/* By everything but the mark, then by the mark: an order for tables of flows. */
int conntrack_compare(const struct conntrack_flow *a, const struct conntrack_flow *b);

#endif /* KERNEL_HELPERS_CONNTRACK_H */
