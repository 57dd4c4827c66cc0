/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Site, zones, segments and pairs: from words to numbered zones and segments.
 * Which address belongs to which segment is check_owned.c's.
 */
#include "rules/check_internal.h"

#include "rules/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const class_names[ZONE_CLASS_COUNT] = {
	[ZONE_CLASS_OTHER] = "other",
	[ZONE_CLASS_MYNUMBER] = "mynumber",
	[ZONE_CLASS_LGWAN] = "lgwan",
	[ZONE_CLASS_INTRA] = "intra",
	[ZONE_CLASS_INTERNET] = "internet",
	[ZONE_CLASS_RELAY] = "relay",
	[ZONE_CLASS_MGMT] = "mgmt",
	[ZONE_CLASS_DEV] = "dev",
	[ZONE_CLASS_DMZ] = "dmz",
	[ZONE_CLASS_GUEST] = "guest",
	[ZONE_CLASS_EXTERNAL] = "external",
};

const char *
zone_class_name(enum zone_class zone_class)
{
	return (unsigned int)zone_class < ZONE_CLASS_COUNT ? class_names[zone_class]
							   : "other";
}

enum zone_class
zone_class_parse(const char *word)
{
	unsigned int i = 0;

	while (i < ZONE_CLASS_COUNT && strcmp(class_names[i], word) != 0)
		i++;
	return (enum zone_class)i;
}

int
check_site(struct check *ck)
{
	static const char *const models[] = {
		"alpha", "alpha_prime", "beta", "beta_prime", "media_only", "four_layer",
		"custom",
	};
	const struct policy *p = ck->policy;
	const char *model = p->site.model;

	if (p->schema != 1 && ck->n_told == 0)
		check_error(ck, p->schema_origin, MSG_PARSE_SCHEMA, p->schema);

	ck->c->site_name = p->site.name != NULL ? p->site.name : "";
	ck->c->site_gateway = p->site.gateway != NULL ? p->site.gateway : "";
	ck->c->site_model = model != NULL ? model : "";
	if (model == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (strcmp(model, models[i]) == 0)
			return 0;
	check_error(ck, p->site.origin, MSG_CHECK_MODEL_UNKNOWN, model);
	return 0;
}

static size_t
count_networks(const struct policy *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_zones; i++)
		for (size_t j = 0; j < p->zones[i].n_segments; j++)
			n += p->zones[i].segments[j].networks.count;
	return n;
}

static size_t
count_segments(const struct policy *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_zones; i++)
		n += p->zones[i].n_segments;
	return n;
}

static bool
networks_within_limit(struct check *ck, const struct policy_zone *zone)
{
	bool good = true;

	for (size_t i = 0; i < zone->n_segments; i++) {
		const struct policy_segment *s = &zone->segments[i];
		const char *name = s->interface != NULL ? s->interface : "?";

		if (s->networks.count <= LIMIT_NETWORKS)
			continue;
		check_error(ck, s->origin, MSG_CHECK_LIMIT_NETWORKS, name,
		    s->networks.count, LIMIT_NETWORKS);
		good = false;
	}
	return good;
}

bool
check_limits(struct check *ck)
{
	const struct policy *p = ck->policy;
	struct origin whole = { .file = p->n_files > 0 ? p->files[0] : NULL, .line = 0 };
	const struct {
		size_t count;
		unsigned int limit;
		const char *list;
	} lists[] = {
		{ p->n_zones, LIMIT_ZONES, "zones" },
		{ p->n_hosts, LIMIT_HOSTS, "hosts" },
		{ p->n_groups, LIMIT_GROUPS, "groups" },
		{ p->n_services, LIMIT_SERVICES, "services" },
		{ p->n_permits, LIMIT_PERMITS, "permits" },
	};
	size_t n_segments = count_segments(p);
	bool good = true;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (lists[i].count <= lists[i].limit)
			continue;
		check_error(ck, whole, MSG_PARSE_TOO_MANY_ITEMS, lists[i].list,
		    (unsigned int)lists[i].count, lists[i].limit);
		good = false;
	}
	if (n_segments > LIMIT_SEGMENTS) {
		check_error(
		    ck, whole, MSG_CHECK_LIMIT_SEGMENTS, n_segments, LIMIT_SEGMENTS);
		good = false;
	}
	for (size_t i = 0; i < p->n_zones; i++)
		good &= networks_within_limit(ck, &p->zones[i]);
	return good;
}

