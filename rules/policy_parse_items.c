/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One reader for every kind of item: what it may hold is data (policy_keys.c). */
#include "rules/policy_parse_items.h"

#include "rules/policy_keys.h"
#include "rules/utf8.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct policy_source *s;
	struct origin written;		/* by the item's key "origin"; file NULL: none */
};

static void read_group(const struct reader *outer, const struct policy_type *type,
    const char *list, const config_setting_t *group, char *out);

static struct origin
origin_of(const struct reader *r, const config_setting_t *setting)
{
	if (r->written.file != NULL)
		return r->written;
	return policy_source_origin(r->s, config_setting_source_line(setting));
}

#define fault(r, where, ...) diag_add((r)->s->diag, (where), DIAG_ERROR, __VA_ARGS__)

/* Letters of every script: a host may be called 連携サーバ. Not the signs of ASCII. */
static bool
is_name_character(uint32_t c)
{
	return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/* Blanks of other scripts, which nobody can tell from the ASCII one or from nothing. */
static bool
is_foreign_blank(uint32_t c)
{
	return c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f ||
	    c == 0x205f || c == 0x3000;
}

static bool
character_fits(const struct reader *r, const struct policy_key *key, uint32_t c,
    const char *shown, struct origin where)
{
	bool is_id = key->kind == POLICY_KEY_ID;
	bool is_name = is_id || key->kind == POLICY_KEY_NAME;

	if (utf8_is_control(c)) {
		fault(r, where, MSG_PARSE_CONTROL, key->name, (unsigned int)c);
		return false;
	}
	if (is_id && (c >= 0x80 || !is_name_character(c))) {
		fault(r, where, MSG_PARSE_ID_CHARACTER, shown, key->name);
		return false;
	}
	if (is_name && (!is_name_character(c) || is_foreign_blank(c))) {
		fault(r, where, MSG_PARSE_NAME_CHARACTER, shown, key->name);
		return false;
	}
	return true;
}

/* One finding at most: the first fault of a text. */
static bool
text_fits(const struct reader *r, const struct policy_key *key, const char *text,
    struct origin where)
{
	bool is_name = key->kind == POLICY_KEY_NAME || key->kind == POLICY_KEY_ID;
	unsigned int limit = is_name ? LIMIT_NAME : LIMIT_TEXT;
	size_t length = strlen(text);
	char shown[POLICY_SOURCE_SHOWN];
	uint32_t c = 0;

	if (length == 0 && key->kind != POLICY_KEY_TEXT) {
		fault(r, where, MSG_PARSE_EMPTY, key->name);
		return false;
	}
	if (length > limit) {
		fault(r, where, MSG_PARSE_LENGTH, key->name, length, limit);
		return false;
	}
	for (size_t i = 0, n; i < length; i += n) {
		n = utf8_decode(text + i, length - i, &c);
		if (n == 0) {
			fault(r, where, MSG_PARSE_TEXT_UTF8, key->name,
			    (unsigned int)(uint8_t)text[i]);
			return false;
		}
		policy_source_shown(text + i, n, shown);
		if (!character_fits(r, key, c, shown, where))
			return false;
	}
	return true;
}

/* Our copy of a text, or of a number where the key takes numbers; NULL with a finding. */
static char *
copy_text(const struct reader *r, const struct policy_key *key,
    const config_setting_t *setting, struct origin where, enum message_id wrong_type)
{
	const char *text = NULL;
	char number[32], *copy;

	if (config_setting_type(setting) == CONFIG_TYPE_STRING) {
		text = config_setting_get_string(setting);
	} else if (key->numbers && config_setting_type(setting) == CONFIG_TYPE_INT64) {
		snprintf(
		    number, sizeof(number), "%lld", config_setting_get_int64(setting));
		text = number;
	}
	if (text == NULL) {
		fault(r, where, wrong_type, key->name);
		return NULL;
	}
	if (!text_fits(r, key, text, where))
		return NULL;
	copy = strdup(text);
	if (copy == NULL)
		r->s->no_memory = true;
	return copy;
}

static void
read_words(const struct reader *r, const struct policy_key *key,
    const config_setting_t *setting, struct policy_words *out)
{
	bool is_list = config_setting_is_list(setting);
	unsigned int n = is_list ? (unsigned int)config_setting_length(setting) : 1;

	if (n == 0)
		return;
	out->items = calloc(n, sizeof(out->items[0]));
	if (out->items == NULL) {
		r->s->no_memory = true;
		return;
	}
	for (unsigned int i = 0; i < n; i++) {
		const config_setting_t *e =
		    is_list ? config_setting_get_elem(setting, i) : setting;
		struct origin where = origin_of(r, e);
		char *text = copy_text(r, key, e, where, MSG_PARSE_TYPE_WORDS);

		if (text != NULL)
			out->items[out->count++] = (struct policy_word){ text, where };
	}
}

static void
read_items(const struct reader *r, const struct policy_key *key,
    const config_setting_t *setting, char *out, size_t *count)
{
	unsigned int n;
	char *items;

	if (!config_setting_is_list(setting)) {
		fault(r, origin_of(r, setting), MSG_PARSE_TYPE_ITEMS, key->name);
		return;
	}
	n = (unsigned int)config_setting_length(setting);
	if (n > key->limit) {
		fault(r, origin_of(r, setting), MSG_PARSE_TOO_MANY_ITEMS, key->name, n,
		    key->limit);
		n = key->limit;
	}
	if (n == 0)
		return;
	items = calloc(n, key->type->size);
	if (items == NULL) {
		r->s->no_memory = true;
		return;
	}
	/* A pointer to some struct, whatever its type. */
	memcpy(out + key->offset, &items, sizeof(items));
	for (unsigned int i = 0; i < n; i++) {
		const config_setting_t *e = config_setting_get_elem(setting, i);

		if (!config_setting_is_group(e)) {
			fault(r, origin_of(r, e), MSG_PARSE_TYPE_ITEMS, key->name);
			continue;
		}
		read_group(r, key->type, key->name, e, items + *count * key->type->size);
		(*count)++;
	}
}

static void
read_enabled(const struct reader *r, const struct policy_key *key,
    const config_setting_t *setting, bool *disabled)
{
	if (config_setting_type(setting) != CONFIG_TYPE_BOOL) {
		fault(r, origin_of(r, setting), MSG_PARSE_TYPE_BOOL, key->name);
		/* What was meant is not known: not permitting is the safe reading. */
		*disabled = true;
		return;
	}
	*disabled = !config_setting_get_bool(setting);
}

/* What was meant is not known: off is the safe reading. */
static void
read_switch(const struct reader *r, const struct policy_key *key,
    const config_setting_t *setting, bool *on)
{
	bool off;

	read_enabled(r, key, setting, &off);
	*on = !off;
}

static void
read_schema(const struct reader *r, const struct policy_key *key,
    const config_setting_t *setting, struct policy *p)
{
	struct origin where = origin_of(r, setting);

	p->schema_origin = where;
	if (config_setting_type(setting) != CONFIG_TYPE_INT64) {
		fault(r, where, MSG_PARSE_TYPE_NUMBER, key->name);
		return;
	}
	p->schema = config_setting_get_int64(setting);
	if (p->schema != 1)
		fault(r, where, MSG_PARSE_SCHEMA, p->schema);
}

static void
read_value(const struct reader *r, const struct policy_key *key,
    const config_setting_t *setting, char *out)
{
	struct origin where = origin_of(r, setting);
	/* Through void *: the table says what stands at the offset. */
	void *at = out + key->offset;

	switch (key->kind) {
	case POLICY_KEY_TEXT:
	case POLICY_KEY_WORD:
	case POLICY_KEY_NAME:
	case POLICY_KEY_ID:
		*(char **)at = copy_text(r, key, setting, where, MSG_PARSE_TYPE_TEXT);
		return;
	case POLICY_KEY_WORDS:
		read_words(r, key, setting, at);
		return;
	case POLICY_KEY_ENABLED:
		read_enabled(r, key, setting, at);
		return;
	case POLICY_KEY_SWITCH:
		read_switch(r, key, setting, at);
		return;
	case POLICY_KEY_SCHEMA:
		read_schema(r, key, setting, r->s->policy);
		return;
	case POLICY_KEY_GROUP:
		if (config_setting_is_group(setting))
			read_group(r, key->type, key->name, setting, at);
		else
			fault(r, where, MSG_PARSE_TYPE_GROUP, key->name);
		return;
	case POLICY_KEY_ITEMS:
		at = out + key->count_offset;
		read_items(r, key, setting, out, at);
		return;
	case POLICY_KEY_ORIGIN:
		/* Read before the others, by written_origin(). */
		return;
	}
}

/* "file:line" of the key "origin"; file NULL when it is not that. */
static struct origin
parse_origin(const struct reader *r, const char *text)
{
	struct origin o = { 0 };
	const char *colon = strrchr(text, ':');
	char file[LIMIT_TEXT + 1], *end;
	unsigned long line;

	if (colon == NULL || colon == text || strspn(colon + 1, "0123456789") == 0)
		return o;
	line = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || line == 0 || line > INT_MAX)
		return o;
	if (r->s->policy->n_files >= LIMIT_POLICY_FILES)
		return o;
	snprintf(file, sizeof(file), "%.*s", (int)(colon - text), text);
	o.file = policy_source_name(r->s, file);
	o.line = (unsigned int)line;
	return o;
}

