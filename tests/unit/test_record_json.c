/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/event_check.h"
#include "agent/record/record_json.h"
#include "agent/record/record_text.h"
#include "rules/utf8.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct record_context context = {
	.sequence = 42, .created_ns = 1795247697000000001, .boot = "b00t",
	.hostname = "gw1", .version = "0.1", .sender = "watcher",
};

static struct ip_addr
address(const char *text)
{
	struct ip_addr a;

	CU_ASSERT_EQUAL_FATAL(address_parse(text, &a), ADDRESS_OK);
	return a;
}

static struct event
leak(void)
{
	struct event e = {
		.kind = EVENT_VIOLATION, .phase = PHASE_UPDATE, .zv = ZV_01_ZONE_CROSSING,
		.action = ACTION_LEAK, .severity = 9, .witness = WITNESS_TAP_EGRESS,
		.from_class = ZONE_CLASS_MYNUMBER, .to_class = ZONE_CLASS_INTERNET,
		.first_ns = 1795247696123456789, .last_ns = 1795247696999999999,
		.key = 0xdeadbeef, .count = 17, .bytes = 1020,
		.facts = {
			.ethertype = 0x0800, .sport = 40000, .dport = 443,
			.flags = FACT_HAS_PORTS | FACT_HAS_MAC, .vlan = { 31, 11 },
			.protocol = 6, .tcp_flags = TCP_FLAG_SYN, .length = 60,
			.src_mac = { 0x00, 0x00, 0x5e, 0x00, 0x53, 0x18 },
		},
		.from_zone = "mynumber", .to_zone = "internet", .in_interface = "mn0",
		.out_interface = "in0", .permit = "T038", .policy_digest = DIGEST,
		.reason = "mynumber to internet has no permit",
	};

	e.facts.src = address("10.10.1.5");
	e.facts.dst = address("10.30.0.9");
	return e;
}

/* The line parsed strictly; every promise of a line is checked on the way. */
static json_t *
record_of(const struct event *e, const struct record_context *c)
{
	char line[RECORD_LINE_MAX];
	size_t length = 0;
	json_t *root;

	CU_ASSERT_EQUAL_FATAL(record_json_line(e, c, line, &length), 0);
	CU_ASSERT_FATAL(length > 0 && length <= RECORD_LINE_MAX);
	CU_ASSERT_EQUAL(line[length - 1], '\n');
	for (size_t i = 0, n; i < length - 1; i += n) {
		uint32_t character;

		n = utf8_decode(line + i, length - 1 - i, &character);
		CU_ASSERT_NOT_EQUAL_FATAL(n, 0);
		CU_ASSERT_FALSE(utf8_is_control(character));
	}
	root = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(root);
	return root;
}

/* "event.kind" of nested objects; arrays give their first element. */
static json_t *
at(json_t *root, const char *path)
{
	char part[64];

	while (root != NULL && *path != '\0') {
		size_t n = strcspn(path, ".");

		snprintf(part, sizeof(part), "%.*s", (int)n, path);
		root = json_object_get(root, part);
		if (json_is_array(root))
			root = json_array_get(root, 0);
		path += path[n] == '.' ? n + 1 : n;
	}
	return root;
}

