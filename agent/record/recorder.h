/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recorder process: alone with the log directory. Others can add records
 * through it, nobody can change one.
 *
 * Stage: violation -record-> violations.jsonl.
 *
 * Whoever restarts processes should keep both ends of every socket pair open:
 * then what others send while the recorder is away waits for the next one, and
 * a watcher that died leaves its end to its successor.
 */
#ifndef AGENT_RECORD_RECORDER_H
#define AGENT_RECORD_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDER_PEERS 8u

struct beat;

struct recorder_peer {
	int socket;		/* of ipc_pair() */
	const char *name;	/* "watcher": event.module of what it sends */
	bool trusted;		/* keeper, control: may stop, ask, record changes */
	bool alerter;		/* hears of what rules pick; records of life only */
	bool packets;		/* sends packets, and nothing else */
};

struct recorder_setup {
	int directory;		/* of the log, writable */
	const struct recorder_peer *peers;
	size_t n_peers;		/* at most RECORDER_PEERS */
	const char *hostname, *version;
	/*
	 * Free bytes kept for records of trusted peers: below it what the others
	 * send is counted as lost. 0: none kept.
	 */
	uint64_t reserve_bytes;
	struct beat *beat;	/* NULL: nobody waits for a sign of life */
};

/* What RECORDER_RESERVE_BYTES should be outside of tests: 16,000 records. */
#define RECORDER_RESERVE_BYTES (32u << 20)

/*
 * Work until IPC_STOP, SIGTERM or until the last trusted peer has closed; then
 * read what is still queued, write a last record (not when nobody told it to stop:
 * the next start then tells of a gap), sync, and return the exit status of the process. Takes the descriptors over. SIGHUP and
 * IPC_RECORD_REOPEN begin the new file after a rotation (a file that was renamed
 * is noticed within a few seconds without them).
 *
 * IPC_RECORD_STATUS answers {"sequence", "written", "lost", "unreported", "bad_messages",
 * "bytes", "free_bytes", "low_space", "sync_error", "failing", "used_percent",
 * "mark", "clock", "file_number", "key_waits", "packets"}; "failing" says why records cannot be written
 * now, "" when they can; "mark" is the latest of warn_at that the disk has passed. "lost" and
 * "written": since its start.
 */
int recorder_run(const struct recorder_setup *setup);

#endif /* AGENT_RECORD_RECORDER_H */
