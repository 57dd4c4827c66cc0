/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checked policy as the kernel's filter asks it (kernel-helpers/tap.h): who
 * owns an address, in which boxes' ranges it lies, which services a port is in,
 * which permit has a box of that source, destination and service.
 *
 * Made for one moment: only permits in force are in it, and it ends when the
 * next permit begins or ends to be. One-sided: addresses in too many ranges,
 * permits behind the last that fits, packets to and from the gateway itself, and
 * whatever is cut off are left out, so user space judges them.
 */
#ifndef AGENT_WATCH_PREFILTER_H
#define AGENT_WATCH_PREFILTER_H

#include "kernel-helpers/tap.h"
#include "rules/checked.h"
#include "rules/cutoff_judge.h"

#include <stddef.h>
#include <stdint.h>

struct prefilter_source {
	const struct checked *checked;
	const struct ip_addr *own;	/* the gateway's, beside those written in it */
	size_t n_own;
	const int *tap_of_segment;	/* -1: none */
	const struct cutoff_judge *cut;	/* NULL: nothing is cut off; borrowed */
	int64_t now_s;			/* seconds since the epoch */
	int64_t now_ns;			/* CLOCK_MONOTONIC at the begin of that second */
};

/*
 * The two of one moment, by CLOCK_REALTIME and CLOCK_MONOTONIC, so that the filter's
 * coarse clock never takes a permit to be in force after its end.
 */
void prefilter_set_time(struct prefilter_source *from, int64_t wall_ns, int64_t clock_ns);

struct prefilter;

/* NULL with errno ENOMEM. Borrows nothing. */
struct prefilter *prefilter_new(const struct prefilter_source *from);
void prefilter_free(struct prefilter *p);	/* accepts NULL */

const struct tap_policy *prefilter_policy(const struct prefilter *p);

/* Permits in force that found no room, with all behind them in the file. */
size_t prefilter_left_out(const struct prefilter *p);

#endif /* AGENT_WATCH_PREFILTER_H */
