/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small gateway for the detectors' tests: packets as rows, judged by the real
 * classifier, findings kept.
 */
#ifndef TESTS_UNIT_DETECT_BENCH_H
#define TESTS_UNIT_DETECT_BENCH_H

#include "agent/watch/detect.h"
#include "tests/unit/unit.h"

#include <netinet/in.h>

enum { MN, MN2, LG, EX, UP, BENCH_SEGMENTS };	/* segments, in the order of the text */

#define BENCH_FINDINGS 64

struct bench_finding {
	struct facts facts;
	uint8_t zv, action, severity;
	uint16_t from, to;
	uint32_t permit;
	char detail[96];
};

struct bench {
	struct checked *checked;
	struct classifier *classifier;
	struct detect *detect;
	struct detect_own_mac own[BENCH_SEGMENTS];
	int64_t now_ns;
	size_t n_found;				/* may be more than are kept */
	struct bench_finding found[BENCH_FINDINGS];
};

/* Zero is: an IPv4 TCP SYN that came in from MN, hop limit 64, no payload. */
struct shot {
	uint16_t in;
	const char *src, *dst;
	unsigned int protocol;			/* 0: TCP */
	unsigned int sport, dport;		/* sport of ICMP: type << 8 | code */
	unsigned int tcp_flags;			/* 0: SYN; NO_FLAGS: none */
	unsigned int flags;			/* FACT_*, beside the obvious */
	const char *mac;			/* NULL: none */
	const void *payload;
	size_t size;
	unsigned int hop_limit;
	bool leaving;				/* to "out", not incoming */
	uint16_t out;
	uint32_t length;			/* of the frame; 0: as the payload says */
	unsigned int ethertype;			/* with no src: another protocol */
};

#define NO_FLAGS 0x80u
#define SECOND 1000000000ll
#define FIRE(b, ...) bench_fire(b, &(struct shot){ __VA_ARGS__ })

/* All detectors off but what needs no threshold. */
void bench_open(struct bench *b);
void bench_close(struct bench *b);

/* A policy of the same text, made anew; the old one is freed afterwards. */
void bench_reload(struct bench *b, void (*change)(struct checked *c));

void bench_fire(struct bench *b, const struct shot *s);
void bench_wait(struct bench *b, int64_t ns);

/* Findings of a class so far. */
size_t bench_count(const struct bench *b, uint8_t zv);
/* The last finding; fails the test when there is none. */
const struct bench_finding *bench_last(const struct bench *b);
void bench_forget(struct bench *b);

struct checked_detector bench_detector(uint32_t seconds, uint64_t limit);

#endif /* TESTS_UNIT_DETECT_BENCH_H */
