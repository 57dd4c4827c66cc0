/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_verbs.h"

#include "agent/control/control_answer.h"
#include "agent/control/control_doctor.h"
#include "agent/control/control_evidence.h"
#include "agent/control/control_internal.h"
#include "agent/control/control_keep.h"
#include "agent/control/control_open.h"
#include "agent/control/control_server.h"
#include "rules/policy_parse.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* The policy a client sent along; *error gets the answer when it is none. */
static struct policy *
policy_of(struct ipc_message *m, const char *file, json_t **error)
{
	struct diag *diag = diag_new();
	struct policy *policy = NULL;
	void *text = NULL;
	size_t length = 0;
	int r = m->fd < 0 ? -EBADF : ipc_map(m->fd, LIMIT_POLICY_BYTES, &text, &length);

	if (r == 0 && text != NULL && diag != NULL)
		policy = policy_parse_text(text, length, file, diag);
	if (policy == NULL || diag_count(diag, DIAG_ERROR) > 0) {
		*error = control_no("the policy that was sent cannot be read");
		policy_free(policy);
		policy = NULL;
	}
	if (text != NULL)
		munmap(text, length);
	diag_free(diag);
	return policy;
}

/* The number a client names, or 0; false when it is none. */
static bool
take_serial(const json_t *request, uint32_t *serial)
{
	const json_t *value = json_object_get(request, "serial");
	json_int_t n = json_integer_value(value);

	*serial = (uint32_t)n;
	return value == NULL || (json_is_integer(value) && n > 0 && n < UINT32_MAX);
}

static json_t *
do_apply(const struct control_ask *a)
{
	struct change_request q;
	struct policy *policy;
	json_t *answer = NULL;

	control_change_request(a->request, a->who, "apply", &q);
	policy = policy_of(a->message, q.file, &answer);
	control_urgent(a->control);
	if (policy != NULL)
		control_apply(a->control, policy, &q, &answer);
	return answer;
}

static json_t *
do_rollback(const struct control_ask *a)
{
	struct change_request q;
	uint32_t serial;

	control_change_request(a->request, a->who, "rollback", &q);
	return take_serial(a->request, &serial) ? control_rollback(a->control, &q, serial) :
	    control_no("the request is not understood");
}

static json_t *
do_confirm(const struct control_ask *a)
{
	struct change_request q;
	uint32_t serial;

	control_change_request(a->request, a->who, "confirm", &q);
	return take_serial(a->request, &serial) ? control_confirm(a->control, &q, serial) :
	    control_no("the request is not understood");
}

static json_t *
do_open(const struct control_ask *a)
{
	struct change_request q;

	control_change_request(a->request, a->who, "open", &q);
	return control_open(a->control, &q);
}

static json_t *
do_history(const struct control_ask *a)
{
	return control_history(a->control);
}

static json_t *
do_plan(const struct control_ask *a)
{
	json_t *answer = NULL;
	struct policy *policy = policy_of(a->message, "policy", &answer);

	if (policy != NULL)
		control_plan(a->control, policy, &answer);
	return answer;
}

static json_t *
do_status(const struct control_ask *a)
{
	return a->meanwhile ? control_status_meanwhile(a->control) :
	    control_status(a->control);
}

static json_t *
do_matrix(const struct control_ask *a)
{
	return control_matrix(a->control);
}

static json_t *
do_isolate(const struct control_ask *a)
{
	return control_isolate(a->control, a->who, a->request);
}

static json_t *
do_restore(const struct control_ask *a)
{
	return control_cutoff_restore(a->control, a->who, a->request);
}

static json_t *
do_hold(const struct control_ask *a)
{
	struct change_request q;

	control_change_request(a->request, a->who, "hold", &q);
	return control_hold(a->control, &q, a->request, false);
}

static json_t *
do_release(const struct control_ask *a)
{
	struct change_request q;

	control_change_request(a->request, a->who, "release", &q);
	return control_hold(a->control, &q, a->request, true);
}

static json_t *
do_evidence(const struct control_ask *a)
{
	struct change_request q;

	control_change_request(a->request, a->who, "evidence", &q);
	return control_evidence(a->control, &q, a->request);
}

static json_t *
do_cutoffs(const struct control_ask *a)
{
	return json_pack("{s:b, s:o}", "ok", 1, "cutoffs",
	    control_cutoffs_json(a->control));
}

static json_t *
do_doctor(const struct control_ask *a)
{
	const char *language = json_string_value(json_object_get(a->request, "language"));

	return control_doctor(a->control, language != NULL && strcmp(language, "ja") == 0 ?
	    MESSAGE_JAPANESE : MESSAGE_ENGLISH);
}

static const struct control_verb verbs[] = {
	{ "status", false, false, false, do_status },
	{ "matrix", false, false, false, do_matrix },
	{ "history", false, false, false, do_history },
	{ "doctor", false, false, false, do_doctor },
	{ "plan", false, false, true, do_plan },
	{ "apply", true, true, true, do_apply },
	{ "rollback", true, true, true, do_rollback },
	{ "confirm", true, false, false, do_confirm },
	{ "open", true, true, true, do_open },
	{ "isolate", true, false, false, do_isolate },
	{ "restore", true, false, false, do_restore },
	{ "cutoffs", false, false, false, do_cutoffs },
	{ "hold", true, false, false, do_hold },
	{ "release", true, false, false, do_release },
	{ "evidence", false, false, false, do_evidence },
};

const struct control_verb *
control_verb(const char *name)
{
	for (size_t i = 0; name != NULL && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}
