/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/netlink_stale.h"

#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>

int
netlink_discard_stale(int fd)
{
	unsigned int troubles = 0;
	uint8_t byte;

	while (troubles < NETLINK_TROUBLES) {
		/* The rest of the datagram goes with its first byte. */
		if (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) >= 0)
			troubles = 0;
		else if (errno == EINTR || errno == ENOBUFS)
			troubles++;
		else
			return errno == EAGAIN ? 0 : -errno;
	}
	return -errno;
}
