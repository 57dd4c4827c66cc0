/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The object is built once per room: with every text whole, and only when the
 * line grows too long again with less of them. The last room always fits.
 */
#include "agent/record/record_json.h"

#include "agent/record/record_line.h"
#include "agent/record/record_text.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct record_room rooms[] = {
	{ .name = RECORD_NAME_SIZE, .reason = RECORD_REASON_SIZE },
	{ .name = 63, .reason = 160 },
	{ .name = 24, .reason = 60 },
	{ .name = 16, .reason = 40, .ascii = true },
	{ .name = 4, .reason = 0, .ascii = true },
};

/* Of the host's name in the last room; the first label is known where it is read. */
#define SHORT_HOSTNAME 8

/* One object under construction; "failed" remembers that memory ran out. */
struct builder {
	const struct event *event;
	const struct record_context *context;
	const struct record_room *room;
	struct record_text text;
	bool failed;
};

static void
put(struct builder *b, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) < 0)
		b->failed = true;
}

/* Empty texts are left out. */
static void
put_text(struct builder *b, json_t *object, const char *key, const char *text)
{
	if (text != NULL && *text != '\0')
		put(b, object, key, json_string(text));
}

static void
put_number(struct builder *b, json_t *object, const char *key, uint64_t number)
{
	put(b, object, key, json_integer((json_int_t)number));
}

static void
put_time(struct builder *b, json_t *object, const char *key, int64_t ns)
{
	char text[RECORD_TIME_SIZE];

	put_text(b, object, key, record_time(ns, text));
}

static bool
is_violation(const struct builder *b)
{
	return b->event->kind == EVENT_VIOLATION;
}

static bool
is_change(const struct builder *b)
{
	return b->event->kind == EVENT_CHANGE || b->event->kind == EVENT_DRIFT;
}

/* ECS event.kind, .category[], .type and .action of one kind of event. */
static void
put_categories(struct builder *b, json_t *event)
{
	const struct event *e = b->event;
	const char *kind = "event", *category = "process", *type = "info",
		   *action = "life";
	json_t *categories = json_array();

	switch ((enum event_kind)e->kind) {
	case EVENT_NONE:
	case EVENT_KIND_COUNT:
	case EVENT_LIFE:
		break;
	case EVENT_VIOLATION:
		kind = "alert";
		category = "network";
		if (!violation_only_seen((enum violation_action)e->action))
			type = e->action == ACTION_LEAK ? "allowed" : "denied";
		action = violation_action_name((enum violation_action)e->action);
		break;
	case EVENT_GAP:
		kind = "alert";
		action = violation_action_name(ACTION_GAP);
		break;
	case EVENT_CHANGE:
		category = "configuration";
		type = "change";
		action = record_subject_name((enum event_subject)e->subject);
		break;
	case EVENT_DRIFT:
		kind = "alert";
		category = "configuration";
		type = "change";
		action = "drift";
		break;
	case EVENT_FILE:
	case EVENT_CHECKPOINT:
	case EVENT_HEARTBEAT:
	case EVENT_RECOVERY:
	case EVENT_CLOCK:
		kind = e->severity >= SEVERITY_HIGH ? "alert" : "event";
		action = record_kind_name((enum event_kind)e->kind);
		break;
	}
	put_text(b, event, "kind", kind);
	if (json_array_append_new(categories, json_string(category)) < 0 ||
	    (is_violation(b) &&
	    json_array_append_new(categories, json_string("intrusion_detection")) < 0))
		b->failed = true;
	put(b, event, "category", categories);
	put(b, event, "type", json_pack("[s]", type));
	put_text(b, event, "action", action);
	if (is_change(b))
		put_text(b, event, "outcome", e->outcome == 0 ? "success" : "failure");
}

static json_t *
event_object(struct builder *b)
{
	const struct record_context *c = b->context;
	json_t *event = json_object();
	char id[64];

	put_categories(b, event);
	put_text(b, event, "module", c->sender);
	snprintf(id, sizeof(id), "%.40s-%" PRIu64, c->boot, c->sequence);
	put_text(b, event, "id", id);
	put_number(b, event, "sequence", c->sequence);
	put_number(b, event, "severity", b->event->severity);
	put_text(b, event, "reason", b->text.reason);
	put_time(b, event, "start", b->event->first_ns);
	put_time(b, event, "end", b->event->last_ns);
	put_time(b, event, "created", c->created_ns);
	return event;
}

