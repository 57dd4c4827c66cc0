/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/sysctl_hardened.h"

static const struct sysctl_hardened rows[] = {
	{ SYSCTL_IPV4_ACCEPT_SOURCE_ROUTE, 0, false },
	{ SYSCTL_IPV6_ACCEPT_SOURCE_ROUTE, 0, false },
	{ SYSCTL_IPV4_SEND_REDIRECTS, 0, false },
	{ SYSCTL_IPV4_ACCEPT_REDIRECTS, 0, false },
	{ SYSCTL_IPV6_ACCEPT_REDIRECTS, 0, false },
	{ SYSCTL_CT_TCP_LOOSE, 0, false },
	/* Conntrack takes a closed flow for established while it knows it. */
	{ SYSCTL_CT_TCP_TIME_WAIT, 0, false },
	{ SYSCTL_CT_TCP_CLOSE, 0, false },
	/* It would forward where forwarding is off. */
	{ SYSCTL_IPV6_FORCE_FORWARD, 0, false },
	{ SYSCTL_IF_IPV6_FORCE_FORWARD, 0, true },
	/* Redirects are sent where all or the interface says so (IN_DEV_TX_REDIRECTS). */
	{ SYSCTL_IF_IPV4_SEND_REDIRECTS, 0, true },
};

const struct sysctl_hardened *
sysctl_hardened(size_t *n)
{
	*n = sizeof(rows) / sizeof(rows[0]);
	return rows;
}
