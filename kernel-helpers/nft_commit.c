/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stage, flip, sweep, and the proof that it happened.
 *
 * Interval sets do not change in step with rules (they are swapped at the end
 * of a commit), so new ones are filled in a first transaction that nothing
 * running refers to, and a second one only turns rules and hash elements over.
 * Packets that were inside the old rules then finish with them, before a third
 * one removes their tables. All carry the generation they stand on: the kernel
 * compares it under the same lock it commits under (nf_tables_valid_genid()). It holds
 * that lock for a whole transaction, so who has something that cannot wait sends a large
 * stage in several.
 *
 * Acknowledgements come for good messages of a failed batch too. Committed
 * means: no error at all, the last message acknowledged, generation advanced.
 */
#include "kernel-helpers/nft_commit.h"

#include "kernel-helpers/nft_encode.h"
#include "rules/ruleset_batches.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/membarrier.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Sequence number of BEGIN: an exchange starts with no reply outstanding. */
#define FIRST_SEQUENCE	1u

/* What the replies to one batch say. */
struct outcome {
	int error;			/* of the earliest message refused; positive */
	uint32_t sequence, offset;	/* of it */
	bool acknowledged;		/* the last message */
};

static uint32_t
bad_offset(const struct nlmsghdr *h)
{
	struct nlattr *a;

	/* With NETLINK_CAP_ACK only the head of the refused message comes back. */
	if ((h->nlmsg_flags & NLM_F_ACK_TLVS) == 0)
		return 0;
	mnl_attr_for_each(a, h, sizeof(struct nlmsgerr))
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_OFFS &&
		    mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			return mnl_attr_get_u32(a);
	return 0;
}

static int
read_outcome(const struct nft_replies *r, uint32_t last, struct outcome *o)
{
	const struct nlmsghdr *h = (const void *)r->bytes;
	int left = r->length > INT32_MAX ? INT32_MAX : (int)r->length;

	memset(o, 0, sizeof(*o));
	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		struct nlmsgerr e;

		if (h->nlmsg_type != NLMSG_ERROR)
			continue;
		if (h->nlmsg_len < NLMSG_HDRLEN + sizeof(e))
			return -EPROTO;
		memcpy(&e, mnl_nlmsg_get_payload(h), sizeof(e));
		if (e.error == 0) {
			o->acknowledged |= h->nlmsg_seq == last;
		} else if (o->error == 0 || h->nlmsg_seq < o->sequence) {
			o->error = -e.error;
			o->sequence = h->nlmsg_seq;
			o->offset = bad_offset(h);
		}
	}
	return 0;
}

static int
refuse(struct nft_refusal *refusal, int error, const char *what)
{
	memset(refusal, 0, sizeof(*refusal));
	refusal->error = -error;
	snprintf(refusal->what, sizeof(refusal->what), "%s", what);
	return error;
}

static int
send_batch(struct nft_channel *ch, const struct nft_batch *b, size_t n_messages,
    struct nft_refusal *refusal)
{
	struct nft_replies r;
	struct outcome o;
	int error = ch->exchange(ch, b->bytes, b->length, &r);

	if (error == 0)
		error = read_outcome(&r, FIRST_SEQUENCE + (uint32_t)n_messages, &o);
	nft_replies_free(&r);
	if (error != 0)
		return refuse(refusal, error, error == -ENOBUFS ?
		    "the kernel's answer was lost" : "sending the change to the kernel");
	if (o.error != 0) {
		nft_batch_blame(b, o.sequence, o.offset, o.error, refusal);
		return -o.error;
	}
	if (!o.acknowledged)
		return refuse(refusal, -EIO, "the kernel did not acknowledge the change");
	return 0;
}

/* The kernel counts 32 bits and leaves zero out (nf_tables_commit()). */
static uint32_t
next_generation(uint32_t g)
{
	return g + 1 == 0 ? 1 : g + 1;
}

struct transaction {
	bool delete_table;
	const struct change_list *lists[3];
	const struct ruleset *target;
	bool dry_run;
};

static int
fill_batch(struct nft_batch *b, const struct transaction *t, uint32_t generation,
    struct nft_refusal *refusal)
{
	int error = nft_batch_begin(b, FIRST_SEQUENCE, generation);