static void
put_rule(struct builder *b, json_t *root)
{
	enum violation_class zv = (enum violation_class)b->event->zv;
	json_t *rule;
	char version[13];

	if (zv == ZV_NONE && b->event->kind == EVENT_GAP)
		zv = ZV_14_WATCH_GAP;
	if (zv == ZV_NONE)
		return;
	rule = json_object();
	put_text(b, rule, "id", violation_class_id(zv));
	put_text(b, rule, "name", violation_class_name(zv, MESSAGE_ENGLISH));
	snprintf(version, sizeof(version), "%.12s", b->event->policy_digest);
	put_text(b, rule, "version", version);
	put(b, root, "rule", rule);
}

static bool
shows_ports(const struct facts *f)
{
	return (f->flags & FACT_HAS_PORTS) != 0 && f->protocol != IPPROTO_ICMP &&
	    f->protocol != IPPROTO_ICMPV6;
}

static void
put_endpoint(struct builder *b, json_t *root, const char *key, const struct ip_addr *a,
    uint16_t port, const uint8_t *mac)
{
	const struct facts *f = &b->event->facts;
	json_t *endpoint = json_object();
	char text[IP_RANGE_TEXT_SIZE];

	if (a->family != IP_NONE)
		put_text(b, endpoint, "ip", address_print(a, text));
	if (shows_ports(f))
		put_number(b, endpoint, "port", port);
	if ((f->flags & FACT_HAS_MAC) != 0) {
		/* ECS: RFC 7042 form, upper case with hyphens. */
		snprintf(text, sizeof(text), "%02X-%02X-%02X-%02X-%02X-%02X", mac[0],
		    mac[1], mac[2], mac[3], mac[4], mac[5]);
		put_text(b, endpoint, "mac", text);
	}
	if (json_object_size(endpoint) > 0)
		put(b, root, key, endpoint);
	else
		json_decref(endpoint);
}

static json_t *
vlan_object(uint16_t id_plus_one)
{
	return json_pack("{s:{s:o}}", "vlan", "id", json_sprintf("%u", id_plus_one - 1u));
}

static const char *
network_type(const struct facts *f)
{
	if ((f->flags & FACT_ARP) != 0)
		return "arp";
	switch (f->src.family != IP_NONE ? f->src.family : f->dst.family) {
	case IP_NONE:
		break;
	case IP_V4:
		return "ipv4";
	case IP_V6:
		return "ipv6";
	}
	return NULL;
}

static void
put_network(struct builder *b, json_t *root)
{
	const struct facts *f = &b->event->facts;
	const char *type = network_type(f);
	const bool ip = type != NULL && strcmp(type, "arp") != 0;
	json_t *network = json_object();
	char number[4];

	put_text(b, network, "type", type);
	if (ip) {
		put_text(b, network, "transport", record_transport(f->protocol));
		snprintf(number, sizeof(number), "%u", f->protocol);
		put_text(b, network, "iana_number", number);
	}
	put_number(b, network, "packets", b->event->count);
	put_number(b, network, "bytes", b->event->bytes);
	if (f->vlan[0] != 0 &&
	    json_object_update_new(network, vlan_object(f->vlan[0])) < 0)
		b->failed = true;
	/* ECS knows an outer and an inner one: of three the innermost. */
	if (f->vlan[1] != 0)
		put(b, network, "inner",
		    vlan_object(f->vlan[f->vlan[2] != 0 ? 2 : 1]));
	put(b, root, "network", network);
}

static void
put_side(struct builder *b, json_t *observer, const char *key, const char *zone,
    const char *interface)
{
	json_t *side = json_object();

	put_text(b, side, "zone", zone);
	if (*interface != '\0')
		put(b, side, "interface", json_pack("{s:s}", "name", interface));
	if (json_object_size(side) > 0)
		put(b, observer, key, side);
	else
		json_decref(side);
}

