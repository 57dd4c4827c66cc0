/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What waits to be confirmed, as people and the command are told of it. */
#include "agent/clock.h"
#include "agent/control/control_internal.h"

#define NS 1000000000ll

json_t *
control_confirm_json(const struct control *c)
{
	const struct pending *p = &c->confirm.pending;
	int64_t left = p->deadline_ns - clock_ns(CLOCK_BOOTTIME);

	if (p->serial == 0)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:b}",
	    "serial", (json_int_t)p->serial, "target", (json_int_t)p->target,
	    "seconds", (json_int_t)p->seconds,
	    "seconds_left", (json_int_t)(left > 0 ? (left + NS - 1) / NS : 0),
	    "actor", control_text_json(p->actor), "person", control_text_json(p->person),
	    "reason", control_text_json(p->reason), "stuck", c->confirm.stuck);
}
