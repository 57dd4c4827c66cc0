/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/report/report_policy.h"

#include "agent/control/control_versions.h"
#include "agent/state_file.h"
#include "rules/policy_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The version in force at a moment: the newest that came into force and stayed so. */
static const struct version *
in_force(const struct versions *v, int64_t at)
{
	for (size_t i = v->n; i-- > 0;)
		if (v->list[i].result == VERSION_APPLIED && v->list[i].at < at)
			return &v->list[i];
	return NULL;
}

/* Its text, checked as of that moment; NULL when it cannot be read any more. */
static struct checked *
load(const struct versions *v, const struct version *w, int64_t at)
{
	struct diag *diag = diag_new();
	struct policy *policy = NULL;
	struct checked *checked = NULL;
	char *text = NULL;
	size_t length = 0;

	if (diag != NULL && versions_text(v, w, &text, &length) == 0)
		policy = policy_parse_text(text, length, w->file, diag);
	if (policy != NULL)
		checked = checked_new(policy, at, diag);
	free(text);
	diag_free(diag);
	return checked;
}

static void
read_hits(struct report_policies *p, int folder)
{
	char *text = NULL;
	size_t length = 0;

	p->hits_error = state_file_read(folder, HITS_FILE, HITS_BYTES, &text, &length);
	if (p->hits_error == 0)
		p->hits_error = hits_parse(&p->hits, text, length);
	free(text);
}

static void
read_versions(struct report_policies *p, const struct versions *v,
    const struct report_period *period)
{
	const struct version *before = in_force(v, period->from);
	const struct version *after = in_force(v, period->to);

	if (after != NULL) {
		p->after = load(v, after, period->to);
		p->after_at = after->at;
		p->after_serial = after->serial;
	}
	/* The same one twice is compared with itself: nothing has changed. */
	if (before != NULL) {
		p->before = load(v, before, period->to);
		p->before_at = before->at;
		p->before_serial = before->serial;
	}
}

void
report_policies_read(struct report_policies *p, const struct cli *cli,
    const struct report_period *period)
{
	struct versions v;
	struct diag *diag;

	*p = (struct report_policies){ .hits_error = -ENOENT };
	p->error = versions_look(&v, cli->paths.state);
	if (p->error == 0)
		read_versions(p, &v, period);
	if (v.state >= 0)
		read_hits(p, v.state);
	versions_close(&v);
	if (p->after != NULL)
		return;
	diag = diag_new();
	p->after = diag == NULL ? NULL :
	    checked_from_file(cli->paths.policy, period->to, diag);
	p->from_file = p->after != NULL;
	diag_free(diag);
}

void
report_policies_free(struct report_policies *p)
{
	checked_free(p->before);
	checked_free(p->after);
	hits_free(&p->hits);
}

json_t *
report_policies_labels(const struct report_policies *p)
{
	json_t *labels = json_object();

	for (size_t i = 0; p->after != NULL && i < p->after->n_zones; i++)
		json_object_set_new(labels, p->after->zones[i].name,
		    json_string(p->after->zones[i].label));
	return labels;
}
