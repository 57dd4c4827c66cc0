/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/detect_tls.h"

#include <string.h>

#define RECORD_HANDSHAKE	22u
#define CLIENT_HELLO		1u
#define EXTENSION_SERVER_NAME	0u
#define NAME_HOST		0u
#define VERSION_AND_RANDOM	34u

/*
 * A vector: its length in "width" bytes, then so much. *inner is what of it was
 * captured; *c moves behind it, or to the end. False: not even its length.
 */
static bool
take_vector(struct cursor *c, unsigned int width, struct cursor *inner)
{
	const uint8_t *p = cursor_take(c, width);
	uint32_t size = 0, there;

	if (p == NULL)
		return false;
	for (unsigned int i = 0; i < width; i++)
		size = size << 8 | p[i];
	*inner = *c;
	cursor_limit(inner, size);
	there = inner->captured;
	cursor_take(c, there);
	/* cut: nothing behind it can be read as what it is */
	if (there < size)
		cursor_limit(c, 0);
	return true;
}

static bool
is_name_byte(uint8_t b)
{
	return (b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') || b == '-' || b == '_' ||
	    b == '.';
}

/* The one host name of the extension; whole or not at all. */
static bool
read_name(struct cursor c, char *name)
{
	struct cursor list, host;
	const uint8_t *p;

	if (!take_vector(&c, 2, &list))
		return false;
	p = cursor_take(&list, 1);
	if (p == NULL || p[0] != NAME_HOST)
		return false;
	p = cursor_peek(&list, 2);
	if (p == NULL || !take_vector(&list, 2, &host) ||
	    host.captured != read_be16(p) || host.captured == 0 ||
	    host.captured >= TLS_NAME_SIZE)
		return false;
	for (uint32_t i = 0; i < host.captured; i++) {
		uint8_t b = host.at[i];

		b = b >= 'A' && b <= 'Z' ? (uint8_t)(b + 32) : b;
		if (!is_name_byte(b))
			return false;
		name[i] = (char)b;
	}
	name[host.captured] = '\0';
	return true;
}

static bool
find_name(struct cursor extensions, char *name)
{
	for (;;) {
		const uint8_t *p = cursor_take(&extensions, 2);
		struct cursor body;
		uint16_t type;

		if (p == NULL)
			return false;
		type = read_be16(p);
		if (!take_vector(&extensions, 2, &body))
			return false;
		if (type == EXTENSION_SERVER_NAME)
			return read_name(body, name);
	}
}

bool
tls_is_handshake(const struct cursor *c)
{
	const uint8_t *p = cursor_peek(c, 3);

	return p != NULL && p[0] == RECORD_HANDSHAKE && p[1] == 3 && p[2] <= 4;
}

bool
tls_server_name(struct cursor c, char name[TLS_NAME_SIZE])
{
	struct cursor record, hello, skipped, extensions;
	const uint8_t *p;

	name[0] = '\0';
	if (!tls_is_handshake(&c) || cursor_take(&c, 3) == NULL ||
	    !take_vector(&c, 2, &record))
		return false;
	p = cursor_take(&record, 1);
	if (p == NULL || p[0] != CLIENT_HELLO || !take_vector(&record, 3, &hello) ||
	    cursor_take(&hello, VERSION_AND_RANDOM) == NULL)
		return false;
	/* session, cipher suites, compression methods */
	if (!take_vector(&hello, 1, &skipped) || !take_vector(&hello, 2, &skipped) ||
	    !take_vector(&hello, 1, &skipped) || !take_vector(&hello, 2, &extensions))
		return false;
	if (find_name(extensions, name))
		return true;
	name[0] = '\0';
	return false;
}