static void
put_hostname(struct builder *b, json_t *observer)
{
	char name[SHORT_HOSTNAME + 1];

	if (b->room->reason > 0) {
		put_text(b, observer, "hostname", b->context->hostname);
		return;
	}
	snprintf(name, sizeof(name), "%s", b->context->hostname);
	put_text(b, observer, "hostname", name);
}

static json_t *
observer_object(struct builder *b)
{
	json_t *observer = json_object();

	put_hostname(b, observer);
	put_text(b, observer, "product", "sekisho");
	put_text(b, observer, "version", b->context->version);
	put_text(b, observer, "type", "firewall");
	put_side(b, observer, "ingress", b->text.from_zone, b->text.in_interface);
	put_side(b, observer, "egress", b->text.to_zone, b->text.out_interface);
	return observer;
}

static json_t *
witness_array(struct builder *b)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} names[] = {
		{ WITNESS_TAP_INGRESS, "tap-ingress" },
		{ WITNESS_TAP_EGRESS, "tap-egress" },
		{ WITNESS_GATE, "gate" },
	};
	json_t *array = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((b->event->witness & names[i].bit) != 0 &&
		    json_array_append_new(array, json_string(names[i].name)) < 0)
			b->failed = true;
	return array;
}

/* All tags, outermost first, where ECS has no room for them. */
static void
put_vlans(struct builder *b, json_t *own)
{
	const struct facts *f = &b->event->facts;
	json_t *array;

	if (f->vlan[FACT_VLANS - 1] == 0)
		return;
	array = json_array();
	for (size_t i = 0; i < FACT_VLANS; i++)
		if (json_array_append_new(array,
		    json_sprintf("%u", f->vlan[i] == 0 ? 0 : f->vlan[i] - 1u)) < 0)
			b->failed = true;
	put(b, own, "vlan", array);
}

/* What the packet was carried in. */
static void
put_tunnel(struct builder *b, json_t *own)
{
	const struct facts *f = &b->event->facts;

	if (f->level != 0)
		put(b, own, "tunnel", json_pack("{s:s, s:i}", "type",
		    tunnel_name((enum tunnel)f->tunnel), "level", f->level));
}

/* What the headers said beside addresses and ports. */
static void
put_packet(struct builder *b, json_t *own)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} marks[] = {
	    {FACT_FRAGMENT_FIRST, "first-fragment"},
	    {FACT_FRAGMENT_LATER, "later-fragment"},
	    {FACT_PORTS_INHERITED, "inherited-ports"},
	    {FACT_IP_OPTIONS, "ip-options"},
	    {FACT_EXTENSION, "extension-header"},
	    {FACT_ROUTING_HEADER, "routing-header"},
	    {FACT_GROUP_MAC, "group-mac"},
	};
	const struct facts *f = &b->event->facts;
	json_t *array = json_array();

	if (f->ethertype != 0)
		put(b, own, "ethertype", json_sprintf("0x%04x", f->ethertype));
	if ((f->flags & FACT_HAS_PORTS) != 0 && !shows_ports(f))
		put(b, own, "icmp", json_pack("{s:i,s:i}", "type", f->sport >> 8,
		    "code", f->sport & 0xff));
	if (f->protocol == IPPROTO_TCP && (f->flags & FACT_HAS_PORTS) != 0)
		put_number(b, own, "tcp_flags", f->tcp_flags);
	if (f->unreadable != READABLE)
		put_text(b, own, "unreadable",
		    unreadable_name((enum unreadable)f->unreadable));
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if ((f->flags & marks[i].bit) != 0 &&
		    json_array_append_new(array, json_string(marks[i].name)) < 0)
			b->failed = true;
	if (json_array_size(array) > 0)
		put(b, own, "marks", array);
	else
		json_decref(array);
	put_vlans(b, own);
	put_tunnel(b, own);
}

