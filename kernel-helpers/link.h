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

/* A VLAN device, by the interface that carries it. */
struct link_vlan {
	uint32_t lower;		/* kernel's number of that interface */
	uint16_t protocol;	/* EtherType of the tag: 802.1Q or 802.1ad */
	uint16_t id;		/* 1 to 4095 */
};

typedef void link_on_vlan(void *arg, const struct link_vlan *v);

/*
 * Every VLAN device of the network namespace whose lower interface is in it too. 0
 * or negative errno: then some may be missing (-EINTR: they changed meanwhile).
 */
int link_vlans(int fd, link_on_vlan *found, void *arg);

/*
 * The parser of link_vlans(): one datagram of the answer with this number, aligned
 * as a netlink message. Pure. 1: it was the last, 0: more follow, or negative errno.
 */
int link_parse_vlans(const void *part, size_t length, uint32_t number,
    link_on_vlan *found, void *arg);

/* Frames that the driver lost for want of room; most drivers fill only one of these. */
uint64_t link_lost(const struct link_counters *c);

/*
 * Name of the interface of that number, by any open socket of the network
 * namespace. 0 or negative errno.
 */
int link_name(int any_socket, uint32_t ifindex, char name[IF_NAMESIZE]);

#endif /* KERNEL_HELPERS_LINK_H */
