/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables behind rules/policy_keys.h. Meaning of each key: sekisho-policy(5). */
#include "rules/policy_keys.h"

#include "rules/alert_rules.h"
#include "rules/limits.h"
#include "rules/record_rules.h"
#include "rules/violation_class.h"

#include <stdint.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define KEY(what, type, key, member) \
	{ .name = (key), .kind = (what), .offset = offsetof(struct type, member) }
#define KEY_MUST(what, type, key, member) \
	{ .name = (key), .kind = (what), .required = true, \
	  .offset = offsetof(struct type, member) }
#define KEY_NUMBERS(what, type, key, member, must) \
	{ .name = (key), .kind = (what), .required = (must), .numbers = true, \
	  .offset = offsetof(struct type, member) }
#define KEY_ITEMS(parent, key, member, must, most, of) \
	{ .name = (key), .kind = POLICY_KEY_ITEMS, .required = (must), .limit = (most), \
	  .offset = offsetof(struct parent, member), \
	  .count_offset = offsetof(struct parent, n_##member), .type = &(of) }
#define KEY_GROUP(parent, key, member, of) \
	{ .name = (key), .kind = POLICY_KEY_GROUP, .type = &(of), \
	  .offset = offsetof(struct parent, member) }
#define KEY_ORIGIN(type) \
	{ .name = "origin", .kind = POLICY_KEY_ORIGIN, \
	  .offset = offsetof(struct type, origin) }

#define TYPE(c_type, table) { \
	.keys = (table), .n_keys = COUNT(table), \
	.size = sizeof(struct c_type), .origin_offset = offsetof(struct c_type, origin) }

static const struct policy_key site_keys[] = {
	KEY(POLICY_KEY_TEXT, policy_site, "name", name),
	KEY(POLICY_KEY_TEXT, policy_site, "gateway", gateway),
	KEY(POLICY_KEY_TEXT, policy_site, "model", model),
	KEY_ORIGIN(policy_site),
};
static const struct policy_type site_type = TYPE(policy_site, site_keys);

static const struct policy_key segment_keys[] = {
	KEY_MUST(POLICY_KEY_WORD, policy_segment, "interface", interface),
	KEY_MUST(POLICY_KEY_WORDS, policy_segment, "networks", networks),
	KEY(POLICY_KEY_WORDS, policy_segment, "gateway", gateway),
	KEY(POLICY_KEY_WORD, policy_segment, "stations", stations),
	KEY_ORIGIN(policy_segment),
};
static const struct policy_type segment_type = TYPE(policy_segment, segment_keys);

static const struct policy_key zone_keys[] = {
	KEY_MUST(POLICY_KEY_NAME, policy_zone, "name", name),
	KEY(POLICY_KEY_WORD, policy_zone, "class", zone_class),
	KEY(POLICY_KEY_TEXT, policy_zone, "label", label),
	KEY_ITEMS(policy_zone, "segments", segments, true, LIMIT_SEGMENTS, segment_type),
	KEY_ORIGIN(policy_zone),
};
static const struct policy_type zone_type = TYPE(policy_zone, zone_keys);

static const struct policy_key host_keys[] = {
	KEY_MUST(POLICY_KEY_NAME, policy_host, "name", name),
	KEY_MUST(POLICY_KEY_WORD, policy_host, "zone", zone),
	KEY(POLICY_KEY_TEXT, policy_host, "label", label),
	KEY_MUST(POLICY_KEY_WORDS, policy_host, "addresses", addresses),
	KEY(POLICY_KEY_WORD, policy_host, "mac", mac),
	KEY(POLICY_KEY_WORDS, policy_host, "roles", roles),
	KEY_ORIGIN(policy_host),
};
static const struct policy_type host_type = TYPE(policy_host, host_keys);

static const struct policy_key group_keys[] = {
	KEY_MUST(POLICY_KEY_NAME, policy_group, "name", name),
	KEY(POLICY_KEY_TEXT, policy_group, "label", label),
	KEY_MUST(POLICY_KEY_WORDS, policy_group, "members", members),
	KEY(POLICY_KEY_WORDS, policy_group, "except", except),
	KEY_ORIGIN(policy_group),
};
static const struct policy_type group_type = TYPE(policy_group, group_keys);

static const struct policy_key service_keys[] = {
	KEY_MUST(POLICY_KEY_NAME, policy_service, "name", name),
	KEY_NUMBERS(POLICY_KEY_WORD, policy_service, "protocol", protocol, true),
	KEY_NUMBERS(POLICY_KEY_WORDS, policy_service, "ports", ports, false),
	KEY_NUMBERS(POLICY_KEY_WORDS, policy_service, "source_ports", source_ports,
	    false),
	KEY_NUMBERS(POLICY_KEY_WORDS, policy_service, "types", types, false),
	KEY_ORIGIN(policy_service),
};
static const struct policy_type service_type = TYPE(policy_service, service_keys);

static const struct policy_key permit_keys[] = {
	KEY_MUST(POLICY_KEY_ID, policy_permit, "id", id),
	KEY(POLICY_KEY_ENABLED, policy_permit, "enabled", disabled),
	KEY_MUST(POLICY_KEY_WORDS, policy_permit, "from", from),
	KEY_MUST(POLICY_KEY_WORDS, policy_permit, "to", to),
	KEY_MUST(POLICY_KEY_WORDS, policy_permit, "services", services),
	KEY(POLICY_KEY_TEXT, policy_permit, "purpose", purpose),
	KEY(POLICY_KEY_TEXT, policy_permit, "request", request),
	KEY(POLICY_KEY_TEXT, policy_permit, "approved_by", approved_by),
	KEY(POLICY_KEY_WORD, policy_permit, "valid_from", valid_from),
	KEY(POLICY_KEY_WORD, policy_permit, "valid_until", valid_until),
	KEY(POLICY_KEY_TEXT, policy_permit, "note", note),
	KEY_ORIGIN(policy_permit),
};
static const struct policy_type permit_type = TYPE(policy_permit, permit_keys);

static const struct policy_key pair_keys[] = {
	KEY_MUST(POLICY_KEY_WORD, policy_refusal, "from", from),
	KEY_MUST(POLICY_KEY_WORD, policy_refusal, "to", to),
	KEY_MUST(POLICY_KEY_WORD, policy_refusal, "refuse", action),
	KEY_ORIGIN(policy_refusal),
};
static const struct policy_type pair_type = TYPE(policy_refusal, pair_keys);

/* The keys of every detector; then those that count within a time, ... */
#define DETECTOR_KEYS \
	KEY(POLICY_KEY_ENABLED, policy_detector, "enabled", disabled), \
	KEY(POLICY_KEY_WORD, policy_detector, "severity", severity), \
	KEY_ORIGIN(policy_detector)
#define DETECTOR_NUMBER(key, member) \
	KEY_NUMBERS(POLICY_KEY_WORD, policy_detector, key, member, false)

static const struct policy_key count_keys[] = {
	DETECTOR_KEYS,
	DETECTOR_NUMBER("limit", limit),
	DETECTOR_NUMBER("seconds", seconds),
};
static const struct policy_type count_type = TYPE(policy_detector, count_keys);

static const struct policy_key beacon_keys[] = {
	DETECTOR_KEYS,
	DETECTOR_NUMBER("limit", limit),
	DETECTOR_NUMBER("seconds", seconds),
	DETECTOR_NUMBER("jitter", jitter),
};
static const struct policy_type beacon_type = TYPE(policy_detector, beacon_keys);

/* ... and those that need one event. */
static const struct policy_key event_keys[] = {
	DETECTOR_KEYS,
	DETECTOR_NUMBER("seconds", seconds),
};
static const struct policy_type event_type = TYPE(policy_detector, event_keys);

static const struct policy_key detect_keys[] = {
	KEY_GROUP(policy_detect, "scan_hosts", scan_hosts, count_type),
	KEY_GROUP(policy_detect, "scan_ports", scan_ports, count_type),
	KEY_GROUP(policy_detect, "lateral", lateral, count_type),
	KEY_GROUP(policy_detect, "beacon", beacon, beacon_type),
	KEY_GROUP(policy_detect, "dns_tunnel", dns_tunnel, count_type),
	KEY_GROUP(policy_detect, "bulk", bulk, count_type),
	KEY_GROUP(policy_detect, "clear_text", clear_text, event_type),
	KEY_GROUP(policy_detect, "roaming", roaming, event_type),
	KEY_ORIGIN(policy_detect),
};
static const struct policy_type detect_type = TYPE(policy_detect, detect_keys);

static const struct policy_key limits_keys[] = {
	KEY_NUMBERS(POLICY_KEY_WORD, policy_limits, "half_open", half_open, true),
	KEY_NUMBERS(POLICY_KEY_WORD, policy_limits, "half_open_seconds",
	    half_open_seconds, false),
	KEY_ORIGIN(policy_limits),
};
static const struct policy_type limits_type = TYPE(policy_limits, limits_keys);

static const struct policy_key retention_keys[] = {
	KEY_MUST(POLICY_KEY_WORD, policy_retention, "kind", kind),
	KEY_NUMBERS(POLICY_KEY_WORD, policy_retention, "days", days, true),
	KEY_ORIGIN(policy_retention),
};
static const struct policy_type retention_type = TYPE(policy_retention, retention_keys);

static const struct policy_key severity_keys[] = {
	KEY_MUST(POLICY_KEY_WORD, policy_severity, "class", zv),
	KEY_MUST(POLICY_KEY_WORD, policy_severity, "severity", severity),
	KEY_ORIGIN(policy_severity),
};
static const struct policy_type severity_type = TYPE(policy_severity, severity_keys);

static const struct policy_key threshold_keys[] = {
	KEY_NUMBERS(POLICY_KEY_WORD, policy_threshold, "count", count, true),
	KEY_NUMBERS(POLICY_KEY_WORD, policy_threshold, "seconds", seconds, true),
	KEY_ORIGIN(policy_threshold),
};
static const struct policy_type threshold_type = TYPE(policy_threshold, threshold_keys);

static const struct policy_key quiet_keys[] = {
	KEY_MUST(POLICY_KEY_WORD, policy_quiet, "from", from),
	KEY_MUST(POLICY_KEY_WORD, policy_quiet, "to", to),
	KEY(POLICY_KEY_WORDS, policy_quiet, "days", days),
	KEY(POLICY_KEY_WORD, policy_quiet, "below", below),
	KEY_ORIGIN(policy_quiet),
};
static const struct policy_type quiet_type = TYPE(policy_quiet, quiet_keys);

static const struct policy_key alert_keys[] = {
	KEY_MUST(POLICY_KEY_ID, policy_alert, "name", name),
	KEY(POLICY_KEY_WORDS, policy_alert, "classes", classes),
	KEY(POLICY_KEY_WORDS, policy_alert, "actions", actions),
	KEY(POLICY_KEY_WORD, policy_alert, "min_severity", min_severity),
	KEY_GROUP(policy_alert, "threshold", threshold, threshold_type),
	KEY_NUMBERS(POLICY_KEY_WORD, policy_alert, "fold_seconds", fold_seconds, false),
	KEY_GROUP(policy_alert, "quiet", quiet, quiet_type),
	KEY_NUMBERS(POLICY_KEY_WORD, policy_alert, "timeout", timeout, false),
	KEY_MUST(POLICY_KEY_WORD, policy_alert, "hook", hook),
	KEY_ORIGIN(policy_alert),
};
static const struct policy_type alert_type = TYPE(policy_alert, alert_keys);
static const struct policy_key evidence_keys[] = {
	KEY_NUMBERS(POLICY_KEY_WORD, policy_evidence, "packets", packets, false),
	KEY(POLICY_KEY_SWITCH, policy_evidence, "payload", payload),
	KEY_NUMBERS(POLICY_KEY_WORD, policy_evidence, "snap", snap, false),
	KEY_NUMBERS(POLICY_KEY_WORD, policy_evidence, "ring_mb", ring_mb, false),
	KEY_ORIGIN(policy_evidence),
};
static const struct policy_type evidence_type = TYPE(policy_evidence, evidence_keys);
static const struct policy_key outputs_keys[] = {
	KEY(POLICY_KEY_WORD, policy_outputs, "syslog", syslog),
	KEY(POLICY_KEY_WORD, policy_outputs, "cef", cef),
	KEY(POLICY_KEY_SWITCH, policy_outputs, "journal", journal),
	KEY(POLICY_KEY_SWITCH, policy_outputs, "eve", eve),
	KEY(POLICY_KEY_SWITCH, policy_outputs, "prometheus", prometheus),
	KEY_ORIGIN(policy_outputs),
};
static const struct policy_type outputs_type = TYPE(policy_outputs, outputs_keys);

static const struct policy_key record_keys[] = {
	KEY(POLICY_KEY_WORD, policy_record, "log_failure", log_failure),
	KEY_NUMBERS(POLICY_KEY_WORDS, policy_record, "warn_at", warn_at, false),
	KEY_ITEMS(policy_record, "retention", retention, false, RECORD_CLASS_COUNT,
	    retention_type),
	KEY_NUMBERS(POLICY_KEY_WORD, policy_record, "rotate_size", rotate_size, false),
	KEY(POLICY_KEY_ENABLED, policy_record, "rotate_daily", rotate_not_daily),
	KEY_NUMBERS(POLICY_KEY_WORD, policy_record, "checkpoint_interval",
	    checkpoint_interval, false),
	KEY_NUMBERS(POLICY_KEY_WORD, policy_record, "heartbeat", heartbeat, false),
	KEY_ITEMS(policy_record, "severity", severities, false, ZV_COUNT - 1, severity_type),
	KEY_ITEMS(policy_record, "alerts", alerts, false, ALERT_RULES_MOST, alert_type),
	KEY_GROUP(policy_record, "evidence", evidence, evidence_type),
	KEY_GROUP(policy_record, "outputs", outputs, outputs_type),
	KEY_ORIGIN(policy_record),
};
static const struct policy_type record_type = TYPE(policy_record, record_keys);

static const struct policy_key root_keys[] = {
	KEY_MUST(POLICY_KEY_SCHEMA, policy, "schema", schema),
	KEY_GROUP(policy, "site", site, site_type),
	KEY_ITEMS(policy, "zones", zones, true, LIMIT_ZONES, zone_type),
	KEY_ITEMS(policy, "hosts", hosts, false, LIMIT_HOSTS, host_type),
	KEY_ITEMS(policy, "groups", groups, false, LIMIT_GROUPS, group_type),
	KEY_ITEMS(policy, "services", services, false, LIMIT_SERVICES, service_type),
	KEY_ITEMS(policy, "permits", permits, false, LIMIT_PERMITS, permit_type),
	KEY_ITEMS(policy, "pairs", refusals, false, LIMIT_ZONES * LIMIT_ZONES, pair_type),
	KEY_GROUP(policy, "limits", limits, limits_type),
	KEY_GROUP(policy, "detect", detect, detect_type),
	KEY_GROUP(policy, "record", record, record_type),
};
static const struct policy_type root_type = {
	.keys = root_keys,
	.n_keys = COUNT(root_keys),
	.size = sizeof(struct policy),
	.origin_offset = offsetof(struct policy, schema_origin),
};

const struct policy_type *
policy_keys_root(void)
{
	return &root_type;
}

const struct policy_key *
policy_keys_find(const struct policy_type *type, const char *name)
{
	for (size_t i = 0; i < type->n_keys; i++)
		if (strcmp(type->keys[i].name, name) == 0)
			return &type->keys[i];
	return NULL;
}

/* Longest key and mistyped name that are compared; longer ones are near nothing. */
#define NEAR_LENGTH 24u

static unsigned int
least(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein's distance, in two rows; both texts at most NEAR_LENGTH long. */
static unsigned int
distance(const char *a, const char *b)
{
	unsigned int rows[2][NEAR_LENGTH + 1];
	size_t length_a = strlen(a), length_b = strlen(b);

	for (unsigned int j = 0; j <= length_b; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= length_a; i++) {
		const unsigned int *above = rows[(i - 1) % 2];
		unsigned int *row = rows[i % 2];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= length_b; j++)
			row[j] = least(above[j] + 1, row[j - 1] + 1,
			    above[j - 1] + (a[i - 1] != b[j - 1]));
	}
	return rows[length_a % 2][length_b];
}

const struct policy_key *
policy_keys_nearest(const struct policy_type *type, const char *name)
{
	const struct policy_key *best = NULL;
	unsigned int best_distance = UINT32_MAX;
	size_t length = strlen(name);

	if (length > NEAR_LENGTH)
		return NULL;
	for (size_t i = 0; i < type->n_keys; i++) {
		unsigned int d = distance(type->keys[i].name, name);

		if (d < best_distance) {
			best_distance = d;
			best = &type->keys[i];
		}
	}
	/* One slip in a short word, two in a long one; else it is another word. */
	return best_distance <= (length < 5 ? 1 : 2) ? best : NULL;
}
