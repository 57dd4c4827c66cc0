/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho model: the checked policy as JSON, for programs that must not parse
 * the policy a second time (the lab, an asset ledger, a report).
 */
#include "agent/cli/cli.h"
#include "agent/cli/options.h"
#include "rules/violation_class.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static json_t *
range_json(const struct ip_range *r)
{
	char text[IP_RANGE_TEXT_SIZE];

	return json_string(address_print_range(r, text));
}

static json_t *
address_json(const struct ip_addr *a)
{
	char text[IP_RANGE_TEXT_SIZE];

	return json_string(address_print(a, text));
}

static json_t *
mac_json(const uint8_t mac[6])
{
	char text[18];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x",
	    mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return json_string(text);
}

static json_t *
segment_json(uint16_t segment)
{
	return segment == SEGMENT_SELF ? json_string("self") : json_integer(segment);
}

static json_t *
zones_json(const struct checked *c)
{
	json_t *zones = json_array();

	for (size_t z = 0; z < c->n_zones; z++) {
		json_t *segments = json_array();

		for (size_t s = 0; s < c->n_segments; s++)
			if (c->segments[s].zone == z)
				json_array_append_new(segments, json_integer((json_int_t)s));
		json_array_append_new(zones, json_pack("{s:s, s:s, s:s, s:o}",
		    "name", c->zones[z].name, "label", c->zones[z].label,
		    "class", zone_class_name(c->zones[z].zone_class), "segments", segments));
	}
	return zones;
}

static json_t *
segments_json(const struct checked *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->n_segments; i++) {
		const struct checked_segment *s = &c->segments[i];
		json_t *networks = json_array(), *gateway = json_array();

		for (size_t n = 0; n < s->n_networks; n++) {
			struct ip_range r = address_prefix_range(&s->networks[n]);

			json_array_append_new(networks, range_json(&r));
		}
		for (size_t n = 0; n < s->n_gateway; n++)
			json_array_append_new(gateway, address_json(&s->gateway[n]));
		json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:s}",
		    "interface", s->interface, "zone", c->zones[s->zone].name,
		    "networks", networks, "gateway", gateway,
		    "stations", s->registered_only ? "registered" : "any"));
	}
	return list;
}

static json_t *
hosts_json(const struct checked *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->n_hosts; i++) {
		const struct checked_host *h = &c->hosts[i];
		json_t *addresses = json_array(), *roles = json_array();

		for (size_t n = 0; n < h->n_ranges; n++)
			json_array_append_new(addresses, range_json(&h->ranges[n]));
		for (size_t n = 0; n < h->n_roles; n++)
			json_array_append_new(roles, json_string(h->roles[n]));
		json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:o}",
		    "name", h->name, "zone", c->zones[h->zone].name, "addresses", addresses,
		    "roles", roles, "mac", h->has_mac ? mac_json(h->mac) : json_null()));
	}
	return list;
}

static const char *
form_name(enum service_form form)
{
	switch (form) {
	case SERVICE_PROTOCOL:
		return "protocol";
	case SERVICE_PORTS:
		return "ports";
	case SERVICE_ICMP:
		return "icmp";
	}
	return "?";
}

static json_t *
box_json(const struct box *b)
{
	const struct service_match *s = &b->service;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:[i,i], s:[i,i]}",
	    "in", segment_json(b->in), "out", segment_json(b->out),
	    "src", range_json(&b->src), "dst", range_json(&b->dst),
	    "protocol", s->protocol_any ? json_null() : json_integer(s->protocol),
	    "form", form_name(s->form),
	    "sport", s->sport_first, s->sport_last, "dport", s->dport_first, s->dport_last);
}

/* Open ends of a validity are null. */
static json_t *
time_json(int64_t t)
{
	return t == INT64_MIN || t == INT64_MAX ? json_null() : json_integer(t);
}

static json_t *
permits_json(const struct checked *c, int64_t now)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->n_permits; i++) {
		const struct checked_permit *p = &c->permits[i];
		json_t *boxes = json_array();

		for (size_t b = 0; b < p->n_boxes; b++)
			json_array_append_new(boxes, box_json(&c->boxes[p->first_box + b]));
		json_array_append_new(list,
		    json_pack("{s:s, s:I, s:b, s:b, s:o, s:o, s:s?, s:i, s:s?, s:o}",
		    "id", p->id, "number", (json_int_t)p->number, "enabled", !p->disabled,
		    "in_force", checked_permit_in_force(p, now),
		    "valid_from", time_json(p->valid_from), "valid_until", time_json(p->valid_until),
		    "file", p->origin.file, "line", (int)p->origin.line,
		    "purpose", p->purpose, "boxes", boxes));
	}
	return list;
}

static json_t *
bindings_json(const struct checked *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->n_bindings; i++)
		json_array_append_new(list, json_pack("{s:o, s:i, s:o}",
		    "address", address_json(&c->bindings[i].addr),
		    "segment", (int)c->bindings[i].segment,
		    "mac", mac_json(c->bindings[i].mac)));
	return list;
}

/* As they are in force: what the policy says, and defaults for the rest. */
static json_t *
detect_json(const struct checked_detect *detect)
{
	json_t *all = json_object();
	const struct checked_detector *d;
	const char *name;

	for (size_t i = 0; (d = checked_detector_at(detect, i, &name)) != NULL; i++) {
		json_t *one = json_pack("{s:b, s:s, s:I, s:I}", "enabled", d->on,
		    "severity", violation_severity_name(d->severity),
		    "limit", (json_int_t)d->limit, "seconds", (json_int_t)d->seconds);

		if (d == &detect->beacon)
			json_object_set_new(one, "jitter",
			    json_integer((json_int_t)detect->beacon_jitter));
		json_object_set_new(all, name, one);
	}
	return all;
}

int
cli_model(int argc, char **argv, const struct cli *cli)
{
	const char *file = cli->paths.policy;
	const struct option_row rows[] = { { "-f", &file, NULL }, { NULL, NULL, NULL } };
	struct checked *c;

	if (options_take(argc, argv, rows) != 0)
		return cli_usage(cli, "model", MSG_CLI_BAD_ARGUMENTS);
	c = cli_load_policy(cli, file, false);
	if (c == NULL)
		return CLI_ERROR;
	cli_print_json(json_pack("{s:{s:s, s:s, s:s}, s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
	    "site", "name", c->site_name, "gateway", c->site_gateway, "model", c->site_model,
	    "digest", c->digest, "zones", zones_json(c), "segments", segments_json(c),
	    "hosts", hosts_json(c), "permits", permits_json(c, (int64_t)time(NULL)),
	    "bindings", bindings_json(c), "detect", detect_json(&c->detect)));
	checked_free(c);
	return CLI_OK;
}
