/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/checkpoint.h"

#include "agent/record/seal_line.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define WORD		"SC1"
#define WORD_MANIFEST	"SM1"
#define WORD_LENGTH	(sizeof(WORD) - 1)
#define SIGNATURE_TEXT	86u
#define SIGNATURE_SIZE	sodium_base64_ENCODED_LEN(SEAL_SIGNATURE, \
	sodium_base64_VARIANT_URLSAFE_NO_PADDING)
#define TIME_SIZE	sizeof("20261122T053015Z")
#define NS_PER_SECOND	1000000000

/* A name without spaces and control characters, for it stands between spaces. */
static void
put_gateway(const char *name, size_t room, char out[65])
{
	size_t n = 0;

	for (; *name != '\0' && n < room && n < 64; name++)
		out[n++] = *name > ' ' && *name < 0x7f ? *name : '_';
	if (n == 0)
		out[n++] = '-';
	out[n] = '\0';
}

static void
put_time(int64_t ns, char out[32])
{
	time_t seconds = ns / NS_PER_SECOND;
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	gmtime_r(&seconds, &tm);
	if (strftime(out, 32, "%Y%m%dT%H%M%SZ", &tm) != TIME_SIZE - 1)
		memcpy(out, "00000000T000000Z", TIME_SIZE);
}

static void
sign(struct checkpoint *c, const char *word, const uint8_t secret[SEAL_SECRET])
{
	char hex[SEAL_HEX], time[32], numbers[128], name[65], base64[SIGNATURE_SIZE];
	size_t n, rest;

	put_time(c->time_ns, time);
	seal_hex(c->hash, hex);
	snprintf(numbers, sizeof(numbers), "%" PRIu64 " %" PRIu64 " %s %" PRIu64 " ", c->file,
	    c->sequence, time, c->lost);
	rest = sizeof(WORD) + 1 + strlen(numbers) + SEAL_HEX + 1 + SIGNATURE_TEXT;
	put_gateway(c->gateway, rest < CHECKPOINT_MAX ? CHECKPOINT_MAX - rest : 0, name);
	n = (size_t)snprintf(c->text, sizeof(c->text), "%s %s %s%.64s", word, name, numbers,
	    hex);
	crypto_sign_detached(c->signature, NULL, (const uint8_t *)c->text, n, secret);
	sodium_bin2base64(base64, sizeof(base64), c->signature, sizeof(c->signature),
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	snprintf(c->text + n, sizeof(c->text) - n, " %s", base64);
	c->is_signed = true;
}

void
checkpoint_sign(struct checkpoint *c, const uint8_t secret[SEAL_SECRET])
{
	sign(c, WORD, secret);
}

void
checkpoint_sign_manifest(struct checkpoint *c, const uint8_t secret[SEAL_SECRET])
{
	sign(c, WORD_MANIFEST, secret);
}

static bool
read_time(const char *text, int64_t *ns)
{
	struct tm tm;
	const char *end;

	memset(&tm, 0, sizeof(tm));
	end = strptime(text, "%Y%m%dT%H%M%SZ", &tm);
	*ns = (int64_t)timegm(&tm) * NS_PER_SECOND;
	return end != NULL && *end == '\0';
}

static bool
read_signature(struct checkpoint *c, const char *text)
{
	size_t n = 0;

	c->is_signed = true;
	return strlen(text) == SIGNATURE_TEXT &&
	    sodium_base642bin(c->signature, sizeof(c->signature), text, SIGNATURE_TEXT, NULL,
	    &n, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 && n == SEAL_SIGNATURE;
}

static bool
parse(const char *word, const char *text, size_t length, struct checkpoint *out)
{
	char time[17], hex[SEAL_HEX + 1], base64[SIGNATURE_TEXT + 1] = "";
	int end = 0, behind = 0;

	memset(out, 0, sizeof(*out));
	if (length > CHECKPOINT_MAX || memchr(text, '\0', length) != NULL ||
	    length <= WORD_LENGTH || memcmp(text, word, WORD_LENGTH) != 0)
		return false;
	memcpy(out->text, text, length);
	/* A number too large is read as the largest of its type. */
	/* NOLINTNEXTLINE(cert-err34-c) */
	if (sscanf(out->text + WORD_LENGTH, " %64s %20" SCNu64 " %20" SCNu64 " %16s %20" SCNu64
	    " %64s%n %86s%n", out->gateway, &out->file, &out->sequence, time, &out->lost, hex,
	    &end, base64, &behind) < 6 || strlen(hex) != SEAL_HEX)
		return false;
	if (!seal_unhex(hex, out->hash) || !read_time(time, &out->time_ns))
		return false;
	end += (int)WORD_LENGTH;
	behind += (int)WORD_LENGTH;
	if (base64[0] == '\0')
		return (size_t)end == length;
	return (size_t)behind == length && (size_t)end + 1 + SIGNATURE_TEXT == length &&
	    read_signature(out, base64);
}

bool
checkpoint_parse(const char *text, size_t length, struct checkpoint *out)
{
	return parse(WORD, text, length, out);
}

bool
checkpoint_parse_manifest(const char *text, size_t length, struct checkpoint *out)
{
	return parse(WORD_MANIFEST, text, length, out);
}

bool
checkpoint_holds(const struct checkpoint *c, const uint8_t public[SEAL_SIZE])
{
	const size_t n = strlen(c->text);

	return c->is_signed && n > SIGNATURE_TEXT + 1 &&
	    crypto_sign_verify_detached(c->signature, (const uint8_t *)c->text,
	    n - SIGNATURE_TEXT - 1, public) == 0;
}
