/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/places.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct places {
	uint16_t n, n_zones;
	struct place items[PLACES_MAX];
	char zones[PLACE_ZONES_MAX][64];
};

struct places *
places_new(void)
{
	struct places *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->n = p->n_zones = PLACE_SELF + 1;
	snprintf(p->items[PLACE_SELF].zone, sizeof(p->items[PLACE_SELF].zone), "self");
	p->items[PLACE_SELF].zone_number = PLACE_SELF;
	snprintf(p->zones[PLACE_SELF], sizeof(p->zones[PLACE_SELF]), "self");
	return p;
}

void
places_free(struct places *p)
{
	free(p);
}

/* Zones start behind PLACE_SELF, so a zone that is called "self" is another one. */
static int
zone_number(struct places *p, const char *name)
{
	for (uint16_t i = PLACE_SELF + 1; i < p->n_zones; i++)
		if (strcmp(p->zones[i], name) == 0)
			return i;
	if (p->n_zones == PLACE_ZONES_MAX)
		return -ENOSPC;
	snprintf(p->zones[p->n_zones], sizeof(p->zones[0]), "%s", name);
	return p->n_zones++;
}

static int
place_number(struct places *p, const struct checked_zone *zone, const char *interface)
{
	struct place *new;
	int number = zone_number(p, zone->name);

	if (number < 0)
		return number;
	for (uint16_t i = PLACE_SELF + 1; i < p->n; i++) {
		const struct place *have = &p->items[i];

		if (have->zone_number == number && have->zone_class == zone->zone_class &&
		    strcmp(have->interface, interface) == 0)
			return i;
	}
	if (p->n == PLACES_MAX)
		return -ENOSPC;
	new = &p->items[p->n];
	snprintf(new->zone, sizeof(new->zone), "%s", zone->name);
	snprintf(new->interface, sizeof(new->interface), "%s", interface);
	new->zone_class = (uint8_t)zone->zone_class;
	new->zone_number = (uint16_t)number;
	return p->n++;
}

int
places_learn(struct places *p, const struct checked *checked, uint16_t *of_segment)
{
	for (size_t i = 0; i < checked->n_segments; i++) {
		const struct checked_segment *s = &checked->segments[i];
		int number = place_number(p, &checked->zones[s->zone], s->interface);

		if (number < 0)
			return number;
		of_segment[i] = (uint16_t)number;
	}
	return 0;
}

const struct place *
places_at(const struct places *p, uint16_t place)
{
	return &p->items[place < p->n ? place : PLACE_NONE];
}

uint16_t
places_zones(const struct places *p)
{
	return p->n_zones;
}

const char *
places_zone_name(const struct places *p, uint16_t number)
{
	return number < p->n_zones ? p->zones[number] : "";
}
