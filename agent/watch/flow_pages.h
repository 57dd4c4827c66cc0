/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of the tables of the packet path. They are looked up at random: with small pages
 * the processor waits as long for the address of a line as for the line, so what would
 * fill a good part of a huge page gets all of one, where the system has some to give.
 */
#ifndef AGENT_WATCH_FLOW_PAGES_H
#define AGENT_WATCH_FLOW_PAGES_H

#include <stddef.h>

/* Zeroed pages that cost nothing until they are touched. NULL: no memory. */
void *flow_pages_new(size_t bytes);
void flow_pages_free(void *p, size_t bytes);	/* accepts NULL */

#endif /* AGENT_WATCH_FLOW_PAGES_H */
