/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/netfilter_socket.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

int
netfilter_socket_open(int receive_bytes)
{
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd == -1)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&any, sizeof(any)) == -1) {
		int error = errno;

		close(fd);
		return -error;
	}
	if (receive_bytes > 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_bytes,
	    sizeof(receive_bytes)) == -1)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes,
		    sizeof(receive_bytes));
	return fd;
}
