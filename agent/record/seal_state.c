/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state as text, for the state folder's writer. Of one length, so that a cut one shows. */
#include "agent/record/seal.h"

#include "agent/record/seal_line.h"
#include "agent/state_file.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_SIZE 1024u
/* Numbers in their order, then the names of what is hexadecimal. */
#define NUMBERS 9u
#define HEAD "sekisho-seal 1 %s %-36s %020" PRIu64 " %020" PRIu64 " %020" PRIu64 " %020" PRIu64 " %020" PRIu64 \
	" %020" PRIu64 " %020" PRIu64 " %020" PRIu64 " %020" PRIu64 "\n"
#define HEAD_READ "sekisho-seal 1 %16[0-9a-f] %36s %20" SCNu64 " %20" SCNu64 " %20" SCNu64 " %20" SCNu64 \
	" %20" SCNu64 " %20" SCNu64 " %20" SCNu64 " %20" SCNu64 " %20" SCNu64 "%n"

static void
put_hex(char *text, size_t *used, const uint8_t *bytes, size_t n)
{
	sodium_bin2hex(text + *used, STATE_SIZE - *used, bytes, n);
	*used += 2 * n;
	text[(*used)++] = '\n';
	text[*used] = '\0';
}

/* Digits of "n" bytes and a newline. */
static bool
get_hex(const char **text, uint8_t *bytes, size_t n)
{
	const char *end;
	size_t got = 0;

	if (strnlen(*text, 2 * n + 1) != 2 * n + 1 || (*text)[2 * n] != '\n' ||
	    sodium_hex2bin(bytes, n, *text, 2 * n, NULL, &got, &end) != 0 || got != n)
		return false;
	*text += 2 * n + 1;
	return true;
}

int
seal_state_save(int directory, const struct seal_state *s)
{
	char text[STATE_SIZE];
	size_t n = (size_t)snprintf(text, sizeof(text), HEAD, s->series, s->boot,
	    s->monotonic_ns, s->file, s->epoch,
	    s->records, s->size, s->sequence, s->lost, s->last_size, s->last_sequence);
	int r;

	put_hex(text, &n, s->hash, SEAL_SIZE);
	put_hex(text, &n, s->key, SEAL_SIZE);
	put_hex(text, &n, s->next_epoch, SEAL_SIZE);
	put_hex(text, &n, s->secret, SEAL_SECRET);
	put_hex(text, &n, s->last_hash, SEAL_SIZE);
	r = state_file_write(directory, SEAL_STATE_NAME, text, n);
	sodium_memzero(text, sizeof(text));
	return r;
}

static bool
parse(const char *text, struct seal_state *s)
{
	int at = 0;

	/* A number too large is read as the largest of its type. */
	/* NOLINTNEXTLINE(cert-err34-c) */
	if (sscanf(text, HEAD_READ, s->series, s->boot, &s->monotonic_ns, &s->file, &s->epoch, &s->records, &s->size,
	    &s->sequence, &s->lost, &s->last_size, &s->last_sequence, &at) != 2 + NUMBERS ||
	    text[at] != '\n' || strlen(s->series) != SEAL_SERIES)
		return false;
	text += at + 1;
	if (s->file == 0 || s->file > INT64_MAX || s->epoch > INT64_MAX ||
	    (s->records == 0) != (s->size == 0) || s->records > INT64_MAX || s->size > INT64_MAX ||
	    s->sequence > INT64_MAX || s->lost > INT64_MAX || s->last_size > INT64_MAX ||
	    s->last_sequence > INT64_MAX || s->monotonic_ns > INT64_MAX)
		return false;
	return get_hex(&text, s->hash, SEAL_SIZE) && get_hex(&text, s->key, SEAL_SIZE) &&
	    get_hex(&text, s->next_epoch, SEAL_SIZE) &&
	    get_hex(&text, s->secret, SEAL_SECRET) &&
	    get_hex(&text, s->last_hash, SEAL_SIZE) && *text == '\0';
}

int
seal_state_load(int directory, struct seal_state *s)
{
	char *text = NULL;
	size_t length = 0;
	int r = state_file_read(directory, SEAL_STATE_NAME, STATE_SIZE, &text, &length);

	memset(s, 0, sizeof(*s));
	if (r < 0)
		return r;
	if (memchr(text, '\0', length) != NULL || !parse(text, s)) {
		sodium_memzero(s, sizeof(*s));
		r = -EBADMSG;
	}
	sodium_memzero(text, length);
	free(text);
	return r;
}
