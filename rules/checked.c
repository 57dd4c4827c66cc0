/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checked policy: runs the stages of the check in their order, and answers
 * what others ask of the result.
 */
#include "rules/checked.h"

#include "rules/check_internal.h"
#include "rules/policy_parse.h"
#include "rules/policy_print.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
check_missing(struct check *ck, struct origin where, const char *list, const char *key)
{
	if (ck->n_told == 0)
		check_error(ck, where, MSG_PARSE_KEY_MISSING, list, key);
}

bool
check_was_told(const struct check *ck, struct origin where)
{
	const char *file = AT_FILE(where);

	for (size_t i = 0; i < ck->n_told; i++) {
		const struct finding *f = diag_at(ck->diag, i);

		if (f->origin.line == where.line && strcmp(AT_FILE(f->origin), file) == 0)
			return true;
	}
	return false;
}

static int
run_stages(struct check *ck)
{
	static int (*const stages[])(struct check *) = {
		check_names, check_site, check_zones, check_pairs, check_owned,
		check_gateways, check_hosts, check_groups, check_services, check_permits,
		check_covered, check_half_open, check_detect, check_record,
	};

	if (!check_limits(ck))
		return 0;
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		if (stages[i](ck) != 0)
			return -ENOMEM;
	return 0;
}

static void
free_state(struct check *ck)
{
	const struct policy *p = ck->policy;

	for (size_t i = 0; ck->zone_sets != NULL && i < p->n_zones; i++)
		range_set_free(&ck->zone_sets[i]);
	for (size_t i = 0; ck->groups != NULL && i < p->n_groups; i++)
		range_set_free(&ck->groups[i].set);
	for (size_t i = 0; ck->matches != NULL && i < p->n_services; i++)
		free(ck->matches[i].items);
	free(ck->zone_sets);
	free(ck->groups);
	free(ck->matches);
	free(ck->network_origins);
	free(ck->zone_broken);
	free(ck->host_broken);
	free(ck->permit_broken);
	range_set_free(&ck->raw);
	range_set_free(&ck->usable);
	range_set_free(&ck->relays);
	names_free(&ck->names);
	names_free(&ck->services);
	names_free(&ck->permits);
}

struct checked *
checked_new(struct policy *policy, int64_t now, struct diag *diag)
{
	struct checked *c = calloc(1, sizeof(*c));
	struct check ck = { .policy = policy, .c = c, .diag = diag, .now = now };
	struct origin nowhere = { .file = NULL, .line = 0 };
	int ret;

	if (c == NULL) {
		policy_free(policy);
		diag_add(diag, nowhere, DIAG_ERROR, MSG_CHECK_MEMORY);
		errno = ENOMEM;
		return NULL;
	}
	c->policy = policy;
	ck.n_told = diag_kept(diag);
	ret = run_stages(&ck);
	free_state(&ck);
	if (ret == 0 && diag_count(diag, DIAG_ERROR) == 0)
		ret = checked_number_pairs(c);
	if (ret == 0 && diag_count(diag, DIAG_ERROR) == 0)
		ret = policy_digest(c->policy, c->digest);
	if (ret != 0)
		diag_add(diag, nowhere, DIAG_ERROR, MSG_CHECK_MEMORY);
	if (diag_count(diag, DIAG_ERROR) > 0) {
		checked_free(c);
		errno = ret != 0 ? ENOMEM : EINVAL;
		return NULL;
	}
	return c;
}

void
checked_free(struct checked *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n_segments; i++) {
		free(c->segments[i].networks);
		free(c->segments[i].gateway);
	}
	for (size_t i = 0; i < c->n_hosts; i++) {
		free(c->hosts[i].ranges);
		free(c->hosts[i].roles);
	}
	free(c->zones);
	free(c->segments);
	free(c->hosts);
	free(c->permits);
	free(c->boxes);
	free(c->owned);
	free(c->bindings);
	free(c->refusals);
	free(c->pair_numbers);
	policy_free(c->policy);
	free(c);
}

struct checked *
checked_from_file(const char *path, int64_t now, struct diag *diag)
{
	struct policy *policy = policy_parse_file(path, diag);

	return policy != NULL ? checked_new(policy, now, diag) : NULL;
}

uint16_t
checked_owner(const struct checked *c, const struct ip_addr *a)
{
	const struct range_set owned = { c->owned, c->n_owned, 0 };
	size_t i = range_set_seek(&owned, a->family, a->value);

	if (i == owned.count || !address_range_holds(&owned.items[i].range, a))
		return SEGMENT_NONE;
	return owned.items[i].segment;
}

bool
checked_is_gateway(const struct checked *c, const struct ip_addr *a)
{
	for (size_t i = 0; i < c->n_segments; i++)
		for (size_t k = 0; k < c->segments[i].n_gateway; k++)
			if (c->segments[i].gateway[k].family == a->family &&
			    c->segments[i].gateway[k].value == a->value)
				return true;
	return false;
}

int
checked_zone_by_name(const struct checked *c, const char *name)
{
	for (size_t i = 0; i < c->n_zones; i++)
		if (strcmp(c->zones[i].name, name) == 0)
			return (int)i;
	return -1;
}

int
checked_segment_by_interface(const struct checked *c, const char *interface)
{
	for (size_t i = 0; i < c->n_segments; i++)
		if (strcmp(c->segments[i].interface, interface) == 0)
			return (int)i;
	return -1;
}

int
checked_zone_of(const struct checked *c, uint16_t segment)
{
	return segment < c->n_segments ? (int)c->segments[segment].zone : -1;
}

bool
checked_permit_in_force(const struct checked_permit *p, int64_t now)
{
	return !p->disabled && p->valid_from <= now && now < p->valid_until;
}