static void
a_leak_is_written_with_ecs_names(void)
{
	static const struct {
		const char *path, *text;
		json_int_t number;	/* when text is NULL */
	} want[] = {
		{ "@timestamp", "2026-11-21T07:54:56.999999999Z", 0 },
		{ "ecs.version", RECORD_ECS_VERSION, 0 },
		{ "event.kind", "alert", 0 }, { "event.category", "network", 0 },
		{ "event.type", "allowed", 0 }, { "event.action", "leak", 0 },
		{ "event.module", "watcher", 0 }, { "event.id", "b00t-42", 0 },
		{ "event.sequence", NULL, 42 }, { "event.severity", NULL, 9 },
		{ "event.start", "2026-11-21T07:54:56.123456789Z", 0 },
		{ "event.created", "2026-11-21T07:54:57.000000001Z", 0 },
		{ "rule.id", "ZV-01", 0 }, { "rule.version", "0123456789ab", 0 },
		{ "source.ip", "10.10.1.5", 0 }, { "source.port", NULL, 40000 },
		{ "source.mac", "00-00-5E-00-53-18", 0 },
		{ "destination.ip", "10.30.0.9", 0 }, { "destination.port", NULL, 443 },
		{ "network.type", "ipv4", 0 }, { "network.transport", "tcp", 0 },
		{ "network.iana_number", "6", 0 }, { "network.packets", NULL, 17 },
		{ "network.bytes", NULL, 1020 }, { "network.vlan.id", "30", 0 },
		{ "network.inner.vlan.id", "10", 0 },
		{ "observer.hostname", "gw1", 0 }, { "observer.ingress.zone", "mynumber", 0 },
		{ "observer.ingress.interface.name", "mn0", 0 },
		{ "observer.egress.zone", "internet", 0 },
		{ "observer.egress.interface.name", "in0", 0 },
		{ "sekisho.kind", "violation", 0 }, { "sekisho.agg", "update", 0 },
		{ "sekisho.key", "00000000deadbeef", 0 }, { "sekisho.count", NULL, 17 },
		{ "sekisho.permit", "T038", 0 }, { "sekisho.witness", "tap-egress", 0 },
		{ "sekisho.from_class", "mynumber", 0 },
	};
	struct event e = leak();
	json_t *root = record_of(&e, &context);

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		json_t *value = at(root, want[i].path);

		CU_ASSERT_PTR_NOT_NULL_FATAL(value);
		if (want[i].text != NULL)
			CU_ASSERT_STRING_EQUAL(json_string_value(value), want[i].text)
		else
			CU_ASSERT_EQUAL(json_integer_value(value), want[i].number);
	}
	CU_ASSERT_PTR_NOT_NULL(strstr(json_string_value(at(root, "message")), "ZV-01"));
	CU_ASSERT_PTR_NOT_NULL(strstr(json_string_value(at(root, "sekisho.message_ja")),
	    "ゾーン間直接通信"));
	json_decref(root);
}

static void
keys_stand_in_a_fixed_order(void)
{
	static const char *const order[] = { "@timestamp", "message", "ecs", "event", "rule",
	    "source", "destination", "network", "observer", "sekisho" };
	struct event e = leak();
	json_t *root = record_of(&e, &context), *value;
	const char *key;
	size_t i = 0;

	json_object_foreach(root, key, value) {
		CU_ASSERT_FATAL(i < sizeof(order) / sizeof(order[0]));
		CU_ASSERT_STRING_EQUAL(key, order[i]);
		i++;
	}
	CU_ASSERT_EQUAL(i, sizeof(order) / sizeof(order[0]));
	json_decref(root);
}

static void
kinds_have_their_categories(void)
{
	static const struct {
		enum event_kind kind;
		uint8_t action, outcome;
		const char *ecs_kind, *category, *type, *event_action, *result;
	} rows[] = {
		{ EVENT_VIOLATION, ACTION_ATTEMPT, 0, "alert", "network", "denied", "attempt", NULL },
		{ EVENT_VIOLATION, ACTION_BRIDGING, 0, "alert", "network", "info", "bridging", NULL },
		{ EVENT_VIOLATION, ACTION_LEAK, 0, "alert", "network", "allowed", "leak", NULL },
		{ EVENT_GAP, ACTION_GAP, 0, "alert", "process", "info", "gap", NULL },
		{ EVENT_CHANGE, 0, 0, "event", "configuration", "change", "policy-change",
		    "success" },
		{ EVENT_CHANGE, 0, 1, "event", "configuration", "change", "policy-change",
		    "failure" },
		{ EVENT_DRIFT, 0, 1, "alert", "configuration", "change", "drift", "failure" },
		{ EVENT_LIFE, 0, 0, "event", "process", "info", "life", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct event e = leak();
		json_t *root;

		e.kind = (uint8_t)rows[i].kind;
		e.action = rows[i].action;
		e.outcome = rows[i].outcome;
		root = record_of(&e, &context);
		CU_ASSERT_STRING_EQUAL(json_string_value(at(root, "event.kind")), rows[i].ecs_kind);
		CU_ASSERT_STRING_EQUAL(json_string_value(at(root, "event.category")),
		    rows[i].category);
		CU_ASSERT_STRING_EQUAL(json_string_value(at(root, "event.type")), rows[i].type);
		CU_ASSERT_STRING_EQUAL(json_string_value(at(root, "event.action")),
		    rows[i].event_action);
		if (rows[i].result == NULL)
			CU_ASSERT_PTR_NULL(at(root, "event.outcome"))
		else
			CU_ASSERT_STRING_EQUAL(json_string_value(at(root, "event.outcome")),
			    rows[i].result);
		json_decref(root);
	}
}

/* What an attacker may send where a name belongs. */
static const char *const hostile[] = {
	"\"", "\\", "\n\r\t", "\x1b]0;owned\x07", "\x7f", ("\xc2\x9b" "31m"), "\xe2\x80\xa8",
	("\xe2\x80\xae" "gnp"), "\xff\xfe\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
	"{\"a\":1}", "</script>", "マイナンバー", "\xf3\xa0\x80\x81",
};

static void
hostile_texts_stay_inside_their_string(void)
{
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		struct event e = leak();
		json_t *root;

		snprintf(e.from_zone, sizeof(e.from_zone), "%s", hostile[i]);
		snprintf(e.permit, sizeof(e.permit), "%s", hostile[i]);
		snprintf(e.reason, sizeof(e.reason), "%s", hostile[i]);
		snprintf(e.out_interface, sizeof(e.out_interface), "%.15s", hostile[i]);
		root = record_of(&e, &context);
		CU_ASSERT_STRING_EQUAL(json_string_value(at(root, "sekisho.kind")), "violation");
		/* Valid text survives the round trip byte by byte. */
		if (i <= 7 || (i >= 12 && i <= 15))
			CU_ASSERT_STRING_EQUAL(json_string_value(at(root, "event.reason")), hostile[i])
		else
			CU_ASSERT_PTR_NOT_NULL(strstr(json_string_value(at(root, "event.reason")),
			    "\xef\xbf\xbd"));
		json_decref(root);
	}
}