	if (error == 0 && t->delete_table)
		error = nft_encode_delete_table(b);
	for (int i = 0; i < 3 && error == 0; i++)
		if (t->lists[i] != NULL)
			error = nft_encode_changes(b, t->lists[i], t->target, refusal);
	if (error != 0 && refusal->error == 0)
		refuse(refusal, error, "making the change");
	return error;
}

/* generation 0: whatever it is. Nothing to say sends nothing. */
static int
transact(struct nft_channel *ch, const struct transaction *t, uint32_t *generation,
    struct nft_refusal *refusal)
{
	struct nft_batch b = { 0 };
	uint32_t after;
	size_t n;
	int error = fill_batch(&b, t, *generation, refusal);

	n = b.n_marks - 1;
	if (error == 0 && n > 0)
		error = nft_batch_end(&b, t->dry_run);
	if (error == 0 && n > 0)
		error = send_batch(ch, &b, n, refusal);
	nft_batch_free(&b);
	if (error != 0 || n == 0 || t->dry_run)
		return error;

	error = nft_generation(ch, &after);
	if (error == 0 && after == *generation)
		error = -EIO;
	if (error != 0)
		return refuse(refusal, error, "the kernel's generation did not advance");
	*generation = next_generation(*generation);
	return 0;
}

static size_t
append_opposites(const struct ruleset_change *c, enum change_kind added,
    enum change_kind opposite, struct change *out)
{
	size_t n = 0;

	for (size_t i = c->staged; i > 0; i--) {
		if (c->stage.items[i - 1].kind != added)
			continue;
		out[n] = c->stage.items[i - 1];
		out[n].kind = opposite;
		out[n].elements = NULL;
		n++;
	}
	return n;
}

/*
 * Take back what a stage put in: rules first, they refer to all else; then
 * sets, whose elements refer to chains. What fails here is left to the next
 * apply, which sees it as objects that nobody wants.
 */
int
nft_commit_unstage(struct nft_channel *ch, const struct ruleset_change *c,
    uint32_t *generation, const struct ruleset *target)
{
	struct change_list undo = { 0 };
	struct transaction t = { .lists = { &undo }, .target = target };
	struct nft_refusal ignored = { 0 };
	size_t n = 0;
	int error;

	for (size_t i = 0; i < c->staged; i++)
		t.delete_table |= c->stage.items[i].kind == CHANGE_ADD_TABLE;
	undo.items = calloc(2 * c->staged + 1, sizeof(*undo.items));
	if (undo.items == NULL)
		return -ENOMEM;
	if (!t.delete_table) {
		n += append_opposites(c, CHANGE_ADD_CHAIN, CHANGE_FLUSH_CHAIN,
		    undo.items);
		n += append_opposites(c, CHANGE_ADD_SET, CHANGE_DELETE_SET,
		    undo.items + n);
		n += append_opposites(c, CHANGE_ADD_CHAIN, CHANGE_DELETE_CHAIN,
		    undo.items + n);
		n += append_opposites(c, CHANGE_ADD_COUNTER, CHANGE_DELETE_COUNTER,
		    undo.items + n);
	}
	undo.count = n;
	error = transact(ch, &t, generation, &ignored);
	free(undo.items);
	return error;
}

/*
 * Until no packet is inside the rules that ran before: they are run under RCU,
 * and this is the system call that waits for its grace period (membarrier(2),
 * kernel/sched/membarrier.c). A kernel without it leaves the few microseconds
 * of a packet against the time until our next message.
 */
