/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sealing half of the recorder: where the chain stands and the keys of the next
 * record. Only the recorder has this; it never leaves its memory but for
 * SEAL_STATE_NAME (0600), which may lag behind the log and never leads it.
 */
#ifndef AGENT_RECORD_SEAL_H
#define AGENT_RECORD_SEAL_H

#include "agent/record/checkpoint.h"
#include "agent/record/seal_key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEAL_STATE_NAME	"seal.state"
/* The verification key, until somebody has written it down (sekisho log key). */
#define SEAL_KEY_NAME	"seal.key"
#define SEAL_KEY_MAX	256u
#define SEAL_BOOT	40u

struct seal_state {
	char series[SEAL_SERIES + 1];
	uint64_t file;			/* number of the file that is written; 0: none */
	uint64_t epoch;			/* its place in the series, from 0 */
	uint64_t records, size;		/* in it so far, and its bytes */
	uint64_t sequence;		/* of the last record */
	uint64_t lost;			/* records that could not be written, ever */
	uint8_t hash[SEAL_SIZE];	/* of the last record */
	uint8_t key[SEAL_SIZE];		/* of the next record */
	uint8_t next_epoch[SEAL_SIZE];	/* of the next file */
	uint8_t secret[SEAL_SECRET];	/* signs the checkpoints of this file */
	char boot[SEAL_BOOT];		/* when that was: the boot, and its CLOCK_BOOTTIME */
	uint64_t monotonic_ns;
	/* Of the file before; for the first record of this one. */
	uint64_t last_size, last_sequence;
	uint8_t last_hash[SEAL_SIZE];
};

/* Memory for one: never swapped out where the kernel lets us; wiped when freed. */
struct seal_state *seal_state_new(void);
void seal_state_free(struct seal_state *s);	/* accepts NULL */

/*
 * -ENOENT: there is none; -EBADMSG: damaged, of a wrong length or of another version;
 * or another negative errno. *s is cleared then.
 */
int seal_state_load(int directory, struct seal_state *s);
/* Written aside, synced, renamed. Slow: never on the loop. 0 or negative errno. */
int seal_state_save(int directory, const struct seal_state *s);

/*
 * Begin a new series of keys: the verification key goes to SEAL_KEY_NAME, synced. File
 * number, sequence and hash go on. 0, or negative errno and nothing has changed.
 */
int seal_new_series(int directory, struct seal_state *s);

/* The next file: its keys. The state is then of a file without records. */
void seal_next_file(struct seal_state *s);

/*
 * Seal a line that ends in "}\n" and has room for SEAL_LINE_SIZE more. The state moves
 * on with seal_written(), once the line stands in the file.
 */
void seal_line(const struct seal_state *s, char *line, size_t *length,
    uint8_t hash[SEAL_SIZE]);
void seal_written(struct seal_state *s, size_t length, const uint8_t hash[SEAL_SIZE]);

/*
 * Follow a line that stands in the file (without its newline). False, and nothing has
 * changed: it is not what this state would have sealed next.
 */
bool seal_follow(struct seal_state *s, const char *line, size_t length);

/* The checkpoint of what is written. */
void seal_checkpoint(const struct seal_state *s, const char *gateway, int64_t now_ns,
    struct checkpoint *out);

/* The verification key as one line of text for paper; and back. False: it is none. */
void seal_key_print(const uint8_t key[SEAL_SIZE], char text[SEAL_KEY_MAX]);
bool seal_key_parse(const char *text, uint8_t key[SEAL_SIZE]);

#endif /* AGENT_RECORD_SEAL_H */
