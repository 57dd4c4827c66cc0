/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Back to a kept policy: a change like any other, with a serial of its own. */
#include "agent/control/control_internal.h"
#include "agent/control/control_keep.h"

#include <stdio.h>
#include <string.h>

/* What waits to be confirmed is given up before its time. */
static json_t *
give_up(struct control *c, const struct change_request *q)
{
	const struct pending p = c->confirm.pending;
	char what[128];
	int r;

	snprintf(what, sizeof(what), "serial %u was given up before it was confirmed", p.serial);
	r = control_confirm_revert(c, q, what);
	control_change_end(c, q);
	if (r < 0)
		return control_change_refusal(q->language, MSG_ROLLBACK_FAILED, c->problem);
	return json_pack("{s:b, s:b, s:I, s:I, s:s, s:I}", "ok", 1, "changed", 1,
	    "serial", (json_int_t)c->serial, "of", (json_int_t)c->serial,
	    "digest", c->checked->digest, "generation", (json_int_t)c->known.generation);
}

/* What to go back to; NULL: *refusal says why there is nothing. */
static struct policy *
find(struct control *c, struct change_request *q, uint32_t serial, json_t **refusal)
{
	const struct version *w = serial != 0 ? versions_find(&c->versions, serial) :
	    versions_before(&c->versions, c->serial);
	struct policy *policy;
	int r = 0;

	if (w == NULL) {
		*refusal = serial == 0 ? control_change_refusal(q->language, MSG_ROLLBACK_NONE) :
		    control_change_refusal(q->language, MSG_ROLLBACK_UNKNOWN, serial);
		return NULL;
	}
	q->of = w->serial;
	q->ends_pending = true;
	snprintf(q->file, sizeof(q->file), "%s", w->file);
	policy = control_keep_load(c, w->serial, &r);
	if (policy == NULL)
		*refusal = control_change_refusal(q->language, MSG_ROLLBACK_DAMAGED, q->of,
		    strerror(-r));
	return policy;
}

json_t *
control_rollback(struct control *c, struct change_request *q, uint32_t serial)
{
	const struct pending *p = &c->confirm.pending;
	struct policy *policy;
	json_t *answer = NULL;

	q->origin = VERSION_OF_ROLLBACK;
	if (p->serial != 0 && (serial == 0 || serial == p->target))
		return give_up(c, q);
	policy = find(c, q, serial, &answer);
	if (policy == NULL) {
		control_change_record(c, q, SUBJECT_ROLLBACK, false, serial, "",
		    json_string_value(json_object_get(answer, "error")));
		return answer;
	}
	control_apply(c, policy, q, &answer);
	if (json_is_true(json_object_get(answer, "ok")))
		json_object_set_new(answer, "of", json_integer(q->of));
	return answer;
}
