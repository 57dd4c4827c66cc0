/* SPDX-License-Identifier: GPL-2.0-or-later */
/* English sentence of a violation, for event.reason: what happened and why it is one. */
#ifndef AGENT_WATCH_REASON_H
#define AGENT_WATCH_REASON_H

#include "agent/record/event.h"

#include <stddef.h>

/*
 * From an event that has everything else filled in. gate_reason: the word of
 * the gate's refuse chain, "" when the gate was not heard. detail: what a
 * detector found, "" when the packet speaks for itself.
 */
void reason_write(const struct event *e, const char *gate_reason, const char *detail,
    char *out, size_t size);

/* "10.1.0.2:4711 -> 10.2.0.2:443 tcp", "arp 10.1.0.2 -> 10.2.0.2", "EtherType 0x88b5". */
void reason_packet(const struct facts *f, char *out, size_t size);

#endif /* AGENT_WATCH_REASON_H */
