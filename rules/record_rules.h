/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a policy says about its own record, checked: of fixed size and without a pointer,
 * for it travels to the recorder as it is (IPC_RECORD_POLICY). Zero keeps everything
 * and disposes of nothing.
 */
#ifndef RULES_RECORD_RULES_H
#define RULES_RECORD_RULES_H

#include "rules/alert_rules.h"

#include <stdbool.h>
#include <stdint.h>

/* What is kept for the same time. */
enum record_class {
	RECORD_VIOLATION = 0,
	RECORD_CHANGE,		/* who changed what, cut-offs, refused requests, drift, disposal */
	RECORD_GAP,		/* gaps, losses, clock steps, recoveries */
	RECORD_LIFE,		/* starts, stops, heartbeats, what holds the files together */
	RECORD_CLASS_COUNT
};

#define RECORD_MARKS	8u
/* Room for every violation_class. */
#define RECORD_SEVERITIES 32u

/*
 * Which packets are kept beside the records of violations. Zero keeps none. Of a packet
 * its headers are kept, and with .payload what follows them, in all .snap bytes at most.
 */
struct record_evidence {
	uint8_t packets;		/* the first ones of each violation; then its last one */
	bool payload;
	uint16_t snap;
	uint32_t ring_mb;		/* MiB of files; then the oldest goes */
};

#define RECORD_EVIDENCE_PACKETS	64u
#define RECORD_EVIDENCE_SNAP	512u	/* the taps hand over no more */

/* sun_path of struct sockaddr_un, with its NUL. */
#define RECORD_SOCKET_SIZE	108u

/* Where else the record is told: agent/record/views. Zero tells it nowhere. */
struct record_outputs {
	char syslog[RECORD_SOCKET_SIZE];	/* path of a local socket; "": none */
	char cef[RECORD_SOCKET_SIZE];
	bool journal;
	bool eve;
	bool prometheus;
};

struct record_rules {
	bool close;			/* log_failure: forwarding goes off until it can be recorded */
	uint8_t n_marks;
	uint8_t marks[RECORD_MARKS];	/* warn_at: percent of the disk, ascending */
	uint32_t days[RECORD_CLASS_COUNT];	/* retention; 0: for ever */
	bool rotate_daily;
	uint64_t rotate_size;		/* bytes; 0: no limit */
	uint32_t checkpoint_s, heartbeat_s;	/* between two; 0: the recorder's own */
	uint8_t severity[RECORD_SEVERITIES];	/* by violation_class; 0: as it was judged */
	struct alert_rules alerts;
	struct record_evidence evidence;
	struct record_outputs outputs;
};

/* "violation"; NULL when there is none of that number. */
const char *record_class_name(enum record_class c);
/* RECORD_CLASS_COUNT when the word is none. */
enum record_class record_class_parse(const char *word);

/* What holds where a policy does not say, and before there is one. */
void record_rules_default(struct record_rules *r);

#endif /* RULES_RECORD_RULES_H */
