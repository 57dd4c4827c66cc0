/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving up the gate on purpose: sekisho open. */
#ifndef AGENT_CONTROL_CONTROL_OPEN_H
#define AGENT_CONTROL_CONTROL_OPEN_H

#include "agent/control/control_change.h"

#include <jansson.h>

/* Forwarding off, the table away, no policy in force, until the next one is. The answer. */
json_t *control_open(struct control *c, struct change_request *q);

#endif /* AGENT_CONTROL_CONTROL_OPEN_H */
