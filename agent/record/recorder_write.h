/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writing half of the recorder: numbers, seal, loss and recovery. No socket and
 * no loop, so that it can be read and tested on its own.
 */
#ifndef AGENT_RECORD_RECORDER_WRITE_H
#define AGENT_RECORD_RECORDER_WRITE_H

#include "agent/alert/alert_feed.h"
#include "agent/record/clock_watch.h"
#include "agent/record/event.h"
#include "agent/record/log_file.h"
#include "agent/record/log_pack.h"
#include "agent/record/log_rotate.h"
#include "agent/record/log_sync.h"
#include "agent/record/packet_ring.h"
#include "agent/record/record_ledger.h"
#include "agent/record/recorder_state.h"
#include "agent/record/seal.h"
#include "agent/record/seal_recover.h"
#include "rules/message.h"
#include "rules/record_rules.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* What the policy may say; seconds. */
#define RECORDER_CHECKPOINT_S	600u
#define RECORDER_HEARTBEAT_S	60u

struct recorder_writer {
	int directory;			/* borrowed */
	const char *hostname, *version;	/* borrowed */
	char boot[40];
	uint64_t reserve_bytes;
	unsigned int checkpoint_s, heartbeat_s;	/* 0: RECORDER_*_S */
	struct record_rules rules;	/* of the policy in force; zero until there is one */
	uint8_t marks;			/* so many of them are passed and told */
	unsigned int used_percent;	/* of the disk */
	struct alert_feed alerts;
	struct record_ledgers ledgers;	/* of the other processes, for the heartbeats */
	struct clock_watch clock;
	int64_t stepped_ns;		/* CLOCK_BOOTTIME of the latest step; 0: none seen */
	int64_t next_disposal_ns;	/* CLOCK_BOOTTIME; 0: when there are rules */
	char disposed[LOG_NAME_SIZE];	/* on record, and gone at the next look; "": none */
	struct log_rotate rotate;
	bool pack;			/* closed files become .zst */
	struct log_packer *packer;
	struct log_file file;
	struct packet_ring *packets;	/* NULL: none are kept */
	struct log_sync *sync;
	struct seal_state *seal;	/* .sequence is the running one */
	enum seal_found broken;		/* why the next file is not joined to the one before: */
	enum seal_why broken_why;	/* SEAL_BROKEN or _CUT with a reason */
	char closed[LOG_NAME_SIZE];	/* name of the file before, "" when not known */
	bool key_shown;			/* nobody needs to write the verification key down */
	int64_t created_ns;		/* of the last record */
	int64_t next_checkpoint_ns, next_heartbeat_ns;	/* CLOCK_BOOTTIME */
	int state_fd;
	struct recorder_state state;	/* .lost is the running one */
	int lost_error;			/* errno behind the latest loss */
	int64_t lost_since_ns;
	bool low_space, reopen_failed;
	uint64_t free_bytes;
	uint64_t written, lost_total;	/* since the start */
	int sync_error;			/* errno of the latest failed sync */
	int64_t sync_error_ns;		/* CLOCK_BOOTTIME of it; 0: never */
	int64_t synced_ns;		/* until then no sync had failed */
};

/*
 * Open the log in this directory, mend it, continue its numbers and its seal and write
 * the records about how the last run ended. 0 or negative errno: no record is ever
 * written without a seal.
 */
int recorder_writer_open(struct recorder_writer *w);

/*
 * Sync and close. "told": after a last record; an end that nobody asked for has none,
 * so that the next start tells of the gap.
 */
void recorder_writer_close(struct recorder_writer *w, bool told);

/*
 * Write one event, after a record of the loss if there was one. An event that
 * cannot be written is counted. "reserved": may use the last free bytes.
 */
void recorder_writer_event(struct recorder_writer *w, const struct event *e,
    const char *sender, bool reserved);

/*
 * A record of the recorder itself: EVENT_GAP (from since_ns on) or EVENT_LIFE
 * (since_ns is ignored), the sentence by its row and arguments.
 */
void recorder_writer_own(struct recorder_writer *w, enum event_kind kind,
    int64_t since_ns, uint64_t lost, enum message_id id, ...);

/* Begin the new file after a rotation. */
void recorder_writer_reopen(struct recorder_writer *w);

/* Once a second: report losses, look at the disk, save the state. */
void recorder_writer_tick(struct recorder_writer *w);

int64_t recorder_now_ns(void);

/* ---- between the halves of the writer ------------------------------------------- */

struct own_record {
	enum event_kind kind;
	int64_t since_ns;		/* EVENT_GAP */
	uint64_t lost;
	uint8_t severity;
	json_t *members;		/* of "sekisho"; the reference is taken */
};

/* One sealed line. 0, or negative errno and it was not written, nor counted as lost. */
int recorder_append(struct recorder_writer *w, const struct own_record *own,
    enum message_id id, ...);

/* recorder_look.c: marks and reserve of the disk. */
void recorder_look_at_disk(struct recorder_writer *w);
/* A step of the time of day becomes a record. 0, or negative errno: not told yet. */
int recorder_look_at_clock(struct recorder_writer *w);
/*
 * Closed files that were kept long enough: a record first, which is synced before the
 * file goes. "trusted": the time of day can be gone by.
 */
void recorder_look_at_retention(struct recorder_writer *w, bool trusted);
void recorder_retention_tick(struct recorder_writer *w);
/* The severity that the policy gives to its class; a leak is never made less of. */
void recorder_rate(const struct recorder_writer *w, struct event *e);
/* What the policy in force says, from a trusted peer. */
void recorder_take_rules(struct recorder_writer *w, const struct record_rules *rules);

/* Take the log over as the last run left it; its keys, or new ones. 0 or negative errno. */
int recorder_seal_open(struct recorder_writer *w, const struct recorder_state *before,
    uint64_t tail_sequence, const uint8_t tail_hash[SEAL_SIZE], struct seal_recovery *found);
/* The first record of a file; due while the seal counts no record in it. */
int recorder_append_file(struct recorder_writer *w);
int recorder_append_checkpoint(struct recorder_writer *w);
/* Checkpoints, heartbeats, rotation: what is due. */
void recorder_seal_tick(struct recorder_writer *w);
/* Close the file and begin the next. */
void recorder_rotate(struct recorder_writer *w);
/*
 * What log_file_reopen() returned: a failure is told once. True: the seal goes on in
 * another file now.
 */
bool recorder_takes_file(struct recorder_writer *w, int reopened);

#endif /* AGENT_RECORD_RECORDER_WRITE_H */
