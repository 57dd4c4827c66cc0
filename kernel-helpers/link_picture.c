/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/link_picture.h"

#include "kernel-helpers/rtnl.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

static void
read_kind(const struct attribute *info, char kind[16])
{
	struct attribute a[IFLA_INFO_MAX + 1] = { { NULL, 0 } };

	if (info->bytes != NULL && attributes_take(*info, a, IFLA_INFO_MAX + 1))
		attribute_text(&a[IFLA_INFO_KIND], kind, 16);
}

static void
read_xdp(const struct attribute *xdp, struct link_entry *out)
{
	struct attribute a[IFLA_XDP_MAX + 1] = { { NULL, 0 } };

	if (xdp->bytes == NULL || !attributes_take(*xdp, a, IFLA_XDP_MAX + 1))
		return;
	out->xdp = a[IFLA_XDP_ATTACHED].length == 1 &&
	    a[IFLA_XDP_ATTACHED].bytes[0] != XDP_ATTACHED_NONE;
	out->xdp_program = attribute_u32(&a[IFLA_XDP_PROG_ID]);
}

void
link_picture_link(void *picture, uint16_t type, const uint8_t *body, size_t length)
{
	struct link_picture *p = picture;
	struct attribute a[IFLA_XDP + 1] = { { NULL, 0 } };
	struct link_entry *e;
	struct ifinfomsg head;

	if (type != RTM_NEWLINK || length < sizeof(head) ||
	    !attributes_take(rtnl_attributes(body, length, sizeof(head)), a, IFLA_XDP + 1))
		return;
	if (p->n == LINK_PICTURE_MOST) {
		p->cut = true;
		return;
	}
	memcpy(&head, body, sizeof(head));
	e = &p->links[p->n++];
	*e = (struct link_entry){ .index = (uint32_t)head.ifi_index,
	    .master = attribute_u32(&a[IFLA_MASTER]), .up = (head.ifi_flags & IFF_UP) != 0,
	    .loopback = (head.ifi_flags & IFF_LOOPBACK) != 0 };
	attribute_text(&a[IFLA_IFNAME], e->name, sizeof(e->name));
	read_kind(&a[IFLA_LINKINFO], e->kind);
	read_xdp(&a[IFLA_XDP], e);
}

void
link_picture_address(void *picture, uint16_t type, const uint8_t *body, size_t length)
{
	struct link_picture *p = picture;
	struct ifaddrmsg head;

	if (type != RTM_NEWADDR || length < sizeof(head))
		return;
	memcpy(&head, body, sizeof(head));
	for (size_t i = 0; i < p->n; i++)
		if (p->links[i].index == head.ifa_index && head.ifa_scope < RT_SCOPE_LINK)
			p->links[i].has_address = true;
}

int
link_picture_take(int fd, struct link_picture *p)
{
	struct {
		struct ifinfomsg head;
		struct nlattr attr;
		uint32_t mask;
	} links = { { .ifi_family = AF_UNSPEC }, { NLA_HDRLEN + 4, IFLA_EXT_MASK },
	    RTEXT_FILTER_SKIP_STATS };
	struct ifaddrmsg addresses = { .ifa_family = AF_UNSPEC };
	int r, ra;

	p->n = 0;
	p->cut = false;
	r = rtnl_dump(fd, RTM_GETLINK, &links, sizeof(links), link_picture_link, p);
	ra = rtnl_dump(fd, RTM_GETADDR, &addresses, sizeof(addresses), link_picture_address, p);
	return r < 0 ? r : ra;
}

const struct link_entry *
link_picture_by_index(const struct link_picture *p, uint32_t index)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->links[i].index == index)
			return &p->links[i];
	return NULL;
}

const struct link_entry *
link_picture_by_name(const struct link_picture *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->links[i].name, name) == 0)
			return &p->links[i];
	return NULL;
}

bool
link_is_bridge(const struct link_entry *l)
{
	return l != NULL && (strcmp(l->kind, "bridge") == 0 || strcmp(l->kind, "openvswitch") == 0);
}