static void
the_longest_event_is_cut_to_fit(void)
{
	static const char fill[] = { '\x01', '"', '\xff', 'x' };
	struct record_context longest = context;
	char hostname[65];

	memset(hostname, 'h', sizeof(hostname) - 1);
	hostname[sizeof(hostname) - 1] = '\0';
	longest.hostname = hostname;
	longest.sequence = longest.monotonic_ns = INT64_MAX;
	longest.boot = "123e4567-e89b-12d3-a456-426614174000";
	for (size_t i = 0; i < sizeof(fill); i++) {
		for (int kind = EVENT_VIOLATION; kind < EVENT_KIND_COUNT; kind++) {
			struct event e = leak();
			json_t *root;

			e.kind = (uint8_t)kind;
			e.count = e.bytes = e.lost = e.flows = INT64_MAX;
			e.serial = UINT32_MAX;
			memset(e.policy_digest, 'a', sizeof(e.policy_digest) - 1);
			memset(e.digest_before, 'b', sizeof(e.digest_before) - 1);
			e.key = UINT64_MAX;
			e.facts.src = address("2001:db8:ffff:ffff:ffff:ffff:ffff:fff1");
			e.facts.dst = address("2001:db8:ffff:ffff:ffff:ffff:ffff:fff2");
			e.facts.flags = FACT_KNOWN &
			    ~(FACT_ARP | FACT_FRAGMENT_FIRST | FACT_IP_OPTIONS);
			e.facts.unreadable = UNREADABLE_OVERLAP;
			e.facts.vlan[0] = e.facts.vlan[1] = e.facts.vlan[2] = 4096;
			e.facts.tunnel = TUNNEL_ERSPAN;
			e.facts.level = 4;
			e.witness = 7;
			memset(e.from_zone, fill[i], sizeof(e.from_zone) - 1);
			memset(e.to_zone, fill[i], sizeof(e.to_zone) - 1);
			memset(e.in_interface, fill[i], sizeof(e.in_interface) - 1);
			memset(e.out_interface, fill[i], sizeof(e.out_interface) - 1);
			memset(e.permit, fill[i], sizeof(e.permit) - 1);
			memset(e.reason, fill[i], sizeof(e.reason) - 1);
			memset(e.actor, fill[i], sizeof(e.actor) - 1);
			memset(e.person, fill[i], sizeof(e.person) - 1);
			memset(e.note, fill[i], sizeof(e.note) - 1);
			root = record_of(&e, &longest);
			if (fill[i] != 'x')
				CU_ASSERT_TRUE(json_is_true(at(root, "sekisho.truncated")));
			if (kind == EVENT_VIOLATION)
				CU_ASSERT_EQUAL(json_integer_value(at(root, "sekisho.count")), INT64_MAX);
			json_decref(root);
		}
	}
}

