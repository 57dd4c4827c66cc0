/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the two halves of the scanner: policy_parse_scan.c knows the signs,
 * policy_parse_word.c the words. The why stands in rules/policy_parse_source.h.
 */
#ifndef RULES_POLICY_PARSE_SCAN_H
#define RULES_POLICY_PARSE_SCAN_H

#include "rules/policy_parse_source.h"

#include <stdbool.h>
#include <stddef.h>

/* Reading position in one file. */
struct policy_scan {
	struct policy_source *s;
	const struct policy_file *file;
	const char *at, *end;
	unsigned int line;
	unsigned int base;		/* depth when the file began */
	bool fresh;			/* only blanks on this line so far */
};

struct origin policy_scan_here(const struct policy_scan *x);
bool policy_scan_looks_at(const struct policy_scan *x, const char *word);

/* True inside "( )" and "[ ]", false inside "{ }" and at the top. */
bool policy_scan_in_list(const struct policy_source *s);

/* Finding: this does not belong here. */
void policy_scan_unexpected(struct policy_scan *x, const char *text, size_t length);

/*
 * libconfig takes the line of the sign after a text for the text's own: so a
 * sign stays on the line of the word before it.
 */
void policy_scan_append_sign(struct policy_source *s, char sign, struct origin origin);

/*
 * Called before any value, also one that is a bracket: writes or asks for the
 * comma. False, with a finding, when no value may stand here.
 */
bool policy_word_before_value(struct policy_scan *x, const char *text, size_t length,
    bool is_text);

/* At a quotation mark. */
void policy_word_text(struct policy_scan *x);

/* At anything else that is no sign. */
void policy_word_scan(struct policy_scan *x);

#endif /* RULES_POLICY_PARSE_SCAN_H */
