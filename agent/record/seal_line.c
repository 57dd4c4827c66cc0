/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/seal_line.h"

#include <string.h>

#define HASH_WORD	",\"hash\":\""
#define MAC_WORD	"\",\"mac\":\""
#define LAST_WORD	"\"}"

static bool
all_hex(const char *digits)
{
	bool good = true;

	for (size_t i = 0; i < SEAL_HEX; i++) {
		const char c = digits[i];

		good &= (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
	}
	return good;
}

bool
seal_line_split(const char *line, size_t length, struct seal_line *out)
{
	const size_t seal = SEAL_LINE_SIZE + 1;	/* and the brace */
	const char *p;

	if (length <= seal || line[0] != '{')
		return false;
	out->sealed = length - seal;
	p = line + out->sealed;
	if (memcmp(p, HASH_WORD, sizeof(HASH_WORD) - 1) != 0)
		return false;
	out->hash = p + sizeof(HASH_WORD) - 1;
	p = out->hash + SEAL_HEX;
	if (memcmp(p, MAC_WORD, sizeof(MAC_WORD) - 1) != 0)
		return false;
	out->mac = p + sizeof(MAC_WORD) - 1;
	return memcmp(out->mac + SEAL_HEX, LAST_WORD, sizeof(LAST_WORD) - 1) == 0 &&
	    all_hex(out->hash) && all_hex(out->mac);
}

void
seal_hex(const uint8_t bytes[SEAL_SIZE], char digits[SEAL_HEX])
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < SEAL_SIZE; i++) {
		digits[2 * i] = hex[bytes[i] >> 4];
		digits[2 * i + 1] = hex[bytes[i] & 15];
	}
}

static unsigned int
digit(char c)
{
	return c <= '9' ? (unsigned int)(c - '0') : (unsigned int)(c - 'a') + 10;
}

bool
seal_unhex(const char digits[SEAL_HEX], uint8_t bytes[SEAL_SIZE])
{
	if (!all_hex(digits))
		return false;
	for (size_t i = 0; i < SEAL_SIZE; i++)
		bytes[i] = (uint8_t)(digit(digits[2 * i]) << 4 | digit(digits[2 * i + 1]));
	return true;
}

void
seal_line_join(char *line, size_t *length, const uint8_t hash[SEAL_SIZE],
    const uint8_t mac[SEAL_SIZE])
{
	char *p = line + *length - 2;	/* over the brace */

	memcpy(p, HASH_WORD, sizeof(HASH_WORD) - 1);
	p += sizeof(HASH_WORD) - 1;
	seal_hex(hash, p);
	p += SEAL_HEX;
	memcpy(p, MAC_WORD, sizeof(MAC_WORD) - 1);
	p += sizeof(MAC_WORD) - 1;
	seal_hex(mac, p);
	p += SEAL_HEX;
	memcpy(p, LAST_WORD "\n", sizeof(LAST_WORD));
	*length += SEAL_LINE_SIZE;
}

/* Behind the name, or NULL. */
static const char *
find(const char *line, size_t length, const char *name)
{
	const size_t n = strlen(name);
	const char *p = memmem(line, length, name, n);

	return p == NULL ? NULL : p + n;
}

bool
seal_line_number(const char *line, size_t length, const char *name, uint64_t *out)
{
	const char *p = find(line, length, name), *end = line + length;
	uint64_t n = 0;
	size_t digits = 0;

	if (p == NULL)
		return false;
	/* 18 digits always fit; ours are JSON integers. */
	for (; p < end && *p >= '0' && *p <= '9' && digits < 18; p++, digits++)
		n = n * 10 + (uint64_t)(*p - '0');
	*out = n;
	return digits > 0 && p < end && (*p == ',' || *p == '}');
}

bool
seal_line_text(const char *line, size_t length, const char *name, const char **text,
    size_t *text_length)
{
	const char *p = find(line, length, name), *end = line + length, *quote;

	if (p == NULL || p == end || *p != '"')
		return false;
	p++;
	quote = memchr(p, '"', (size_t)(end - p));
	if (quote == NULL || memchr(p, '\\', (size_t)(quote - p)) != NULL)
		return false;
	*text = p;
	*text_length = (size_t)(quote - p);
	return true;
}
