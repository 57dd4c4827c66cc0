/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy small enough to read, with the permits that the must-be-denied probes
 * of the sample city come close to, and packets as rows of a table.
 */
#ifndef TESTS_UNIT_SAMPLE_JUDGE_H
#define TESTS_UNIT_SAMPLE_JUDGE_H

#include "rules/classifier.h"
#include "tests/unit/unit.h"

#include <netinet/in.h>

/* 2026-07-01T00:00 in Japan. */
#define NOW INT64_C(1782831600)

/* One packet, as a row of a table. */
struct sample_row {
	const char *name;
	const char *in, *out;		/* interface, "self", "none"; NULL: not given */
	const char *src, *dst;
	unsigned int protocol, sport, dport;
	unsigned int flags;		/* beside FACT_HAS_PORTS */
	unsigned int tcp_flags;		/* 0 with TCP: SYN */
	/* what is wanted */
	enum verdict verdict;
	enum violation_class zv;
	enum violation_action action;
	const char *permit;
};

#define TCP IPPROTO_TCP
#define UDP IPPROTO_UDP
#define ICMP IPPROTO_ICMP
#define ICMP6 IPPROTO_ICMPV6
#define NO_PORTS 0x8000u
#define ACK TCP_FLAG_ACK
#define SYN TCP_FLAG_SYN
#define TYPE(type, code) ((type) << 8 | (code))
#define ZV(n, name) .zv = (n), .action = ACTION_ATTEMPT, .permit = (name)

#define PERMIT(id) .verdict = VERDICT_PERMIT, .permit = id
#define LOCAL .verdict = VERDICT_LOCAL
#define SPOOFED .zv = ZV_03_SPOOFED, .action = ACTION_SPOOFED_SOURCE
#define UNREADABLE .zv = ZV_02_NOT_PERMITTED, .action = ACTION_UNCLASSIFIABLE

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

extern struct checked *sample_checked;
extern struct classifier *sample_judge;

/* Make the two above; EXIT_SUCCESS or EXIT_FAILURE, with findings printed. */
int sample_make(void);
void sample_free(void);

/* Segment by interface; "self", "none" and NULL as they say. */
uint16_t sample_side(const char *name);
struct ip_addr sample_address(const char *text);
struct facts sample_facts(const struct sample_row *r);

/* Asserts that the judgement is what the row wants. */
void sample_expect(const struct sample_row *r, const struct judgement *j);
void sample_run(const struct sample_row *rows, size_t n, bool any);

#endif /* TESTS_UNIT_SAMPLE_JUDGE_H */
