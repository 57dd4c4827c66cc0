/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What answers are made of. */
#ifndef AGENT_CONTROL_CONTROL_ANSWER_H
#define AGENT_CONTROL_CONTROL_ANSWER_H

#include <jansson.h>

/* {"ok": false, "error": text}; NULL without memory. */
json_t *control_no(const char *text);

/* A text that may be cut or come from elsewhere; never NULL but for want of memory. */
json_t *control_text_json(const char *text);

#endif /* AGENT_CONTROL_CONTROL_ANSWER_H */