void
nft_wait_for_packets(void)
{
	(void)syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

int
nft_commit_sweep(struct nft_channel *ch, const struct ruleset_change *c,
    uint32_t *generation, const struct ruleset *target, struct nft_refusal *refusal)
{
	struct transaction t = { .lists = { &c->sweep }, .target = target };

	if (c->sweep.count == 0)
		return 0;
	if (c->flip.count > 0)
		nft_wait_for_packets();
	return transact(ch, &t, generation, refusal) == 0 ? 0 : -EUCLEAN;
}

/* A pause between the batches may change what runs; none comes behind the last one. */
static int
stage_in_batches(struct nft_channel *ch, struct ruleset_change *c, uint32_t *generation,
    const struct ruleset *target, bool (*pause)(void *arg), void *pause_arg,
    struct nft_refusal *refusal)
{
	struct ruleset_batches batches;
	struct change_list batch;
	int error = ruleset_batches_begin(&batches, &c->stage, LIMIT_FLIP_ELEMENTS);

	if (error != 0)
		return refuse(refusal, error, "making the change");
	while (error == 0 && ruleset_batches_next(&batches, &batch)) {
		struct transaction stage = { .lists = { &batch }, .target = target };

		if (c->staged > 0 && pause(pause_arg))
			error = -EINTR;
		else
			error = transact(ch, &stage, generation, refusal);
		if (error == 0)
			c->staged = ruleset_batches_begun(&batches);
	}
	ruleset_batches_end(&batches);
	return error;
}

int
nft_commit_stage(struct nft_channel *ch, struct ruleset_change *c, uint32_t *generation,
    const struct ruleset *target, bool (*pause)(void *arg), void *pause_arg,
    struct nft_refusal *refusal)
{
	struct transaction stage = { .lists = { &c->stage }, .target = target };
	uint32_t any_generation = 0;
	int error;

	c->staged = 0;
	if (pause == NULL) {
		error = transact(ch, &stage, generation, refusal);
		c->staged = error == 0 ? c->stage.count : 0;
		return error;
	}
	error = stage_in_batches(ch, c, generation, target, pause, pause_arg, refusal);
	/* Behind another writer nothing stands on the generation any more. */
	if (error != 0 && error != -EINTR && c->staged > 0)
		(void)nft_commit_unstage(ch, c,
		    error == -ERESTART ? &any_generation : generation, target);
	return error;
}

int
nft_commit_flip(struct nft_channel *ch, const struct ruleset_change *c,
    uint32_t *generation, const struct ruleset *target, struct nft_refusal *refusal)
{
	struct transaction flip = { .lists = { &c->flip }, .target = target };
	int error = transact(ch, &flip, generation, refusal);
	uint32_t any_generation = 0;

	if (error != 0 && c->staged > 0)
		(void)nft_commit_unstage(ch, c, &any_generation, target);
	return error;
}

int
nft_commit_change(struct nft_channel *ch, struct ruleset_change *c,
    uint32_t *generation, const struct ruleset *target, bool dry_run,
    struct nft_refusal *refusal)
{
	/* Each stands on the one before: all in one batch that is forgotten. */
	struct transaction all = { .lists = { &c->stage, &c->flip, &c->sweep },
		.target = target, .dry_run = true };

	int error;

	memset(refusal, 0, sizeof(*refusal));
	if (dry_run)
		return transact(ch, &all, generation, refusal);
	error = nft_commit_stage(ch, c, generation, target, NULL, NULL, refusal);
	if (error == 0)
		error = nft_commit_flip(ch, c, generation, target, refusal);
	return error == 0 ? nft_commit_sweep(ch, c, generation, target, refusal) : error;
}

int
nft_commit_at(struct nft_channel *ch, const struct ruleset *running, uint32_t *generation,
    struct ruleset *target, bool dry_run, struct nft_refusal *refusal)
{
	struct ruleset_change *c;
	int error;

	c = ruleset_settle_diff(target, running);
	if (c == NULL)
		return refuse(refusal, -ENOMEM, "comparing what runs with what should");
	error = nft_commit_change(ch, c, generation, target, dry_run, refusal);
	ruleset_change_free(c);
	return error;
}

int
nft_commit(struct nft_channel *ch, const struct ruleset *running, struct ruleset *target,
    bool dry_run, struct nft_refusal *refusal)
{
	uint32_t generation;
	int error = nft_generation(ch, &generation);

	if (error != 0)
		return refuse(refusal, error, "asking for the generation");
	return nft_commit_at(ch, running, &generation, target, dry_run, refusal);
}

int
nft_remove_at(struct nft_channel *ch, uint32_t *generation, struct nft_refusal *refusal)
{
	struct transaction t = { .delete_table = true };

	memset(refusal, 0, sizeof(*refusal));
	return transact(ch, &t, generation, refusal);
}

int
nft_replace_at(struct nft_channel *ch, uint32_t *generation, struct ruleset *target,
    bool dry_run, struct nft_refusal *refusal)
{
	struct ruleset_change *c;
	struct transaction t = { .delete_table = true, .target = target,
	    .dry_run = dry_run };
	int error;

	memset(refusal, 0, sizeof(*refusal));
	c = ruleset_settle_diff(target, NULL);
	if (c == NULL)
		return refuse(refusal, -ENOMEM, "making the whole table");
	t.lists[0] = &c->stage;
	t.lists[1] = &c->flip;
	error = transact(ch, &t, generation, refusal);
	ruleset_change_free(c);
	return error;
}
