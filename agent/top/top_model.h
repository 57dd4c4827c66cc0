/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What "sekisho top" knows: the daemon's last two answers turned into totals and
 * rates, and the newest violations of the record. No clock, no terminal, no socket:
 * answers, records and times are handed in, so a test can play any history.
 *
 * Stage: status, matrix, records -> [model] -view-> grid -screen-> terminal.
 */
#ifndef AGENT_CLI_TOP_MODEL_H
#define AGENT_CLI_TOP_MODEL_H

#include "rules/message.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All pairs of PLACE_ZONES_MAX zones: what a watcher can ever name. */
#define TOP_PAIRS	4096u
/* Newest violations kept; the record itself keeps all. */
#define TOP_VIOLATIONS	256u
#define TOP_ZONE_SIZE	64u
#define TOP_TEXT_SIZE	256u

/* A total of the daemon's, and how fast it grows. */
struct top_count {
	uint64_t total;
	double rate;			/* a second; negative: not known yet */
};

enum top_column {
	TOP_PERMITTED = 0,		/* packets the tap saw permitted */
	TOP_ATTEMPTS,
	TOP_LEAKS,
	TOP_OPENED,			/* openings the gate permitted */
	TOP_STOPPED,			/* packets the gate stopped */
	TOP_COLUMNS
};

struct top_pair {
	char from[TOP_ZONE_SIZE], to[TOP_ZONE_SIZE];	/* clean; "" is shown as "?" */
	struct top_count count[TOP_COLUMNS];
	bool seen;			/* in the answer that is being taken */
};

/* Where packets or records can get lost, from the wire to the disk. */
enum top_layer {
	TOP_LAYER_DRIVER = 0,		/* by the interfaces, before any tap */
	TOP_LAYER_SOFTNET,		/* by the processors, before any tap */
	TOP_LAYER_TAP,			/* rings of the taps */
	TOP_LAYER_GATE,			/* NFLOG messages of the gate */
	TOP_LAYER_TABLE,		/* violations kept per pair only: the table was full */
	TOP_LAYER_RECORD,
	TOP_LAYERS
};

/* All texts are clean: UTF-8 without control characters. */
struct top_violation {
	char key[17];
	int64_t at;			/* of its last packet, seconds since the epoch */
	char class[8];			/* "ZV-01" */
	char action[24];		/* "leak", "attempt" */
	enum message_id outcome;	/* its word: stopped, leaked, only seen, a gap */
	char from[TOP_ZONE_SIZE], to[TOP_ZONE_SIZE];
	char source[64], destination[64];	/* "" when there is none */
	char service[32];		/* "tcp/443", "icmp/8.0" */
	uint64_t count;			/* packets; of a gap: those not seen */
};

enum top_sort {
	TOP_SORT_RATE = 0,
	TOP_SORT_LEAKS,
	TOP_SORT_NAME,
	TOP_SORTS
};

struct top_model {
	bool answered;			/* the last time it was asked */
	bool ever;			/* at least once */
	int64_t since;			/* epoch: when it fell silent; 0: not yet asked */
	char why[TOP_TEXT_SIZE];	/* of the silence */
	int64_t sampled_ns;		/* monotonic: of the last answer */

	char site[TOP_TEXT_SIZE], digest[65];
	char gate[TOP_TEXT_SIZE];	/* the daemon's own word for its state */
	char tier[TOP_ZONE_SIZE], tier_reason[TOP_TEXT_SIZE];
	char problem[TOP_TEXT_SIZE];	/* "": none */
	char cutoffs[TOP_TEXT_SIZE];	/* what is cut off: "mynumber, 10.0.0.1" */
	uint64_t permits;
	bool forwarding, watching;	/* watching: the watcher answered the daemon */
	struct top_count lost[TOP_LAYERS];
	struct top_count sum[TOP_COLUMNS];	/* over all pairs */

	size_t n_pairs;
	struct top_pair pairs[TOP_PAIRS];
	uint16_t order[TOP_PAIRS];	/* the pairs as they are shown */
	enum top_sort sort;

	size_t n_violations;		/* newest first */
	struct top_violation violations[TOP_VIOLATIONS];
	uint64_t bad_lines;		/* of the record */
	char log_error[TOP_TEXT_SIZE];	/* why the record cannot be read; "": it can */
};

/* NULL with errno ENOMEM; free(3) it. */
struct top_model *top_model_new(void);

/*
 * Answers of the daemon to "status" and "matrix", taken at now_ns (CLOCK_MONOTONIC).
 * A total that fell was counted anew by a process that was started again: all of it
 * happened since. What an answer leaves out because the watcher is away stays as it
 * was, without a rate.
 */
void top_model_take(struct top_model *m, const json_t *status, const json_t *matrix,
    int64_t now_ns);

/* The daemon did not answer, at this time of day; the sentence may hold anything. */
void top_model_silent(struct top_model *m, const char *why, int64_t epoch);

/*
 * One record of the log. An update of a violation replaces what was there and comes
 * first again; life and policy changes are no violations.
 */
void top_model_record(struct top_model *m, const json_t *record);

void top_model_sort(struct top_model *m, enum top_sort sort);

/* Copy for the screen: cut at a character's border, bad bytes and controls as '?'. */
void top_text(char *out, size_t size, const char *text);

/* Stable name of a layer, for JSON. */
const char *top_layer_name(enum top_layer layer);

/* Everything above as one JSON object, times in UTC. NULL when memory is out. */
json_t *top_model_json(const struct top_model *m, int64_t epoch);

#endif /* AGENT_CLI_TOP_MODEL_H */
