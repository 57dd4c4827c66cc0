/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_evidence.h"

#include "agent/control/control_internal.h"
#include "agent/record/log_holds.h"
#include "agent/record/seal_key.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/*
 * The recorder answers when the disk has it. A cut-off must not wait for a slow one: whoever
 * is told that it was not written asks again, and what did come through stands.
 */
#define HOLD_TIMEOUT_MS	1000
#define SIGN_TIMEOUT_MS	1000

static int32_t
day_of(const json_t *request, const char *key)
{
	const json_int_t n = json_integer_value(json_object_get(request, key));

	return n > 0 && n <= INT32_MAX ? (int32_t)n : 0;
}

/* False: it is no name of a case. */
static bool
take_case(const json_t *request, char name[HOLD_NAME_SIZE])
{
	const json_t *value = json_object_get(request, "case");
	const char *text = json_string_value(value);

	if (text == NULL || strlen(text) != json_string_length(value) ||
	    !hold_name_good(text))
		return false;
	snprintf(name, HOLD_NAME_SIZE, "%s", text);
	return true;
}

static int
ask_hold(struct control *c, const struct hold_order *o, char *why, size_t size)
{
	int r = ipc_ask(c->setup->record_fd, IPC_RECORD_HOLD, o, sizeof(*o), -1, &c->answer,
	    HOLD_TIMEOUT_MS);

	if (r < 0) {
		snprintf(why, size, "%s", strerror(-r));
		return r;
	}
	if (c->answer.length != sizeof(c->answer.payload.result))
		return -EPROTO;
	c->answer.payload.result.text[sizeof(c->answer.payload.result.text) - 1] = '\0';
	snprintf(why, size, "%s", c->answer.payload.result.text);
	return c->answer.payload.result.error;
}

json_t *
control_hold(struct control *c, const struct change_request *q, const json_t *request,
    bool release)
{
	struct hold_order o = { .release = release };
	char why[256] = "", what[512];
	int r;

	if (!take_case(request, o.name))
		return control_change_refusal(q->language, MSG_HOLD_BAD_CASE);
	if (!release) {
		o.from = day_of(request, "from");
		o.to = day_of(request, "to");
	}
	if (hold_order_check(&o) != NULL)
		return control_change_refusal(q->language, MSG_HOLD_BAD_DAYS);
	r = ask_hold(c, &o, why, sizeof(why));
	if (release)
		snprintf(what, sizeof(what), "case %s is released: its records go when "
		    "their time comes", o.name);
	else
		snprintf(what, sizeof(what), "case %s: records of %d to %d are kept until it is "
		    "released", o.name, o.from, o.to);
	if (r < 0)
		snprintf(what, sizeof(what), "case %s: the %s was not written: %.200s", o.name,
		    release ? "release" : "hold", why);
	control_change_record(c, q, release ? SUBJECT_RELEASE : SUBJECT_HOLD, r >= 0, 0, "",
	    what);
	if (r == -ENOENT)
		return control_change_refusal(q->language, MSG_HOLD_NO_CASE, o.name);
	if (r < 0)
		return control_change_refusal(q->language, MSG_HOLD_FAILED, why);
	return json_pack("{s:b, s:s}", "ok", 1, "case", o.name);
}

static json_t *
ask_checkpoint(struct control *c, const struct change_request *q)
{
	return ipc_ask(c->setup->record_fd, IPC_RECORD_SIGN, NULL, 0, -1, &c->answer,
	    SIGN_TIMEOUT_MS) < 0 ? control_change_refusal(q->language, MSG_EVIDENCE_UNSIGNED) :
	    json_pack("{s:b}", "ok", 1);
}

json_t *
control_evidence(struct control *c, const struct change_request *q, const json_t *request)
{
	const char *digits = json_string_value(json_object_get(request, "sum"));
	char name[HOLD_NAME_SIZE], what[256], line[256];
	uint8_t sum[SEAL_SIZE];
	size_t n = 0;

	if (!take_case(request, name))
		return control_change_refusal(q->language, MSG_HOLD_BAD_CASE);
	if (digits == NULL)
		return ask_checkpoint(c, q);
	if (strlen(digits) != SEAL_HEX || sodium_hex2bin(sum, sizeof(sum),
	    digits, SEAL_HEX, NULL, &n, NULL) != 0 || n != sizeof(sum))
		return control_change_refusal(q->language, MSG_EVIDENCE_BAD_SUM);
	snprintf(what, sizeof(what), "evidence of case %s was taken; SHA-256 of its manifest: %s",
	    name, digits);
	control_change_record(c, q, SUBJECT_EVIDENCE, true, 0, "", what);
	if (ipc_ask(c->setup->record_fd, IPC_RECORD_SIGN, sum, sizeof(sum), -1, &c->answer,
	    SIGN_TIMEOUT_MS) < 0 || c->answer.length == 0 || c->answer.length >= sizeof(line))
		return control_change_refusal(q->language, MSG_EVIDENCE_UNSIGNED);
	memcpy(line, c->answer.payload.bytes, c->answer.length);
	line[c->answer.length] = '\0';
	return json_pack("{s:b, s:o}", "ok", 1, "signature", control_text_json(line));
}
