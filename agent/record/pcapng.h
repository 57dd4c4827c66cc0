/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks of a pcapng file (draft-ietf-opsawg-pcapng), written in the machine's own byte
 * order: times in nanoseconds, the interface by its name, a comment with each packet. And
 * a walk over the blocks of such a file that believes nothing.
 */
#ifndef AGENT_RECORD_PCAPNG_H
#define AGENT_RECORD_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No block of ours is longer. */
#define PCAPNG_BLOCK_MAX	2048u
#define PCAPNG_TEXT_MAX		255u	/* longer ones are cut */

#define PCAPNG_SECTION		0x0a0d0d0au
#define PCAPNG_INTERFACE	1u
#define PCAPNG_PACKET		6u

struct pcapng_packet {
	uint32_t interface;		/* number in the section, from 0 */
	int64_t time_ns;		/* CLOCK_REALTIME */
	uint32_t captured, length;	/* length: on the wire */
	const uint8_t *bytes;
	bool inbound, outbound;
	const char *comment;
};

/* Each writes one block and returns its length. Texts that are NULL are left out. */
size_t pcapng_section(uint8_t out[PCAPNG_BLOCK_MAX], const char *hardware, const char *os,
    const char *application);
size_t pcapng_interface(uint8_t out[PCAPNG_BLOCK_MAX], const char *name,
    const char *description, uint16_t link_type, uint32_t snap);
size_t pcapng_packet(uint8_t out[PCAPNG_BLOCK_MAX], const struct pcapng_packet *p);

struct pcapng_block {
	uint32_t type;
	const uint8_t *bytes;		/* of the whole block */
	size_t length;
};

/*
 * The block at the begin of these bytes. False: no whole, sound block of this machine's
 * byte order stands there.
 */
bool pcapng_next(const uint8_t *bytes, size_t length, struct pcapng_block *out);

/* Time and comment (not NUL terminated, NULL: none) of a block PCAPNG_PACKET. */
bool pcapng_look(const struct pcapng_block *b, int64_t *time_ns, const char **comment,
    size_t *comment_length);

#endif /* AGENT_RECORD_PCAPNG_H */
