/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a policy to the kernel. Everything new is built and checked before
 * anything that runs is touched; a refusal at any step leaves the old policy
 * in force, in the kernel, in the watcher and here.
 */
#include "agent/control/control_internal.h"
#include "agent/control/control_keep.h"
#include "agent/control/control_preflight.h"
#include "agent/control/control_restore.h"
#include "agent/control/control_revoke.h"
#include "agent/control/control_ruleset.h"
#include "agent/control/control_server.h"
#include "agent/findings.h"
#include "agent/log.h"
#include "agent/plan_json.h"

#include "kernel-helpers/nft_commit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Somebody else may change nf_tables in between; not for ever. */
#define GENERATION_TRIES 5

static json_t *
refuse(const char *error, struct diag *diag)
{
	json_t *findings = diag != NULL ?
	    findings_json(diag, message_language_of_locale()) : json_array();

	return json_pack("{s:b, s:o, s:o}", "ok", 0, "error", control_text_json(error),
	    "findings", findings);
}

static int
keep_numbers(struct control *c, struct checked *checked)
{
	const struct ruleset *running;
	struct ruleset *read;
	int r = control_running_ruleset(c, &running, &read);

	if (r == 0)
		r = control_keep_numbers(running, checked);
	ruleset_free(read);
	return r;
}

/* "file:line: what: errno" or "what: errno". */
static void
refusal_text(const struct nft_refusal *refusal, int r, char *out, size_t size)
{
	const char *error = strerror(refusal->error != 0 ? refusal->error : -r);

	if (refusal->origin.file != NULL)
		snprintf(out, size, "%s:%u: the kernel refuses %s: %s", refusal->origin.file,
		    refusal->origin.line, refusal->what, error);
	else if (refusal->what[0] != '\0')
		snprintf(out, size, "the kernel refuses %s: %s", refusal->what, error);
	else
		snprintf(out, size, "the kernel refuses the ruleset: %s", error);
}

static struct ruleset *
build(struct control *c, struct checked *checked, struct diag *diag, json_t **answer)
{
	struct ruleset *target;
	int r = keep_numbers(c, checked);

	control_meanwhile(c);
	if (r < 0) {
		*answer = refuse("the running ruleset cannot be read back", NULL);
		return NULL;
	}
	target = control_compile(c, checked, NULL, 0, diag);
	if (target == NULL)
		*answer = refuse("the policy cannot be compiled", diag);
	return target;
}

static int
commit(struct control *c, const struct checked *checked, struct ruleset *target,
    bool *changed, json_t **answer)
{
	struct nft_refusal refusal = { 0 };
	char text[512];
	int r = control_enforce(c, checked, target, changed, &refusal);

	if (r == 0)
		return 0;
	refusal_text(&refusal, r, text, sizeof(text));
	*answer = refuse(text, NULL);
	return r;
}

static void
take_over(struct control *c, struct checked *checked, const char *file)
{
	checked_free(c->checked);
	c->checked = checked;
	snprintf(c->file, sizeof(c->file), "%s", file);
	c->applied_at = (int64_t)time(NULL);
	control_expect_end(c);
	control_record_rules(c);
}

static struct checked *
check(struct policy *policy, struct diag *diag, json_t **answer)
{
	struct checked *checked = checked_new(policy, (int64_t)time(NULL), diag);

	if (checked == NULL)
		*answer = refuse("the policy has errors", diag);
	return checked;
}

/* What a change needs before it may touch anything. */
struct prepared {
	struct diag *diag;
	struct checked *checked;	/* taken over by enforce() */
	struct ruleset *target;
};

static void
release(struct prepared *p)
{
	ruleset_free(p->target);
	checked_free(p->checked);
	diag_free(p->diag);
	*p = (struct prepared){ 0 };
}

