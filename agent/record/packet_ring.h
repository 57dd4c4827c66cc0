/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first packets of violations in pcapng files beside the log, owner-only, of a bounded
 * size together: the oldest file goes for a new one. They are not the record of truth, so
 * nothing is sealed or synced for them, and what goes leaves a count and no record.
 *
 * One file holds one kind of link, for libpcap reads no other:
 * packets-0000000012-ethernet.pcapng.
 */
#ifndef AGENT_RECORD_PACKET_RING_H
#define AGENT_RECORD_PACKET_RING_H

#include "agent/record/packet.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define PACKET_RING_STEM	"packets-"
#define PACKET_RING_END		".pcapng"
#define PACKET_RING_NAME_SIZE	48u

/* A sender that means well sends no more in a second; more are counted, not written. */
#define PACKET_RING_RATE	2000u

struct packet_ring;

struct packet_ring_count {
	uint64_t written;
	uint64_t not_kept;		/* by us: too many, no room, an error, or not wanted */
	uint64_t not_sent;		/* by the watcher, by its own word */
	uint64_t files_gone;		/* for newer ones */
	uint64_t bytes;			/* of all files */
	int error;			/* errno of the latest failure; 0: none */
};

/* The directory is borrowed; what stands in it is counted. NULL with errno. */
struct packet_ring *packet_ring_new(int directory, const char *version);
void packet_ring_free(struct packet_ring *r);	/* accepts NULL */

/* What the policy in force says; before there is one nothing is kept. */
void packet_ring_rules(struct packet_ring *r, const struct record_evidence *rules);

/*
 * A packet of packet_check(). "full": the disk has room for records only. now_ns:
 * CLOCK_BOOTTIME.
 */
void packet_ring_add(struct packet_ring *r, const struct packet *p, bool full, int64_t now_ns);

struct packet_ring_count packet_ring_count(const struct packet_ring *r);
/* The same as an object of status and heartbeats. */
json_t *packet_ring_json(const struct packet_ring *r);

/* Number and kind of a file of ours; false: it is none. */
bool packet_ring_parse(const char *name, unsigned long *number, enum packet_link *link);

/* The comment of a packet: "sekisho 0123456789abcdef 1 tap-ingress"; false: no such. */
bool packet_ring_key(const char *comment, size_t length, uint64_t *key);

#endif /* AGENT_RECORD_PACKET_RING_H */
