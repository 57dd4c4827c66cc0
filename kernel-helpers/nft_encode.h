/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Change list -> bytes of one nf_tables batch. Pure: no socket, no privilege.
 *
 * A batch is one flat buffer, because it must leave in one send(2). Beside it
 * stands what each message is about, so that a refusal, which names only a
 * sequence number and an offset, finds its way back to the policy line.
 */
#ifndef KERNEL_HELPERS_NFT_ENCODE_H
#define KERNEL_HELPERS_NFT_ENCODE_H

#include "kernel-helpers/nft_commit.h"
#include "rules/ruleset.h"
#include "rules/ruleset_diff.h"

#include <linux/netlink.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one message is about. Borrowed from the change list and its rulesets. */
struct nft_batch_mark {
	const struct change *change;	/* NULL: the batch itself, or the whole table */
	size_t first;			/* index of its first element, or of its rule */
};

struct nft_batch {
	uint8_t *bytes;
	size_t length, room;
	uint32_t sequence;		/* of BEGIN; message n has sequence + n */
	size_t last_message;		/* offset, for its acknowledgement */
	struct nft_batch_mark *marks;
	size_t n_marks, mark_room;
};

/* Closed before the 65535 bytes that a nested attribute can say. */
#define NFT_ELEMENT_LIST_BYTES 64000u

/* generation 0: not checked. Begins a new batch; the struct is zeroed or freed. */
int nft_batch_begin(struct nft_batch *b, uint32_t sequence, uint32_t generation);
void nft_batch_free(struct nft_batch *b);

/*
 * Append the messages of every change, in their order. "target" gives the
 * comment of the table when it is added. 0, -ENOMEM, or -EINVAL for something
 * that would not be read back as it is; *refusal then says what.
 */
int nft_encode_changes(struct nft_batch *b, const struct change_list *changes,
    const struct ruleset *target, struct nft_refusal *refusal);

/* Remove the whole table; it must exist. */
int nft_encode_delete_table(struct nft_batch *b);

/*
 * Ask for the acknowledgement of the last message, and close the batch.
 * Without its end (dry run) the kernel validates everything and forgets it.
 */
int nft_batch_end(struct nft_batch *b, bool dry_run);

/*
 * Who is meant by an error on message "sequence" at byte "offset" of it (0:
 * not told)? Fills *refusal with error, origin and words.
 */
void nft_batch_blame(const struct nft_batch *b, uint32_t sequence, uint32_t offset,
    int error, struct nft_refusal *refusal);

/* For nft_encode_set.c and nft_encode.c: a message with room behind it. */
struct nlmsghdr *nft_batch_message(struct nft_batch *b, uint16_t type, uint16_t flags,
    const struct change *change, size_t first);
void nft_batch_close(struct nft_batch *b, const struct nlmsghdr *h);
int nft_encode_set(struct nft_batch *b, const struct change *c);
/* "message": NFT_MSG_NEWSETELEM, DELSETELEM, or GETSETELEM (ask for these keys). */
int nft_encode_elements(struct nft_batch *b, const struct change *c, uint8_t message);

/* Numbers of a set that both directions must agree on. */
uint32_t nft_set_flags(const struct ruleset_set *s);
uint32_t nft_set_key_type(const struct ruleset_set *s);
/* Without the padding of a lone field: so nft(8) writes and lists it. */
unsigned int nft_set_key_length(const struct ruleset_set *s);

#endif /* KERNEL_HELPERS_NFT_ENCODE_H */
