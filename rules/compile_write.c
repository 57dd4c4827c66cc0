/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The writer of the compiler, and how it names things. */
#include "rules/compile_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
failed(struct writer *w, const void *made)
{
	if (made == NULL && w->error == 0)
		w->error = errno != 0 ? -errno : -ENOMEM;
	return made == NULL;
}

void
write_chain(struct writer *w, const char *base, uint32_t version, struct origin origin)
{
	if (w->error != 0)
		return;
	w->chain = ruleset_add_chain(w->ruleset, base, version);
	if (!failed(w, w->chain))
		w->chain->origin = origin;
}

void
write_base_chain(struct writer *w, const char *base, enum chain_hook hook)
{
	write_chain(w, base, 0, (struct origin){ .file = NULL });
	if (w->error != 0)
		return;
	w->chain->hook = hook;
	w->chain->policy_drop = true;
}

void
write_rule(struct writer *w)
{
	if (w->error != 0)
		return;
	w->rule = ruleset_add_rule(w->chain);
	if (!failed(w, w->rule))
		w->rule->origin = w->chain->origin;
}

struct stmt *
write_stmt(struct writer *w, enum stmt_kind kind)
{
	struct stmt *s = w->error == 0 ? ruleset_add_stmt(w->rule, kind) : &w->nowhere;

	return failed(w, s) ? &w->nowhere : s;
}

struct stmt *
write_number(struct writer *w, enum stmt_kind kind, uint64_t number)
{
	struct stmt *s = write_stmt(w, kind);

	s->number = number;
	return s;
}

struct stmt *
write_target(struct writer *w, enum stmt_kind kind, const char *base, uint32_t version)
{
	struct stmt *s = write_stmt(w, kind);

	if (!object_name_set(&s->target, base, version) && w->error == 0)
		w->error = -ENAMETOOLONG;
	return s;
}

struct stmt *
write_keyed(struct writer *w, enum stmt_kind kind, const enum field *key,
    unsigned int n_fields, const char *base, uint32_t version)
{
	struct stmt *s = write_target(w, kind, base, version);

	memcpy(s->key, key, n_fields * sizeof(*key));
	s->n_fields = n_fields;
	return s;
}

void
write_goto(struct writer *w, const char *chain)
{
	write_target(w, STMT_GOTO, chain, 0);
}

void
write_interface(struct writer *w, enum field field, const char *interface)
{
	struct stmt *s = write_stmt(w, STMT_IFNAME);

	s->key[0] = field;
	s->n_fields = 1;
	snprintf(s->name, sizeof(s->name), "%s", interface);
}

void
write_counter(struct writer *w, const char *base, const char *comment,
    struct origin origin)
{
	struct ruleset_counter *c;

	if (w->error != 0)
		return;
	c = ruleset_add_counter(w->ruleset, base);
	if (failed(w, c))
		return;
	snprintf(c->comment, sizeof(c->comment), "%s", comment);
	c->origin = origin;
}

void
write_set(struct writer *w, const char *base, uint32_t version, enum set_kind kind,
    const enum field *key, unsigned int n_fields, bool interval)
{
	if (w->error != 0)
		return;
	w->set = ruleset_add_set(w->ruleset, base, version, kind, key, n_fields,
	    interval);
	failed(w, w->set);
}

struct element *
write_element(struct writer *w, const uint8_t *first, const uint8_t *last)
{
	struct element *e;

	if (w->error != 0)
		return NULL;
	e = ruleset_add_element(w->set, first, last);
	return failed(w, e) ? NULL : e;
}

void
write_element_target(struct writer *w, const uint8_t *first, const char *base,
    uint32_t version)
{
	write_range_target(w, first, NULL, base, version);
}

void
write_range_target(struct writer *w, const uint8_t *first, const uint8_t *last,
    const char *base, uint32_t version)
{
	struct element *e = write_element(w, first, last);
	struct object_name name;

	if (e == NULL)
		return;
	if (!object_name_set(&name, base, version))
		w->error = -ENAMETOOLONG;
	else
		w->error = element_set_target(e, &name);
}

void
write_dispatch(struct writer *w, const char *set, const uint8_t *key, const char *base,
    uint32_t version)
{
	struct object_name name;

	if (w->error != 0 || !object_name_set(&name, set, 0))
		return;
	w->set = ruleset_find_set(w->ruleset, &name);
	write_element_target(w, key, base, version);
}

/* Write one byte of an interface name in letters, digits and '_'. */
static void
escape(unsigned char byte, char out[5])
{
	static const char plain[] = "_.-", codes[] = "_dh";
	const char *found = byte != '\0' ? strchr(plain, byte) : NULL;

	if (byte < 0x80 && isalnum(byte))
		snprintf(out, 5, "%c", byte);
	else if (found != NULL)
		snprintf(out, 5, "_%c", codes[found - plain]);
	else
		snprintf(out, 5, "_x%02x", byte);
}

/* Text behind what is in a name already. False when it does not fit. */
static bool
append(char buf[PART_NAME_SIZE], const char *text)
{
	size_t length = strlen(buf);

	if (length + strlen(text) >= PART_NAME_SIZE)
		return false;
	memcpy(buf + length, text, strlen(text) + 1);
	return true;
}

static bool
name_interface(const char *interface, char buf[PART_NAME_SIZE])
{
	unsigned char first = (unsigned char)interface[0];

	buf[0] = '\0';
	if ((first >= 0x80 || !isalpha(first)) && !append(buf, "i_i"))
		return false;
	for (const char *at = interface; *at != '\0'; at++) {
		char text[5];

		escape((unsigned char)*at, text);
		if (!append(buf, text))
			return false;
	}
	return strcmp(buf, "self") != 0 || append(buf, "_i");
}

void
name_segment(const struct checked *c, uint16_t segment, char buf[PART_NAME_SIZE])
{
	if (segment == SEGMENT_SELF)
		snprintf(buf, PART_NAME_SIZE, "self");
	else if (!name_interface(c->segments[segment].interface, buf))
		/* Only of many odd bytes; the number is as unique. */
		snprintf(buf, PART_NAME_SIZE, "i_s%u", segment);
}

_Static_assert(LEAF_NAME_SIZE == 2 * PART_NAME_SIZE, "see compile_internal.h");

void
name_leaf(const struct checked *c, uint16_t in, uint16_t out, char buf[LEAF_NAME_SIZE])
{
	char from[PART_NAME_SIZE], to[PART_NAME_SIZE];

	name_segment(c, in, from);
	name_segment(c, out, to);
	snprintf(buf, LEAF_NAME_SIZE, "%s-%s", from, to);
}

void
name_comment(const char *what, struct origin origin, char buf[128])
{
	const char *slash, *file = origin.file;

	if (file == NULL) {
		snprintf(buf, 128, "%.63s", what);
		return;
	}
	slash = strrchr(file, '/');
	if (slash != NULL)
		file = slash + 1;
	snprintf(buf, 128, "%.63s %.48s:%u", what, file, origin.line);
}

void
key_interface(const struct checked *c, uint16_t segment, uint8_t key[16])
{
	memset(key, 0, 16);
	memcpy(key, c->segments[segment].interface,
	    strnlen(c->segments[segment].interface, LIMIT_INTERFACE_NAME));
}
