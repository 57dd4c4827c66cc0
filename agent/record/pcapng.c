/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/pcapng.h"

#include <string.h>

#define BYTE_ORDER_MAGIC 0x1a2b3c4du

/* Options, by the draft's numbers. */
#define OPT_END		0u
#define OPT_COMMENT	1u
#define SHB_HARDWARE	2u
#define SHB_OS		3u
#define SHB_USERAPPL	4u
#define IF_NAME		2u
#define IF_DESCRIPTION	3u
#define IF_TSRESOL	9u
#define EPB_FLAGS	2u

#define NANOSECONDS	9u	/* 10^-9 s */
#define INBOUND		1u
#define OUTBOUND	2u

#define BLOCK_LEAST	12u	/* type, length, length */
#define PACKET_FIXED	28u	/* of an Enhanced Packet Block, before its bytes */

/* A block that grows; there is always room, for its parts are bounded. */
struct block {
	uint8_t *out;
	size_t n;
};

static void
put16(struct block *b, uint16_t v)
{
	memcpy(b->out + b->n, &v, sizeof(v));
	b->n += sizeof(v);
}

static void
put32(struct block *b, uint32_t v)
{
	memcpy(b->out + b->n, &v, sizeof(v));
	b->n += sizeof(v);
}

static void
put_padded(struct block *b, const void *bytes, size_t length)
{
	memcpy(b->out + b->n, bytes, length);
	b->n += length;
	for (; length % 4 != 0; length++)
		b->out[b->n++] = 0;
}

static void
put_option(struct block *b, uint16_t code, const void *bytes, size_t length)
{
	put16(b, code);
	put16(b, (uint16_t)length);
	put_padded(b, bytes, length);
}

static void
put_text(struct block *b, uint16_t code, const char *text)
{
	if (text != NULL && text[0] != '\0')
		put_option(b, code, text, strnlen(text, PCAPNG_TEXT_MAX));
}

static struct block
begin(uint8_t *out, uint32_t type)
{
	struct block b = { .out = out };

	put32(&b, type);
	put32(&b, 0);
	return b;
}

static size_t
end(struct block *b)
{
	uint32_t length;

	put16(b, OPT_END);
	put16(b, 0);
	length = (uint32_t)b->n + 4;
	put32(b, length);
	memcpy(b->out + 4, &length, sizeof(length));
	return b->n;
}

size_t
pcapng_section(uint8_t out[PCAPNG_BLOCK_MAX], const char *hardware, const char *os,
    const char *application)
{
	struct block b = begin(out, PCAPNG_SECTION);

	put32(&b, BYTE_ORDER_MAGIC);
	put16(&b, 1);
	put16(&b, 0);
	/* Its length is not known when it begins. */
	put32(&b, UINT32_MAX);
	put32(&b, UINT32_MAX);
	put_text(&b, SHB_HARDWARE, hardware);
	put_text(&b, SHB_OS, os);
	put_text(&b, SHB_USERAPPL, application);
	return end(&b);
}

size_t
pcapng_interface(uint8_t out[PCAPNG_BLOCK_MAX], const char *name, const char *description,
    uint16_t link_type, uint32_t snap)
{
	struct block b = begin(out, PCAPNG_INTERFACE);
	const uint8_t resolution = NANOSECONDS;

	put16(&b, link_type);
	put16(&b, 0);
	put32(&b, snap);
	put_text(&b, IF_NAME, name);
	put_text(&b, IF_DESCRIPTION, description);
	put_option(&b, IF_TSRESOL, &resolution, sizeof(resolution));
	return end(&b);
}

size_t
pcapng_packet(uint8_t out[PCAPNG_BLOCK_MAX], const struct pcapng_packet *p)
{
	struct block b = begin(out, PCAPNG_PACKET);
	const uint32_t flags = (p->inbound ? INBOUND : 0) | (p->outbound ? OUTBOUND : 0);

	put32(&b, p->interface);
	put32(&b, (uint32_t)((uint64_t)p->time_ns >> 32));
	put32(&b, (uint32_t)(uint64_t)p->time_ns);
	put32(&b, p->captured);
	put32(&b, p->length);
	put_padded(&b, p->bytes, p->captured);
	put_text(&b, OPT_COMMENT, p->comment);
	put_option(&b, EPB_FLAGS, &flags, sizeof(flags));
	return end(&b);
}

/* ---- reading --------------------------------------------------------------------- */

static uint16_t
get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t
get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

bool
pcapng_next(const uint8_t *bytes, size_t length, struct pcapng_block *out)
{
	uint32_t n;

	if (length < BLOCK_LEAST)
		return false;
	n = get32(bytes + 4);
	if (n < BLOCK_LEAST || n % 4 != 0 || n > length || n > PCAPNG_BLOCK_MAX ||
	    get32(bytes + n - 4) != n)
		return false;
	*out = (struct pcapng_block){ get32(bytes), bytes, n };
	return out->type != PCAPNG_SECTION || (n > BLOCK_LEAST + 4 &&
	    get32(bytes + 8) == BYTE_ORDER_MAGIC);
}

bool
pcapng_look(const struct pcapng_block *b, int64_t *time_ns, const char **comment,
    size_t *comment_length)
{
	size_t at, captured, limit = b->length - 4;

	*comment = NULL;
	*comment_length = 0;
	if (b->type != PCAPNG_PACKET || b->length < PACKET_FIXED + 4)
		return false;
	*time_ns = (int64_t)((uint64_t)get32(b->bytes + 12) << 32 | get32(b->bytes + 16));
	captured = get32(b->bytes + 20);
	if (captured > limit - PACKET_FIXED)
		return false;
	for (at = PACKET_FIXED + (captured + 3) / 4 * 4; at + 4 <= limit;) {
		const size_t n = get16(b->bytes + at + 2);

		if (n > limit - at - 4)
			return false;
		if (get16(b->bytes + at) == OPT_END)
			return true;
		if (get16(b->bytes + at) == OPT_COMMENT) {
			*comment = (const char *)b->bytes + at + 4;
			*comment_length = n;
		}
		at += 4 + (n + 3) / 4 * 4;
	}
	return at <= limit;
}
