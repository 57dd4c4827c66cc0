/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/hex_frame.h"

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

size_t
hex_bytes(const char *text, uint8_t out[HEX_LONGEST])
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		char pair[3] = { text[0], text[1], '\0' };

		if (*text == ' ' || *text == '_')
			continue;
		CU_ASSERT_FATAL(n < HEX_LONGEST);
		out[n++] = (uint8_t)strtoul(pair, NULL, 16);
		text++;
	}
	return n;
}

/* A packet that grows towards its front. */
struct growing {
	uint8_t *begin, *end, *floor;
};

static uint8_t *
before(struct growing *g, size_t n)
{
	CU_ASSERT_FATAL((size_t)(g->begin - g->floor) >= n);
	g->begin -= n;
	return memset(g->begin, 0, n);
}

static void
write_be16(uint8_t *p, size_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void
before_hex(struct growing *g, const char *text)
{
	uint8_t bytes[HEX_LONGEST], *p;
	size_t n = hex_bytes(text, bytes);

	p = before(g, n);
	memcpy(p, bytes, n);
}

static void
before_udp(struct growing *g, unsigned int sport, unsigned int dport)
{
	uint8_t *p = before(g, 8);

	write_be16(p, sport);
	write_be16(p + 2, dport);
	write_be16(p + 4, (size_t)(g->end - p));
}

/* place: flags and offset as the field of an IPv4 header has them. */
static void
before_ipv4(struct growing *g, uint8_t protocol, unsigned int place)
{
	uint8_t *p = before(g, 20);

	p[0] = 0x45;
	write_be16(p + 2, (size_t)(g->end - p));
	write_be16(p + 6, place);
	p[8] = 64;
	p[9] = protocol;
	memcpy(p + 12, "\x0a\1\0\2\x0a\2\0\3", 8);
}

static void
before_ipv6(struct growing *g, uint8_t protocol, bool fragment)
{
	size_t payload;
	uint8_t *p;

	if (fragment) {
		p = before(g, 8);
		p[0] = protocol;
		p[3] = 1;
	}
	payload = (size_t)(g->end - g->begin);
	p = before(g, 40);
	p[0] = 0x60;
	write_be16(p + 4, payload);
	p[6] = fragment ? 44 : protocol;
	memcpy(p + 8, "\x20\1\x0d\xb8", 4);
	memcpy(p + 24, "\x20\1\x0d\xb8", 4);
	p[23] = 2;
	p[39] = 3;
}

static void
before_word(struct growing *g, const char *word)
{
	bool first = word[0] == 'f', later = word[0] == 'g';
	unsigned int number = (unsigned int)atoi(word + 1);

	if (first || later)
		word++;
	switch (word[0]) {
	case 'e':
		before_hex(g, word + 1);
		before_hex(g, MACS);
		break;
	case '4':
		before_ipv4(g, (uint8_t)atoi(word + 2), first ? 0x2000 : later ? 0x2004 : 0);
		break;
	case '6':
		before_ipv6(g, (uint8_t)atoi(word + 2), first);
		break;
	case 'u':
		before_udp(g, 0x1234, number);
		break;
	case 'v':
		before_udp(g, number, 0x9999);
		break;
	case 't':
		before_hex(g, TCPSYN);
		write_be16(g->begin + 2, number);
		break;
	default:
		CU_ASSERT_EQUAL_FATAL(word[0], 'x');
		before_hex(g, word + 1);
		break;
	}
}

size_t
hex_packet(const char *words, uint8_t out[HEX_LONGEST])
{
	uint8_t room[HEX_LONGEST];
	struct growing g = { room + sizeof(room), room + sizeof(room), room };
	char copy[HEX_LONGEST], *last;
	size_t n;

	CU_ASSERT_FATAL(strlen(words) < sizeof(copy));
	memcpy(copy, words, strlen(words) + 1);
	while ((last = strrchr(copy, ' ')) != NULL) {
		before_word(&g, last + 1);
		*last = '\0';
	}
	before_word(&g, copy);
	n = (size_t)(g.end - g.begin);
	memcpy(out, g.begin, n);
	return n;
}

size_t
hex_decode(int link_type, const uint8_t *bytes, size_t captured, size_t length,
    struct facts *f, struct decode_rest *rest, struct facts *inner, size_t room)
{
	uint8_t *copy = malloc(captured == 0 ? 1 : captured);
	struct decode_rest walk;
	struct facts unasked;
	size_t n = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
	memcpy(copy, bytes, captured);
	decode_frame(link_type, copy, (uint32_t)captured, (uint32_t)length, f, &walk);
	if (rest != NULL)
		*rest = walk;
	while (decode_inner(&walk, n < room ? &inner[n] : &unasked))
		n++;
	free(copy);
	return n;
}
