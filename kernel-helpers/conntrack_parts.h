/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One message of ctnetlink, taken apart. For conntrack*.c. */
#ifndef KERNEL_HELPERS_CONNTRACK_PARTS_H
#define KERNEL_HELPERS_CONNTRACK_PARTS_H

#include "kernel-helpers/conntrack.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

/* By number of attribute; NULL: not there. Unknown ones are passed over. */
struct conntrack_parts {
	const struct nlattr *at[CTA_MAX + 1];
};

/* False for what is no entry (IPCTNL_MSG_CT_NEW) or breaks the format. */
bool conntrack_split(const void *message, size_t length, struct conntrack_parts *p);
bool conntrack_read(const struct conntrack_parts *p, struct conntrack_flow *out);

/* The value of an attribute of this length; NULL for another, or none. */
const void *conntrack_value(const struct nlattr *a, size_t length);

#endif /* KERNEL_HELPERS_CONNTRACK_PARTS_H */
