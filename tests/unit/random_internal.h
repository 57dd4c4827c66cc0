/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of random_policy.h share. */
#ifndef TESTS_UNIT_RANDOM_INTERNAL_H
#define TESTS_UNIT_RANDOM_INTERNAL_H

#include "tests/unit/random_policy.h"

/* A test without memory has nothing to say: abort. */
void *random_must(void *memory);
char *random_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Both take the word over; the second leaves out what is there already. */
void random_add_word(struct policy_words *w, char *word);
void random_add_new_word(struct policy_words *w, char *word);

/* A zone, a host or one of the first "groups" groups. */
char *random_some_name(struct dice *d, const struct policy *p, unsigned int groups);

void random_make_service(struct dice *d, struct policy *p, unsigned int i);
void random_make_permit(struct dice *d, struct policy *p, unsigned int i);

#endif /* TESTS_UNIT_RANDOM_INTERNAL_H */
