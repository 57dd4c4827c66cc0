/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the processors of this machine dropped between driver and stack:
 * /proc/net/softnet_stat. Not of one interface, and not of one network namespace.
 */
#ifndef KERNEL_HELPERS_SOFTNET_H
#define KERNEL_HELPERS_SOFTNET_H

#include <stddef.h>
#include <stdint.h>

#define SOFTNET_CPUS 1024u

/* Since softnet_open(), in 64 bits; the kernel's own counters have 32. */
struct softnet {
	int fd;			/* -1: not to be had */
	size_t n_lines;		/* processors online when last read */
	uint32_t dropped_then[SOFTNET_CPUS], squeezed_then[SOFTNET_CPUS];
	uint64_t dropped;	/* frames: the backlog of a processor was full */
	uint64_t squeezed;	/* times: work was left when the budget was used up */
};

/* The file stays open: it can be read again without a right to open files. */
void softnet_open(struct softnet *s);

/* Bring the numbers up to date. 0 or negative errno. */
int softnet_read(struct softnet *s);

/*
 * The parser of softnet_read(): the whole file. Pure. When processors come or go
 * the numbers begin anew from there. -EPROTO for what is no such text.
 */
int softnet_parse(struct softnet *s, const char *text, size_t length);

#endif /* KERNEL_HELPERS_SOFTNET_H */