/* The last room has room for every class and action. */
static void
no_class_is_too_long(void)
{
	for (int zv = ZV_NONE + 1; zv < ZV_COUNT; zv++) {
		for (int action = 0; action < ACTION_COUNT; action++) {
			struct record_context longest = context;
			struct event e = leak();

			longest.hostname =
			    "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh";
			longest.boot = "123e4567-e89b-12d3-a456-426614174000";
			longest.sequence = longest.monotonic_ns = INT64_MAX;
			e.zv = (uint8_t)zv;
			e.action = (uint8_t)action;
			e.count = e.bytes = e.lost = INT64_MAX;
			e.facts.src = address("2001:db8:ffff:ffff:ffff:ffff:ffff:fff1");
			e.facts.dst = address("2001:db8:ffff:ffff:ffff:ffff:ffff:fff2");
			e.facts.flags = FACT_KNOWN &
			    ~(FACT_ARP | FACT_FRAGMENT_FIRST | FACT_IP_OPTIONS);
			e.facts.unreadable = UNREADABLE_OVERLAP;
			e.facts.vlan[0] = e.facts.vlan[1] = e.facts.vlan[2] = 4096;
			e.facts.tunnel = TUNNEL_ERSPAN;
			e.facts.level = 4;
			e.witness = 7;
			memset(e.from_zone, 'z', sizeof(e.from_zone) - 1);
			memset(e.to_zone, 'z', sizeof(e.to_zone) - 1);
			memset(e.out_interface, 'z', sizeof(e.out_interface) - 1);
			memset(e.permit, 'z', sizeof(e.permit) - 1);
			memset(e.reason, 'z', sizeof(e.reason) - 1);
			json_decref(record_of(&e, &longest));
		}
	}
}

static void
icmp_and_non_ip_show_what_they_have(void)
{
	struct event e = leak();
	json_t *root;

	e.facts.protocol = 1;
	e.facts.sport = 8 << 8;
	e.facts.dport = 0;
	root = record_of(&e, &context);
	CU_ASSERT_STRING_EQUAL(json_string_value(at(root, "network.transport")), "icmp");
	CU_ASSERT_EQUAL(json_integer_value(at(root, "sekisho.icmp.type")), 8);
	CU_ASSERT_PTR_NULL(at(root, "source.port"));
	json_decref(root);

	e.facts = (struct facts){ .ethertype = 0x88b5, .unreadable = UNREADABLE_ETHERTYPE };
	root = record_of(&e, &context);
	CU_ASSERT_PTR_NULL(at(root, "source"));
	CU_ASSERT_PTR_NULL(at(root, "network.type"));
	CU_ASSERT_STRING_EQUAL(json_string_value(at(root, "sekisho.ethertype")), "0x88b5");
	CU_ASSERT_STRING_EQUAL(json_string_value(at(root, "sekisho.verdict")), "unclassifiable");
	CU_ASSERT_PTR_NOT_NULL(strstr(json_string_value(at(root, "message")), "0x88b5"));
	json_decref(root);
}

static void
inner_packets_show_their_tunnel_and_all_tags(void)
{
	struct event e = leak(), out;
	const char *why;
	json_t *root;

	root = record_of(&e, &context);
	CU_ASSERT_PTR_NULL(at(root, "sekisho.tunnel"));
	CU_ASSERT_PTR_NULL(at(root, "sekisho.vlan"));
	json_decref(root);

	e.facts.vlan[2] = 6;
	e.facts.tunnel = TUNNEL_GTP_U;
	e.facts.level = 4;
	e.facts.flags |= FACT_FRAGMENT_LATER | FACT_FRAGMENT_LAST | FACT_PORTS_INHERITED;
	CU_ASSERT_EQUAL(event_check(&e, sizeof(e), false, &out, &why), 0);
	root = record_of(&e, &context);
	CU_ASSERT_STRING_EQUAL(json_string_value(at(root, "sekisho.tunnel.type")), "gtp-u");
	CU_ASSERT_EQUAL(json_integer_value(at(root, "sekisho.tunnel.level")), 4);
	CU_ASSERT_STRING_EQUAL(json_string_value(at(root, "network.vlan.id")), "30");
	CU_ASSERT_STRING_EQUAL(json_string_value(at(root, "network.inner.vlan.id")), "5");
	CU_ASSERT_EQUAL(json_array_size(json_object_get(at(root, "sekisho"), "vlan")), 3);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(
	    json_object_get(at(root, "sekisho"), "vlan"), 1)), "10");
	CU_ASSERT_EQUAL(json_array_size(json_object_get(at(root, "sekisho"), "marks")), 2);
	json_decref(root);
}

