/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a taken-over watcher may send: bytes either are refused, or become one
 * line that keeps every promise of the record.
 */
#include "agent/record/event_check.h"
#include "agent/record/record_json.h"
#include "rules/utf8.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_line(const char *line, size_t length)
{
	json_t *root;

	must(length > 0 && length <= RECORD_LINE_MAX && line[length - 1] == '\n');
	for (size_t i = 0, n; i < length - 1; i += n) {
		uint32_t c;

		n = utf8_decode(line + i, length - 1 - i, &c);
		must(n > 0 && !utf8_is_control(c));
	}
	root = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
	must(json_is_object(root));
	must(json_integer_value(json_object_get(json_object_get(root, "event"),
	    "sequence")) == 7);
	json_decref(root);
}

/* Random bytes hardly ever pass the check: these do, and keep the rest as it came. */
static void
make_good(struct event *e)
{
	/* Those behind are the recorder's own. */
	e->kind = (uint8_t)(EVENT_VIOLATION + e->kind % (EVENT_FILE - EVENT_VIOLATION));
	e->phase %= PHASE_COUNT;
	e->zv = (uint8_t)(1 + e->zv % (ZV_COUNT - 1));
	e->action %= ACTION_COUNT;
	e->severity %= 11;
	e->witness &= 7;
	e->from_class %= ZONE_CLASS_COUNT;
	e->to_class %= ZONE_CLASS_COUNT;
	e->outcome &= 1;
	e->subject = e->kind == EVENT_CHANGE ? e->subject % SUBJECT_COUNT : 0;
	e->first_ns &= 0x3fffffffffffffff;
	e->last_ns = e->first_ns;
	e->count = (e->count >> 1) | 1;
	e->bytes >>= 1;
	e->lost >>= 1;
	e->flows >>= 1;
	e->facts.src.family = e->facts.dst.family = IP_V6;
	e->facts.quoted_src = e->facts.quoted_dst = (struct ip_addr){ 0 };
	e->facts.flags &= FACT_KNOWN;
	if (e->facts.flags & FACT_IP_OPTIONS)
		e->facts.flags &= (uint16_t)~(FACT_EXTENSION | FACT_ROUTING_HEADER);
	if (e->facts.flags & FACT_FRAGMENT_LATER)
		e->facts.flags &= (uint16_t)~FACT_FRAGMENT_FIRST;
	else
		e->facts.flags &= (uint16_t)~(FACT_FRAGMENT_LAST | FACT_PORTS_INHERITED);
	e->facts.vlan[0] &= 0x0fff;
	e->facts.vlan[1] &= 0x0fff;
	e->facts.vlan[2] &= 0x0fff;
	e->facts.tunnel %= TUNNEL_COUNT;
	e->facts.level = e->facts.tunnel == TUNNEL_NONE ? 0 : 1 + e->facts.level % 4;
	e->facts.unreadable %= UNREADABLE_COUNT;
	e->from_zone[63] = e->to_zone[63] = e->permit[63] = e->actor[63] = '\0';
	e->in_interface[15] = e->out_interface[15] = e->reason[255] = '\0';
	e->person[63] = e->note[127] = '\0';
	e->policy_digest[0] = e->digest_before[0] = '\0';
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct record_context context = {
		.sequence = 7, .created_ns = 1, .boot = "boot", .hostname = "gw1",
		.version = "0", .sender = "watcher",
	};
	char line[RECORD_LINE_MAX];
	struct event e, good;
	size_t length;
	const char *why;

	if (event_check(data, size, false, &e, &why) == 0) {
		must(record_json_line(&e, &context, line, &length) == 0);
		check_line(line, length);
	}
	memset(&good, 0, sizeof(good));
	memcpy(&good, data, size < sizeof(good) ? size : sizeof(good));
	make_good(&good);
	must(event_check(&good, sizeof(good), true, &e, &why) == 0);
	must(record_json_line(&e, &context, line, &length) == 0);
	check_line(line, length);
	return 0;
}