/* Its own key "origin", else that of the item around it. */
static struct origin
written_origin(const struct reader *outer, const struct policy_type *type,
    const config_setting_t *group)
{
	const struct policy_key *key = policy_keys_find(type, "origin");
	const config_setting_t *setting = config_setting_get_member(group, "origin");
	struct origin where, written = { 0 };
	char *text;

	if (key == NULL || setting == NULL)
		return outer->written;
	where = policy_source_origin(outer->s, config_setting_source_line(setting));
	text = copy_text(outer, key, setting, where, MSG_PARSE_TYPE_TEXT);
	if (text == NULL)
		return outer->written;
	written = parse_origin(outer, text);
	if (written.file == NULL)
		fault(outer, where, MSG_PARSE_ORIGIN);
	free(text);
	return written;
}

static void
unknown_key(const struct reader *r, const struct policy_type *type,
    const config_setting_t *setting)
{
	const char *name = config_setting_name(setting);
	const struct policy_key *near = policy_keys_nearest(type, name);
	char shown[POLICY_SOURCE_SHOWN];

	policy_source_shown(name, strlen(name), shown);
	if (near != NULL)
		fault(r, origin_of(r, setting), MSG_PARSE_KEY_NEAR, shown, near->name);
	else
		fault(r, origin_of(r, setting), MSG_PARSE_KEY_UNKNOWN, shown);
}

