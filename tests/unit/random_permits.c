/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services and permits made by dice. */
#include "tests/unit/random_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- services, permits --------------------------------------------------------- */

static void
add_ports(struct dice *d, struct policy_words *w)
{
	static const unsigned int ports[] = {22, 25, 53, 80, 443, 445, 1024, 8080, 65535};

	for (unsigned int n = 1 + dice_below(d, 3); n > 0; n--) {
		unsigned int port = ports[dice_below(d, 9)];

		if (dice_chance(d, 70))
			random_add_new_word(w, random_text("%u", port));
		else
			random_add_new_word(
			    w, random_text("%u-%u", port - dice_below(d, 20), port));
	}
}

static void
add_types(struct dice *d, struct policy_words *w, bool v6)
{
	static const unsigned int v4_types[] = { 0, 3, 8, 8, 13, 17, 11 };
	static const unsigned int v6_types[] = { 1, 128, 128, 129, 139, 2, 143 };
	unsigned int type = v6 ? v6_types[dice_below(d, 7)] : v4_types[dice_below(d, 7)];

	if (dice_chance(d, 30))
		random_add_word(w, random_text("echo-request"));
	else if (dice_chance(d, 50))
		random_add_word(w, random_text("%u/%u", type, dice_below(d, 3)));
	else
		random_add_word(w, random_text("%u", type));
}

void
random_make_service(struct dice *d, struct policy *p, unsigned int i)
{
	static const char *const others[] = {
	    "any", "gre", "esp", "47", "253", "tcp", "icmp", "icmpv6", "udp"};
	struct policy_service *s = &p->services[i];
	unsigned int kind = dice_below(d, 10);

	s->name = random_text("s%u", i);
	if (kind < 6) {
		s->protocol = random_text("%s", kind < 4   ? "tcp"
						: kind < 5 ? "udp"
							   : "sctp");
		if (dice_chance(d, 90))
			add_ports(d, &s->ports);
		if (dice_chance(d, 20))
			add_ports(d, &s->source_ports);
	} else if (kind < 8) {
		s->protocol = random_text("%s", kind < 7 ? "icmp" : "icmpv6");
		for (unsigned int n = dice_below(d, 4); n > 0; n--)
			add_types(d, &s->types, kind == 7);
	} else {
		s->protocol = random_text("%s", others[dice_below(d, 9)]);
	}
}

/* Around RANDOM_NOW; the two never the wrong way round. */
static void
add_dates(struct dice *d, struct policy_permit *p)
{
	static const char *const begins[] = {
		"2025-01-01", "2026-06-30", "2026-06-30T23:59", "2026-07-01",
	};
	static const char *const ends[] = {
		"2026-07-01T00:01", "2026-07-01", "2026-07-02", "2030-12-31",
	};
	static const char *const early_ends[] = {
		"2026-06-30", "2026-07-01T00:00", "2026-06-30T23:59",
	};
	static const char *const late_begins[] = {
		"2026-07-01T00:00", "2026-07-01T00:01", "2026-07-02", "2030-12-31",
	};

	switch (dice_below(d, 10)) {
	case 0:
		p->valid_from = random_text("%s", begins[dice_below(d, 4)]);
		p->valid_until = random_text("%s", ends[dice_below(d, 4)]);
		break;
	case 1: case 2:
		p->valid_until = random_text("%s", early_ends[dice_below(d, 3)]);
		break;
	case 3:
		p->valid_from = random_text("%s", late_begins[dice_below(d, 4)]);
		break;
	case 4:
		p->valid_until = random_text("%s", ends[dice_below(d, 4)]);
		break;
	}
}

/* Class of the zone that a name belongs to, where it is plain to see. */
static const char *
class_of_name(const struct policy *p, const char *name)
{
	unsigned long i = strtoul(name + 1, NULL, 10);
	const char *zone = name[0] == 'z'   ? name
			   : name[0] == 'h' ? p->hosts[i].zone
					    : NULL;
	const char *zone_class = zone == NULL ? NULL :
	    p->zones[strtoul(zone + 1, NULL, 10)].zone_class;

	return zone_class != NULL ? zone_class : "";
}

static bool
has_class(const struct policy *p, const struct policy_words *w, const char *zone_class)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->items[i].text[0] == 'g' ||
		    strcmp(class_of_name(p, w->items[i].text), zone_class) == 0)
			return true;
	return false;
}

/* Pairs of classes that the check refuses to join by an enabled permit. */
static bool
joins_what_must_not(const struct policy *p, const struct policy_permit *permit)
{
	static const char *const pairs[][2] = {
		{ "mynumber", "internet" }, { "internet", "mynumber" },
		{ "lgwan", "internet" }, { "internet", "lgwan" },
	};

	for (size_t i = 0; i < 4; i++)
		if (has_class(p, &permit->from, pairs[i][0]) &&
		    has_class(p, &permit->to, pairs[i][1]))
			return true;
	return false;
}

static bool
any_zone_is(const struct policy *p, const char *zone_class)
{
	for (size_t z = 0; z < p->n_zones; z++)
		if (p->zones[z].zone_class != NULL &&
		    strcmp(p->zones[z].zone_class, zone_class) == 0)
			return true;
	return false;
}

void
random_make_permit(struct dice *d, struct policy *p, unsigned int i)
{
	struct policy_permit *permit = &p->permits[i];

	permit->origin = (struct origin){ RANDOM_PERMIT_FILE, i + 1 };
	permit->id = random_text("T%04u", i);
	permit->purpose = random_text("dice");
	for (unsigned int n = 1 + dice_below(d, 3); n > 0; n--)
		random_add_new_word(
		    &permit->from, random_some_name(d, p, (unsigned int)p->n_groups));
	for (unsigned int n = 1 + dice_below(d, 3); n > 0; n--)
		random_add_new_word(
		    &permit->to, random_some_name(d, p, (unsigned int)p->n_groups));
	if (dice_chance(d, 10))
		random_add_new_word(dice_chance(d, 50) ? &permit->from : &permit->to,
		    random_text("self"));
	for (unsigned int n = 1 + dice_below(d, 3); n > 0; n--)
		random_add_new_word(&permit->services,
		    random_text("s%u", dice_below(d, (unsigned int)p->n_services)));
	add_dates(d, permit);
	permit->disabled = dice_chance(d, 10) ||
	    (any_zone_is(p, "internet") && joins_what_must_not(p, permit));
}
