/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_keep.h"

#include "agent/control/control_internal.h"
#include "agent/log.h"

#include "rules/policy_parse.h"
#include "rules/policy_print.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int
print(const struct policy *policy, char **text, size_t *length)
{
	FILE *out = open_memstream(text, length);
	bool good;

	if (out == NULL)
		return -errno;
	policy_print(policy, true, out);
	good = !ferror(out);
	good &= fclose(out) == 0;
	if (good)
		return 0;
	free(*text);
	*text = NULL;
	return -ENOMEM;
}

/* The very text that runs and that a start loads: there is nothing new to keep. */
static bool
runs_already(struct control *c, const struct change_request *q, const char *text,
    size_t length)
{
	const struct version *running = versions_find(&c->versions, c->serial);
	unsigned char hash[crypto_hash_sha256_BYTES];
	char sum[65];

	if (running == NULL || q->confirm_seconds != 0 || q->of != 0 ||
	    c->versions.boot != c->serial || c->confirm.pending.serial != 0)
		return false;
	crypto_hash_sha256(hash, (const unsigned char *)text, length);
	sodium_bin2hex(sum, sizeof(sum), hash, sizeof(hash));
	return strcmp(sum, running->sum) == 0;
}

static int
keep(struct control *c, const struct checked *checked, const struct change_request *q,
    uint32_t *serial)
{
	struct version w = { .origin = (uint8_t)q->origin, .has_uid = q->has_uid,
	    .uid = q->uid, .of = q->of, .at = (int64_t)time(NULL) };
	char *text = NULL;
	size_t length = 0;
	int r = print(checked->policy, &text, &length);

	if (r == 0 && runs_already(c, q, text, length)) {
		*serial = c->serial;
		free(text);
		return 0;
	}
	snprintf(w.digest, sizeof(w.digest), "%s", checked->digest);
	snprintf(w.person, sizeof(w.person), "%s", q->person);
	snprintf(w.reason, sizeof(w.reason), "%s", q->reason);
	snprintf(w.file, sizeof(w.file), "%s", q->file);
	if (r == 0)
		r = versions_add(&c->versions, &w, text, length, c->serial);
	free(text);
	*serial = r == 0 ? w.serial : 0;
	return r;
}

json_t *
control_keep_begin(struct control *c, const struct checked *checked,
    const struct change_request *q, uint32_t *serial)
{
	json_t *refusal = NULL;
	int r = c->keeps ? keep(c, checked, q, serial) : -ENODEV;

	if (r < 0) {
		*serial = 0;
		if (q->origin == VERSION_OF_START) {
			log_warnx("control: the policy cannot be kept: %s", strerror(-r));
			return NULL;
		}
		return control_change_refusal(q->language, MSG_CHANGE_NOT_KEPT,
		    c->setup->paths.state, strerror(-r));
	}
	if (q->confirm_seconds != 0)
		refusal = control_confirm_arm(c, q, *serial);
	if (refusal != NULL)
		control_keep_failed(c, *serial);
	return refusal;
}

void
control_keep_failed(struct control *c, uint32_t serial)
{
	struct version *w = versions_find(&c->versions, serial);

	if (c->confirm.pending.serial == serial && serial != 0)
		control_confirm_disarm(c);
	if (w == NULL || serial == c->serial)
		return;
	w->result = VERSION_FAILED;
	(void)versions_save(&c->versions, w);
}

int
control_keep_done(struct control *c, const struct change_request *q)
{
	struct version *w = versions_find(&c->versions, c->serial);
	int r = 0;

	if (w == NULL)
		return 0;
	w->result = VERSION_APPLIED;
	if (q->confirm_seconds != 0) {
		(void)versions_save(&c->versions, w);
		control_confirm_applied(c);
		return 0;
	}
	r = versions_confirm(&c->versions, c->serial, (int64_t)time(NULL));
	if (r == 0 && c->confirm.pending.serial != 0)
		control_confirm_disarm(c);
	return r;
}

struct policy *
control_keep_load(struct control *c, uint32_t serial, int *error)
{
	const struct version *w = versions_find(&c->versions, serial);
	struct policy *policy = NULL;
	struct diag *diag = NULL;
	char *text = NULL;
	size_t length = 0;

	*error = w == NULL ? -ENOENT : versions_text(&c->versions, w, &text, &length);
	if (*error == 0) {
		diag = diag_new();
		if (diag != NULL)
			policy = policy_parse_text(text, length, w->file, diag);
		*error = diag == NULL ? -ENOMEM : policy == NULL ||
		    diag_count(diag, DIAG_ERROR) > 0 ? -EBADMSG : 0;
	}
	if (*error < 0) {
		policy_free(policy);
		policy = NULL;
	}
	diag_free(diag);
	free(text);
	return policy;
}

json_t *
control_history(struct control *c)
{
	json_t *list = json_array();

	for (size_t i = c->versions.n; i-- > 0;) {
		const struct version *w = &c->versions.list[i];
		json_t *o = version_json(w);

		json_object_set_new(o, "running", json_boolean(w->serial == c->serial));
		json_object_set_new(o, "boot", json_boolean(w->serial == c->versions.boot));
		json_object_set_new(o, "waits",
		    json_boolean(w->serial == c->confirm.pending.serial));
		json_array_append_new(list, o);
	}
	return json_pack("{s:b, s:o, s:I, s:I, s:I, s:o}", "ok", 1, "versions", list,
	    "running", (json_int_t)c->serial, "boot", (json_int_t)c->versions.boot,
	    "damaged", (json_int_t)c->versions.damaged, "pending", control_confirm_json(c));
}
