/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The accounts of gate, tap and record, laid side by side. */
#include "agent/control/control_drift.h"
#include "agent/control/control_forwarding.h"
#include "agent/control/control_internal.h"

#include "kernel-helpers/nft_account.h"

#include <string.h>
#include <time.h>

/* RFC 3339, UTC. */
static json_t *
time_json(int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	char text[32];

	if (seconds == 0 || gmtime_r(&t, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return json_null();
	return json_string(text);
}

static bool
is_refusal(const struct ruleset_counter *counter)
{
	return strncmp(counter->name.base, "refuse", 6) == 0;
}

static json_t *
gate_json(struct control *c)
{
	struct ruleset *running = NULL;
	json_int_t stopped = 0, permitted = 0;
	json_t *counters = json_object();
	int r = nft_account_counters(c->nft, &running);

	for (size_t i = 0; running != NULL && i < running->n_counters; i++) {
		const struct ruleset_counter *counter = &running->counters[i];
		json_int_t n = (json_int_t)counter->packets;

		stopped += is_refusal(counter) ? n : 0;
		permitted += control_permit_id(&counter->name) != NULL ? n : 0;
		json_object_set_new(counters, counter->name.base, json_integer(n));
	}
	ruleset_free(running);
	return json_pack("{s:s, s:I, s:o, s:b, s:I, s:I, s:I, s:o, s:o}",
	    "state", r == 0 && c->checked != NULL ? "closed as the policy says" :
	    r == 0 ? "no policy" : "unknown",
	    "generation", (json_int_t)c->known.generation, "applied_at", time_json(c->applied_at),
	    "forwarding", control_is_forwarding(), "stopped", stopped, "permitted", permitted,
	    "reassembly_failed", control_reassembly_failed(), "counters", counters,
	    "connections", control_conntrack_json());
}

static json_t *
policy_json(const struct control *c)
{
	const struct checked *p = c->checked;

	if (p == NULL)
		return json_object();
	return json_pack("{s:s, s:o, s:s, s:I, s:I, s:I, s:b, s:s}", "site", p->site_name,
	    "file", control_text_json(c->file),
	    "digest", p->digest, "permits", (json_int_t)p->n_permits,
	    "zones", (json_int_t)p->n_zones, "serial", (json_int_t)c->serial,
	    "confirmed", c->serial != 0 && c->serial == c->versions.boot,
	    "policy_file", c->file_digest[0] == '\0' ? "unreadable" :
	    strcmp(c->file_digest, p->digest) == 0 ? "same" : "differs");
}

/* What the watcher says of itself that nobody may overlook. */
static json_t *
watch_problem(const json_t *watch)
{
	const json_t *tap, *canary;
	size_t i;

	if (json_is_false(json_object_get(watch, "balanced")))
		return json_string("the watcher's ledgers do not balance");
	json_array_foreach(json_object_get(watch, "taps"), i, tap) {
		const char *name = json_string_value(json_object_get(tap, "interface"));

		canary = json_object_get(json_object_get(tap, "canary"), "state");
		if (json_is_true(json_object_get(tap, "deaf")))
			return json_sprintf("%s: frames come in and its tap sees none",
			    name != NULL ? name : "?");
		if (json_is_string(canary) &&
		    strcmp(json_string_value(canary), "missing") == 0)
			return json_sprintf("%s: the canary does not come back through "
			    "its tap", name != NULL ? name : "?");
	}
	return json_null();
}

static json_t *
problem_json(const struct control *c, const json_t *watch, const json_t *record,
    const json_t *processes)
{
	json_t *problem = control_record_problem(c);
	char drift[400];

	if (problem != NULL)
		return problem;
	if (c->problem[0] != '\0')
		return control_text_json(c->problem);
	if (c->cut.problem[0] != '\0')
		return control_text_json(c->cut.problem);
	if (watch == NULL)
		return json_string("the watcher does not answer");
	if (record == NULL)
		return json_string("the recorder does not answer");
	if (control_drift_problem(c, drift, sizeof(drift)))
		return control_text_json(drift);
	problem = watch_problem(watch);
	if (!json_is_null(problem))
		return problem;
	json_decref(problem);
	return control_processes_problem(processes);
}

json_t *
control_status(struct control *c)
{
	json_t *watch = control_ask_json(c, c->setup->watch_fd, IPC_WATCH_STATUS);
	json_t *record = control_ask_json(c, c->setup->record_fd, IPC_RECORD_STATUS);
	json_t *views = control_ask_json(c, c->setup->view_fd, IPC_VIEW_STATUS);
	json_t *processes = control_processes(c);
	json_t *problem = problem_json(c, watch, record, processes), *status;

	if (record != NULL)
		json_object_set_new(record, "file",
		    control_text_json(c->setup->paths.violations));
	status = json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "ok", 1,
	    "cutoffs", control_cutoffs_json(c),
	    "policy", policy_json(c), "warnings", control_record_warnings(record, views),
	    "pending", control_confirm_json(c),
	    "gate", gate_json(c), "watch", watch != NULL ? watch : json_object(),
	    "record", record != NULL ? record : json_object(),
	    "views", views != NULL ? views : json_array(),
	    "processes", processes, "problem", problem,
	    "drift", control_drift_json(c, message_language_of_locale()));
	control_busy_numbers(c, status);
	return status;
}

json_t *
control_status_meanwhile(struct control *c)
{
	json_t *status = json_pack("{s:b, s:{}, s:{}, s:{}, s:[], s:n}", "ok", 1, "gate",
	    "watch", "record", "processes", "problem");
	json_t *problem = json_null();

	if (status == NULL || (c->busy.numbers != NULL &&
	    json_object_update(status, c->busy.numbers) < 0)) {
		json_decref(status);
		return NULL;
	}
	if (c->problem[0] != '\0')
		problem = control_text_json(c->problem);
	else if (c->checked == NULL)
		problem = json_string("no policy is in force yet");
	else if (!c->started)
		problem = json_string("the start is not over yet");
	if (!json_is_null(problem))
		json_object_set_new(status, "problem", problem);
	json_object_set_new(status, "policy", policy_json(c));
	json_object_set_new(status, "pending", control_confirm_json(c));
	json_object_set_new(status, "cutoffs", control_cutoffs_json(c));
	json_object_set_new(status, "busy", control_busy_json(c));
	return status;
}
