/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_take.h"

#include <string.h>

bool
control_take_text(const json_t *o, const char *key, char *out, size_t size)
{
	const json_t *value = json_object_get(o, key);
	size_t n = json_string_length(value);

	if (!json_is_string(value) || n >= size || strlen(json_string_value(value)) != n)
		return false;
	memcpy(out, json_string_value(value), n + 1);
	return true;
}

bool
control_take_number(const json_t *o, const char *key, json_int_t least, json_int_t most,
    json_int_t *out)
{
	const json_t *value = json_object_get(o, key);

	*out = json_integer_value(value);
	return json_is_integer(value) && *out >= least && *out <= most;
}
