/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of one chain that openings come to: a map for each level, window, form
 * and family among its parts, and the rule that looks it up; and the same maps looked
 * up for flows that run. For the compiler's own files.
 */
#ifndef RULES_COMPILE_TABLES_H
#define RULES_COMPILE_TABLES_H

#include "rules/compile_internal.h"
#include "rules/compile_parts.h"

/* Key fields of a form, addresses first; returns how many. */
unsigned int table_key(enum form form, enum ip_family family,
    enum field key[LIMIT_KEY_FIELDS]);
/* Where a flow keeps what its opening had in a field of such a key. */
enum field table_flow_field(enum field f, uint8_t protocol);

/* To the chain that is being written; "name" begins the names of the maps. */
void write_tables(struct writer *w, const struct checked *c, const char *name,
    const struct parts *parts, const char *permitted);
void write_rejudge_tables(struct writer *w, const char *name, const struct parts *parts);
void write_window(struct writer *w, const struct window *window);

#endif /* RULES_COMPILE_TABLES_H */
