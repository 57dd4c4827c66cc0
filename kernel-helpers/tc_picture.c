/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/tc_picture.h"

#include "kernel-helpers/rtnl.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

void
tc_picture_qdisc(void *qdiscs, uint16_t type, const uint8_t *body, size_t length)
{
	struct tc_qdiscs *q = qdiscs;
	struct attribute a[TCA_EGRESS_BLOCK + 1] = { { NULL, 0 } };
	struct tc_qdisc *e;
	struct tcmsg head;

	if (type != RTM_NEWQDISC || length < sizeof(head) ||
	    !attributes_take(rtnl_attributes(body, length, sizeof(head)), a, TCA_EGRESS_BLOCK + 1))
		return;
	memcpy(&head, body, sizeof(head));
	/* The default ones have no handle, and nothing can hang on them. */
	if (head.tcm_handle == 0)
		return;
	if (q->n == TC_PICTURE_MOST) {
		q->cut = true;
		return;
	}
	e = &q->all[q->n++];
	*e = (struct tc_qdisc){ .interface = (uint32_t)head.tcm_ifindex,
	    .handle = head.tcm_handle,
	    .clsact = attribute_is(&a[TCA_KIND], "clsact") || attribute_is(&a[TCA_KIND], "ingress"),
	    .shared = attribute_u32(&a[TCA_INGRESS_BLOCK]) != 0 ||
	    attribute_u32(&a[TCA_EGRESS_BLOCK]) != 0 };
}

/* Each kind nests its actions elsewhere; all of them name the action "mirred". */
static bool
mentions_mirred(const struct attribute *options)
{
	static const char word[] = "mirred";

	return options->bytes != NULL &&
	    memmem(options->bytes, options->length, word, sizeof(word)) != NULL;
}

static void
add(struct tc_picture *p, const struct tc_filter *f)
{
	/* One filter of several parts is told once. */
	for (size_t i = 0; i < p->n; i++)
		if (p->filters[i].interface == f->interface && p->filters[i].place == f->place &&
		    strcmp(p->filters[i].kind, f->kind) == 0) {
			p->filters[i].moves |= f->moves;
			return;
		}
	if (p->n == TC_PICTURE_MOST)
		p->cut = true;
	else
		p->filters[p->n++] = *f;
}

void
tc_picture_filter(void *asked, uint16_t type, const uint8_t *body, size_t length)
{
	struct tc_asked *q = asked;
	struct attribute a[TCA_OPTIONS + 1] = { { NULL, 0 } };
	struct tc_filter f = { .place = q->place };
	struct tcmsg head;

	if (type != RTM_NEWTFILTER || length < sizeof(head) ||
	    !attributes_take(rtnl_attributes(body, length, sizeof(head)), a, TCA_OPTIONS + 1))
		return;
	memcpy(&head, body, sizeof(head));
	f.interface = (uint32_t)head.tcm_ifindex;
	attribute_text(&a[TCA_KIND], f.kind, sizeof(f.kind));
	f.moves = mentions_mirred(&a[TCA_OPTIONS]) || strcmp(f.kind, "bpf") == 0;
	add(q->picture, &f);
}

static int
take_filters(int fd, struct tc_picture *p, const struct tc_qdisc *q, uint32_t parent,
    enum tc_place place)
{
	struct tc_asked asked = { p, place };
	struct tcmsg head = { .tcm_family = AF_UNSPEC, .tcm_ifindex = (int)q->interface,
	    .tcm_parent = parent };

	return rtnl_dump(fd, RTM_GETTFILTER, &head, sizeof(head), tc_picture_filter, &asked);
}

static int
take_qdisc(int fd, struct tc_picture *p, const struct tc_qdisc *q)
{
	int r, re;

	if (q->shared)
		add(p, &(struct tc_filter){ .interface = q->interface, .place = TC_SHARED });
	if (!q->clsact)
		return take_filters(fd, p, q, q->handle, TC_LEAVING);
	r = take_filters(fd, p, q, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), TC_COMING);
	/* "ingress" has no other side, and answers with nothing. */
	re = take_filters(fd, p, q, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), TC_LEAVING);
	return r < 0 ? r : re == -EINVAL ? 0 : re;
}

static bool
wanted(uint32_t interface, const uint32_t *interfaces, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (interfaces[i] == interface)
			return true;
	return false;
}

int
tc_picture_take(int fd, const uint32_t *interfaces, size_t n, struct tc_picture *p)
{
	struct tcmsg head = { .tcm_family = AF_UNSPEC };
	struct tc_qdiscs qdiscs = { .n = 0 };
	int r = rtnl_dump(fd, RTM_GETQDISC, &head, sizeof(head), tc_picture_qdisc, &qdiscs);

	p->n = 0;
	p->cut = qdiscs.cut;
	for (size_t i = 0; i < qdiscs.n; i++)
		if (wanted(qdiscs.all[i].interface, interfaces, n)) {
			int rf = take_qdisc(fd, p, &qdiscs.all[i]);

			r = r < 0 ? r : rf;
		}
	return r;
}
