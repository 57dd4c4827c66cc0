/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the seal stands in a line: its last two members, of fixed length,
 *   ...,"hash":"<64 hex>","mac":"<64 hex>"}\n
 * so that the sealed bytes are everything before them, as they stand in the file.
 */
#ifndef AGENT_RECORD_SEAL_LINE_H
#define AGENT_RECORD_SEAL_LINE_H

#include "agent/record/seal_key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that the seal adds to a line. */
#define SEAL_LINE_SIZE (sizeof(",\"hash\":\"\",\"mac\":\"\"") - 1 + 2 * (size_t)SEAL_HEX)
/* Longest sealed line that is read; ours stay within RECORD_LINE_MAX. */
#define SEAL_LINE_LONGEST 4096u

struct seal_line {
	size_t sealed;			/* bytes from the begin of the line */
	const char *hash, *mac;		/* SEAL_HEX digits each, in the line */
};

/* Take a line (without its newline) apart; false when it has no seal. */
bool seal_line_split(const char *line, size_t length, struct seal_line *out);

/*
 * Put the seal into a line that ends in "}\n". There must be room for SEAL_LINE_SIZE
 * more; *length grows by it.
 */
void seal_line_join(char *line, size_t *length, const uint8_t hash[SEAL_SIZE],
    const uint8_t mac[SEAL_SIZE]);

void seal_hex(const uint8_t bytes[SEAL_SIZE], char digits[SEAL_HEX]);
/* False for anything but lower case digits. */
bool seal_unhex(const char digits[SEAL_HEX], uint8_t bytes[SEAL_SIZE]);

/*
 * What a verifier must know of a line without believing it: fields at the places where
 * our writer puts them. A name with its quotes and colon cannot stand inside of a JSON
 * string, so the first one found is the member of that name.
 */
bool seal_line_number(const char *line, size_t length, const char *name, uint64_t *out);
/* The text up to the closing quote; fails on an escape. */
bool seal_line_text(const char *line, size_t length, const char *name, const char **text,
    size_t *text_length);

#endif /* AGENT_RECORD_SEAL_LINE_H */
