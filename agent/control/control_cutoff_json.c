/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The orders that stand, as people and the command are told of them. */
#include "agent/control/control_cutoff_internal.h"

#include <time.h>

/* RFC 3339, UTC. */
static json_t *
since_json(int64_t since_ns)
{
	time_t t = (time_t)(since_ns / 1000000000);
	struct tm tm;
	char text[32];

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return json_null();
	return json_string(text);
}

json_t *
cutoff_order_json(const struct cutoff *o)
{
	char what[CUTOFF_TEXT_SIZE];
	json_t *lines = json_array();

	for (size_t i = 0; i < o->n_downed; i++)
		json_array_append_new(lines, json_string(o->downed[i].name));
	return json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:s, s:o}", "id",
	    (json_int_t)o->id, "kind", cutoff_kind_name(o->kind),
	    "what", control_text_json(cutoff_text(o, what)), "since", since_json(o->since_ns),
	    "person", control_text_json(o->person), "reason", control_text_json(o->reason),
	    "actor", o->actor, "lines_down", lines);
}

json_t *
control_cutoffs_json(const struct control *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->cut.list.n; i++)
		json_array_append_new(list, cutoff_order_json(&c->cut.list.items[i]));
	return list;
}
