/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Switches that are set whenever forwarding is on, and kept so. */
#ifndef KERNEL_HELPERS_SYSCTL_HARDENED_H
#define KERNEL_HELPERS_SYSCTL_HARDENED_H

#include "kernel-helpers/sysctl.h"

#include <stdbool.h>
#include <stddef.h>

struct sysctl_hardened {
	enum sysctl_id id;
	int value;
	bool per_interface;		/* of every interface of a segment */
};

const struct sysctl_hardened *sysctl_hardened(size_t *n);

#endif /* KERNEL_HELPERS_SYSCTL_HARDENED_H */
