/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_answer.h"

#include "agent/record/text_clean.h"

#include <string.h>

json_t *
control_no(const char *text)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", text);
}

json_t *
control_text_json(const char *text)
{
	char clean[4096];
	json_t *json = json_string(text);

	return json != NULL ? json : json_stringn(clean,
	    text_clean(text, strlen(text), clean, sizeof(clean), NULL));
}