/*
 * Narrower than dev_valid_name() of the kernel (net/core/dev.c): chains and
 * sets carry the name, and must read back from nft(8).
 */
static bool
interface_usable(const char *name)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t length = strlen(name);

	return length > 0 && length <= LIMIT_INTERFACE_NAME &&
	    strspn(name, letters) == length && strcmp(name, ".") != 0 &&
	    strcmp(name, "..") != 0 && strcmp(name, "lo") != 0;
}

static void
check_interface(struct check *ck, const struct policy_segment *s)
{
	int other;

	if (s->interface == NULL) {
		check_missing(ck, s->origin, "segments", "interface");
		return;
	}
	if (!interface_usable(s->interface))
		check_error(ck, s->origin, MSG_CHECK_INTERFACE_BAD, s->interface,
		    LIMIT_INTERFACE_NAME);
	other = checked_segment_by_interface(ck->c, s->interface);
	if (other >= 0)
		check_error(ck, s->origin, MSG_CHECK_INTERFACE_TWICE, s->interface,
		    AT(ck->c->segments[other].origin));
}

/* Networks that are wrong stay out of the segment. */
static void
add_network(struct check *ck, struct checked_segment *seg, const struct policy_word *word)
{
	size_t n_never;
	const struct ip_range *never = address_never_forwarded(&n_never);
	struct ip_prefix p;
	struct ip_range r;
	char text[IP_RANGE_TEXT_SIZE];
	enum address_error error = address_parse_prefix(word->text, &p);

	if (error == ADDRESS_HOST_BITS) {
		r = address_prefix_range(&p);
		check_error(ck, word->origin, MSG_CHECK_ADDRESS_HOST_BITS, word->text,
		    address_print_range(&r, text));
		return;
	}
	if (error != ADDRESS_OK) {
		check_error(ck, word->origin, MSG_CHECK_NETWORK_BAD, word->text);
		return;
	}
	r = address_prefix_range(&p);
	for (size_t i = 0; i < n_never; i++) {
		if (!address_range_contains(&never[i], &r))
			continue;
		check_error(ck, word->origin, MSG_CHECK_ADDRESS_NEVER, word->text);
		return;
	}
	seg->networks[seg->n_networks++] = p;
	ck->network_origins[ck->n_networks++] = word->origin;
}

static void
check_stations_word(
    struct check *ck, const struct policy_segment *s, struct checked_segment *seg)
{
	if (s->stations == NULL || strcmp(s->stations, "any") == 0)
		return;
	seg->registered_only = strcmp(s->stations, "registered") == 0;
	if (!seg->registered_only)
		check_error(ck, s->origin, MSG_CHECK_STATIONS_BAD, seg->interface,
		    s->stations);
}

static int
add_segment(struct check *ck, size_t zone, const struct policy_segment *s)
{
	struct checked_segment *seg = &ck->c->segments[ck->c->n_segments];
	const char *name = s->interface != NULL ? s->interface : "?";

	seg->networks = calloc(s->networks.count + 1, sizeof(seg->networks[0]));
	if (seg->networks == NULL)
		return -ENOMEM;
	seg->zone = (unsigned int)zone;
	seg->interface = name;
	seg->origin = s->origin;

	check_interface(ck, s);
	check_stations_word(ck, s, seg);
	ck->c->n_segments++;
	if (s->networks.count == 0 && !check_was_told(ck, s->origin))
		check_error(ck, s->origin, MSG_CHECK_SEGMENT_NO_NETWORK, name);
	for (size_t i = 0; i < s->networks.count; i++)
		add_network(ck, seg, &s->networks.items[i]);
	if (seg->n_networks < s->networks.count || s->networks.count == 0)
		ck->zone_broken[zone] = true;
	return 0;
}

