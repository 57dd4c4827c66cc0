/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/frame_out.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int
frame_out_open(void)
{
	/* Protocol 0: nothing that arrives is for it. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

int
frame_out_line(int fd, const char *interface, struct frame_line *out)
{
	struct ifreq r;

	memset(&r, 0, sizeof(r));
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", interface);
	if (ioctl(fd, SIOCGIFFLAGS, &r) < 0)
		return -errno;
	if ((r.ifr_flags & (IFF_UP | IFF_RUNNING)) != (IFF_UP | IFF_RUNNING))
		return -ENETDOWN;
	if (ioctl(fd, SIOCGIFHWADDR, &r) < 0)
		return -errno;
	if (r.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return -EAFNOSUPPORT;
	memcpy(out->mac, r.ifr_hwaddr.sa_data, sizeof(out->mac));
	if (ioctl(fd, SIOCGIFINDEX, &r) < 0)
		return -errno;
	out->ifindex = r.ifr_ifindex;
	return 0;
}

int
frame_out_send(int fd, const struct frame_line *line, const void *frame, size_t length)
{
	union {
		struct sockaddr any;
		struct sockaddr_ll link;
	} to = { .link = { .sll_family = AF_PACKET, .sll_ifindex = line->ifindex } };
	const uint8_t *type = (const uint8_t *)frame + offsetof(struct ether_header, ether_type);

	if (length < ETHER_HDR_LEN)
		return -EINVAL;
	memcpy(&to.link.sll_protocol, type, sizeof(to.link.sll_protocol));
	return sendto(fd, frame, length, MSG_DONTWAIT, &to.any, sizeof(to.link)) < 0 ? -errno : 0;
}
