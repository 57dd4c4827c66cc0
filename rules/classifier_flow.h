/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A running flow, judged as if it opened now: the same boxes that the leaves are made of. */
#ifndef RULES_CLASSIFIER_FLOW_H
#define RULES_CLASSIFIER_FLOW_H

#include "rules/address.h"
#include "rules/checked.h"

#include <stdbool.h>
#include <stdint.h>

/* A flow as it opened, as the leaves saw it. ICMP: sport = type << 8 | code, dport 0. */
struct flow_opening {
	struct ip_addr src, dst;
	uint16_t sport, dport;
	uint8_t protocol;
	bool with_self;		/* one end is the gateway itself, */
	bool from_self;		/* the one that opened */
};

struct flow_judge;

/* NULL with errno ENOMEM. Borrows the checked policy, which must outlive it. */
struct flow_judge *flow_judge_new(const struct checked *checked);
void flow_judge_free(struct flow_judge *j);	/* accepts NULL */

/*
 * The ct mark it would open with at a time (seconds since the epoch), by the numbers
 * of the policy; 0: it would not open.
 */
uint32_t flow_judge_mark(const struct flow_judge *j, const struct flow_opening *f,
    int64_t now);

#endif /* RULES_CLASSIFIER_FLOW_H */
