/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configured policy file: read by a loader of the keeper's, which alone may read it. */
#include "agent/control/control_internal.h"

#include "agent/json_text.h"
#include "agent/log.h"
#include "agent/record/text_clean.h"
#include "rules/policy_parse.h"
#include "rules/policy_print.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The printed policy that the loader made; findings go to the journal. */
static struct policy *
read_loaded(int fd, const char *name)
{
	struct diag *diag = diag_new();
	struct policy *policy = NULL;
	void *text = NULL;
	size_t length = 0;

	if (diag != NULL && ipc_map(fd, LIMIT_POLICY_BYTES, &text, &length) == 0 && text != NULL)
		policy = policy_parse_text(text, length, name, diag);
	if (text != NULL)
		munmap(text, length);
	diag_free(diag);
	return policy;
}

/* The first one is also what status shows. */
static void
tell_findings(int fd, char *first, size_t size)
{
	void *text = NULL;
	size_t length = 0, i;
	json_t *list, *f;

	if (ipc_map(fd, LIMIT_POLICY_BYTES, &text, &length) < 0 || text == NULL)
		return;
	list = json_loadb(text, length, 0, NULL);
	f = json_array_get(list, 0);
	if (f != NULL)
		snprintf(first, size, "%s:%d: %s", json_text_or(f, "file", "-"),
		    (int)json_integer_value(json_object_get(f, "line")),
		    json_text_or(f, "message", "-"));
	json_array_foreach(list, i, f)
		log_warnx("%s:%d: %s: %s", json_text_or(f, "file", "-"),
		    (int)json_integer_value(json_object_get(f, "line")),
		    json_text_or(f, "severity", "-"), json_text_or(f, "message", "-"));
	json_decref(list);
	munmap(text, length);
}

/* NULL: why (size bytes) and the journal say what is wrong with it. */
static struct policy *
load_file(struct control *c, char *why, size_t size)
{
	struct policy *policy = NULL;
	int fd = -1;
	int r = priv_load(c->setup->keeper_fd, &fd, why, size);

	if (r == -EINVAL && fd >= 0)
		tell_findings(fd, why, size);
	if (r == 0 && fd >= 0)
		policy = read_loaded(fd, c->setup->policy);
	if (fd >= 0)
		close(fd);
	if (policy == NULL && why[0] == '\0')
		snprintf(why, size, "the policy cannot be loaded");
	return policy;
}

void
control_look_at_file(struct control *c)
{
	char why[512] = "";
	struct policy *policy = load_file(c, why, sizeof(why));

	c->file_digest[0] = '\0';
	if (policy == NULL || policy_digest(policy, c->file_digest) < 0)
		log_warnx("control: the policy file: %s", why[0] != '\0' ? why : "no memory");
	policy_free(policy);
}

void
control_reload(struct control *c, enum version_origin origin)
{
	struct change_request q = { .verb = version_origin_name(origin), .origin = origin,
	    .language = message_language_of_locale() };
	char why[512] = "";
	json_t *answer = NULL;
	struct policy *policy = load_file(c, why, sizeof(why));

	snprintf(q.actor, sizeof(q.actor), "%s", origin == VERSION_OF_RELOAD ? "SIGHUP" :
	    "start");
	(void)text_clean(c->setup->policy, strlen(c->setup->policy), q.file,
	    sizeof(q.file) - 1, NULL);
	c->file_digest[0] = '\0';
	if (policy == NULL) {
		snprintf(c->problem, sizeof(c->problem), "%s", why);
		log_warnx("control: %s", c->problem);
		control_record_change(c, q.actor, false, c->problem);
		return;
	}
	(void)policy_digest(policy, c->file_digest);
	control_busy(c, q.verb, q.actor);
	control_apply(c, policy, &q, &answer);
	if (origin == VERSION_OF_RELOAD)
		control_busy_over(c);
	json_decref(answer);
}
