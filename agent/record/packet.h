/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One packet of a violation as it travels from the watcher to the recorder, which
 * trusts nothing in it. It stands beside the record of the violation, never for it:
 * it comes by a socket of its own, and is the first thing that goes when there is too
 * much of anything.
 */
#ifndef AGENT_RECORD_PACKET_H
#define AGENT_RECORD_PACKET_H

#include "rules/record_rules.h"

#include <stddef.h>
#include <stdint.h>

/* What the bytes begin with. */
enum packet_link {
	PACKET_ETHERNET = 0,
	PACKET_IPV4,		/* the gate's log, and links without a header */
	PACKET_IPV6,
	PACKET_COOKED,		/* DLT_LINUX_SLL */
	PACKET_LINKS
};

struct packet {
	uint64_t key;			/* of the violation, as in its records */
	uint64_t not_sent;		/* by this sender so far, for want of time or room */
	int64_t time_ns;		/* CLOCK_REALTIME */
	uint32_t length;		/* on the wire; 0: not known */
	uint16_t captured;		/* of bytes */
	uint16_t nth;			/* 1: the first one of its violation; 0: the last one */
	uint8_t link;			/* enum packet_link */
	uint8_t witness;		/* one of WITNESS_* */
	char interface[16];		/* NUL terminated */
	uint8_t bytes[RECORD_EVIDENCE_SNAP];	/* no more of them travel than are used */
};

#define PACKET_HEAD	offsetof(struct packet, bytes)

/* The bytes of a message: 0 and *out is filled, or -EPROTO and why not. */
int packet_check(const void *bytes, size_t length, struct packet *out, const char **why);

/* "ethernet"; NULL when there is none of that number. */
const char *packet_link_name(enum packet_link link);

#endif /* AGENT_RECORD_PACKET_H */
