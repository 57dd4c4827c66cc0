/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as files of a record, and as a packed one: the verifier reads nothing outside
 * of them, ends, and never says good to what has no seal. The first byte says how many
 * bytes a piece has; 0xff begins a new file. A log that does hold is sealed from the same
 * bytes and harmed by one byte of them: that must be found.
 */
#include "agent/record/log_verify.h"
#include "agent/record/seal.h"
#include "agent/record/seal_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES 8u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
feed(struct log_verify *v, const uint8_t *data, size_t size, size_t piece)
{
	const char *bytes = (const char *)data;

	for (size_t at = 0; at < size; at += piece)
		log_verify_bytes(v, bytes + at, at + piece <= size ? piece : size - at);
}

static void
finish(struct log_verify *v, struct verify_report *r)
{
	log_verify_end(v);
	log_verify_finish(v, r);
	must(r->n_findings <= VERIFY_FINDINGS && r->n_findings <= r->faults);
	must((r->n_findings > 0) == (r->faults > 0));
	for (size_t i = 0; i < r->n_findings; i++)
		must(r->findings[i].fault > VERIFY_NONE &&
		    r->findings[i].fault < VERIFY_FAULT_COUNT);
	log_verify_free(v);
}

/* As hostile files, in pieces, with a key and a checkpoint. */
static void
as_files(const uint8_t *data, size_t size, const uint8_t key[SEAL_SIZE])
{
	struct log_verify *v = log_verify_new();
	struct verify_report r;
	struct checkpoint c;
	const uint8_t *next;

	must(v != NULL && log_verify_add_key(v, key) == 0);
	if (checkpoint_parse((const char *)data, size, &c))
		must(log_verify_add_checkpoint(v, &c) == 0);
	log_verify_begin(v, "one");
	while ((next = memchr(data, 0xff, size)) != NULL) {
		feed(v, data, (size_t)(next - data), 1 + data[0]);
		log_verify_end(v);
		log_verify_begin(v, "more");
		size -= (size_t)(next + 1 - data);
		data = next + 1;
	}
	if (size > 0)
		feed(v, data, size, 1 + data[0]);
	finish(v, &r);
	/* Nobody here has the key that its macs would need. */
	must(r.macs == 0 && (r.faults > 0 || r.records > 0));
}

static size_t
put_line(struct seal_state *s, char *out, uint64_t number, unsigned int text)
{
	char first[512] = "", hex[SEAL_HEX + 1] = "";
	uint8_t signer[SEAL_SIZE], hash[SEAL_SIZE];
	size_t length;

	if (s->records == 0) {
		char next[SEAL_HEX + 1] = "";

		seal_hex(s->secret + SEAL_SECRET - SEAL_SIZE, hex);
		seal_signer(s->next_epoch, signer, NULL);
		seal_hex(signer, next);
		snprintf(first, sizeof(first), ",\"file\":{\"number\":1,\"series\":\"%s\","
		    "\"epoch\":0,\"signer\":\"%s\",\"next_signer\":\"%s\",\"previous\":{"
		    "\"hash\":\"%064d\",\"sequence\":0,\"size\":0}}", s->series, hex, next, 0);
	}
	length = (size_t)sprintf(out, "{\"event\":{\"sequence\":%lu,\"created\":"
	    "\"2026-11-22T05:30:15.%09luZ\"},\"sekisho\":{\"kind\":\"%s\",\"text\":\"%u\"%s}}\n",
	    (unsigned long)number, (unsigned long)number, s->records == 0 ? "file" : "life",
	    text, first);
	seal_line(s, out, &length, hash);
	seal_written(s, length, hash);
	return length;
}

/* Harmed at one place: found, with the key; whole: good. */
static void
as_harm(const uint8_t *data, size_t size, const uint8_t key[SEAL_SIZE])
{
	static char log[LINES * SEAL_LINE_LONGEST];
	struct seal_state s = { .epoch = UINT64_MAX };
	struct log_verify *v = log_verify_new();
	struct verify_report r;
	size_t length = 0, at;

	seal_series(key, s.series);
	memcpy(s.next_epoch, key, SEAL_SIZE);
	seal_next_file(&s);
	for (uint64_t i = 0; i < LINES; i++)
		length += put_line(&s, log + length, i + 1, data[i % size]);
	at = ((size_t)data[0] << 8 | data[size - 1]) % length;
	if (size > 2)
		log[at] = (char)((uint8_t)log[at] ^ data[1]);
	must(v != NULL && log_verify_add_key(v, key) == 0);
	log_verify_begin(v, "log");
	feed(v, (const uint8_t *)log, length, 1 + data[size / 2]);
	finish(v, &r);
	must((r.faults == 0) == (size <= 2 || data[1] == 0));
	if (r.faults == 0)
		must(r.records == LINES && r.macs == LINES);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[SEAL_SIZE] = { 1, 2, 3 };

	if (size == 0)
		return 0;
	must(seal_key_init() == 0);
	as_files(data, size, key);
	as_harm(data, size, key);
	return 0;
}