/* Takes the policy. 0; or a negative errno and *answer says why. */
static int
prepare(struct control *c, struct policy *policy, struct prepared *p, json_t **answer)
{
	uint64_t before;

	*p = (struct prepared){ .diag = diag_new() };
	if (p->diag == NULL) {
		policy_free(policy);
		*answer = refuse("out of memory", NULL);
		return -ENOMEM;
	}
	p->checked = check(policy, p->diag, answer);
	if (p->checked == NULL)
		return -EBADMSG;
	control_urgent(c);
	p->target = build(c, p->checked, p->diag, answer);
	if (p->target == NULL)
		return -EIO;
	before = c->cut.orders;
	control_urgent(c);
	if (c->cut.orders == before || control_cutoff_put(c, p->checked, p->target) == 0)
		return 0;
	*answer = refuse("out of memory", NULL);
	return -ENOMEM;
}

/* Kernel, then control, then the watcher. A negative errno: all is as it was. */
static int
enforce(struct control *c, struct prepared *p, const char *file, uint32_t serial,
    bool *changed, json_t **answer)
{
	int r = commit(c, p->checked, p->target, changed, answer);

	p->target = NULL;
	if (r < 0)
		return r;
	take_over(c, p->checked, file);
	p->checked = NULL;
	c->serial = serial;
	control_urgent(c);
	control_let_through(c);
	control_cutoff_follow(c);
	return 0;
}

static json_t *
answer_applied(struct control *c, struct prepared *p, bool changed)
{
	return json_pack("{s:b, s:b, s:I, s:s, s:I, s:I, s:I, s:o, s:o}", "ok", 1,
	    "changed", changed, "flows_cut", (json_int_t)c->flows_cut, "digest", c->checked->digest,
	    "generation", (json_int_t)c->known.generation,
	    "permits", (json_int_t)c->checked->n_permits, "serial", (json_int_t)c->serial,
	    "pending", control_confirm_json(c),
	    "findings", findings_json(p->diag, message_language_of_locale()));
}

/* In force, but a start would load another one: nobody may be left with that. */
static void
put_back(struct control *c, uint32_t serial, const struct change_request *q, int error,
    json_t **answer)
{
	char why[512] = "";

	json_decref(*answer);
	*answer = control_change_refusal(q->language, MSG_CHANGE_NOT_KEPT,
	    c->setup->paths.state, strerror(-error));
	if (serial == 0 || control_put_version(c, serial, why, sizeof(why)) < 0) {
		snprintf(c->problem, sizeof(c->problem), "serial %u is in force, but a start "
		    "would load serial %u: %s %.300s", c->serial, c->versions.boot,
		    strerror(-error), why);
		log_warnx("control: %s", c->problem);
	}
}

static void
make_change(struct control *c, struct prepared *p, const struct change_request *q, json_t **answer)
{
	const uint32_t before = c->serial;
	uint32_t serial = 0;
	bool changed = false;
	int r;

	*answer = control_preflight(c, p->checked, q);
	control_meanwhile(c);
	if (*answer == NULL)
		*answer = control_keep_begin(c, p->checked, q, &serial);
	if (*answer != NULL)
		return;
	control_meanwhile(c);
	if (enforce(c, p, q->file, serial, &changed, answer) < 0) {
		control_keep_failed(c, serial);
		return;
	}
	r = control_keep_done(c, q);
	*answer = answer_applied(c, p, changed);
	if (r < 0)
		put_back(c, before, q, r, answer);
}

static void
record_result(struct control *c, const struct change_request *q, const char *digest_before,
    const json_t *answer)
{
	const char *error = json_string_value(json_object_get(answer, "error"));
	bool good = json_is_true(json_object_get(answer, "ok"));
	char what[256];
	int n;

	if (!good)
		snprintf(what, sizeof(what), "policy refused: %.230s", error != NULL ? error : "?");
	else if (q->origin == VERSION_OF_ROLLBACK)
		snprintf(what, sizeof(what), "serial %u put back as serial %u", q->of, c->serial);
	else
		snprintf(what, sizeof(what), "policy applied from %.120s", q->file);
	n = (int)strlen(what);
	if (good)
		n += snprintf(what + n, sizeof(what) - (size_t)n, "; %llu running flows cut",
		    (unsigned long long)c->flows_cut);
	if (good && q->confirm_seconds != 0)
		snprintf(what + n, sizeof(what) - (size_t)n, "; serial %u comes back unless "
		    "serial %u is confirmed within %u s", c->confirm.pending.target,
		    c->serial, q->confirm_seconds);
	control_change_record(c, q, q->origin == VERSION_OF_ROLLBACK ? SUBJECT_ROLLBACK :
	    SUBJECT_POLICY, good, good ? c->serial : 0, digest_before, what);
	if (error == NULL)
		return;
	log_warnx("control: %s", what);
	if (c->checked == NULL)
		snprintf(c->problem, sizeof(c->problem), "no policy is in force: %.400s", error);
}

