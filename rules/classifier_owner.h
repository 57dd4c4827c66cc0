/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address -> who owns it, in a few memory accesses. Part of the classifier:
 * only rules/classifier*.c include this.
 */
#ifndef RULES_CLASSIFIER_OWNER_H
#define RULES_CLASSIFIER_OWNER_H

#include "rules/checked.h"

/* What one address is. The low 16 bits are the segment, SEGMENT_SELF or SEGMENT_NONE. */
typedef uint32_t owner_value;

#define OWNER_SEGMENT_MASK	0x0000ffffu
#define OWNER_BOUND		0x00010000u	/* has a MAC binding */
#define OWNER_FORBIDDEN		0x00020000u	/* address_never_forwarded() */
#define OWNER_BROADCAST		0x00040000u	/* directed, of a written network */

struct owner_table;

/* NULL with errno ENOMEM. "own" are the gateway's addresses beside the written ones. */
struct owner_table *owner_table_new(const struct checked *checked,
    const struct ip_addr *own, size_t n_own);
void owner_table_free(struct owner_table *t);

owner_value owner_of(const struct owner_table *t, const struct ip_addr *a);

static inline uint16_t
owner_segment(owner_value v)
{
	return (uint16_t)(v & OWNER_SEGMENT_MASK);
}

/* True when at least one own address is known. */
bool owner_knows_self(const struct owner_table *t);

#endif /* RULES_CLASSIFIER_OWNER_H */
