/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does the record still say what was written? Follows the chain over the bytes of the
 * files, oldest first, and believes nothing it reads: without a key the chain and the
 * signatures of the checkpoints, with the verification key every record's mac too. No
 * file is opened here; log_verify_files.h does that.
 *
 * After a fault inside of a file the rest of that file is passed over; the next one is
 * checked from its first record, for that repeats where the chain stood.
 */
#ifndef AGENT_RECORD_LOG_VERIFY_H
#define AGENT_RECORD_LOG_VERIFY_H

#include "agent/record/checkpoint.h"
#include "agent/record/seal_key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verify_fault {
	VERIFY_NONE = 0,
	VERIFY_EMPTY,		/* no record at all */
	VERIFY_UNREADABLE,	/* a file that cannot be read; other: errno */
	VERIFY_UNSEALED,	/* a record, or a whole file, without a seal */
	VERIFY_ALTERED,		/* its bytes are not those that were sealed */
	VERIFY_MISSING,		/* records are gone before this one; other: the first of them */
	VERIFY_INSERTED,	/* it does not belong here */
	VERIFY_REPEATED,	/* a record of before stands here again */
	VERIFY_SWAPPED,		/* it stands before one that came earlier */
	VERIFY_TORN,		/* the file ends inside of it */
	VERIFY_NUMBER,		/* the numbers have a gap, though the chain holds */
	VERIFY_MAC,		/* not sealed with the key of its place: sealed again later */
	VERIFY_WRONG_KEY,	/* the key given is not the one of this file */
	VERIFY_TIME,		/* the time goes back, and no record of the clock says so */
	VERIFY_NO_FILE_RECORD,	/* a file does not begin with the record of files */
	VERIFY_MERGED,		/* a second file begins in the middle of one */
	VERIFY_FILE_MISSING,	/* before this file; other: number of the first missing */
	VERIFY_FILE_ORDER,	/* it stands behind a file that came later; other: its number */
	VERIFY_FILE_NAME,	/* the file before had another name when it was closed */
	VERIFY_FILE_CUT,	/* the file before ended later; other: with this record */
	VERIFY_FILE_END,	/* the file before ended in another way */
	VERIFY_BROKEN,		/* the recorder itself found records missing here */
	VERIFY_NEW_KEYS,	/* the keys were lost here: two halves without a joint */
	VERIFY_SIGNER,		/* signs with a key that was not announced */
	VERIFY_CHECKPOINT,	/* a checkpoint in the log that does not hold */
	VERIFY_OUTSIDE,		/* a checkpoint kept outside says otherwise */
	VERIFY_OUTSIDE_FORGED,	/* its signature does not hold */
	VERIFY_OUTSIDE_BEYOND,	/* it knows of a record that is not there; other: its number */
	VERIFY_FAULT_COUNT
};

#define VERIFY_NAME_SIZE 256u
#define VERIFY_FINDINGS	16u

struct verify_finding {
	enum verify_fault fault;
	char file[VERIFY_NAME_SIZE];
	uint64_t line;			/* in the file, 0: none */
	uint64_t sequence;		/* number that belongs here */
	uint64_t other;
};

struct verify_report {
	struct verify_finding findings[VERIFY_FINDINGS];	/* the first one first */
	size_t n_findings;
	uint64_t faults;		/* may be more */
	uint64_t files, records, bytes, checkpoints;
	uint64_t macs;			/* records whose mac was checked */
	uint64_t first, last;		/* sequences */
	uint64_t outside, outside_older;	/* checkpoints from outside: they hold; before it */
	uint64_t disposed;		/* files that are missing by a record of their disposal */
};

struct log_verify;

struct log_verify *log_verify_new(void);	/* NULL: no memory */
void log_verify_free(struct log_verify *v);	/* accepts NULL */
/* Some files only: what came before the first one is not asked for. */
void log_verify_some(struct log_verify *v);
/* Before the first file. 0 or -ENOMEM. */
int log_verify_add_key(struct log_verify *v, const uint8_t key[SEAL_SIZE]);
int log_verify_add_checkpoint(struct log_verify *v, const struct checkpoint *c);

/* One file after the other, oldest first; its bytes in pieces of any size. */
void log_verify_begin(struct log_verify *v, const char *name);
void log_verify_bytes(struct log_verify *v, const char *bytes, size_t length);
/* Bytes behind its last newline. */
size_t log_verify_rest(const struct log_verify *v);
void log_verify_end(struct log_verify *v);
/* A file that could not be read to its end. */
void log_verify_unreadable(struct log_verify *v, int error);
/* After the last file. Good only when it has no finding. */
void log_verify_finish(struct log_verify *v, struct verify_report *out);

/* "altered": for programs. */
const char *verify_fault_name(enum verify_fault fault);

#endif /* AGENT_RECORD_LOG_VERIFY_H */
