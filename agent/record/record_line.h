/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON text -> one line of the record. jansson escapes C0 only; what else steers
 * a terminal or a line-based reader is escaped here, which is safe because
 * outside of strings JSON text is ASCII without DEL.
 */
#ifndef AGENT_RECORD_RECORD_LINE_H
#define AGENT_RECORD_RECORD_LINE_H

#include "agent/record/record_json.h"

#include <stdbool.h>
#include <stddef.h>

/* Copy with a newline behind it. False: not UTF-8, or longer than RECORD_BODY_MAX. */
bool record_line(const char *json, char line[RECORD_LINE_MAX], size_t *used);

#endif /* AGENT_RECORD_RECORD_LINE_H */
