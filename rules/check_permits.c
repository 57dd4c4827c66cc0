/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Permits: their words and dates, and the two sides resolved to addresses. */
#include "rules/check_internal.h"

#include "rules/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *
permit_id(const struct check *ck, size_t i)
{
	const char *id = ck->policy->permits[i].id;

	return id != NULL ? id : "?";
}

/* True when the name is in this list for the second time; reported by the caller. */
static bool
seen_in_list(const struct check *ck, struct name_ref *ref)
{
	if (ref->stamp == ck->stamp)
		return true;
	ref->stamp = ck->stamp;
	return false;
}

static int
add_endpoint_word(struct check *ck, size_t i, const struct policy_word *word,
    struct endpoint *e)
{
	struct name_ref *ref;

	if (strcmp(word->text, "self") == 0) {
		e->self = true;
		return 0;
	}
	ref = names_find(&ck->names, word->text);
	if (ref == NULL) {
		check_error(ck, word->origin, MSG_CHECK_ENDPOINT_UNKNOWN,
		    permit_id(ck, i), word->text);
		e->broken = true;
		return 0;
	}
	if (seen_in_list(ck, ref)) {
		check_warning(ck, word->origin, MSG_CHECK_ENDPOINT_REPEATED,
		    permit_id(ck, i), word->text);
		return 0;
	}
	/* Hosts may overlap: join before the list outgrows what it stands for. */
	if (e->set.count > LIMIT_GROUP_RANGES)
		range_set_normalise(&e->set);
	return check_add_named(ck, ref, &e->set, &e->broken);
}

static int
make_endpoint(struct check *ck, size_t i, const struct policy_words *words,
    enum message_id missing, struct endpoint *e)
{
	if (words->count == 0) {
		if (!check_was_told(ck, ck->policy->permits[i].origin))
			check_error(ck, ck->policy->permits[i].origin, missing,
			    permit_id(ck, i));
		e->broken = true;
		return 0;
	}
	ck->stamp++;
	for (size_t k = 0; k < words->count; k++)
		if (add_endpoint_word(ck, i, &words->items[k], e) != 0)
			return -ENOMEM;
	range_set_normalise(&e->set);
	if (e->set.count == 0 && !e->self && !e->broken) {
		check_error(ck, words->items[0].origin, MSG_CHECK_PERMIT_NOTHING_LEFT,
		    permit_id(ck, i), words->items[0].text);
		e->broken = true;
	}
	return 0;
}

static int
make_services(struct check *ck, size_t i, struct match_set *out)
{
	const struct policy_permit *p = &ck->policy->permits[i];

	if (p->services.count == 0) {
		if (!check_was_told(ck, p->origin))
			check_error(ck, p->origin, MSG_CHECK_PERMIT_NO_SERVICE,
			    permit_id(ck, i));
		out->broken = true;
	}
	ck->stamp++;
	for (size_t k = 0; k < p->services.count; k++) {
		const struct policy_word *word = &p->services.items[k];
		struct name_ref *ref = names_find(&ck->services, word->text);
		const struct match_set *m;

		if (ref == NULL) {
			check_error(ck, word->origin, MSG_CHECK_SERVICE_UNKNOWN,
			    permit_id(ck, i), word->text);
			out->broken = true;
			continue;
		}
		if (seen_in_list(ck, ref)) {
			check_warning(ck, word->origin, MSG_CHECK_SERVICE_REPEATED,
			    permit_id(ck, i), word->text);
			continue;
		}
		m = &ck->matches[ref->index];
		out->broken |= m->broken;
		for (size_t j = 0; j < m->count; j++)
			if (match_set_add(out, &m->items[j]) != 0)
				return -ENOMEM;
	}
	match_set_normalise(out);
	return 0;
}

/* False, reported, when a date is none; not written: *out stays. */
static bool
read_date(struct check *ck, size_t i, const char *text, bool end, int64_t *out)
{
	if (text == NULL || check_date_parse(text, end, out))
		return true;
	check_error(ck, ck->policy->permits[i].origin, MSG_CHECK_DATE_BAD, text);
	ck->permit_broken[i] = true;
	return false;
}

static void
check_validity(struct check *ck, size_t i)
{
	const struct policy_permit *p = &ck->policy->permits[i];
	struct checked_permit *permit = &ck->c->permits[i];
	bool from, until;

	permit->valid_from = INT64_MIN;
	permit->valid_until = INT64_MAX;
	from = read_date(ck, i, p->valid_from, false, &permit->valid_from);
	until = read_date(ck, i, p->valid_until, true, &permit->valid_until);
	if (!from || !until)
		return;
	if (permit->valid_until <= permit->valid_from) {
		check_error(ck, p->origin, MSG_CHECK_DATES_REVERSED, permit_id(ck, i),
		    p->valid_until, p->valid_from);
		ck->permit_broken[i] = true;
	} else if (permit->valid_until <= ck->now && !p->disabled) {
		check_warning(ck, p->origin, MSG_CHECK_PERMIT_EXPIRED, permit_id(ck, i),
		    p->valid_until);
	}
}

/* A second permit of the same id is not compared with the first. */
static bool
has_own_id(const struct check *ck, size_t i)
{
	const char *id = ck->policy->permits[i].id;
	const struct name_ref *ref = id != NULL ? names_find(&ck->permits, id) : NULL;

	return ref != NULL && ref->index == i;
}

static void
fill_permit(struct check *ck, size_t i)
{
	const struct policy_permit *p = &ck->policy->permits[i];
	struct checked_permit *permit = &ck->c->permits[i];

	ck->permit_broken[i] = !has_own_id(ck, i);
	permit->id = permit_id(ck, i);
	permit->purpose = p->purpose;
	permit->request = p->request;
	permit->approved_by = p->approved_by;
	permit->number = (uint32_t)i + 1;
	permit->disabled = p->disabled;
	permit->origin = p->origin;
	permit->first_box = ck->c->n_boxes;
	ck->c->n_permits++;

	if (p->purpose == NULL || *p->purpose == '\0')
		check_warning(ck, p->origin, MSG_CHECK_PERMIT_NO_PURPOSE, permit->id);
	check_validity(ck, i);
}

static int
check_permit(struct check *ck, size_t i)
{
	const struct policy_permit *p = &ck->policy->permits[i];
	struct endpoint from = { .self = false }, to = { .self = false };
	struct match_set services = { .broken = false };
	int ret;

	fill_permit(ck, i);
	ret = make_endpoint(ck, i, &p->from, MSG_CHECK_PERMIT_NO_FROM, &from);
	if (ret == 0)
		ret = make_endpoint(ck, i, &p->to, MSG_CHECK_PERMIT_NO_TO, &to);
	if (ret == 0)
		ret = make_services(ck, i, &services);
	if (ret == 0 && !from.broken && !to.broken && !services.broken)
		ret = check_expand(ck, i, &from, &to, &services);

	range_set_free(&from.set);
	range_set_free(&to.set);
	free(services.items);
	return ret;
}

int
check_permits(struct check *ck)
{
	size_t n = ck->policy->n_permits;

	ck->c->permits = calloc(n + 1, sizeof(ck->c->permits[0]));
	ck->permit_broken = calloc(n + 1, sizeof(ck->permit_broken[0]));
	if (ck->c->permits == NULL || ck->permit_broken == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (check_permit(ck, i) != 0)
			return -ENOMEM;
		check_advise(ck, i);
	}
	return 0;
}
