/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checked policy: every name resolved, every permit expanded to boxes,
 * every address owned by at most one segment. It never changes once made, so
 * the compiler, the classifier and the lab all read this one model.
 *
 * Stage: policy -check-> [checked policy] -compile-> ruleset, -build-> classifier.
 */
#ifndef RULES_CHECKED_H
#define RULES_CHECKED_H

#include "rules/address.h"
#include "rules/diag.h"
#include "rules/limits.h"
#include "rules/policy.h"
#include "rules/record_rules.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Segment numbers beside 0..n_segments-1. */
#define SEGMENT_SELF	0xfffeu		/* the gateway itself */
#define SEGMENT_NONE	0xffffu		/* no segment: always denied */

enum zone_class {
	ZONE_CLASS_OTHER = 0,
	ZONE_CLASS_MYNUMBER,
	ZONE_CLASS_LGWAN,
	ZONE_CLASS_INTRA,
	ZONE_CLASS_INTERNET,
	ZONE_CLASS_RELAY,
	ZONE_CLASS_MGMT,
	ZONE_CLASS_DEV,
	ZONE_CLASS_DMZ,
	ZONE_CLASS_GUEST,
	ZONE_CLASS_EXTERNAL,
	ZONE_CLASS_COUNT
};

struct checked_zone {
	const char *name, *label;	/* label: name when none was written */
	enum zone_class zone_class;
	struct origin origin;
};

struct checked_segment {
	unsigned int zone;
	const char *interface;
	struct ip_prefix *networks;
	size_t n_networks;
	struct ip_addr *gateway;	/* the gateway's own addresses here, may be none */
	size_t n_gateway;
	bool registered_only;		/* stations = "registered": other MACs are ZV-06 */
	struct origin origin;
};

/* A stretch of the address space and the segment that owns it. */
struct owned_range {
	struct ip_range range;
	uint16_t segment;
};

struct checked_host {
	const char *name;
	unsigned int zone;
	struct ip_range *ranges;
	size_t n_ranges;
	bool has_mac;
	uint8_t mac[6];
	const char **roles;
	size_t n_roles;
	struct origin origin;
};

/* An address whose packets must come from this MAC. Sorted by address. */
struct mac_binding {
	struct ip_addr addr;
	uint16_t segment;
	uint8_t mac[6];
	uint32_t host;
};

/* What of the transport header a service looks at. */
enum service_form {
	SERVICE_PROTOCOL = 0,	/* the protocol alone; proto_any: all of them */
	SERVICE_PORTS,		/* tcp udp sctp: destination ports, maybe source ports */
	SERVICE_ICMP,		/* icmp icmpv6: type and code as type << 8 | code */
};

struct service_match {
	enum service_form form;
	enum ip_family family;	/* IP_NONE: both; ICMP is bound to one */
	uint8_t protocol;
	bool protocol_any;
	uint16_t sport_first, sport_last;	/* 0..65535: not looked at; ICMP: type<<8|code */
	uint16_t dport_first, dport_last;	/* 0..65535: not looked at */
};

/* One permit cut to one segment pair, one address range each and one service. */
struct box {
	struct ip_range src, dst;	/* inside what the segments own */
	struct service_match service;
	uint32_t permit;		/* index into permits */
	uint16_t in, out;		/* segment or SEGMENT_SELF */
};

struct checked_permit {
	const char *id;
	const char *purpose, *request, *approved_by;	/* NULL: not written */
	uint32_t number;		/* low half of the ct mark; 1.. ; see checked_renumber() */
	bool disabled;
	int64_t valid_from;		/* seconds since the epoch, inclusive; INT64_MIN: always */
	int64_t valid_until;		/* exclusive; INT64_MAX: for ever */
	size_t first_box, n_boxes;	/* into boxes; disabled permits have boxes too */
	struct origin origin;
};

/*
 * One behavioural detector, as "detect" in the policy sets it or by default
 * (rules/check_detect.c has the source of every default). Zero: it is off.
 */
struct checked_detector {
	bool on;
	uint8_t severity;	/* SEVERITY_*; of violations this detector finds */
	uint32_t seconds;	/* the window all the numbers count in: 1 .. a week */
	uint64_t limit;		/* this many are a finding; of what: struct checked_detect */
};

struct checked_detect {
	struct checked_detector scan_hosts;	/* different destinations of one source */
	struct checked_detector scan_ports;	/* different ports of one source at one host */
	struct checked_detector lateral;	/* different hosts on SMB, RDP, WinRM, SSH, RPC */
	struct checked_detector beacon;		/* openings at an even pace, same peer and port */
	uint32_t beacon_jitter;			/* of their spacing, percent, at most: 1..50 */
	struct checked_detector dns_tunnel;	/* bytes of different names under one domain */
	struct checked_detector bulk;		/* bytes by a permit, in all or of one host */
	struct checked_detector clear_text;	/* limit 1; seconds: until told again */
	struct checked_detector roaming;	/* ZV-04, one MAC in two zones: limit 1 */
};

