/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The socket that every speaker of nfnetlink begins with. */
#ifndef KERNEL_HELPERS_NETFILTER_SOCKET_H
#define KERNEL_HELPERS_NETFILTER_SOCKET_H

/*
 * NETLINK_NETFILTER, bound, closed on exec. receive_bytes: room for what has not
 * been read, as much as we may have of it; 0: the system's. Negative errno.
 */
int netfilter_socket_open(int receive_bytes);

#endif /* KERNEL_HELPERS_NETFILTER_SOCKET_H */
