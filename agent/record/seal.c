/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/seal.h"

#include "agent/record/seal_line.h"
#include "agent/state_file.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A key as people copy it: groups of four digits, the series behind as its check. */
#define KEY_WORD	"sekisho-log-key"
#define GROUP		4u

struct seal_state *
seal_state_new(void)
{
	struct seal_state *s;

	if (seal_key_init() < 0)
		return NULL;
	/* Locked where RLIMIT_MEMLOCK allows, kept out of core files. */
	s = sodium_malloc(sizeof(*s));
	if (s != NULL)
		memset(s, 0, sizeof(*s));
	return s;
}

void
seal_state_free(struct seal_state *s)
{
	sodium_free(s);
}

void
seal_key_print(const uint8_t key[SEAL_SIZE], char text[SEAL_KEY_MAX])
{
	char hex[SEAL_HEX], series[SEAL_SERIES + 1];
	size_t n;

	seal_hex(key, hex);
	seal_series(key, series);
	n = (size_t)snprintf(text, SEAL_KEY_MAX, KEY_WORD " %s", series);
	for (size_t i = 0; i < SEAL_HEX; i += GROUP)
		n += (size_t)snprintf(text + n, SEAL_KEY_MAX - n, "%c%.4s",
		    i == 0 ? ' ' : '-', hex + i);
	snprintf(text + n, SEAL_KEY_MAX - n, "\n");
	sodium_memzero(hex, sizeof(hex));
}

bool
seal_key_parse(const char *text, uint8_t key[SEAL_SIZE])
{
	char series[SEAL_SERIES + 1], made[SEAL_SERIES + 1], hex[SEAL_HEX];
	size_t n = 0;
	int at = 0;
	bool good;

	if (sscanf(text, KEY_WORD " %16s %n", series, &at) < 1 || at == 0)
		return false;
	for (text += at; *text != '\0' && n < SEAL_HEX; text++)
		if (*text != '-' && *text != ' ')
			hex[n++] = *text;
	text += strspn(text, " \r\n");
	good = n == SEAL_HEX && *text == '\0' && seal_unhex(hex, key);
	sodium_memzero(hex, sizeof(hex));
	if (!good)
		return false;
	seal_series(key, made);
	return strcmp(made, series) == 0;
}

int
seal_new_series(int directory, struct seal_state *s)
{
	uint8_t first[SEAL_SIZE];
	char text[SEAL_KEY_MAX];
	int r;

	randombytes_buf(first, sizeof(first));
	seal_key_print(first, text);
	r = state_file_write(directory, SEAL_KEY_NAME, text, strlen(text));
	sodium_memzero(text, sizeof(text));
	if (r == 0 || r == -EUCLEAN) {
		seal_series(first, s->series);
		memcpy(s->next_epoch, first, sizeof(first));
		s->epoch = UINT64_MAX;	/* the next file makes it 0 */
		r = 0;
	}
	sodium_memzero(first, sizeof(first));
	return r;
}

void
seal_next_file(struct seal_state *s)
{
	uint8_t public[SEAL_SIZE];

	s->last_size = s->size;
	s->last_sequence = s->sequence;
	memcpy(s->last_hash, s->hash, SEAL_SIZE);
	seal_record_key(s->next_epoch, s->key);
	seal_signer(s->next_epoch, public, s->secret);
	seal_epoch_step(s->next_epoch);
	s->file++;
	s->epoch++;
	s->records = s->size = 0;
}

void
seal_line(const struct seal_state *s, char *line, size_t *length, uint8_t hash[SEAL_SIZE])
{
	uint8_t mac[SEAL_SIZE];

	seal_hash(s->hash, line, *length - 2, hash);
	seal_mac(s->key, hash, mac);
	seal_line_join(line, length, hash, mac);
}

void
seal_written(struct seal_state *s, size_t length, const uint8_t hash[SEAL_SIZE])
{
	memcpy(s->hash, hash, SEAL_SIZE);
	seal_record_step(s->key);
	s->records++;
	s->sequence++;
	s->size += length;
}

bool
seal_follow(struct seal_state *s, const char *line, size_t length)
{
	uint8_t hash[SEAL_SIZE], mac[SEAL_SIZE], stated[SEAL_SIZE];
	struct seal_line parts;
	uint64_t sequence;

	if (length > SEAL_LINE_LONGEST || !seal_line_split(line, length, &parts) ||
	    !seal_line_number(line, parts.sealed, "\"sequence\":", &sequence) ||
	    sequence != s->sequence + 1)
		return false;
	seal_hash(s->hash, line, parts.sealed, hash);
	seal_mac(s->key, hash, mac);
	if (!seal_unhex(parts.hash, stated) || memcmp(stated, hash, SEAL_SIZE) != 0 ||
	    !seal_unhex(parts.mac, stated) || sodium_memcmp(stated, mac, SEAL_SIZE) != 0)
		return false;
	seal_written(s, length + 1, hash);
	return true;
}

void
seal_checkpoint(const struct seal_state *s, const char *gateway, int64_t now_ns,
    struct checkpoint *out)
{
	memset(out, 0, sizeof(*out));
	snprintf(out->gateway, sizeof(out->gateway), "%.64s", gateway);
	out->file = s->file;
	out->sequence = s->sequence;
	out->lost = s->lost;
	out->time_ns = now_ns;
	memcpy(out->hash, s->hash, SEAL_SIZE);
	checkpoint_sign(out, s->secret);
}
