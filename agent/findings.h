/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_FINDINGS_H
#define AGENT_FINDINGS_H

#include "rules/diag.h"

#include <jansson.h>

/* Findings, sorted: [{"file", "line", "severity", "code", "message"}]. NULL: no memory. */
json_t *findings_json(struct diag *diag, enum message_language language);

#endif /* AGENT_FINDINGS_H */
