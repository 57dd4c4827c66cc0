/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy as written: names are still names, nothing is resolved, nothing
 * is judged. Stage: policy text -parse-> [policy] -check-> checked policy.
 * Meaning of every key: docs/sekisho-policy.5.
 *
 * All strings are owned by the policy and valid until policy_free(). A NULL
 * string is a key that was not written. File names in origins too.
 */
#ifndef RULES_POLICY_H
#define RULES_POLICY_H

#include "rules/diag.h"

#include <stdbool.h>
#include <stddef.h>

/* A word of a list, with the line it stands on. */
struct policy_word {
	char *text;
	struct origin origin;
};

struct policy_words {
	struct policy_word *items;
	size_t count;
};

struct policy_site {
	char *name, *gateway, *model;
	struct origin origin;
};

struct policy_segment {
	char *interface;
	struct policy_words networks;
	struct policy_words gateway;	/* own addresses here; learnt when not written */
	char *stations;			/* "any" or "registered" */
	struct origin origin;
};

struct policy_zone {
	char *name, *zone_class, *label;
	struct policy_segment *segments;
	size_t n_segments;
	struct origin origin;
};

struct policy_host {
	char *name, *zone, *mac, *label;
	struct policy_words addresses;
	struct policy_words roles;
	struct origin origin;
};

/* members less except; both name hosts, groups or zones. */
struct policy_group {
	char *name, *label;
	struct policy_words members, except;
	struct origin origin;
};

struct policy_service {
	char *name;
	char *protocol;			/* tcp udp icmp icmpv6 sctp any, a name or a number */
	struct policy_words ports;	/* "443", "8000-8099": destination */
	struct policy_words source_ports;
	struct policy_words types;	/* "echo-request", "8", "3/4" (type/code) */
	struct origin origin;
};

/* from, to name hosts, groups, zones or "self". */
struct policy_permit {
	char *id, *purpose, *request, *approved_by, *valid_from, *valid_until, *note;
	struct policy_words from, to, services;
	bool disabled;			/* enabled = false */
	struct origin origin;
};

/* What a stopped packet of an ordered zone pair gets. */
struct policy_refusal {
	char *from, *to;		/* zones */
	char *action;			/* "drop" or "reject" */
	struct origin origin;
};

/* One behavioural detector; numbers are words, so that "10G" is one. */
struct policy_detector {
	bool disabled;			/* enabled = false */
	char *severity;			/* notice warning high critical */
	char *seconds, *limit, *jitter;
	struct origin origin;
};

struct policy_detect {
	struct policy_detector scan_hosts, scan_ports, lateral, beacon, dns_tunnel, bulk,
	    clear_text, roaming;
	struct origin origin;
};

/* Numbers are words, as in struct policy_detector. */
struct policy_limits {
	char *half_open, *half_open_seconds;	/* NULL: no limit */
	struct origin origin;
};

/* How long records of one kind are kept. */
struct policy_retention {
	char *kind;			/* violation change gap life */
	char *days;
	struct origin origin;
};

/* What severity records of one class have. */
struct policy_severity {
	char *zv;			/* "ZV-06" */
	char *severity;			/* notice warning high critical */
	struct origin origin;
};

struct policy_threshold {
	char *count, *seconds;		/* NULL: each record */
	struct origin origin;
};

struct policy_quiet {
	char *from, *to;		/* "22:00" */
	struct policy_words days;	/* "mon"; none: every day */
	char *below;			/* a severity */
	struct origin origin;
};

/* Somebody to be told of records, by a program. */
struct policy_alert {
	char *name;
	struct policy_words classes, actions;
	char *min_severity;
	struct policy_threshold threshold;
	struct policy_quiet quiet;
	char *fold_seconds, *timeout;
	char *hook;			/* path */
	struct origin origin;
};

/* Packets beside the record. */
struct policy_evidence {
	char *packets;
	bool payload;			/* what follows the headers is kept too */
	char *snap;			/* bytes */
	char *ring_mb;
	struct origin origin;
};

/* Where else the record is told. */
struct policy_outputs {
	char *syslog, *cef;		/* paths of local sockets; NULL: none */
	bool journal, eve, prometheus;
	struct origin origin;
};

/* What becomes of the record itself. */
struct policy_record {
	char *log_failure;		/* "continue" or "close" */
	struct policy_words warn_at;	/* percent of the disk */
	struct policy_retention *retention;
	size_t n_retention;
	char *rotate_size;		/* "64M" */
	bool rotate_not_daily;		/* rotate_daily = false */
	char *checkpoint_interval;	/* seconds */
	char *heartbeat;		/* seconds */
	struct policy_severity *severities;
	size_t n_severities;
	struct policy_alert *alerts;
	size_t n_alerts;
	struct policy_evidence evidence;
	struct policy_outputs outputs;
	struct origin origin;
};

struct policy {
	long long schema;
	struct origin schema_origin;
	struct policy_site site;
	struct policy_zone *zones;
	size_t n_zones;
	struct policy_host *hosts;
	size_t n_hosts;
	struct policy_group *groups;
	size_t n_groups;
	struct policy_service *services;
	size_t n_services;
	struct policy_permit *permits;
	size_t n_permits;
	struct policy_refusal *refusals;
	size_t n_refusals;
	struct policy_limits limits;
	struct policy_detect detect;
	struct policy_record record;
	char **files;			/* every file read, the first is the one named */
	size_t n_files;
};

/* Accepts NULL. */
void policy_free(struct policy *p);

#endif /* RULES_POLICY_H */
