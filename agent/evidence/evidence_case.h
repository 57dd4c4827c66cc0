/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a case is about, and what was found of it: filled by the parts that gather
 * (evidence_records, evidence_packets, evidence_policy), read by those that tell of it.
 */
#ifndef AGENT_EVIDENCE_EVIDENCE_CASE_H
#define AGENT_EVIDENCE_EVIDENCE_CASE_H

#include "agent/evidence/bundle.h"
#include "agent/record/log_holds.h"
#include "agent/record/log_verify.h"
#include "agent/record/record_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many rows, measures and gaps are told one by one; the rest is counted. */
#define EVIDENCE_TOLD	200u
#define EVIDENCE_VERSIONS 64u
#define EVIDENCE_VERSION_SIZE 13u	/* digits of a digest in a record, and a NUL */
#define EVIDENCE_TEXT	512u

/* Violations of one key, first to last. */
struct evidence_row {
	uint64_t key;
	uint64_t packets, running;	/* of those that are over; of the one that runs */
	char class[8], action[24], from[64], to[64];
	char source[48], destination[48], service[40], permit[64];
	char first[RECORD_TIME_SIZE], last[RECORD_TIME_SIZE];
};

/* A record of another kind that belongs to it. */
struct evidence_note {
	char start[RECORD_TIME_SIZE], end[RECORD_TIME_SIZE];
	char action[24];
	char text[2][EVIDENCE_TEXT];	/* by enum message_language */
	uint64_t lost;
};

struct evidence_case {
	char name[HOLD_NAME_SIZE];
	char since[RECORD_TIME_SIZE], until[RECORD_TIME_SIZE];	/* as records write; "": open */
	bool has_key;
	uint64_t key;

	char host[256];
	uint64_t records, first_sequence, last_sequence;
	uint64_t bad_lines;			/* that are no records */
	struct evidence_row *rows;
	size_t n_rows, rows_room;
	uint32_t *index;			/* of rows by key, + 1; twice rows_room */
	uint64_t packets_stopped, packets_crossed, packets_seen;
	struct evidence_note measures[EVIDENCE_TOLD], gaps[EVIDENCE_TOLD];
	size_t n_measures, n_gaps;		/* may be more than are told */
	char clock[EVIDENCE_TEXT];		/* JSON of the latest heartbeat; "": none */
	bool clock_bad;				/* not synchronised at some time */
	char versions[EVIDENCE_VERSIONS][EVIDENCE_VERSION_SIZE];
	size_t n_versions;

	size_t files;				/* of the chain, in the bundle */
	struct verify_report verify;
	uint64_t packets_kept;			/* in the bundle */
	int packets_error;			/* errno: the files cannot be read */
	bool has_version[EVIDENCE_VERSIONS];	/* found, and its digest holds */
	size_t policies;			/* how many of them */
	int policies_error;
	char signature[256];			/* "": unsigned, because */
	char unsigned_why[256];
};

/*
 * evidence_records.c: the literal lines into records.jsonl, the files they stand in into
 * chain/. "log": of the log folder. 0 or negative errno.
 */
int evidence_records(struct evidence_case *c, const char *log, struct bundle *b);

/* evidence_packets.c: packets of the violations into packets/. 0 or negative errno. */
int evidence_packets(struct evidence_case *c, const char *log, struct bundle *b);

/* evidence_policy.c: the versions that the records name, of the state folder. */
int evidence_policy(struct evidence_case *c, const char *state, struct bundle *b);

/* NULL: there is no row of that key; a leak and its attempts are one here. */
const struct evidence_row *evidence_row(const struct evidence_case *c, uint64_t key);

void evidence_case_free(struct evidence_case *c);

#endif /* AGENT_EVIDENCE_EVIDENCE_CASE_H */
