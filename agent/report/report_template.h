/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report's own small template language: a page of HTML, and values of JSON.
 *
 *   {{name}} {{a.b}} {{.}}	the value, escaped for HTML whatever it is; numbers with
 *				commas. There is no way to put one in unescaped.
 *   {{:slug}}			a text of rules/message.def in the report's language
 *   {{#name}} ... {{/name}}	for each of an array, with an object's members at hand; else
 *				once, when it is neither missing, null, false, 0 nor empty
 *   {{^name}} ... {{/name}}	otherwise
 *   {{>part}}			another part of the template, as it is
 *
 * Names are looked for from the inside out. A value that is not there is an error.
 */
#ifndef AGENT_CLI_REPORT_TEMPLATE_H
#define AGENT_CLI_REPORT_TEMPLATE_H

#include "rules/message.h"

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* One text of the template; an array ends in a row without a name. */
struct report_part {
	const char *name;		/* "page", "style" */
	const char *text;
	size_t length;
};

/* 0; -EINVAL, and why says what is wrong in which line of which part; -EIO. */
int report_render(FILE *out, const struct report_part *parts, const char *part,
    const json_t *root, enum message_language language, char *why, size_t size);

/* The built-in one: share/report. */
const struct report_part *report_parts(void);

#endif /* AGENT_CLI_REPORT_TEMPLATE_H */