static int
add_zone(struct check *ck, size_t i)
{
	const struct policy_zone *z = &ck->policy->zones[i];
	const char *name = z->name != NULL ? z->name : "?";
	struct checked_zone *zone = &ck->c->zones[i];

	*zone = (struct checked_zone){
		.name = name,
		.label = z->label != NULL && *z->label != '\0' ? z->label : name,
		.zone_class = ZONE_CLASS_OTHER,
		.origin = z->origin,
	};
	ck->c->n_zones++;

	if (z->zone_class != NULL) {
		zone->zone_class = zone_class_parse(z->zone_class);
		if (zone->zone_class == ZONE_CLASS_COUNT) {
			check_error(ck, z->origin, MSG_CHECK_CLASS_UNKNOWN, name,
			    z->zone_class);
			zone->zone_class = ZONE_CLASS_OTHER;
		}
	}
	if (z->n_segments == 0) {
		if (!check_was_told(ck, z->origin))
			check_error(ck, z->origin, MSG_CHECK_ZONE_NO_SEGMENT, name);
		ck->zone_broken[i] = true;
	}
	for (size_t s = 0; s < z->n_segments; s++)
		if (add_segment(ck, i, &z->segments[s]) != 0)
			return -ENOMEM;
	return 0;
}

int
check_zones(struct check *ck)
{
	const struct policy *p = ck->policy;
	struct origin whole = { .file = p->n_files > 0 ? p->files[0] : NULL, .line = 0 };

	if (p->n_zones == 0 && !check_was_told(ck, whole))
		check_error(ck, whole, MSG_CHECK_NO_ZONES);
	ck->c->zones = calloc(p->n_zones + 1, sizeof(ck->c->zones[0]));
	ck->c->segments = calloc(count_segments(p) + 1, sizeof(ck->c->segments[0]));
	ck->zone_broken = calloc(p->n_zones + 1, sizeof(ck->zone_broken[0]));
	ck->network_origins =
	    calloc(count_networks(p) + 1, sizeof(ck->network_origins[0]));
	if (ck->c->zones == NULL || ck->c->segments == NULL || ck->zone_broken == NULL ||
	    ck->network_origins == NULL)
		return -ENOMEM;

	for (size_t i = 0; i < p->n_zones; i++)
		if (add_zone(ck, i) != 0)
			return -ENOMEM;
	return 0;
}

/* -1, reported, when it is none. */
static int
zone_index(struct check *ck, const char *name, struct origin origin)
{
	const struct name_ref *ref = names_find(&ck->names, name);

	if (ref != NULL && ref->kind == NAME_ZONE)
		return (int)ref->index;
	check_error(ck, origin, MSG_CHECK_PAIR_ZONE_UNKNOWN, name);
	return -1;
}

static void
add_pair(
    struct check *ck, const struct policy_refusal *r, const struct policy_refusal **seen)
{
	const struct policy_refusal **before;
	size_t cell;
	int from, to;

	if (r->from == NULL || r->to == NULL || r->action == NULL) {
		check_missing(ck, r->origin, "pairs", r->from == NULL ? "from" :
		    r->to == NULL ? "to" : "refuse");
		return;
	}
	if (strcmp(r->action, "drop") != 0 && strcmp(r->action, "reject") != 0)
		check_error(ck, r->origin, MSG_CHECK_PAIR_REFUSE_BAD, r->action);
	from = zone_index(ck, r->from, r->origin);
	to = zone_index(ck, r->to, r->origin);
	if (from < 0 || to < 0)
		return;

	cell = (size_t)from * ck->c->n_zones + (size_t)to;
	before = &seen[cell];
	if (*before != NULL) {
		check_error(ck, r->origin, MSG_CHECK_PAIR_DUPLICATE, r->from, r->to,
		    AT((*before)->origin));
		return;
	}
	*before = r;
	if (strcmp(r->action, "reject") == 0)
		ck->c->refusals[cell] = REFUSAL_REJECT;
}

int
check_pairs(struct check *ck)
{
	size_t cells = ck->c->n_zones * ck->c->n_zones + 1;
	const struct policy_refusal **seen = calloc(cells, sizeof(const void *));

	ck->c->refusals = calloc(cells, sizeof(ck->c->refusals[0]));
	if (seen == NULL || ck->c->refusals == NULL) {
		free(seen);
		return -ENOMEM;
	}
	for (size_t i = 0; i < ck->policy->n_refusals; i++)
		add_pair(ck, &ck->policy->refusals[i], seen);
	free(seen);
	return 0;
}
