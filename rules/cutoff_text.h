/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is cut, as text: one line a part, for the watcher and for the state folder.
 *
 *	all
 *	link mn0
 *	pair mn0 in0
 *	range 10.0.0.0/24
 */
#ifndef RULES_CUTOFF_TEXT_H
#define RULES_CUTOFF_TEXT_H

#include "rules/cutoff.h"

#include <stdio.h>

/* Longest text of all the parts there may be. */
#define CUTOFF_TEXT_MAX ((size_t)4 << 20)

void cut_parts_print(const struct cut_parts *p, FILE *out);
/* The same as a string; the caller frees it. NULL with errno ENOMEM. */
char *cut_parts_string(const struct cut_parts *p);

/*
 * The reverse, of bytes that may be hostile; tidy. 0; -EPROTO: it is none; -E2BIG;
 * -ENOMEM. With any of these *out is empty.
 */
int cut_parts_parse(const char *text, size_t length, struct cut_parts *out);

#endif /* RULES_CUTOFF_TEXT_H */