/* One field of a good event overwritten; what event_check() then says. */
static const struct broken {
	const char *why;
	size_t offset, size;
	uint64_t value;
} broken[] = {
#define FIELD(f) offsetof(struct event, f), sizeof(((struct event *)NULL)->f)
	{ "kind", FIELD(kind), EVENT_NONE },
	{ "kind", FIELD(kind), EVENT_KIND_COUNT },
	{ "kind", FIELD(kind), 255 },
	{ "sender of a change", FIELD(kind), EVENT_CHANGE },
	{ "sender of a change", FIELD(kind), EVENT_DRIFT },
	{ "phase", FIELD(phase), PHASE_COUNT },
	{ "class", FIELD(zv), ZV_COUNT },
	{ "class", FIELD(zv), ZV_NONE },
	{ "action", FIELD(action), ACTION_COUNT },
	{ "severity", FIELD(severity), 11 },
	{ "witness", FIELD(witness), 8 },
	{ "zone class", FIELD(from_class), ZONE_CLASS_COUNT },
	{ "zone class", FIELD(to_class), 200 },
	{ "outcome", FIELD(outcome), 2 },
	{ "subject", FIELD(subject), SUBJECT_COUNT },
	{ "subject", FIELD(subject), SUBJECT_CUTOFF },	/* of a violation */
	{ "count", FIELD(flows), UINT64_MAX },
	{ "digest before", FIELD(digest_before[0]), 'G' },
	{ "time", FIELD(first_ns), UINT64_MAX },
	{ "time", FIELD(first_ns), INT64_MAX },
	{ "time", FIELD(last_ns), UINT64_MAX },
	{ "time", FIELD(last_ns), INT64_MAX },
	{ "count", FIELD(count), 0 },
	{ "count", FIELD(count), UINT64_MAX },
	{ "count", FIELD(bytes), (uint64_t)INT64_MAX + 1 },
	{ "count", FIELD(lost), UINT64_MAX },
	{ "address", FIELD(facts.src.family), 5 },
	{ "address", FIELD(facts.src.family), IP_V6 },
	{ "address", FIELD(facts.dst.family), IP_NONE },
	{ "quoted address", FIELD(facts.quoted_dst.family), 77 },
	{ "packet flags", FIELD(facts.flags), 0x8000 },
	{ "packet flags", FIELD(facts.flags), FACT_KNOWN + 1 },
	{ "packet flags", FIELD(facts.flags), FACT_FRAGMENT_FIRST | FACT_FRAGMENT_LATER },
	{ "packet flags", FIELD(facts.flags), FACT_FRAGMENT_FIRST | FACT_FRAGMENT_LAST },
	{ "packet flags", FIELD(facts.flags), FACT_PORTS_INHERITED },
	{ "packet flags", FIELD(facts.flags), FACT_IP_OPTIONS | FACT_ROUTING_HEADER },
	{ "VLAN", FIELD(facts.vlan[1]), 4097 },
	{ "VLAN", FIELD(facts.vlan[2]), 4097 },
	{ "tunnel", FIELD(facts.tunnel), TUNNEL_COUNT },
	{ "tunnel", FIELD(facts.tunnel), TUNNEL_GRE },	/* of no level */
	{ "tunnel", FIELD(facts.level), 1 },		/* in no tunnel */
	{ "tunnel", FIELD(facts.level), 5 },
	{ "reason of unreadable", FIELD(facts.unreadable), UNREADABLE_COUNT },
	{ "policy digest", FIELD(policy_digest[3]), 'G' },
	{ "policy digest", FIELD(policy_digest[63]), 0 },
#undef FIELD
};

static void
every_number_out_of_range_is_refused(void)
{
	const char *why;
	struct event out;

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct event e = leak();

		memcpy((uint8_t *)&e + broken[i].offset, &broken[i].value, broken[i].size);
		CU_ASSERT_EQUAL(event_check(&e, sizeof(e), false, &out, &why), -EPROTO);
		CU_ASSERT_PTR_NOT_NULL_FATAL(why);
		CU_ASSERT_STRING_EQUAL(why, broken[i].why);
	}
}

