/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capture file through the same decode, judge and aggregate as the live
 * watcher. What a file does not say is taken from addresses: who came in from
 * the wire and who went out to it.
 */
#ifndef AGENT_WATCH_REPLAY_H
#define AGENT_WATCH_REPLAY_H

#include "agent/record/event.h"
#include "agent/watch/capture_file.h"
#include "rules/classifier.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define REPLAY_PACKET_TIME INT64_MIN

/* One packet and what the policy says of it. Valid during the callback. */
struct replay_judged {
	uint64_t number;		/* in the file, from 1 */
	int64_t time_ns;
	uint32_t captured;
	const struct facts *facts;
	const struct judgement *judgement;
	const char *from, *to;		/* zones; "self", or "" when unknown */
	const char *permit;		/* id; "" for none */
	bool outgoing;			/* to the wire the capture was made on */
};

struct replay_options {
	const char *capture;		/* file name; "-" standard input */
	enum capture_reader reader;
	const char *tap;		/* zone or interface of the wire; NULL: any */
	int64_t now;			/* judge as of then, or REPLAY_PACKET_TIME */
	/*
	 * Judge only the first packet of every so many, 0 and 1: all of them. What an
	 * earlier packet would have told (the head of a fragment, the opening of a reply)
	 * may then be missing: a quick look, no proof.
	 */
	uint64_t sample;
	bool no_flow_table;		/* judge every packet; for tests */
	/* Each may be NULL. */
	void (*judged)(void *arg, const struct replay_judged *j);
	void (*violation)(void *arg, const struct event *e);	/* at the end */
	/* About every second of the capture; bytes of the file, 0 of 0 for a pipe. */
	void (*progress)(void *arg, uint64_t packets, uint64_t read, uint64_t size);
	void *arg;
};

struct replay_stats {
	uint64_t packets, bytes;	/* bytes on the wire */
	uint64_t passed_over;		/* in the file, but not in the sample */
	uint64_t permitted, local, violations;
	uint64_t assumed;		/* of permitted: answers to what was before the capture */
	uint64_t leaks;			/* of violations: outgoing, so they crossed */
	uint64_t by_class[ZV_COUNT];
	uint64_t unreadable[UNREADABLE_COUNT];
	uint64_t inner, inner_violations;	/* packets in tunnels, not among packets */
	uint64_t detections;		/* of behaviour, not of one packet */
	uint64_t by_table;		/* of packets: decided by the flow table */
	enum capture_reader reader;	/* the one that was used */
	int link_type;			/* DLT_* */
	bool cut;			/* the last packet was: tcpdump was killed */
	char damage[256];		/* why the rest could not be read, or "" */
};

/*
 * Direction with "tap": what goes to an address of the tapped zone and comes
 * from no address of it went out to the wire, as did what the gateway sent;
 * everything else came in from it. Two addresses of one segment concern only
 * their own wire. Without "tap" source and destination decide alone.
 *
 * The exit status of the command: 0 clean, 3 violations, 1 the capture is
 * damaged and none was found; negative errno with a sentence in why when
 * nothing was replayed (-ENOENT: tap names no zone and no interface).
 */
int replay_run(const struct checked *checked, const struct replay_options *o,
    struct replay_stats *stats, char *why, size_t why_size);

/* One judgement as one line of JSON: the stream that both readers must agree on. */
void replay_print_json(const struct replay_judged *j, FILE *out);

#endif /* AGENT_WATCH_REPLAY_H */
