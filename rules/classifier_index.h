/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which permit holds a packet: the boxes of the checked policy, made quick to
 * search. Part of the classifier: only rules/classifier*.c include this.
 */
#ifndef RULES_CLASSIFIER_INDEX_H
#define RULES_CLASSIFIER_INDEX_H

#include "rules/checked.h"
#include "rules/facts.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * One question. Source and destination must be owned by "in" and "out", where
 * these are segments; the caller has made sure.
 */
struct index_query {
	struct ip_addr src, dst;
	uint16_t in, out;
	uint16_t sport, dport;		/* as in struct facts */
	uint8_t protocol;
	bool has_ports;
};

/* How much of a service is asked for. */
enum index_depth {
	INDEX_SERVICE = 0,	/* all of it */
	INDEX_PROTOCOL,		/* protocol alone, with any ports */
	INDEX_HOSTS,		/* any service between these addresses */
};

/*
 * First permits in file order that hold the packet: index + 1, 0: none. The
 * last two mean something only when no permit is in force.
 */
struct index_answer {
	uint32_t permit;	/* in force */
	uint32_t concerned;	/* not in force: disabled, not yet valid or expired */
	uint32_t dated;		/* not in force by its dates alone */
};

struct permit_index;

/* NULL with errno ENOMEM. Borrows the checked policy. */
struct permit_index *permit_index_new(const struct checked *checked);
void permit_index_free(struct permit_index *x);

void permit_index_find(const struct permit_index *x, const struct index_query *q,
    enum index_depth depth, int64_t now, struct index_answer *a);

/* Memory that a question about this packet, either way, will need is asked for. */
void permit_index_expect(const struct permit_index *x, const struct facts *f);

/* For the two structures behind it: does the service hold the packet? */
bool index_service_holds(const struct service_match *s, const struct index_query *q,
    enum index_depth depth);

/* A box of permit i holds the packet: note it. True when the permit is in force. */
bool index_note(const struct checked_permit *permits, uint32_t i, int64_t now,
    struct index_answer *a);

#endif /* RULES_CLASSIFIER_INDEX_H */
