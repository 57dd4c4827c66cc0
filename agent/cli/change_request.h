/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every change tells the daemon of the one who wants it, beside what it knows itself. */
#ifndef AGENT_CLI_CHANGE_REQUEST_H
#define AGENT_CLI_CHANGE_REQUEST_H

#include "agent/cli/cli.h"

/*
 * {"verb", "language", "person", "session", "reason"}: the person as logged in (behind
 * sudo(8) too), the session as SSH_CONNECTION has it; both are hints, no proof. reason
 * may be NULL.
 */
json_t *change_request(const struct cli *cli, const char *verb, const char *reason);

/* A number of a version, above 0; false when it is none. */
bool change_parse_serial(const char *text, uint32_t *out);

#endif /* AGENT_CLI_CHANGE_REQUEST_H */
