/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between log_verify.c (lines) and log_verify_joint.c (files and checkpoints). */
#ifndef AGENT_RECORD_LOG_VERIFY_INTERNAL_H
#define AGENT_RECORD_LOG_VERIFY_INTERNAL_H

#include "agent/record/log_verify.h"
#include "agent/record/seal_line.h"

#define VERIFY_TIME_TEXT 30u	/* "2026-11-22T05:30:15.123456789Z" */

struct verify_key {
	char series[SEAL_SERIES + 1];
	uint8_t first[SEAL_SIZE];
};

/* What a file's first record says. */
struct verify_head {
	uint64_t number, epoch;
	char series[SEAL_SERIES + 1];
	uint8_t signer[SEAL_SIZE], next_signer[SEAL_SIZE], last_hash[SEAL_SIZE];
	uint64_t last_sequence, last_size;
	char last_name[VERIFY_NAME_SIZE];
	bool broken;
};

/* A file that is not there, until a record of its disposal turns up. */
struct verify_absent {
	struct verify_finding finding;
	uint64_t first, last;		/* numbers of files */
	bool misplaced;
};

struct log_verify {
	struct verify_report report;
	struct verify_key *keys;
	size_t n_keys;
	struct checkpoint *outside;	/* by sequence, once begun */
	size_t n_outside, next_outside;
	bool sorted, some;
	struct verify_absent *absent;
	size_t n_absent;
	uint64_t *disposed;		/* numbers of files */
	size_t n_disposed;

	char name[VERIFY_NAME_SIZE];	/* the file at hand */
	uint64_t line, size;
	bool skip;			/* the rest of it */
	bool joined;			/* what is known of the chain is known from the file before */
	char last_name[VERIFY_NAME_SIZE];

	bool begun;			/* a file was read */
	struct verify_head head;	/* of the latest file */
	uint64_t sequence;		/* of the last good record */
	uint8_t hash[SEAL_SIZE];
	bool has_key;
	uint8_t key[SEAL_SIZE];		/* of the next record */
	char created[VERIFY_TIME_TEXT];
	bool has_created;

	/* A line that does not hold: judged when the next one is known. */
	bool suspect;
	size_t suspect_length;
	char suspect_line[SEAL_LINE_LONGEST];
	size_t rest;
	char rest_line[SEAL_LINE_LONGEST];
};

void verify_fault(struct log_verify *v, enum verify_fault fault, uint64_t other);
/* The first line of a file, before its hash is checked. False: the file is passed over. */
bool verify_file_record(struct log_verify *v, const char *line, size_t sealed);
/* A record of the kind "checkpoint", before it becomes the head of the chain. */
void verify_checkpoint_record(struct log_verify *v, const char *line, size_t sealed);
void verify_disposal_record(struct log_verify *v, const char *line, size_t sealed);
/* After a good record: what is known of it outside. */
void verify_outside(struct log_verify *v);
void verify_joint_finish(struct log_verify *v);

#endif /* AGENT_RECORD_LOG_VERIFY_INTERNAL_H */
