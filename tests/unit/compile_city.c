/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/compile_city.h"

#include <stdio.h>
#include <string.h>

static const char *const interfaces[CITY_SEGMENTS] = { "mn0", "eth0.100", "br-lan",
	"self" };

void
city_init(struct city *c)
{
	memset(c, 0, sizeof(*c));
	for (unsigned int i = 0; i < CITY_SEGMENTS; i++) {
		c->zones[i].name = interfaces[i];
		c->segments[i].interface = interfaces[i];
		c->segments[i].zone = i;
	}
	c->checked.zones = c->zones;
	c->checked.segments = c->segments;
	c->checked.permits = c->permits;
	c->checked.boxes = c->boxes;
	c->checked.refusals = c->refusals;
	for (uint16_t i = 0; i < CITY_SEGMENTS * CITY_SEGMENTS; i++)
		c->pair_numbers[i] = (uint16_t)(1 + i);
	c->checked.pair_numbers = c->pair_numbers;
	c->checked.n_zones = c->checked.n_segments = CITY_SEGMENTS;
}

struct checked_permit *
city_permit(struct city *c)
{
	size_t i = c->checked.n_permits++;
	struct checked_permit *p = &c->permits[i];

	snprintf(c->ids[i], sizeof(c->ids[i]), "T%03zu", i % 1000);
	p->id = c->ids[i];
	p->number = 100 + (uint32_t)i;
	p->valid_from = INT64_MIN;
	p->valid_until = INT64_MAX;
	p->first_box = c->checked.n_boxes;
	p->origin =
	    (struct origin){ .file = "dir/policy.conf", .line = 10 + (unsigned int)i };
	return p;
}

struct box *
city_box(struct city *c, enum ip_family family)
{
	struct box *b = &c->boxes[c->checked.n_boxes++];

	b->permit = (uint32_t)c->checked.n_permits - 1;
	b->in = 0;
	b->out = 1;
	b->src = b->dst =
	    (struct ip_range){ .last = address_max(family), .family = family };
	b->service = (struct service_match){ .form = SERVICE_PROTOCOL,
		.protocol_any = true,
		.sport_last = UINT16_MAX,
		.dport_last = UINT16_MAX };
	c->permits[b->permit].n_boxes++;
	return b;
}
