/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of a process that may be taken over, made fit for JSON. */
#ifndef AGENT_RECORD_TEXT_CLEAN_H
#define AGENT_RECORD_TEXT_CLEAN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copy at most n bytes up to a NUL, every bad byte replaced by U+FFFD, cut at a
 * character's border. Returns the bytes written without the NUL; out gets at most
 * size bytes. *cut (may be NULL) is set, never cleared, when something was left out.
 */
size_t text_clean(const char *s, size_t n, char *out, size_t size, bool *cut);

/*
 * The same, only ASCII that JSON writes as one byte: everything else becomes '?'
 * and counts as left out.
 */
size_t text_clean_ascii(const char *s, size_t n, char *out, size_t size, bool *cut);

#endif /* AGENT_RECORD_TEXT_CLEAN_H */
