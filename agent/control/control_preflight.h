/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Before a change: would it cut off the people who make it? Every connection that is
 * established to the gateway itself, and the one that the caller says he sits on, must be
 * one that the next policy would let open again.
 */
#ifndef AGENT_CONTROL_CONTROL_PREFLIGHT_H
#define AGENT_CONTROL_CONTROL_PREFLIGHT_H

#include "agent/control/control_change.h"
#include "rules/address.h"
#include "rules/checked.h"

#include <stdio.h>

/* One TCP connection, as the one who opened it would write it. */
struct preflight_flow {
	struct ip_addr src, dst;
	uint16_t sport, dport;
};

/* NULL: go on; else the refusal, which names the connection. */
json_t *control_preflight(struct control *c, const struct checked *next,
    const struct change_request *q);

/*
 * The first of these that "next" would not let open, and "running" (NULL: nothing
 * runs) would; its number, or n. *permit gets the id of the running permit, or "".
 */
size_t preflight_first_cut(const struct checked *running, const struct checked *next,
    const struct preflight_flow *flows, size_t n, int64_t now, const char **permit);

/* SSH_CONNECTION ("address port address port"); false when it is no such thing. */
bool preflight_parse_session(const char *text, struct preflight_flow *out);

/*
 * Established connections in /proc/net/tcp or tcp6 (proc(5)) to a port that somebody
 * listens at, without those of the loopback; at most max. How many.
 */
size_t preflight_read_tcp(FILE *in, struct preflight_flow *out, size_t max);

#endif /* AGENT_CONTROL_CONTROL_PREFLIGHT_H */
