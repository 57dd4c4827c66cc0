/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy text -> policy, in three steps: files to one plain text
 * (policy_parse_source.c and its scanner), that to settings (libconfig), those to
 * the policy (policy_parse_items.c).
 */
#include "rules/policy_parse.h"

#include "rules/policy_parse_items.h"
#include "rules/policy_parse_source.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

/* The scanner lets hardly a fault through; what libconfig still finds is told here. */
static void
syntax_finding(struct policy_source *s, const config_t *config)
{
	unsigned int line =
	    config_error_line(config) > 0 ? (unsigned int)config_error_line(config) : 0;
	const char *text = config_error_text(config);
	char shown[POLICY_SOURCE_SHOWN];

	diag_add(s->diag, policy_source_origin(s, line), DIAG_ERROR, MSG_PARSE_LIBRARY,
	    text != NULL ? text : "error", policy_source_line(s, line, shown));
}

/*
 * libconfig 1.5 looks at no result of calloc(3): without memory it would end the process.
 * So it is asked for a text only when a wide estimate of what it takes can be had.
 */
static bool
room_for_library(const char *text)
{
	void *volatile room = malloc(((size_t)1 << 20) + 32 * (text != NULL ? strlen(text) : 0));
	bool there = room != NULL;

	free(room);
	return there;
}

/* True when the policy could be read as such, whatever its items are worth. */
static bool
read_settings(struct policy_source *s)
{
	config_t config;
	bool ok;

	if (!room_for_library(s->text)) {
		s->no_memory = true;
		return false;
	}
	config_init(&config);
	ok = config_read_string(&config, s->text != NULL ? s->text : "") == CONFIG_TRUE;
	if (ok)
		policy_parse_items(s, config_root_setting(&config));
	else
		syntax_finding(s, &config);
	config_destroy(&config);
	return ok;
}

/* The source has read all files: the policy made of them, or NULL with findings. */
static struct policy *
finish(struct policy_source *s)
{
	struct policy *policy = s->policy;
	bool ok = !s->broken && !s->no_memory && read_settings(s);

	if (s->no_memory)
		diag_add(s->diag, (struct origin){ 0 }, DIAG_ERROR, MSG_PARSE_MEMORY);
	if (!ok || s->no_memory) {
		policy_free(policy);
		policy = NULL;
	}
	policy_source_free(s);
	free(s);
	return policy;
}

/* On the heap: it holds every open bracket's keys. NULL with a finding. */
static struct policy_source *
source_new(struct diag *diag)
{
	struct policy_source *s = calloc(1, sizeof(*s));
	struct policy *policy = calloc(1, sizeof(*policy));

	if (s == NULL || policy == NULL) {
		diag_add(diag, (struct origin){ 0 }, DIAG_ERROR, MSG_PARSE_MEMORY);
		free(policy);
		free(s);
		return NULL;
	}
	s->policy = policy;
	s->diag = diag;
	s->levels[0].open = '{';
	return s;
}

struct policy *
policy_parse_file(const char *path, struct diag *diag)
{
	struct policy_source *s = source_new(diag);

	if (s == NULL)
		return NULL;
	policy_source_file(s, path);
	return finish(s);
}

struct policy *
policy_parse_text(const char *text, size_t length, const char *name, struct diag *diag)
{
	struct policy_source *s = source_new(diag);

	if (s == NULL)
		return NULL;
	policy_source_text(s, text, length, name);
	return finish(s);
}
