/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/text_clean.h"

#include "rules/utf8.h"

#include <string.h>

size_t
text_clean(const char *s, size_t n, char *out, size_t size, bool *cut)
{
	static const char replacement[] = "\xef\xbf\xbd";
	size_t used = 0;

	n = strnlen(s, n);
	/* Nearly always that is all. */
	used = utf8_plain(s, n);
	if (used >= size)
		used = 0;
	memcpy(out, s, used);
	s += used;
	n -= used;
	while (n > 0) {
		uint32_t c;
		size_t length = utf8_decode(s, n, &c);
		const char *from = length > 0 ? s : replacement;
		size_t put = length > 0 ? length : sizeof(replacement) - 1;

		if (used + put >= size) {
			if (cut != NULL)
				*cut = true;
			break;
		}
		memcpy(out + used, from, put);
		used += put;
		length = length > 0 ? length : 1;
		s += length;
		n -= length;
	}
	out[used] = '\0';
	return used;
}

size_t
text_clean_ascii(const char *s, size_t n, char *out, size_t size, bool *cut)
{
	size_t used = 0;

	n = strnlen(s, n);
	for (; used < n && used + 1 < size; used++) {
		bool plain = s[used] >= ' ' && s[used] <= '~' && s[used] != '"' &&
		    s[used] != '\\';

		out[used] = plain ? s[used] : '?';
		if (!plain && cut != NULL)
			*cut = true;
	}
	if (used < n && cut != NULL)
		*cut = true;
	out[used] = '\0';
	return used;
}
