/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands between an administrator's files and libconfig: reading the
 * files, following @include, and turning them into one plain text that
 * libconfig cannot stumble over.
 *
 * libconfig 1.5 alone would recurse without end, take an open comment for the end
 * of the file, cut numbers to 32 bits, glue texts where a comma is
 * missing, look up the keys of a group one by one, and stop at the first fault with
 * "syntax error". So the words and signs are read here first; the plain
 * text has no comments and no includes, every number is 64 bits wide, arrays are
 * lists (so that 443 and "8000-8099" may stand in one), and a line begins
 * with exactly one word, whose origin is kept.
 *
 * Included files: @include "name" as the first word of a line, name relative to
 * the folder of the including file. It may stand inside a list; then the
 * included file holds items, each of which may end with a comma:
 *
 *	permits = (
 *	@include "permits-juki.conf"
 *	@include "permits-tax.conf"
 *	);
 *
 * Brackets must close in the file that opened them.
 */
#ifndef RULES_POLICY_PARSE_SOURCE_H
#define RULES_POLICY_PARSE_SOURCE_H

#include "rules/diag.h"
#include "rules/limits.h"
#include "rules/policy.h"

#include <stdbool.h>
#include <stddef.h>

enum policy_token {
	TOKEN_NONE = 0,
	TOKEN_KEY,
	TOKEN_ASSIGN,
	TOKEN_VALUE,		/* text, number, true, false */
	TOKEN_COMMA,
	TOKEN_SEMICOLON,
	TOKEN_OPEN,
	TOKEN_CLOSE,
};

struct policy_source_key {
	size_t start, length;		/* in the plain text */
	struct origin origin;
};

/* One open bracket, or (the first) the whole policy. */
struct policy_level {
	char open;			/* '{' '(' '[' */
	struct origin origin;
	struct policy_source_key keys[LIMIT_GROUP_KEYS];
	size_t n_keys;
};

struct policy_source {
	struct policy *policy;		/* owns the names of files */
	struct diag *diag;
	bool from_files;		/* false: text from memory, no includes */
	bool broken;			/* a fault that libconfig should not see */
	bool stop;			/* a limit was passed: read no further */
	bool unsure;			/* a text was not closed: is this sign one? */
	bool no_memory;
	size_t bytes_read, n_tokens, n_includes, files_room;

	/* The plain text, and the origin of each of its lines. */
	char *text;
	size_t length, room;
	struct origin *lines;
	size_t n_lines, lines_room;

	/* Reading position in the language. */
	struct policy_level levels[LIMIT_NESTING + 1];
	unsigned int depth;
	enum policy_token last;
	bool last_is_text;		/* TOKEN_VALUE: another text may follow it */
	bool comma_waits;		/* dropped if a closing bracket follows */
	struct origin comma_origin;
};

/* A fault after which libconfig's own complaints, or the check's, would mislead. */
#define policy_source_fault(s, where, ...) \
	do { \
		(s)->broken = true; \
		diag_add((s)->diag, (where), DIAG_ERROR, __VA_ARGS__); \
	} while (0)

/* Room for a word quoted in a message. */
#define POLICY_SOURCE_SHOWN 64

/* Cleared memory is a valid start; policy and diag must be set. */
void policy_source_free(struct policy_source *s);

/* Read a file and what it includes; faults become findings. */
void policy_source_file(struct policy_source *s, const char *path);

/* The same for text in memory. */
void policy_source_text(struct policy_source *s, const char *text, size_t length,
    const char *name);

/* Our own copy of a file's name, valid as long as the policy; NULL without memory. */
const char *policy_source_name(struct policy_source *s, const char *name);

/* Origin of a line of the plain text (from 1). */
struct origin policy_source_origin(const struct policy_source *s, unsigned int line);

/* For messages: a line of the plain text, cut. */
const char *policy_source_line(const struct policy_source *s, unsigned int line,
    char buf[POLICY_SOURCE_SHOWN]);

/* For messages: a stretch of text, cut. */
const char *policy_source_shown(const char *text, size_t length,
    char buf[POLICY_SOURCE_SHOWN]);

/*
 * Append one token; at_line_start begins a new line of the plain text.
 * Used by policy_parse_scan.c only.
 */
void policy_source_append(struct policy_source *s, const char *bytes, size_t length,
    struct origin origin, bool at_line_start);

/* A file being read, and the one that included it. */
struct policy_file {
	const struct policy_file *parent;
	const char *name;		/* owned by the policy */
	const char *text;
	size_t length;
	unsigned int nesting;		/* of includes */
	unsigned long long device, inode;	/* 0, 0: text from memory */
};

/* Read one file into the plain text; comes back to policy_source_include(). */
void policy_scan(struct policy_source *s, const struct policy_file *file);

/* Follow one @include. */
void policy_source_include(struct policy_source *s, const struct policy_file *from,
    const char *name, size_t length, struct origin where);

#endif /* RULES_POLICY_PARSE_SOURCE_H */
