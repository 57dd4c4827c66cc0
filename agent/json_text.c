/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/json_text.h"

const char *
json_text_or(const json_t *o, const char *key, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text != NULL ? text : otherwise;
}

const char *
json_text(const json_t *o, const char *key)
{
	return json_text_or(o, key, "");
}