static void
put_violation(struct builder *b, json_t *own)
{
	const struct event *e = b->event;
	char key[17];

	put_text(b, own, "verdict", e->facts.unreadable == READABLE ? "violation" :
	    "unclassifiable");
	put_text(b, own, "agg", record_phase_name((enum event_phase)e->phase));
	snprintf(key, sizeof(key), "%016" PRIx64, e->key);
	put_text(b, own, "key", key);
	put_number(b, own, "count", e->count);
	put_text(b, own, "permit", b->text.permit);
	put(b, own, "witness", witness_array(b));
	put_text(b, own, "from_class", zone_class_name((enum zone_class)e->from_class));
	put_text(b, own, "to_class", zone_class_name((enum zone_class)e->to_class));
	put_packet(b, own);
}

static void
put_change(struct builder *b, json_t *own)
{
	const struct event *e = b->event;

	put_text(b, own, "actor", b->text.actor);
	put_text(b, own, "person", b->text.person);
	put_text(b, own, "note", b->text.note);
	if (e->kind == EVENT_DRIFT)
		put_number(b, own, "count", e->count);
	if (e->serial != 0)
		put_number(b, own, "serial", e->serial);
	if (e->flows != 0)
		put_number(b, own, "flows_cut", e->flows);
	put_text(b, own, "policy", e->policy_digest);
	put_text(b, own, "policy_before", e->digest_before);
}

static void
put_members(struct builder *b, json_t *own)
{
	if (b->context->members != NULL && json_object_update(own, b->context->members) < 0)
		b->failed = true;
}

static json_t *
own_object(struct builder *b, const char *japanese)
{
	const struct event *e = b->event;
	json_t *own = json_object();

	put_text(b, own, "kind", record_kind_name((enum event_kind)e->kind));
	put_number(b, own, "schema", RECORD_SCHEMA);
	put_number(b, own, "monotonic_ns", (uint64_t)b->context->monotonic_ns);
	if (is_violation(b))
		put_violation(b, own);
	if (e->kind == EVENT_GAP)
		put_number(b, own, "lost", e->lost);
	if (is_change(b))
		put_change(b, own);
	put_members(b, own);
	put_text(b, own, "message_ja", japanese);
	if (b->text.cut)
		put(b, own, "truncated", json_true());
	return own;
}

/*
 * A sentence that was given, in the room there is, else one made from the event;
 * in the last room the name of the class, for its parts stand in other fields.
 */
static char *
sentence(const struct builder *b, enum message_language language)
{
	const char *name = violation_class_name((enum violation_class)b->event->zv,
	    language);

	if (is_violation(b) && b->room->reason == 0 && name[0] != '\0')
		return strdup(name);
	if (b->context->text[language] != NULL)
		return strdup(b->context->text[language]);
	return record_sentence(b->event, &b->text, language);
}

static json_t *
record_object(struct builder *b)
{
	char *english = sentence(b, MESSAGE_ENGLISH);
	char *japanese = sentence(b, MESSAGE_JAPANESE);
	const struct facts *f = &b->event->facts;
	json_t *root = json_object();

	if (english == NULL || japanese == NULL)
		b->failed = true;
	put_time(b, root, "@timestamp", b->event->last_ns);
	put_text(b, root, "message", english);
	put(b, root, "ecs", json_pack("{s:s}", "version", RECORD_ECS_VERSION));
	put(b, root, "event", event_object(b));
	put_rule(b, root);
	if (is_violation(b)) {
		put_endpoint(b, root, "source", &f->src, f->sport, f->src_mac);
		put_endpoint(b, root, "destination", &f->dst, f->dport, f->dst_mac);
		put_network(b, root);
	}
	put(b, root, "observer", observer_object(b));
	put(b, root, "sekisho", own_object(b, japanese));
	free(english);
	free(japanese);
	return root;
}

int
record_json_line(const struct event *e, const struct record_context *context,
    char line[RECORD_LINE_MAX], size_t *length)
{
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		struct builder b = { .event = e, .context = context, .room = &rooms[i] };
		json_t *root;
		char *json;
		bool fits;

		record_text_take(e, &rooms[i], &b.text);
		root = record_object(&b);
		json = b.failed ? NULL : json_dumps(root, JSON_COMPACT);
		json_decref(root);
		if (json == NULL)
			return -ENOMEM;
		fits = record_line(json, line, length);
		free(json);
		if (fits)
			return 0;
	}
	return -EMSGSIZE;
}
