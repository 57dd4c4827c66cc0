/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verb: what stands around the gate, and the table itself, looked at now. */
#ifndef AGENT_CONTROL_CONTROL_DOCTOR_H
#define AGENT_CONTROL_CONTROL_DOCTOR_H

#include "rules/message.h"

#include <jansson.h>

struct control;

json_t *control_doctor(struct control *c, enum message_language language);

#endif /* AGENT_CONTROL_CONTROL_DOCTOR_H */
