/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Holds, and the signature under a bundle of evidence: asked of the recorder, recorded. */
#ifndef AGENT_CONTROL_CONTROL_EVIDENCE_H
#define AGENT_CONTROL_CONTROL_EVIDENCE_H

#include "agent/control/control_change.h"

/* "hold", "release": {"case", "from", "to"}, days as 20261122. */
json_t *control_hold(struct control *c, const struct change_request *q,
    const json_t *request, bool release);

/*
 * "evidence": {"case"} without a sum: the log gets a checkpoint, so that what is taken now
 * is vouched for to its end. {"case", "sum"}: who took evidence away goes into the record, then the
 * recorder signs the SHA-256 of what was taken: {"signature": line}.
 */
json_t *control_evidence(struct control *c, const struct change_request *q,
    const json_t *request);

#endif /* AGENT_CONTROL_CONTROL_EVIDENCE_H */
