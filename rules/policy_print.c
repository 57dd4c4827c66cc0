/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing the policy by the same table that it is read by. */
#include "rules/policy_print.h"

#include "rules/policy_keys.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static void print_keys(
    const struct policy_type *type, const char *item, bool with_origins, FILE *out);
static bool is_written(const struct policy_key *key, const char *item, bool with_origins);

/* The escapes of libconfig; UTF-8 goes as it is. */
static void
print_escaped(const char *text, FILE *out)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
}

static void
print_text(const char *text, FILE *out)
{
	fputc('"', out);
	print_escaped(text, out);
	fputc('"', out);
}

static void
print_words(const struct policy_words *w, FILE *out)
{
	fputs("[ ", out);
	for (size_t i = 0; i < w->count; i++) {
		fputs(i > 0 ? ", " : "", out);
		print_text(w->items[i].text, out);
	}
	fputs(w->count > 0 ? " ]" : "]", out);
}

static void
print_origin(const struct origin *o, FILE *out)
{
	fputc('"', out);
	print_escaped(o->file, out);
	fprintf(out, ":%u\"", o->line);
}

static void
print_group(
    const struct policy_type *type, const char *item, bool with_origins, FILE *out)
{
	fputs("{ ", out);
	print_keys(type, item, with_origins, out);
	fputc('}', out);
}

/* The policy's own lists take a line an item; lists in items stay on its line. */
static void
print_items(const struct policy_key *key, const char *item, bool top, bool with_origins,
    FILE *out)
{
	const void *count = item + key->count_offset;
	size_t n = *(const size_t *)count;
	const char *items;

	/* A pointer to some struct, whatever its type. */
	memcpy(&items, item + key->offset, sizeof(items));
	fputs(top ? "(\n" : "( ", out);
	for (size_t i = 0; i < n; i++) {
		fputs(top ? "\t" : "", out);
		print_group(key->type, items + i * key->type->size, with_origins, out);
		fputs(i + 1 < n ? "," : "", out);
		fputs(top ? "\n" : " ", out);
	}
	fputc(')', out);
}

/* A group that stood in some text, or was given contents since. */
static bool
group_is_written(const struct policy_type *type, const char *group)
{
	const void *at = group + type->origin_offset;
	const struct origin *origin = at;

	for (size_t i = 0; i < type->n_keys; i++)
		if (is_written(&type->keys[i], group, false))
			return true;
	return origin->file != NULL;
}

/* A key that must be there is written also when it holds nothing. */
static bool
is_written(const struct policy_key *key, const char *item, bool with_origins)
{
	const void *at = item + key->offset, *count = item + key->count_offset;
	const struct origin *origin;

	switch (key->kind) {
	case POLICY_KEY_TEXT:
	case POLICY_KEY_WORD:
	case POLICY_KEY_NAME:
	case POLICY_KEY_ID:
		return *(char *const *)at != NULL;
	case POLICY_KEY_WORDS:
		return key->required || ((const struct policy_words *)at)->count > 0;
	case POLICY_KEY_ENABLED:
	case POLICY_KEY_SWITCH:
		return *(const bool *)at;
	case POLICY_KEY_SCHEMA:
		return true;
	case POLICY_KEY_GROUP:
		return group_is_written(key->type, at);
	case POLICY_KEY_ITEMS:
		return key->required || *(const size_t *)count > 0;
	case POLICY_KEY_ORIGIN:
		origin = at;
		return with_origins && origin->file != NULL && origin->line > 0;
	}
	return false;
}

static void
print_value(const struct policy_key *key, const char *item, bool top, bool with_origins,
    FILE *out)
{
	const void *at = item + key->offset;

	switch (key->kind) {
	case POLICY_KEY_TEXT:
	case POLICY_KEY_WORD:
	case POLICY_KEY_NAME:
	case POLICY_KEY_ID:
		print_text(*(char *const *)at, out);
		return;
	case POLICY_KEY_WORDS:
		print_words(at, out);
		return;
	case POLICY_KEY_ENABLED:
		fputs("false", out);
		return;
	case POLICY_KEY_SWITCH:
		fputs("true", out);
		return;
	case POLICY_KEY_SCHEMA:
		fprintf(out, "%lld", *(const long long *)at);
		return;
	case POLICY_KEY_GROUP:
		print_group(key->type, at, with_origins, out);
		return;
	case POLICY_KEY_ITEMS:
		print_items(key, item, top, with_origins, out);
		return;
	case POLICY_KEY_ORIGIN:
		print_origin(at, out);
		return;
	}
}

static void
print_keys(const struct policy_type *type, const char *item, bool with_origins, FILE *out)
{
	bool top = type == policy_keys_root();

	for (size_t i = 0; i < type->n_keys; i++) {
		const struct policy_key *key = &type->keys[i];

		if (!is_written(key, item, with_origins))
			continue;
		fprintf(out, "%s = ", key->name);
		print_value(key, item, top, with_origins, out);
		fputs(top ? ";\n" : "; ", out);
	}
}

void
policy_print(const struct policy *p, bool with_origins, FILE *out)
{
	const void *item = p;

	print_keys(policy_keys_root(), item, with_origins, out);
}

int
policy_digest(const struct policy *p, char out[65])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);
	bool good;

	out[0] = '\0';
	if (stream == NULL)
		return -ENOMEM;
	policy_print(p, false, stream);
	good = !ferror(stream);
	good &= fclose(stream) == 0;
	if (good) {
		crypto_hash_sha256(hash, (const unsigned char *)text, length);
		sodium_bin2hex(out, 65, hash, sizeof(hash));
	}
	free(text);
	return good ? 0 : -ENOMEM;
}
