/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A version's meta data as JSON, and back: what comes from a file is not believed. */
#include "agent/control/control_versions.h"

#include "agent/control/control_take.h"

#include <string.h>

static const char *const result_names[VERSION_RESULT_COUNT] = {
	[VERSION_APPLYING] = "applying", [VERSION_APPLIED] = "applied",
	[VERSION_FAILED] = "failed", [VERSION_INTERRUPTED] = "interrupted",
	[VERSION_REVERTED] = "reverted",
};
static const char *const origin_names[VERSION_ORIGIN_COUNT] = {
	[VERSION_OF_START] = "start", [VERSION_OF_RELOAD] = "reload",
	[VERSION_OF_APPLY] = "apply", [VERSION_OF_ROLLBACK] = "rollback",
};

const char *
version_result_name(enum version_result result)
{
	return result < VERSION_RESULT_COUNT ? result_names[result] : "?";
}

const char *
version_origin_name(enum version_origin origin)
{
	return origin < VERSION_ORIGIN_COUNT ? origin_names[origin] : "?";
}

json_t *
version_json(const struct version *w)
{
	return json_pack("{s:I, s:s, s:s, s:b, s:o, s:o, s:I, s:I, s:I, s:s, s:s, s:s, s:s, "
	    "s:s}", "serial", (json_int_t)w->serial,
	    "result", version_result_name(w->result),
	    "origin", version_origin_name(w->origin), "confirmed", w->confirmed,
	    "uid", w->has_uid ? json_integer(w->uid) : json_null(),
	    "of", w->of != 0 ? json_integer(w->of) : json_null(),
	    "at", (json_int_t)w->at, "confirmed_at", (json_int_t)w->confirmed_at,
	    "bytes", (json_int_t)w->bytes, "digest", w->digest, "sum", w->sum,
	    "person", w->person, "reason", w->reason, "file", w->file);
}

/* null is 0. */
static bool
take_optional(const json_t *o, const char *key, uint32_t *out, bool *there)
{
	json_int_t n = 0;

	*there = !json_is_null(json_object_get(o, key));
	if (*there && !control_take_number(o, key, 0, UINT32_MAX, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

static bool
take_name(const json_t *o, const char *key, const char *const *names, uint8_t count,
    uint8_t *out)
{
	const char *word = json_string_value(json_object_get(o, key));

	for (*out = 0; word != NULL && *out < count; ++*out)
		if (strcmp(word, names[*out]) == 0)
			return true;
	return false;
}

static bool
take_digest(const json_t *o, const char *key, char out[65])
{
	return control_take_text(o, key, out, 65) && strspn(out, "0123456789abcdef") == 64;
}

bool
version_from_json(const json_t *o, struct version *w)
{
	json_int_t serial, at, confirmed_at, bytes;
	bool there;

	memset(w, 0, sizeof(*w));
	if (!control_take_number(o, "serial", 0, UINT32_MAX - 1, &serial) || serial == 0 ||
	    !control_take_number(o, "at", 0, INT64_MAX, &at) ||
	    !control_take_number(o, "confirmed_at", 0, INT64_MAX, &confirmed_at) ||
	    !control_take_number(o, "bytes", 0, VERSION_BYTES, &bytes) ||
	    !json_is_boolean(json_object_get(o, "confirmed")))
		return false;
	w->serial = (uint32_t)serial;
	w->at = at;
	w->confirmed_at = confirmed_at;
	w->bytes = (uint64_t)bytes;
	w->confirmed = json_is_true(json_object_get(o, "confirmed"));
	return take_name(o, "result", result_names, VERSION_RESULT_COUNT, &w->result) &&
	    take_name(o, "origin", origin_names, VERSION_ORIGIN_COUNT, &w->origin) &&
	    take_optional(o, "uid", &w->uid, &w->has_uid) &&
	    take_optional(o, "of", &w->of, &there) &&
	    take_digest(o, "digest", w->digest) && take_digest(o, "sum", w->sum) &&
	    control_take_text(o, "person", w->person, sizeof(w->person)) &&
	    control_take_text(o, "reason", w->reason, sizeof(w->reason)) &&
	    control_take_text(o, "file", w->file, sizeof(w->file));
}