/* The detectors under their names in the policy, one by one; NULL behind the last. */
const struct checked_detector *checked_detector_at(const struct checked_detect *d,
    size_t i, const char **name);

enum refusal {
	REFUSAL_DROP = 0,
	REFUSAL_REJECT,
};

struct checked {
	const char *site_name, *site_gateway, *site_model;	/* "" when not written */
	struct checked_zone *zones;
	size_t n_zones;
	struct checked_segment *segments;
	size_t n_segments;
	struct checked_host *hosts;
	size_t n_hosts;
	struct checked_permit *permits;
	size_t n_permits;
	struct box *boxes;		/* grouped by permit, permits in file order */
	size_t n_boxes;
	struct owned_range *owned;	/* sorted by family, first; disjoint */
	size_t n_owned;
	struct mac_binding *bindings;
	size_t n_bindings;
	struct checked_detect detect;
	/* TCP connections of a pair of segments that may be half open; 0: no limit. */
	uint32_t half_open, half_open_seconds;
	struct record_rules record;
	enum refusal *refusals;		/* n_zones x n_zones, [from * n_zones + to] */
	/* n_segments x n_segments, [in * n_segments + out]: checked_pair_number() */
	uint16_t *pair_numbers;
	char digest[65];		/* SHA-256 of the printed policy, hex */
	struct policy *policy;		/* owned; the strings above live in it */
};

/*
 * Check a policy and take it over (freed on failure too). All findings of one
 * run go to diag; with any error among them, its own or the parser's, the
 * result is NULL. "now" (seconds since the epoch) is only for warnings about expiry.
 */
struct checked *checked_new(struct policy *policy, int64_t now, struct diag *diag);

/* Accepts NULL. */
void checked_free(struct checked *c);

/* Parse and check a file in one go; NULL when errors were found. */
struct checked *checked_from_file(const char *path, int64_t now, struct diag *diag);

/*
 * Keep the numbers of permits that run already: number_of(id) returns the
 * running number, 0 if none. New permits take numbers that nobody has.
 */
void checked_renumber(struct checked *c, uint32_t (*number_of)(void *arg, const char *id),
    void *arg);

/*
 * The same, but new permits also stay off numbers that busy(number) is true
 * for: those of running permits that go, whose flows still carry the mark.
 * Numbers are 1..65535; only when all others are taken a busy one is given.
 */
void checked_renumber_avoiding(struct checked *c,
    uint32_t (*number_of)(void *arg, const char *id),
    bool (*busy)(void *arg, uint32_t number), void *arg);

/*
 * Number of a pair of segments, the high half of the ct mark of its flows: 1.. ,
 * by order of the segments. 0 when no permit crosses it, enabled or not, and of
 * every pair with the gateway itself.
 */
uint32_t checked_pair_number(const struct checked *c, uint16_t in, uint16_t out);

/* Give them for the boxes there are; done by checked_new(). 0 or -ENOMEM. */
int checked_number_pairs(struct checked *c);

/*
 * As checked_renumber_avoiding(), for the pairs, which their two interfaces name:
 * pairs that run keep their number, new ones stay off all that run, also those of
 * pairs that go. No two pairs ever share one.
 */
void checked_renumber_pairs(struct checked *c,
    uint32_t (*number_of)(void *arg, const char *in, const char *out),
    bool (*busy)(void *arg, uint32_t number), void *arg);

/* Segment that owns an address; SEGMENT_NONE. O(log n), for all but the packet path. */
uint16_t checked_owner(const struct checked *c, const struct ip_addr *a);

/* True when the address is one of the gateway's written own addresses. */
bool checked_is_gateway(const struct checked *c, const struct ip_addr *a);

/* -1 when there is none of that name. */
int checked_zone_by_name(const struct checked *c, const char *name);
int checked_segment_by_interface(const struct checked *c, const char *interface);

/* Zone of a segment; -1 for SEGMENT_SELF and SEGMENT_NONE. */
int checked_zone_of(const struct checked *c, uint16_t segment);

/* True when a permit is in force at a time (seconds since the epoch). */
bool checked_permit_in_force(const struct checked_permit *p, int64_t now);

const char *zone_class_name(enum zone_class zone_class);
/* ZONE_CLASS_COUNT when the word is none. */
enum zone_class zone_class_parse(const char *word);

/*
 * Addresses that no packet may cross a gateway with, as source or as
 * destination: RFC 6890 and FFW_RUL_EXT.1.6 c-g, 1.7 b. Sorted, disjoint, fixed.
 */
const struct ip_range *address_never_forwarded(size_t *count);

#endif /* RULES_CHECKED_H */
