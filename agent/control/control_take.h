/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values out of the JSON of a state file, each checked: anything else is not ours. */
#ifndef AGENT_CONTROL_CONTROL_TAKE_H
#define AGENT_CONTROL_CONTROL_TAKE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* False: no string, too long for out, or with a NUL inside, which would cut it short. */
bool control_take_text(const json_t *o, const char *key, char *out, size_t size);

/* False: no integer, or not from least to most. */
bool control_take_number(const json_t *o, const char *key, json_int_t least,
    json_int_t most, json_int_t *out);

#endif /* AGENT_CONTROL_CONTROL_TAKE_H */
