/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts out of JSON that may be anything: an answer, a finding, a record. */
#ifndef AGENT_JSON_TEXT_H
#define AGENT_JSON_TEXT_H

#include <jansson.h>

/* The member of that name; "" where there is none or it is no text. o may be NULL. */
const char *json_text(const json_t *o, const char *key);
/* The same with another word for none. */
const char *json_text_or(const json_t *o, const char *key, const char *otherwise);

#endif /* AGENT_JSON_TEXT_H */
