/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/cutoff_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* "range " and two IPv6 addresses are the longest. */
#define LINE_SIZE 128

void
cut_parts_print(const struct cut_parts *p, FILE *out)
{
	char text[IP_RANGE_TEXT_SIZE];

	if (p->all)
		fputs("all\n", out);
	for (size_t i = 0; i < p->n_links; i++)
		fprintf(out, "link %s\n", p->links[i].name);
	for (size_t i = 0; i < p->n_pairs; i++)
		fprintf(out, "pair %s %s\n", p->pairs[i].in.name, p->pairs[i].out.name);
	for (size_t i = 0; i < p->n_ranges; i++)
		fprintf(out, "range %s\n", address_print_range(&p->ranges[i], text));
}

char *
cut_parts_string(const struct cut_parts *p)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (out == NULL)
		return NULL;
	cut_parts_print(p, out);
	if (fclose(out) != 0) {
		free(text);
		errno = ENOMEM;
		return NULL;
	}
	return text;
}

/* A name as dev_valid_name() of net/core/dev.c takes it. */
static bool
is_interface(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > LIMIT_INTERFACE_NAME || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (name[i] == '/' || name[i] == ':' || (unsigned char)name[i] <= ' ' ||
		    name[i] == 0x7f)
			return false;
	return true;
}

/* The text behind "word "; NULL when the line does not begin with it. */
static char *
behind(char *line, const char *word)
{
	size_t n = strlen(word);

	return strncmp(line, word, n) == 0 && line[n] == ' ' ? line + n + 1 : NULL;
}

static int
parse_line(char *line, struct cut_parts *out)
{
	struct ip_range range;
	char *rest, *space;

	if (strcmp(line, "all") == 0) {
		out->all = true;
		return 0;
	}
	rest = behind(line, "link");
	if (rest != NULL)
		return is_interface(rest) ? cut_parts_add_link(out, rest) : -EPROTO;
	rest = behind(line, "range");
	if (rest != NULL)
		return address_parse_range(rest, &range) == ADDRESS_OK ?
		    cut_parts_add_range(out, &range) : -EPROTO;
	rest = behind(line, "pair");
	space = rest != NULL ? strchr(rest, ' ') : NULL;
	if (space == NULL)
		return -EPROTO;
	*space = '\0';
	return is_interface(rest) && is_interface(space + 1) ?
	    cut_parts_add_pair(out, rest, space + 1) : -EPROTO;
}

int
cut_parts_parse(const char *text, size_t length, struct cut_parts *out)
{
	int error = length > CUTOFF_TEXT_MAX ? -E2BIG : 0;

	memset(out, 0, sizeof(*out));
	while (error == 0 && length > 0) {
		const char *end = memchr(text, '\n', length);
		size_t n = end == NULL ? length : (size_t)(end - text);
		char line[LINE_SIZE];

		if (end == NULL || n >= sizeof(line) || memchr(text, '\0', n) != NULL) {
			error = -EPROTO;
			break;
		}
		memcpy(line, text, n);
		line[n] = '\0';
		error = parse_line(line, out);
		text += n + 1;
		length -= n + 1;
	}
	cut_parts_tidy(out);
	if (error != 0)
		cut_parts_free(out);
	return error;
}