static void
texts_without_an_end_are_refused(void)
{
	static const struct {
		size_t offset, size;
	} texts[] = {
#define TEXT(f) { offsetof(struct event, f), sizeof(((struct event *)NULL)->f) }
		TEXT(from_zone), TEXT(to_zone), TEXT(in_interface), TEXT(out_interface),
		TEXT(permit), TEXT(policy_digest), TEXT(reason), TEXT(actor),
		TEXT(person), TEXT(note), TEXT(digest_before),
#undef TEXT
	};
	const char *why;
	struct event out;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct event e = leak();

		memset((uint8_t *)&e + texts[i].offset, 'a', texts[i].size);
		CU_ASSERT_EQUAL(event_check(&e, sizeof(e), true, &out, &why), -EPROTO);
	}
}

static void
lengths_are_exact_and_good_events_pass(void)
{
	uint8_t bytes[sizeof(struct event) + 1] = { 0 };
	struct event e = leak(), out;
	const char *why;

	memcpy(bytes, &e, sizeof(e));
	CU_ASSERT_EQUAL(event_check(bytes, sizeof(e), false, &out, &why), 0);
	CU_ASSERT_PTR_NULL(why);
	CU_ASSERT_EQUAL(out.count, 17);
	/* Not aligned as the struct wants it. */
	memcpy(bytes + 1, &e, sizeof(e));
	CU_ASSERT_EQUAL(event_check(bytes + 1, sizeof(e), false, &out, &why), 0);
	CU_ASSERT_EQUAL(event_check(bytes, sizeof(e) - 1, false, &out, &why), -EPROTO);
	CU_ASSERT_EQUAL(event_check(bytes, sizeof(e) + 1, false, &out, &why), -EPROTO);
	CU_ASSERT_EQUAL(event_check(bytes, 0, false, &out, &why), -EPROTO);
	/* The clock was set back while the violation went on. */
	e.last_ns = 1;
	CU_ASSERT_EQUAL(event_check(&e, sizeof(e), false, &out, &why), 0);
	e.kind = EVENT_CHANGE;
	CU_ASSERT_EQUAL(event_check(&e, sizeof(e), true, &out, &why), 0);
}

/* Every day that 64 bits of nanoseconds have, at an odd time of it. */
static void
times_are_those_of_the_calendar(void)
{
	const int64_t day = INT64_C(86400) * 1000000000;
	char is[RECORD_TIME_SIZE], should[RECORD_TIME_SIZE];

	for (int64_t n = INT64_MIN / day + 1; n < INT64_MAX / day; n++) {
		const int64_t ns = n * day + n * 7919 % day;
		const int64_t rest = (ns % 1000000000 + 1000000000) % 1000000000;
		const time_t seconds = (ns - rest) / 1000000000;
		struct tm tm;

		CU_ASSERT_PTR_NOT_NULL_FATAL(gmtime_r(&seconds, &tm));
		snprintf(should + strftime(should, sizeof(should), "%Y-%m-%dT%H:%M:%S", &tm), 12,
		    ".%09dZ", (int)rest);
		CU_ASSERT_STRING_EQUAL(record_time(ns, is), should);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "a leak is written with ECS names", a_leak_is_written_with_ecs_names },
		{ "keys stand in a fixed order", keys_stand_in_a_fixed_order },
		{ "kinds have their categories", kinds_have_their_categories },
		{ "hostile texts stay inside their string",
		    hostile_texts_stay_inside_their_string },
		{ "the longest event is cut to fit", the_longest_event_is_cut_to_fit },
		{ "no class is too long", no_class_is_too_long },
		{ "ICMP and non-IP show what they have", icmp_and_non_ip_show_what_they_have },
		{ "inner packets show their tunnel and all tags",
		  inner_packets_show_their_tunnel_and_all_tags },
		{ "every number out of range is refused", every_number_out_of_range_is_refused },
		{ "texts without an end are refused", texts_without_an_end_are_refused },
		{ "lengths are exact and good events pass",
		    lengths_are_exact_and_good_events_pass },
		{ "times are those of the calendar", times_are_those_of_the_calendar },
		CU_TEST_INFO_NULL,
	};

	return unit_main("record_json", tests);
}
