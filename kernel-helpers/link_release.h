/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Take an interface out of a bridge. */
#ifndef KERNEL_HELPERS_LINK_RELEASE_H
#define KERNEL_HELPERS_LINK_RELEASE_H

/*
 * 0; -ENOENT: it is no port of a bridge (a port of a bond stays one), -ENODEV: it is not
 * there; another negative errno. Needs CAP_NET_ADMIN.
 */
int link_release_from_bridge(const char *name);

#endif /* KERNEL_HELPERS_LINK_RELEASE_H */
