/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What others have set up around the gate. */
#ifndef AGENT_CONTROL_CONTROL_DRIFT_H
#define AGENT_CONTROL_CONTROL_DRIFT_H

#include "rules/message.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct control;
struct drift_list;

/* Look around from now on. 0 or negative errno. */
int control_drift(struct control *c);
void control_drift_end(struct control *c);

/* Somebody wrote to a table that is not ours. */
void control_drift_tables_changed(struct control *c);

/* Everything at once, now: what is found, valid until the next look. NULL: nobody looks. */
const struct drift_list *control_drift_look(struct control *c);

/* The findings that stand now; the sentence of the first error among them. */
json_t *control_drift_json(const struct control *c, enum message_language language);
bool control_drift_problem(const struct control *c, char *out, size_t size);

#endif /* AGENT_CONTROL_CONTROL_DRIFT_H */