static void
missing_keys(const struct reader *r, const struct policy_type *type, const char *list,
    const config_setting_t *group, struct origin where)
{
	for (size_t i = 0; i < type->n_keys; i++) {
		const struct policy_key *key = &type->keys[i];

		if (!key->required || config_setting_get_member(group, key->name) != NULL)
			continue;
		if (list == NULL)
			fault(r, where, MSG_PARSE_KEY_MISSING_TOP, key->name);
		else
			fault(r, where, MSG_PARSE_KEY_MISSING, list, key->name);
	}
}

/* "list" is the key that holds the group, for messages; NULL: the whole policy. */
static void
read_group(const struct reader *outer, const struct policy_type *type, const char *list,
    const config_setting_t *group, char *out)
{
	struct reader r = { .s = outer->s,
		.written = written_origin(outer, type, group) };
	unsigned int n = (unsigned int)config_setting_length(group);
	struct origin where = origin_of(&r, group);
	void *origin = out + type->origin_offset;

	if (list == NULL)
		where = (struct origin){ .file = r.s->policy->files[0] };
	*(struct origin *)origin = where;
	for (unsigned int i = 0; i < n && !r.s->no_memory; i++) {
		const config_setting_t *setting = config_setting_get_elem(group, i);
		const char *name = config_setting_name(setting);
		const struct policy_key *key =
		    name != NULL ? policy_keys_find(type, name) : NULL;

		/* In a group all have one, unless libconfig had no memory for it. */
		if (name == NULL)
			r.s->no_memory = true;
		else if (key == NULL)
			unknown_key(&r, type, setting);
		else
			read_value(&r, key, setting, out);
	}
	missing_keys(&r, type, list, group, where);
}

void
policy_parse_items(struct policy_source *s, const config_setting_t *root)
{
	struct reader r = { .s = s };
	void *out = s->policy;

	read_group(&r, policy_keys_root(), NULL, root, out);
}
