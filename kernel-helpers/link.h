/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces as the kernel has them now: there or not, up or not, and what
 * their drivers counted. Asked through sockets that were opened before, so that
 * a process without privilege, files or new sockets can go on asking.
 */
#ifndef KERNEL_HELPERS_LINK_H
#define KERNEL_HELPERS_LINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* struct rtnl_link_stats64 (linux/if_link.h), as far as it tells of loss. */
struct link_counters {
	uint64_t rx_packets;
	uint64_t rx_otherhost;	/* of these: meant for other stations (Linux 5.19) */
	uint64_t rx_missed, rx_fifo, rx_over;	/* the host was too slow */
	uint64_t rx_dropped;	/* also what no protocol of this machine wanted */
	uint64_t tx_packets, tx_dropped;
};

struct link_state {
	uint32_t ifindex;
	bool up;		/* switched on (IFF_UP) */
	bool carrier;		/* and frames can leave (IFF_LOWER_UP) */
	bool ethernet;		/* has a MAC: */
	uint8_t mac[6];
	struct link_counters count;
};

/* A socket for link_ask(); non-blocking. Negative errno. */
int link_open(void);

/* 0, -ENODEV when there is no interface of that name, or another negative errno. */
int link_ask(int fd, const char *name, struct link_state *out);

/*
 * The parser of link_ask(): one netlink message of "length" bytes, as received.
 * Pure; every length in it is checked. -EPROTO for what is no answer.
 */
int link_parse(const uint8_t *bytes, size_t length, struct link_state *out);

/* Frames that the driver lost for want of room; most drivers fill only one of these. */
uint64_t link_lost(const struct link_counters *c);

/*
 * Name of the interface of that number, by any open socket of the network
 * namespace. 0 or negative errno.
 */
int link_name(int any_socket, uint32_t ifindex, char name[IF_NAMESIZE]);

#endif /* KERNEL_HELPERS_LINK_H */
