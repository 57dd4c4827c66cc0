/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A checkpoint: "up to record s the log of this gateway hashed to h", signed. One line of
 * text, short enough for paper and mail, for it is worth something only out of reach of
 * whoever could change the log:
 *
 *   SC1 gw1 12 34567 20261122T053015Z 0 <hash: 64 hex> <signature: 86 of base64url>
 *       gateway, file, sequence, time, records lost so far
 *
 * What is signed is the text before the last space.
 */
#ifndef AGENT_RECORD_CHECKPOINT_H
#define AGENT_RECORD_CHECKPOINT_H

#include "agent/record/seal_key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHECKPOINT_MAX	200u	/* characters of a line */

struct checkpoint {
	char gateway[65];
	uint64_t file, sequence, lost;
	int64_t time_ns;
	uint8_t hash[SEAL_SIZE];
	bool is_signed;			/* one typed from paper may lack it */
	uint8_t signature[SEAL_SIGNATURE];
	char text[CHECKPOINT_MAX + 1];
};

/* Fill in .text and .signature from the rest; the gateway's name is cut to fit. */
void checkpoint_sign(struct checkpoint *c, const uint8_t secret[SEAL_SECRET]);

/*
 * The same over the SHA-256 of something else, a bundle of evidence: "SM1" instead of
 * "SC1", so that one is never taken for the other. .sequence: the last record by then.
 */
void checkpoint_sign_manifest(struct checkpoint *c, const uint8_t secret[SEAL_SECRET]);
bool checkpoint_parse_manifest(const char *text, size_t length, struct checkpoint *out);

/* Read a line (no newline). False when it is none; the signature is not checked. */
bool checkpoint_parse(const char *text, size_t length, struct checkpoint *out);

/* Is it signed with the secret part of this key? */
bool checkpoint_holds(const struct checkpoint *c, const uint8_t public[SEAL_SIZE]);

#endif /* AGENT_RECORD_CHECKPOINT_H */
