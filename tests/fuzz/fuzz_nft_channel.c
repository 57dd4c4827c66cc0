/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the keeper lets through, read once more as leniently as the kernel does
 * (nfnetlink_rcv_batch(), nla_parse_deprecated(): flags of types are masked,
 * the last of equal attributes counts, rests are passed over). However it is
 * read, it must be about inet sekisho alone.
 */
#include "kernel-helpers/nft_channel.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD 20u

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* The last attribute of a type, NULL when there is none. */
static const uint8_t *
last_attribute(const uint8_t *at, size_t left, unsigned int type, uint16_t *length)
{
	const uint8_t *found = NULL;
	struct nlattr a;

	while (left >= sizeof(a)) {
		memcpy(&a, at, sizeof(a));
		if (a.nla_len < sizeof(a) || a.nla_len > left)
			break;
		if ((a.nla_type & NLA_TYPE_MASK) == type) {
			found = at + sizeof(a);
			*length = (uint16_t)(a.nla_len - sizeof(a));
		}
		if (NLA_ALIGN((size_t)a.nla_len) >= left)
			break;
		left -= NLA_ALIGN((size_t)a.nla_len);
		at += NLA_ALIGN((size_t)a.nla_len);
	}
	return found;
}

static void
check_message(const uint8_t *at, const struct nlmsghdr *h)
{
	const uint8_t *name;
	uint16_t length = 0;

	must(h->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES);
	must(at[16] == NFPROTO_INET);
	name = last_attribute(at + HEAD, h->nlmsg_len - HEAD, NFTA_TABLE_NAME, &length);
	if ((h->nlmsg_type & 0xff) == NFT_MSG_GETGEN)
		return;
	must(name != NULL && length == 8 && memcmp(name, "sekisho", 8) == 0);
	if ((h->nlmsg_type & 0xff) == NFT_MSG_DELTABLE)
		must(last_attribute(at + HEAD, h->nlmsg_len - HEAD, NFTA_TABLE_HANDLE,
		    &length) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[128];
	struct nlmsghdr h;

	if (nft_channel_allowed(data, size, why, sizeof(why)) != 0) {
		must(memchr(why, '\0', sizeof(why)) != NULL);
		return 0;
	}
	while (size >= HEAD) {
		memcpy(&h, data, sizeof(h));
		must(h.nlmsg_len >= HEAD && h.nlmsg_len <= size);
		if (h.nlmsg_type == NFNL_MSG_BATCH_END)
			break;
		if (h.nlmsg_type != NFNL_MSG_BATCH_BEGIN)
			check_message(data, &h);
		size -= NLMSG_ALIGN(h.nlmsg_len);
		data += NLMSG_ALIGN(h.nlmsg_len);
	}
	return 0;
}
