/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/link_release.h"

#include "kernel-helpers/link_picture.h"
#include "kernel-helpers/rtnl.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* 0: the kernel did it. */
static int
acknowledged(int fd)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
	} answer;
	ssize_t n = recv(fd, &answer, sizeof(answer), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0)
		return -errno;
	if ((size_t)n < sizeof(answer) || answer.h.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return answer.e.error;
}

static int
set_no_master(int fd, uint32_t index)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg link;
		struct nlattr attr;
		uint32_t master;
	} q = {
		.h = { .nlmsg_len = sizeof(q), .nlmsg_type = RTM_NEWLINK,
		    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK, .nlmsg_seq = 1 },
		.link = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index },
		.attr = { NLA_HDRLEN + sizeof(uint32_t), IFLA_MASTER },
	};

	/* The kernel has answered when this returns. */
	return send(fd, &q, sizeof(q), MSG_DONTWAIT) < 0 ? -errno : acknowledged(fd);
}

int
link_release_from_bridge(const char *name)
{
	struct link_picture *p = malloc(sizeof(*p));
	const struct link_entry *l, *master;
	int fd = rtnl_open(), r = p == NULL ? -ENOMEM : fd;

	if (r >= 0)
		r = link_picture_take(fd, p);
	if (r == 0) {
		l = link_picture_by_name(p, name);
		master = l == NULL || l->master == 0 ? NULL :
		    link_picture_by_index(p, l->master);
		r = l == NULL ? -ENODEV : !link_is_bridge(master) ? -ENOENT :
		    set_no_master(fd, l->index);
	}
	if (fd >= 0)
		close(fd);
	free(p);
	return r;
}
