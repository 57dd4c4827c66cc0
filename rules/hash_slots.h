/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many slots a hash table with open addressing gets. */
#ifndef RULES_HASH_SLOTS_H
#define RULES_HASH_SLOTS_H

#include <stddef.h>

/* For n entries: a power of two, at least twice n, so that probes stay short; 16 at least. */
static inline size_t
hash_slots(size_t n)
{
	size_t size = 16;

	while (size < n * 2)
		size *= 2;
	return size;
}

#endif /* RULES_HASH_SLOTS_H */
