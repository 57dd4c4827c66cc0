/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the oracle share: the policy's words, read but not resolved. */
#ifndef TESTS_UNIT_ORACLE_WORDS_H
#define TESTS_UNIT_ORACLE_WORDS_H

#include "tests/unit/oracle.h"

/* Of one list; random policies stay far below. */
#define MAX_WORDS 512

struct o_segment {
	unsigned int zone;
	struct ip_prefix networks[MAX_WORDS];
	size_t n_networks;
	struct ip_addr gateway[16];
	size_t n_gateway;
};

struct o_host {
	struct ip_range ranges[MAX_WORDS];
	size_t n_ranges;
	bool has_mac, relay;
	unsigned int mac[6];
};

struct o_pair {
	unsigned int first, last;
};

struct o_service {
	bool any;
	unsigned int protocol;
	struct o_pair ports[MAX_WORDS], sports[MAX_WORDS], types[MAX_WORDS];
	size_t n_ports, n_sports, n_types;
};

/* What a name in from, to, members or except stands for. */
struct o_name {
	enum { O_SELF, O_ZONE, O_HOST, O_GROUP } kind;
	size_t index;
};

struct o_names {
	struct o_name items[MAX_WORDS];
	size_t count;
};

struct o_group {
	struct o_names members, except;
};

struct o_permit {
	struct o_names from, to;
	size_t services[MAX_WORDS];
	size_t n_services;
	bool disabled;
	int64_t from_time, until_time;
	/* Families of which each side has an address in each segment: 1 IPv4, 2 IPv6. */
	unsigned char from_reach[MAX_WORDS], to_reach[MAX_WORDS];
	unsigned char families;		/* that one of its services knows */
};

struct oracle {
	const struct policy *policy;
	enum zone_class *classes;
	struct o_segment *segments;
	size_t n_segments;
	struct o_host *hosts;
	struct o_group *groups;
	struct o_service *services;
	struct o_permit *permits;
	struct ip_addr own[64];
	size_t n_own;
	struct ip_addr *edges;
	size_t n_edges;
};

/* One end of a packet: an address, and the side it was seen on. */
struct end {
	struct ip_addr a;
	uint16_t segment;
};

/* What a service is asked about. */
struct talk {
	struct end src, dst;
	unsigned int protocol, sport, dport;
	bool has_ports;
	enum { WHOLE, PROTOCOL_ONLY, ADDRESSES_ONLY } depth;
};

/* Which permits are meant. */
enum state { IN_FORCE, NOT_IN_FORCE, NOT_BY_DATE };

/* ---- oracle_words.c ---- */

/* False when a word cannot be read. */
bool oracle_read_words(struct oracle *o);

/* ICMP types that ask something, and so may open. */
bool oracle_is_query(unsigned int protocol, unsigned int type);

/* ---- oracle_permits.c ---- */

static inline bool
is_segment(uint16_t s)
{
	return s < SEGMENT_SELF;
}

bool oracle_same(const struct ip_addr *a, const struct ip_addr *b);
bool oracle_in_prefix(const struct ip_prefix *p, const struct ip_addr *a);
bool oracle_is_own(const struct oracle *o, const struct ip_addr *a);
bool oracle_is_never(const struct ip_addr *a);
bool oracle_is_broadcast_of(const struct o_segment *s, const struct ip_addr *a);
bool oracle_is_broadcast(const struct oracle *o, const struct ip_addr *a);
enum zone_class oracle_class_of(const struct oracle *o, uint16_t segment);
bool oracle_host_holds(const struct o_host *h, const struct ip_addr *a);

/* First permit that holds and is in that state: index + 1; 0: none. */
uint32_t oracle_first_permit(const struct oracle *o, const struct talk *t, int64_t now,
    enum state want);

/* True when an enabled permit joins two zones. */
bool oracle_pair_is_listed(const struct oracle *o, unsigned int from, unsigned int to);

#endif /* TESTS_UNIT_ORACLE_WORDS_H */
