/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the other processes counted, as the heartbeats tell it: each sends its numbers
 * every few seconds over the socket that its records take (IPC_RECORD_LEDGER), the
 * recorder keeps the latest of each and says how old they are. Numbers only: nothing
 * of it can harm a line, and a sender can but lie about itself.
 */
#ifndef AGENT_RECORD_RECORD_LEDGER_H
#define AGENT_RECORD_RECORD_LEDGER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ledger_of {
	LEDGER_OF_KEEPER = 0,
	LEDGER_OF_CONTROL,
	LEDGER_OF_WATCHER,
	LEDGER_OF_COUNT
};

enum keeper_number {
	KEEPER_RECORDER_RESTARTS = 0, KEEPER_CONTROL_RESTARTS, KEEPER_WATCHER_RESTARTS,
	KEEPER_NETLINK_SILENT,		/* 1: nf_tables does not answer */
	KEEPER_NUMBERS
};

enum control_number {
	CONTROL_SERIAL = 0,		/* of the policy in force; 0: none */
	CONTROL_FORWARDING,		/* 1: on, as the kernel says */
	CONTROL_CONNECTIONS, CONTROL_CONNECTIONS_MOST, CONTROL_CONNECTIONS_DROPPED,
	CONTROL_REASSEMBLY_FAILED,
	CONTROL_CUTOFFS,		/* orders that stand */
	CONTROL_UNSENT,			/* records that the recorder did not take yet */
	CONTROL_NUMBERS
};

/* As in agent/watch/ledger.h; losses as in agent/watch/loss.h. */
enum watcher_number {
	WATCHER_TAPS = 0, WATCHER_DEAF,
	WATCHER_LOST_DRIVER, WATCHER_LOST_SOFTNET,
	WATCHER_SEEN, WATCHER_PROVEN, WATCHER_RECEIVED,
	WATCHER_DROPPED, WATCHER_DELIVERED, WATCHER_UNREAD,
	WATCHER_FRAMES, WATCHER_GATE, WATCHER_LOST_GATE, WATCHER_CANARIES,
	WATCHER_UNREADABLE,
	WATCHER_PERMITTED, WATCHER_LOCAL, WATCHER_EXCUSED, WATCHER_VIOLATIONS, WATCHER_HELD,
	WATCHER_INNER, WATCHER_DETECTIONS,
	WATCHER_ADDED, WATCHER_OPEN, WATCHER_CLOSED, WATCHER_COUNTED, WATCHER_TOLD,
	WATCHER_UNTOLD, WATCHER_OVERFLOWED,
	WATCHER_OFFERED, WATCHER_SENT, WATCHER_DEFERRED,
	WATCHER_FAULTS,			/* layers that do not balance */
	WATCHER_NUMBERS
};

#define RECORD_LEDGER_NUMBERS	48u
/* So often they are sent, at least. */
#define RECORD_LEDGER_S		5

/* The payload of IPC_RECORD_LEDGER. */
struct record_ledger {
	uint64_t numbers[RECORD_LEDGER_NUMBERS];	/* by the sender's own enum */
};

struct record_ledgers {
	struct record_ledger of[LEDGER_OF_COUNT];
	int64_t taken_ns[LEDGER_OF_COUNT];	/* CLOCK_BOOTTIME; 0: nothing heard yet */
};

/* Keep what the sender of this name sent. False: it is no ledger, or nobody's. */
bool record_ledgers_take(struct record_ledgers *l, const char *sender, const void *bytes,
    size_t length);

/* {"age_ms", "frames", ...}; null when nothing was heard. */
json_t *record_ledgers_json(const struct record_ledgers *l, enum ledger_of of);

/* Of one that was heard; 0 otherwise. Numbers beyond JSON's are INT64_MAX. */
uint64_t record_ledgers_number(const struct record_ledgers *l, enum ledger_of of,
    unsigned int number);

const char *record_ledger_name(enum ledger_of of);

#endif /* AGENT_RECORD_RECORD_LEDGER_H */