void
control_apply(struct control *c, struct policy *policy, const struct change_request *q,
    json_t **answer)
{
	struct prepared p = { 0 };
	char before[65] = "";

	if (c->checked != NULL)
		snprintf(before, sizeof(before), "%s", c->checked->digest);
	*answer = control_change_begin(c, q);
	if (*answer != NULL)
		policy_free(policy);
	else if (prepare(c, policy, &p, answer) == 0)
		make_change(c, &p, q, answer);
	control_change_end(c, q);
	record_result(c, q, before, *answer);
	if (json_is_true(json_object_get(*answer, "ok")) &&
	    strcmp(q->file, c->setup->policy) == 0)
		snprintf(c->file_digest, sizeof(c->file_digest), "%s", c->checked->digest);
	release(&p);
}

/* The sentence of a refusal. */
static void
take_error(json_t *answer, char *why, size_t size)
{
	const char *error = json_string_value(json_object_get(answer, "error"));

	if (error != NULL)
		snprintf(why, size, "%s", error);
	json_decref(answer);
}

static int
prepare_version(struct control *c, uint32_t serial, struct prepared *p, json_t **answer)
{
	int r = 0;
	struct policy *policy = control_keep_load(c, serial, &r);

	return policy == NULL ? r : prepare(c, policy, p, answer);
}

int
control_put_version(struct control *c, uint32_t serial, char *why, size_t size)
{
	const struct version *w = versions_find(&c->versions, serial);
	struct prepared p = { 0 };
	json_t *answer = NULL;
	bool changed;
	int r = prepare_version(c, serial, &p, &answer);

	if (r == 0)
		r = enforce(c, &p, w != NULL ? w->file : "", serial, &changed, &answer);
	take_error(answer, why, size);
	release(&p);
	return r;
}

int
control_try_version(struct control *c, uint32_t serial, char *why, size_t size)
{
	struct nft_refusal refusal = { 0 };
	struct prepared p = { 0 };
	json_t *answer = NULL;
	uint32_t generation = 0;
	int r = prepare_version(c, serial, &p, &answer);

	if (r == 0)
		ruleset_sort(p.target);
	/* The whole of it: against what runs, which it is, there would be nothing to try. */
	for (int i = 0; r == 0 && i < GENERATION_TRIES; i++) {
		r = nft_generation(c->nft, &generation);
		if (r == 0)
			r = nft_replace_at(c->nft, &generation, p.target, true, &refusal);
		if (r == 0)
			break;
		refusal_text(&refusal, r, why, size);
		r = r == -ERESTART ? 0 : r;
	}
	take_error(answer, why, size);
	release(&p);
	return r;
}

void
control_plan(struct control *c, struct policy *policy, json_t **answer)
{
	struct diag *diag = diag_new();
	struct checked *checked = NULL;
	const struct ruleset *running = NULL;
	struct ruleset *target = NULL, *read = NULL;

	*answer = NULL;
	control_settle(c);
	if (diag != NULL)
		checked = check(policy, diag, answer);
	else
		policy_free(policy);
	/* The last moment for a cut-off: behind it stands what is compared with. */
	control_urgent(c);
	if (checked != NULL)
		target = build(c, checked, diag, answer);
	control_meanwhile(c);
	if (target != NULL && control_running_ruleset(c, &running, &read) == 0)
		*answer = control_plan_json(running, target);
	control_meanwhile(c);
	if (*answer != NULL && target != NULL) {
		(void)plan_json(*answer, c->checked, checked, control_meanwhile, c);
		json_object_set_new(*answer, "flows_cut", json_integer(
		    control_count_cut(c, checked, running, target)));
	}
	if (*answer == NULL)
		*answer = refuse("the running ruleset cannot be read back", NULL);
	ruleset_free(read);
	ruleset_free(target);
	checked_free(checked);
	diag_free(diag);
}
