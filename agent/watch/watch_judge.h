/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From facts and the witness that saw them to a verdict: which question to ask
 * the classifier, and what each witness may say beyond it. Pure.
 */
#ifndef AGENT_WATCH_WATCH_JUDGE_H
#define AGENT_WATCH_WATCH_JUDGE_H

#include "agent/record/event.h"
#include "rules/classifier.h"

struct watch_seen {
	uint8_t witness;	/* one of WITNESS_* */
	uint16_t in;		/* segment it came from; leaving: the true one */
	uint16_t out;		/* WITNESS_TAP_INGRESS: SEGMENT_NONE, not known yet */
	const char *gate_reason;	/* WITNESS_GATE: COMPILE_LOG_*; else "" */
};

/* In j; VERDICT_DENY is a violation. now: seconds since the epoch. */
void watch_judge(const struct classifier *c, const struct facts *f,
    const struct watch_seen *seen, int64_t now, struct judgement *j);

/*
 * True when a leaving packet left by another way than its destination says:
 * then *arrival is how the ingress tap judged it, if that was a violation.
 */
bool watch_judge_detour(const struct classifier *c, const struct facts *f,
    const struct watch_seen *seen, int64_t now, struct judgement *arrival);

#endif /* AGENT_WATCH_WATCH_JUDGE_H */
