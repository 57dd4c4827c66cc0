/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NFLOG: samples of the packets that the gate stopped. The exact numbers are
 * the gate's own counters; what is lost on the way here is counted, because the
 * kernel numbers messages while it builds them (net/netfilter/nfnetlink_log.c).
 */
#ifndef KERNEL_HELPERS_NFLOG_H
#define KERNEL_HELPERS_NFLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a packet that the kernel copies; the gate's rules ask for as many. */
#define NFLOG_COPY_BYTES	128u
/* A buffer for nflog_receive(): the kernel's largest block (nlbufsiz). */
#define NFLOG_BUFFER_BYTES	(128u << 10)

/* One message. Pointers borrow from the buffer. */
struct nflog_packet {
	const char *prefix;		/* "" when there is none; NUL terminated */
	const uint8_t *bytes;		/* from the network header on */
	uint32_t length;		/* of bytes, as captured */
	uint32_t in, out;		/* interface index; 0: none */
	uint32_t mark;
	uint16_t ethertype;		/* host order: 0x0800, 0x86dd */
	uint8_t hook;			/* NF_INET_* */
	bool has_mac;
	uint8_t mac[6];			/* source, on Ethernet */
	int64_t time_ns;		/* CLOCK_REALTIME; 0: the kernel did not say */
};

struct nflog_ledger {
	uint64_t received;		/* handed over */
	uint64_t lost;			/* gaps in the numbers */
	uint64_t malformed;		/* messages that could not be read */
	uint64_t overruns;		/* times the socket was full */
	bool numbered;			/* next holds the number expected */
	uint32_t next;
};

/*
 * A socket bound to a group, non-blocking, set to copy NFLOG_COPY_BYTES of each
 * packet. Needs CAP_NET_ADMIN once; the socket works on without it. Negative
 * errno: -EBUSY when somebody else listens to the group.
 */
int nflog_open(uint16_t group);

/*
 * Hand over what waits, at most "max" datagrams. Packets handed over, or a
 * negative errno; the ledger tells of losses. buffer: NFLOG_BUFFER_BYTES.
 */
int nflog_receive(int fd, uint8_t *buffer, unsigned int max, struct nflog_ledger *ledger,
    void (*packet)(void *arg, const struct nflog_packet *p), void *arg);

/* One datagram, as received. Pure; every length in it is checked. */
int nflog_parse(const uint8_t *bytes, size_t length, struct nflog_ledger *ledger,
    void (*packet)(void *arg, const struct nflog_packet *p), void *arg);

#endif /* KERNEL_HELPERS_NFLOG_H */
