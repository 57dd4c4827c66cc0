/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8 (RFC 3629) as far as hostile text needs: is it valid, can it be shown. */
#ifndef RULES_UTF8_H
#define RULES_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Bytes of the first character of text[0..length), and the character; 0 when
 * it is not UTF-8 (too long a form, a surrogate, cut short) or length is 0.
 */
size_t utf8_decode(const char *text, size_t length, uint32_t *character);

/*
 * Characters that change how the text around them is shown, or show nothing:
 * C0, DEL, C1, line and paragraph separators, bidirectional controls (text
 * that reads otherwise than it works), zero width, byte order mark.
 */
bool utf8_is_control(uint32_t character);

/*
 * Bytes at the beginning that stand for themselves everywhere: ASCII that can be printed but
 * for the quote and the backslash, and U+3000 to U+9FFF. Nearly all text is such.
 */
size_t utf8_plain(const char *text, size_t length);

/* Bytes of the longest prefix of at most max bytes that cuts no character. */
size_t utf8_cut(const char *text, size_t length, size_t max);

/* Every byte that is not UTF-8, or belongs to a control character, becomes '?'. */
void utf8_scrub(char *text);

#endif /* RULES_UTF8_H */
