/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The orders that stand, in the state folder. */
#include "agent/control/control_cutoff_internal.h"

#include "agent/control/control_take.h"
#include "agent/log.h"
#include "agent/state_file.h"
#include "rules/cutoff_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_NAME	"cutoffs"
#define STATE_ASIDE	"cutoffs.damaged"
/* LIMIT_CUTOFFS orders with their texts and parts. */
#define STATE_BYTES	((size_t)8 << 20)
#define STATE_SCHEMA	1

/* ---- writing ------------------------------------------------------------------- */

static json_t *
links_json(const struct cut_link *links, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_string(links[i].name));
	return list;
}

static json_t *
order_json(const struct cutoff *c)
{
	char *parts = cut_parts_string(&c->parts);
	json_t *order = parts == NULL ? NULL : json_pack(
	    "{s:I, s:s, s:s, s:s, s:s, s:b, s:o, s:I, s:s, s:s, s:s}",
	    "id", (json_int_t)c->id, "kind", cutoff_kind_name(c->kind),
	    "what", c->what[0], "with", c->what[1], "parts", parts,
	    "link_down", c->link_down, "downed", links_json(c->downed, c->n_downed),
	    "since_ns", (json_int_t)c->since_ns, "person", c->person, "reason", c->reason,
	    "actor", c->actor);

	free(parts);
	return order;
}

json_t *
cutoff_state_json(const struct cutoffs *l)
{
	json_t *orders = json_array();

	for (size_t i = 0; i < l->n; i++) {
		json_t *order = order_json(&l->items[i]);

		if (order == NULL || json_array_append_new(orders, order) != 0) {
			json_decref(orders);
			return NULL;
		}
	}
	return json_pack("{s:i, s:I, s:o}", "schema", STATE_SCHEMA, "last_id",
	    (json_int_t)l->last_id, "orders", orders);
}

int
cutoff_state_save(struct control *c)
{
	json_t *state = cutoff_state_json(&c->cut.list);
	int r = state == NULL ? -ENOMEM : c->cut.folder < 0 ? c->cut.folder :
	    state_file_write_json(c->cut.folder, STATE_NAME, state);

	json_decref(state);
	c->cut.problem[0] = '\0';
	if (r < 0) {
		snprintf(c->cut.problem, sizeof(c->cut.problem),
		    "cut-offs cannot be kept for the next start: %s", strerror(-r));
		log_warnx("control: %s", c->cut.problem);
	}
	return r;
}

/* ---- reading ------------------------------------------------------------------- */

static bool
take_downed(const json_t *order, struct cutoff *c)
{
	const json_t *list = json_object_get(order, "downed"), *name;
	struct cut_parts names = { .all = false };
	size_t i;
	bool good = json_is_array(list);

	json_array_foreach(list, i, name) {
		const char *text = json_string_value(name);

		good = good && text != NULL && strlen(text) <= LIMIT_INTERFACE_NAME &&
		    cut_parts_add_link(&names, text) == 0;
	}
	if (!good) {
		cut_parts_free(&names);
		return false;
	}
	c->downed = names.links;
	c->n_downed = names.n_links;
	return true;
}

static int
take_parts(const json_t *order, struct cutoff *c)
{
	const json_t *parts = json_object_get(order, "parts");

	if (!json_is_string(parts))
		return -EPROTO;
	return cut_parts_parse(json_string_value(parts), json_string_length(parts),
	    &c->parts);
}

static int
take_order(const json_t *order, struct cutoffs *out)
{
	json_int_t id = json_integer_value(json_object_get(order, "id"));
	struct cutoff *c;
	char kind[16];

	/* By id, so that the list stays in order and none stands twice. */
	if (id <= (json_int_t)out->last_id || id > UINT32_MAX)
		return -EPROTO;
	out->last_id = (uint32_t)id - 1;
	c = cutoffs_add(out);
	if (c == NULL)
		return -errno;
	if (!control_take_text(order, "kind", kind, sizeof(kind)) ||
	    !control_take_text(order, "what", c->what[0], sizeof(c->what[0])) ||
	    !control_take_text(order, "with", c->what[1], sizeof(c->what[1])) ||
	    !control_take_text(order, "person", c->person, sizeof(c->person)) ||
	    !control_take_text(order, "reason", c->reason, sizeof(c->reason)) ||
	    !control_take_text(order, "actor", c->actor, sizeof(c->actor)) ||
	    !json_is_boolean(json_object_get(order, "link_down")) ||
	    !json_is_integer(json_object_get(order, "since_ns")) || !take_downed(order, c))
		return -EPROTO;
	c->kind = cutoff_kind_parse(kind);
	c->link_down = json_is_true(json_object_get(order, "link_down"));
	c->since_ns = json_integer_value(json_object_get(order, "since_ns"));
	return c->kind == CUTOFF_NONE ? -EPROTO : take_parts(order, c);
}

int
cutoff_state_parse(const json_t *state, struct cutoffs *out)
{
	const json_t *orders = json_object_get(state, "orders"), *order;
	json_int_t last = json_integer_value(json_object_get(state, "last_id"));
	size_t i;
	int r = 0;

	memset(out, 0, sizeof(*out));
	if (json_integer_value(json_object_get(state, "schema")) != STATE_SCHEMA ||
	    !json_is_array(orders))
		r = -EPROTO;
	json_array_foreach(orders, i, order)
		if (r == 0)
			r = take_order(order, out);
	if (r == 0 && (last < (json_int_t)out->last_id || last > UINT32_MAX))
		r = -EPROTO;
	if (r < 0)
		cutoffs_free(out);
	else
		out->last_id = (uint32_t)last;
	return r;
}

int
cutoff_state_load(int folder, struct cutoffs *out)
{
	json_t *state = NULL;
	int r = folder < 0 ? folder :
	    state_file_read_json(folder, STATE_NAME, STATE_BYTES, &state);

	memset(out, 0, sizeof(*out));
	if (r == 0)
		r = cutoff_state_parse(state, out);
	json_decref(state);
	/* "No such folder" is not "nothing was cut off". */
	return r == -ENOENT && folder < 0 ? -EIO : r;
}

void
cutoff_state_put_aside(int folder)
{
	if (folder >= 0 && renameat(folder, STATE_NAME, folder, STATE_ASIDE) < 0)
		log_warnx("control: the damaged state of cut-offs stays: %s",
		    strerror(errno));
}
