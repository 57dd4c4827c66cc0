/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a policy to the kernel. Everything new is built and checked before
 * anything that runs is touched; a refusal at any step leaves the old policy
 * in force, in the kernel, in the watcher and here.
 */
#include "agent/control/control_internal.h"
#include "agent/control/priv.h"
#include "agent/findings.h"
#include "agent/log.h"

#include "kernel-helpers/nft_commit.h"
#include "rules/compile.h"
#include "rules/ruleset_diff.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static json_t *
refuse(const char *error, struct diag *diag)
{
	json_t *findings = diag != NULL ?
	    findings_json(diag, message_language_of_locale()) : json_array();

	return json_pack("{s:b, s:o, s:o}", "ok", 0, "error", control_text_json(error),
	    "findings", findings);
}

/*
 * The running ruleset: as known while nobody has changed nf_tables since, else
 * read back. *read is what the caller must free. NULL: there is no table, or
 * one that is not ours to understand (it will be replaced, not followed).
 */
static int
running_ruleset(struct control *c, const struct ruleset **running, struct ruleset **read)
{
	struct nft_refusal refusal = { 0 };
	uint32_t generation = 0;
	int r = nft_generation(c->nft, &generation);

	*running = *read = NULL;
	if (r == 0 && c->known.ruleset != NULL && c->known.generation == generation) {
		*running = c->known.ruleset;
		return 0;
	}
	if (r == 0)
		r = nft_read_back(c->nft, read, &generation, &refusal);
	*running = *read;
	return r == -EPROTO ? 0 : r;
}

static int
keep_numbers(struct control *c, struct checked *checked)
{
	const struct ruleset *running;
	struct ruleset *read;
	int r = running_ruleset(c, &running, &read);

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

/* What is cut off stays so, whichever policy it is. */
static struct ruleset *
compile_with_cutoffs(const struct control *c, const struct checked *checked,
    struct diag *diag)
{
	struct ruleset *target = compile(checked, diag);

	if (target != NULL && control_cutoff_put(c, checked, target) < 0) {
		ruleset_free(target);
		return NULL;
	}
	return target;
}

static struct ruleset *
build(struct control *c, struct checked *checked, struct diag *diag, json_t **answer)
{
	struct ruleset *target;
	int r = keep_numbers(c, checked);

	if (r < 0) {
		*answer = refuse("the running ruleset cannot be read back", NULL);
		return NULL;
	}
	target = compile_with_cutoffs(c, checked, diag);
	if (target == NULL)
		*answer = refuse("the policy cannot be compiled", diag);
	return target;
}

/* 0 when the kernel holds the target, compared; the target is c->known's then. */
static int
commit(struct control *c, struct ruleset *target, bool *changed, json_t **answer)
{
	struct nft_refusal refusal = { 0 };
	char text[512];
	int r = nft_apply_known(c->nft, &c->known, target, changed, &refusal);

	if (r == 0)
		return 0;
	refusal_text(&refusal, r, text, sizeof(text));
	*answer = refuse(text, NULL);
	(void)control_shut_without_table(c);
	return r;
}

static void
take_over(struct control *c, struct checked *checked, const char *file)
{
	checked_free(c->checked);
	c->checked = checked;
	snprintf(c->file, sizeof(c->file), "%s", file);
	c->applied_at = (int64_t)time(NULL);
	c->problem[0] = '\0';
}

/* The gate stands: let packets through it, and watch. */
static void
open_and_watch(struct control *c)
{
	char why[256] = "";
	int r = priv_forwarding(c->setup->keeper_fd, true, why, sizeof(why));

	c->forwarding = r == 0;
	if (r < 0)
		snprintf(c->problem, sizeof(c->problem), "forwarding is not on: %s", why);
	r = control_watch(c, c->checked);
	if (r < 0)
		snprintf(c->problem, sizeof(c->problem), "the watcher does not watch: %s",
		    strerror(-r));
	if (c->problem[0] != '\0')
		log_warnx("control: %s", c->problem);
}

static struct checked *
check(struct policy *policy, struct diag *diag, json_t **answer)
{
	struct checked *checked = checked_new(policy, (int64_t)time(NULL), diag);

	if (checked == NULL)
		*answer = refuse("the policy has errors", diag);
	return checked;
}

static void
apply_checked(struct control *c, struct checked *checked, const char *file,
    struct diag *diag, json_t **answer)
{
	struct ruleset *target = build(c, checked, diag, answer);
	bool changed = false;

	if (target == NULL || commit(c, target, &changed, answer) < 0) {
		ruleset_free(target);
		checked_free(checked);
		return;
	}
	take_over(c, checked, file);
	open_and_watch(c);
	control_cutoff_follow(c);
	*answer = json_pack("{s:b, s:b, s:s, s:I, s:I, s:o}", "ok", 1, "changed", changed,
	    "digest", checked->digest, "generation", (json_int_t)c->known.generation,
	    "permits", (json_int_t)checked->n_permits,
	    "findings", findings_json(diag, message_language_of_locale()));
}

static void
record_result(struct control *c, const char *file, const char *actor, const json_t *answer)
{
	const char *error = json_string_value(json_object_get(answer, "error"));
	char what[256];

	if (json_is_true(json_object_get(answer, "ok")))
		snprintf(what, sizeof(what), "policy applied from %.200s", file);
	else
		snprintf(what, sizeof(what), "policy refused: %.230s", error != NULL ? error : "?");
	control_record_change(c, actor, json_is_true(json_object_get(answer, "ok")), what);
	if (error == NULL)
		return;
	log_warnx("control: %s", what);
	if (c->checked == NULL)
		snprintf(c->problem, sizeof(c->problem), "no policy is in force: %.400s", error);
}

void
control_apply(struct control *c, struct policy *policy, const char *file,
    const char *actor, json_t **answer)
{
	struct diag *diag = diag_new();
	struct checked *checked;

	*answer = NULL;
	if (diag == NULL) {
		policy_free(policy);
		*answer = refuse("out of memory", NULL);
		return;
	}
	checked = check(policy, diag, answer);
	if (checked != NULL)
		apply_checked(c, checked, file, diag, answer);
	record_result(c, file, actor, *answer);
	diag_free(diag);
}

int
control_rewrite(struct control *c)
{
	struct diag *diag = diag_new();
	struct ruleset *target = c->checked != NULL && diag != NULL ?
	    compile_with_cutoffs(c, c->checked, diag) : NULL;
	json_t *answer = NULL;
	bool changed = false;
	int r = target == NULL ? -ENOENT : commit(c, target, &changed, &answer);

	if (r < 0)
		ruleset_free(target);
	json_decref(answer);
	diag_free(diag);
	return r;
}

int
control_restore(struct control *c)
{
	int r = control_rewrite(c);

	if (r == 0) {
		c->problem[0] = '\0';
		control_record_change(c, "control", true, "the table was put back");
		open_and_watch(c);
	}
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
	if (diag != NULL)
		checked = check(policy, diag, answer);
	else
		policy_free(policy);
	if (checked != NULL)
		target = build(c, checked, diag, answer);
	if (target != NULL && running_ruleset(c, &running, &read) == 0)
		*answer = control_plan_json(running, target);
	if (*answer == NULL)
		*answer = refuse("the running ruleset cannot be read back", NULL);
	ruleset_free(read);
	ruleset_free(target);
	checked_free(checked);
	diag_free(diag);
}
