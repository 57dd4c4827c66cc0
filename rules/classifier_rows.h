/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of bits behind classifier_ranges.c, which tells what they are for:
 * how they lie in memory, and how they are built.
 */
#ifndef RULES_CLASSIFIER_ROWS_H
#define RULES_CLASSIFIER_ROWS_H

#include "rules/checked.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An interval begins at a value; its row begins at a word. */
struct row_narrow {
	uint32_t first, row;
};

struct row_wide {
	ip_value first;
	uint32_t row;
};

struct row_dimension {
	struct row_wide *wide;	/* IPv6 addresses */
	struct row_narrow *narrow;	/* all else; one of the two is NULL */
	size_t n;
	uint64_t *words;
	size_t n_words, room;
};

enum { ROWS_SOURCE, ROWS_DESTINATION, ROWS_SERVICE, ROWS_DIMENSIONS };

/* The permit is in force whatever the time: its dates need not be looked at. */
#define PERMIT_ALWAYS	0x80000000u

/* Of one box, what the rows leave open. */
struct row_digest {
	uint32_t permit;	/* index, maybe PERMIT_ALWAYS */
	uint16_t sport_first, sport_last;
	uint8_t protocol;
	bool protocol_any;
	bool wants_ports;
};

struct range_index {
	const struct checked *checked;
	uint32_t *ids;		/* bit -> box */
	struct row_digest *digests;	/* by bit */
	size_t n;
	bool thinned;		/* in at least one dimension */
	size_t row_words;	/* of a full row */
	size_t summary_words;
	struct row_dimension dims[ROWS_DIMENSIONS];
};

/* One number for protocol and destination port, or ICMP type and code. */
static inline uint32_t
rows_service_key(uint8_t protocol, uint16_t value)
{
	return (uint32_t)protocol << 16 | value;
}

/* All dimensions, from x->ids; row_words and summary_words are set. 0 or -ENOMEM. */
int rows_build(struct range_index *x);
void rows_free(struct range_index *x);

#endif /* RULES_CLASSIFIER_ROWS_H */
