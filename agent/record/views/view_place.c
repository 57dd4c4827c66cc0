/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/views/view_place.h"

#include "agent/log.h"
#include "agent/record/views/view.h"
#include "agent/state_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PLACE_BYTES	(256u << 10)
#define NAME_SIZE	32u

static uint64_t
number(const json_t *place, const char *name)
{
	const json_int_t n = json_integer_value(json_object_get(place, name));

	return n > 0 ? (uint64_t)n : 0;
}

static void
take(struct view *v, const json_t *place)
{
	const char *hash = json_string_value(json_object_get(place, "hash"));

	v->arrived.sequence = number(place, "sequence");
	if (hash != NULL && strlen(hash) == VIEW_HASH_SIZE - 1)
		memcpy(v->arrived.hash, hash, VIEW_HASH_SIZE);
	v->missed = v->missed_before = number(place, "missed");
	v->refused = number(place, "refused");
	if (v->metrics != NULL && !view_metrics_load(v->metrics,
	    json_object_get(place, "metrics")))
		log_warnx("forwarder: the numbers begin at 0 again");
}

int
view_place_load(struct view *v)
{
	char name[NAME_SIZE];
	json_t *place = NULL;
	int r;

	memset(&v->arrived, 0, sizeof(v->arrived));
	snprintf(name, sizeof(name), "place-%s", v->how->name);
	r = state_file_read_json(v->folders->own, name, PLACE_BYTES, &place);
	if (r == 0) {
		take(v, place);
		json_decref(place);
		v->saved = v->arrived;
		v->has_place = true;
		return 0;
	}
	if (r != -ENOENT)
		log_warnx("forwarder: the place of %s cannot be read (%s): it goes on at the end "
		    "of the log", v->how->name, strerror(-r));
	r = view_follow_end_of_log(v->folders->log, &v->arrived);
	/* So that a kill before the first record leaves nothing out. */
	if (r == 0)
		view_place_save(v);
	return r;
}

void
view_place_save(struct view *v)
{
	char name[NAME_SIZE];
	json_t *place;
	int r;

	if (v->has_place && v->saved.sequence == v->arrived.sequence)
		return;
	place = json_pack("{s:I, s:s, s:I, s:I}", "sequence", (json_int_t)v->arrived.sequence,
	    "hash", v->arrived.hash, "missed", (json_int_t)v->missed,
	    "refused", (json_int_t)v->refused);
	if (place != NULL && v->metrics != NULL)
		json_object_set_new(place, "metrics", view_metrics_save(v->metrics));
	snprintf(name, sizeof(name), "place-%s", v->how->name);
	r = place != NULL ? state_file_write_json(v->folders->own, name, place) : -ENOMEM;
	json_decref(place);
	v->has_place = r == 0 || r == -EUCLEAN;
	if (v->has_place)
		v->saved = v->arrived;
	else
		log_warnx("forwarder: the place of %s cannot be saved: %s", v->how->name,
		    strerror(-r));
}
