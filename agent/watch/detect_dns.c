/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/detect_dns.h"

#include <string.h>

#define HEADER_BYTES	12u
#define FLAG_RESPONSE	0x80u
#define OPCODE_BITS	0x78u	/* 0: a standard query */
#define LARGEST_LABEL	63u	/* above: compression or reserved (RFC 1035 4.1.4) */

/* Registries' own second level under a country: JPRS' list and the classic five. */
static const char *const second_levels[] = {
	"ac", "ad", "co", "com", "ed", "edu", "go", "gov", "gr", "lg", "ne", "net", "or",
	"org",
};

static uint8_t
lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 32) : byte;
}

/* One label; false: no more, *good says whether that is the root. */
static bool
take_label(struct cursor *c, struct dns_question *q, bool *good)
{
	const uint8_t *p = cursor_take(c, 1);
	uint8_t size;

	*good = false;
	if (p == NULL || p[0] > LARGEST_LABEL)
		return false;
	size = p[0];
	if (size == 0) {
		*good = true;
		return false;
	}
	p = cursor_take(c, size);
	/* the root's zero must fit behind it */
	if (p == NULL || q->length + 1u + size >= DNS_NAME_BYTES ||
	    q->n_labels >= DNS_LABELS)
		return false;
	q->label[q->n_labels++] = q->length;
	q->name[q->length++] = size;
	for (uint8_t i = 0; i < size; i++)
		q->name[q->length++] = lower(p[i]);
	return true;
}

bool
dns_read(struct cursor c, struct dns_question *q)
{
	const uint8_t *p = cursor_take(&c, HEADER_BYTES);
	bool good;

	memset(q, 0, sizeof(*q));
	if (p == NULL || (p[2] & OPCODE_BITS) != 0 || read_be16(p + 4) != 1)
		return false;
	q->response = (p[2] & FLAG_RESPONSE) != 0;
	while (take_label(&c, q, &good))
		continue;
	p = cursor_take(&c, 4);
	if (!good || p == NULL)
		return false;
	q->type = read_be16(p);
	return true;
}

bool
dns_read_stream(struct cursor c, struct dns_question *q)
{
	const uint8_t *p = cursor_take(&c, 2);

	memset(q, 0, sizeof(*q));
	if (p == NULL || read_be16(p) < HEADER_BYTES)
		return false;
	cursor_limit(&c, read_be16(p));
	return dns_read(c, q);
}

static bool
label_is(const struct dns_question *q, size_t i, const char *text)
{
	const uint8_t *label = &q->name[q->label[i]];

	return label[0] == strlen(text) && memcmp(label + 1, text, label[0]) == 0;
}

size_t
dns_registered_domain(const struct dns_question *q)
{
	size_t keep = 2;

	if (q->n_labels >= 3 && q->name[q->label[q->n_labels - 1u]] == 2)
		for (size_t i = 0; i < sizeof(second_levels) / sizeof(second_levels[0]);
		     i++)
			if (label_is(q, q->n_labels - 2u, second_levels[i]))
				keep = 3;
	return q->n_labels > keep ? q->label[q->n_labels - keep] : 0;
}

void
dns_print(const struct dns_question *q, size_t from, char *out, size_t size)
{
	size_t at = from, used = 0;

	while (at < q->length && used + 1 < size) {
		size_t end = at + 1 + q->name[at];

		if (at > from)
			out[used++] = '.';
		for (at++; at < end && used + 1 < size; at++) {
			uint8_t byte = q->name[at];

			out[used++] = byte > ' ' && byte < 0x7f && byte != '.' ?
			    (char)byte : '?';
		}
		at = end;
	}
	if (size > 0)
		out[used] = '\0';
}
