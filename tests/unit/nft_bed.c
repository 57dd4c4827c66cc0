/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/nft_bed.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SKIPPED 77

struct nft_channel *bed_channel;

const char *const bed_tampering[BED_TAMPERING] = {
	"nft add rule inet sekisho forward accept",
	"nft insert rule inet sekisho forward ip saddr 10.0.0.1 tcp dport 22 accept",
	"nft insert rule inet sekisho forward meta mark 7 accept",
	"nft add element inet sekisho mn0-lg0-x4 '{ 1.1.1.1 . 2.2.2.2 . tcp . 22 : 1 }'",
	"nft delete element inet sekisho pairs '{ \"mn0\" . \"lg0\" }'",
	("nft add element inet sekisho mn0-lg0-r4.1 "
	"'{ 1.0.0.0/8 . 2.0.0.0/8 . tcp . 1-9 : 2 }'"),
	"nft add element inet sekisho pairs '{ \"in0\" . \"mn0\" : jump permit }'",
	("nft add chain inet sekisho backdoor "
	"'{ type filter hook forward priority -300; policy accept; }'"),
	"nft add chain inet sekisho nat '{ type nat hook postrouting priority 100; }'",
	"nft chain inet sekisho forward '{ policy accept; }'",
	"nft flush chain inet sekisho forward",
	"nft add set inet sekisho extra '{ type ipv4_addr; flags interval; }'",
	"nft add quota inet sekisho q '{ over 20 mbytes; }'",
	"nft add counter inet sekisho more",
	"nft add table inet sekisho '{ flags dormant; }'",
	"nft delete table inet sekisho",
	"nft flush ruleset",
};

void
bed_shell(const char *command)
{
	if (system(command) != 0)
		CU_FAIL(command);
}

void
bed_empty(void)
{
	bed_shell("nft flush ruleset");
}

int
bed_apply(struct ruleset *r, bool *changed)
{
	struct nft_refusal refusal;
	uint32_t generation;
	int error = nft_apply(bed_channel, r, false, changed, &generation, &refusal);

	if (error != 0)
		printf("[%s] ", refusal.what);
	return error;
}

struct ruleset *
bed_read(void)
{
	struct nft_refusal refusal;
	struct ruleset *r = NULL;
	uint32_t generation;

	CU_ASSERT_EQUAL_FATAL(nft_read_back(bed_channel, &r, &generation, &refusal), 0);
	return r;
}

void
bed_holds(const struct ruleset *want)
{
	struct ruleset *have = bed_read();
	struct ruleset_mismatch why = { .text = "" };

	CU_ASSERT_PTR_NOT_NULL_FATAL(have);
	CU_ASSERT_TRUE(ruleset_equal(want, have, &why));
	CU_ASSERT_STRING_EQUAL(why.text, "");
	ruleset_free(have);
}

void
bed_settles(struct nft_known *known)
{
	struct nft_refusal refusal;

	CU_ASSERT_EQUAL(nft_known_settle(bed_channel, known, &refusal), 0);
	CU_ASSERT_PTR_NULL(known->left);
	CU_ASSERT_PTR_NULL(known->before);
	bed_holds(known->ruleset);
}

uint32_t
bed_generation(void)
{
	uint32_t g = 0;

	CU_ASSERT_EQUAL(nft_generation(bed_channel, &g), 0);
	return g;
}

void
bed_no_close(struct nft_channel *ch)
{
	(void)ch;
}

int
bed_fail_to_send(struct nft_channel *ch, const void *bytes, size_t length,
    struct nft_replies *replies)
{
	struct meddler *m = ch->state;
	struct nlmsghdr h;

	memcpy(&h, bytes, sizeof(h));
	if (h.nlmsg_type != NLMSG_MIN_TYPE || ++m->batches < m->when || m->times-- <= 0)
		return m->real->exchange(m->real, bytes, length, replies);
	memset(replies, 0, sizeof(*replies));
	return -EPERM;
}

int
bed_main(const char *suite, CU_TestInfo *tests)
{
	int status;

	if (unshare(CLONE_NEWNET) == -1) {
		printf("no network namespace of our own (%s); run as root\n",
		    strerror(errno));
		return SKIPPED;
	}
	if (system("nft --version > /dev/null 2>&1") != 0) {
		printf("nft(8) is not installed\n");
		return SKIPPED;
	}
	bed_channel = nft_channel_open();
	if (bed_channel == NULL) {
		printf("no nf_tables socket (%s)\n", strerror(errno));
		return SKIPPED;
	}
	status = unit_main(suite, tests);
	nft_channel_close(bed_channel);
	return status;
}
