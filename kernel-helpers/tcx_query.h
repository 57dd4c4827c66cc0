/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BPF programs at an interface's tcx hooks, in the order in which they run (Linux 6.6). */
#ifndef KERNEL_HELPERS_TCX_QUERY_H
#define KERNEL_HELPERS_TCX_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#define TCX_MOST 64u		/* BPF_MPROG_MAX */

/*
 * Their numbers into programs. How many, or negative errno (-EINVAL: this kernel has no
 * tcx). Needs CAP_NET_ADMIN or CAP_BPF.
 */
int tcx_query(uint32_t interface, bool leaving, uint32_t programs[TCX_MOST]);

#endif /* KERNEL_HELPERS_TCX_QUERY_H */
