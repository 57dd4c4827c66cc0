/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an earlier question left in a netlink socket. */
#ifndef KERNEL_HELPERS_NETLINK_STALE_H
#define KERNEL_HELPERS_NETLINK_STALE_H

/*
 * So many errors in a row are told once each by a socket that lost something or was
 * interrupted; one that has more to tell does not work.
 */
#define NETLINK_TROUBLES 16u

/* Throw away all that waits, without waiting. 0, or -errno of a socket that does not work. */
int netlink_discard_stale(int fd);

#endif /* KERNEL_HELPERS_NETLINK_STALE_H */
