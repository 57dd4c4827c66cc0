/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of the policy language, once: the parser reads by this table, the
 * printer writes by it, so that neither can know a key that the other forgot.
 * Order is that of the manual page.
 */
#ifndef RULES_POLICY_KEYS_H
#define RULES_POLICY_KEYS_H

#include "rules/policy.h"

#include <stdbool.h>
#include <stddef.h>

enum policy_key_kind {
	POLICY_KEY_TEXT = 0,	/* char *: free text */
	POLICY_KEY_WORD,	/* char *: text that is not empty */
	POLICY_KEY_NAME,	/* char *: letters, digits, '-', '_', '.' */
	POLICY_KEY_ID,		/* char *: a name in ASCII, it goes to the kernel */
	POLICY_KEY_WORDS,	/* struct policy_words; one word may stand alone */
	POLICY_KEY_ENABLED,	/* bool, kept inverted: zero is the usual value */
	POLICY_KEY_SWITCH,	/* bool, usually false */
	POLICY_KEY_SCHEMA,	/* long long */
	POLICY_KEY_GROUP,	/* one struct of "type" */
	POLICY_KEY_ITEMS,	/* array of structs of "type", and its size_t count */
	POLICY_KEY_ORIGIN,	/* the type's origin, as "file:line" */
};

struct policy_type;

struct policy_key {
	const char *name;
	enum policy_key_kind kind;
	bool required;
	bool numbers;			/* a whole number may stand for a word */
	size_t offset;
	size_t count_offset;		/* POLICY_KEY_ITEMS */
	unsigned int limit;		/* of items; 0: none here */
	const struct policy_type *type;	/* POLICY_KEY_GROUP, POLICY_KEY_ITEMS */
};

struct policy_type {
	const struct policy_key *keys;
	size_t n_keys;
	size_t size;			/* of the struct */
	size_t origin_offset;
};

/* The type of the whole policy: struct policy. */
const struct policy_type *policy_keys_root(void);

/* NULL when the type has no such key. */
const struct policy_key *policy_keys_find(const struct policy_type *type,
    const char *name);

/* The key that a mistyped name probably meant; NULL when none is near. */
const struct policy_key *policy_keys_nearest(const struct policy_type *type,
    const char *name);

#endif /* RULES_POLICY_KEYS_H */
