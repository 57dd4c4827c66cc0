/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How full the connection table is. When it is full the kernel drops what opens a
 * connection, whoever permits it; connections that run go on, and nothing denied passes.
 */
#ifndef AGENT_CONTROL_CONTROL_CONNTRACK_H
#define AGENT_CONTROL_CONTROL_CONNTRACK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct control;

struct connection_table {
	int count, max;
	uint64_t dropped;		/* openings, by the kernel's own count */
};

/* What was told of it last. */
struct connection_alarm {
	int percent;			/* 0: nothing */
	bool known;			/* "dropped" was read before */
	uint64_t dropped, told_us;
};

/* False where the kernel does not say. */
bool connection_table_read(struct connection_table *t);

/* Once a second: 80 percent, 95 and full go into the record, full once a minute. */
void control_conntrack_tick(struct control *c);

/* {count, max, dropped} for status. */
json_t *control_conntrack_json(void);

#endif /* AGENT_CONTROL_CONTROL_CONNTRACK_H */
