/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Apply a policy in this network namespace through a channel that fails on purpose
 * (PF-32). The test looks at the kernel before and after.
 *
 *   commit_fault invalid N FILE   the last message of the N-th batch is no message
 *   commit_fault enobufs N FILE   the N-th batch is sent, its replies are lost
 *   commit_fault none 0 FILE
 *
 * Prints one JSON object with what the code under test says of the outcome.
 */
#include "kernel-helpers/nft_commit.h"
#include "rules/checked.h"
#include "rules/compile.h"
#include "rules/diag.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum fault {
	FAULT_NONE = 0,
	FAULT_INVALID,
	FAULT_ENOBUFS,
};

struct faulty {
	struct nft_channel *real;
	enum fault fault;
	int at;			/* which batch, from 1 */
	int batches;
};

/* Offset of the last message before the end of a batch; 0 when it is none. */
static size_t
last_message(const uint8_t *bytes, size_t length)
{
	struct nlmsghdr h;
	size_t last = 0;

	for (size_t at = 0; at + sizeof(h) <= length; at += NLMSG_ALIGN(h.nlmsg_len)) {
		memcpy(&h, bytes + at, sizeof(h));
		if (h.nlmsg_type == NFNL_MSG_BATCH_END)
			return last;
		if (h.nlmsg_len < sizeof(h))
			return 0;
		last = at;
	}
	return 0;
}

static int
exchange(struct nft_channel *ch, const void *bytes, size_t length, struct nft_replies *replies)
{
	struct faulty *f = ch->state;
	uint8_t *copy = malloc(length);
	size_t last;
	int r;

	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, bytes, length);
	last = last_message(copy, length);
	if (last > 0)
		f->batches++;
	if (last > 0 && f->fault == FAULT_INVALID && f->batches == f->at) {
		const uint16_t no_such_type = NFNL_SUBSYS_NFTABLES << 8 | 0xfe;

		memcpy(copy + last + offsetof(struct nlmsghdr, nlmsg_type), &no_such_type,
		    sizeof(no_such_type));
	}
	r = f->real->exchange(f->real, copy, length, replies);
	free(copy);
	if (last > 0 && f->fault == FAULT_ENOBUFS && f->batches == f->at) {
		nft_replies_free(replies);
		memset(replies, 0, sizeof(*replies));
		return -ENOBUFS;
	}
	return r;
}

static int
apply(struct faulty *f, const char *file)
{
	struct nft_channel channel = { .exchange = exchange, .state = f };
	struct nft_refusal refusal = { 0 };
	struct diag *diag = diag_new();
	struct checked *checked = checked_from_file(file, (int64_t)time(NULL), diag);
	struct ruleset *target = checked != NULL ? compile(checked, diag) : NULL;
	uint32_t generation = 0;
	bool changed = false;
	int r;

	if (target == NULL) {
		diag_print(diag, stderr, MESSAGE_ENGLISH);
		return -EINVAL;
	}
	r = nft_apply(&channel, target, false, &changed, &generation, &refusal);
	printf("{\"result\": %d, \"changed\": %s, \"generation\": %u, \"batches\": %d, "
	    "\"what\": \"%s\", \"line\": %u}\n", r, changed ? "true" : "false", generation,
	    f->batches, refusal.what, refusal.origin.line);
	ruleset_free(target);
	checked_free(checked);
	diag_free(diag);
	return 0;
}

int
main(int argc, char **argv)
{
	struct faulty f = { 0 };
	int r;

	if (argc != 4) {
		fputs("usage: commit_fault invalid|enobufs|none N FILE\n", stderr);
		return 64;
	}
	if (strcmp(argv[1], "invalid") == 0)
		f.fault = FAULT_INVALID;
	else if (strcmp(argv[1], "enobufs") == 0)
		f.fault = FAULT_ENOBUFS;
	f.at = atoi(argv[2]);
	f.real = nft_channel_open();
	if (f.real == NULL) {
		perror("commit_fault");
		return 1;
	}
	r = apply(&f, argv[3]);
	nft_channel_close(f.real);
	return r < 0 ? 1 : 0;
}
