/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The detectors from inside, for detect*.c only. One thread. */
#ifndef AGENT_WATCH_DETECT_STATE_H
#define AGENT_WATCH_DETECT_STATE_H

#include "agent/watch/detect.h"
#include "agent/watch/detect_count.h"
#include "agent/watch/detect_policy.h"
#include "agent/watch/detect_table.h"

#include <stdbool.h>

#define NS_PER_S 1000000000ll

/*
 * What has no window of its own is told again after so long: ntopng's arm
 * again after 30 to 60 s is what its users complained of, 5 min is a shift's.
 */
#define DETECT_AGAIN_NS		(300 * NS_PER_S)
/* A station's addresses and MACs are held against each other for so long. */
#define DETECT_STATION_NS	(3600 * NS_PER_S)
/* Two copies of one packet on two wires: ARP resolution and a busy bridge between. */
#define DETECT_COPY_NS		(2 * NS_PER_S)
/* A flow silent for so long opens anew; nf_conntrack_udp_timeout is the same. */
#define DETECT_FLOW_NS		(30 * NS_PER_S)
/* Openings closer than this are one beat (a program opens several at once). */
#define DETECT_BEAT_NS		NS_PER_S

/* Entries; what they cost in all stands in detect.c. */
enum detect_table_name {
	TABLE_STATION = 0,	/* MAC -> where it was last */
	TABLE_WIRE,		/* MAC on one segment -> which addresses it used */
	TABLE_COPY,		/* packet -> where it came in */
	TABLE_FLOW,		/* flow -> when it was last heard */
	TABLE_HOSTS,		/* source -> hosts it opened to */
	TABLE_LATERAL,		/* source -> hosts it opened administration to */
	TABLE_PORTS,		/* source, host -> ports */
	TABLE_BEACON,		/* source, host, port -> spacing of openings */
	TABLE_DNS,		/* source, registered domain -> names */
	TABLE_SUM,		/* permit and way or source: bytes; clear text: packets */
	TABLE_TOLD,		/* what was told, and is not to be told again yet */
	DETECT_TABLES
};

/* Bytes of the values; each topic asserts that its own fits. */
#define DETECT_STATION_BYTES	32u
#define DETECT_COPY_BYTES	32u
#define DETECT_SCAN_BYTES	(16u + sizeof(struct distinct))
#define DETECT_SCAN_CLEAR	(8u + DISTINCT_CLEAR)
#define DETECT_BEACON_BYTES	48u
#define DETECT_DNS_BYTES	(40u + sizeof(struct distinct))
#define DETECT_DNS_CLEAR	(32u + DISTINCT_CLEAR)

/* The packet that a segment's stations were last looked at for: most come in runs. */
struct detect_recent {
	struct ip_addr src;
	uint8_t mac[6];
	int64_t until_ns;
};

struct detect {
	detect_found *found;
	void *arg;
	const struct checked *checked;
	const struct classifier *classifier;
	const struct detect_own_mac *own;	/* NULL: not known */
	struct detect_policy policy;
	int64_t heard_ns;	/* latest time that packets told */
	int64_t now_ns;		/* passed since detect_new(), never going back; > 0 */
	struct distinct_scale scale;
	struct detect_table tables[DETECT_TABLES];
	struct detect_recent recent[LIMIT_SEGMENTS];
	struct detect_ledger ledger;
};

/* Keys of tables are compared as bytes: no padding. Cleared before they are filled. */
struct detect_key_pair {
	ip_value src, dst;
	uint64_t what;		/* port, protocol, kind, or a tag: by table */
	uint64_t family;
};
_Static_assert(sizeof(struct detect_key_pair) == 48, "no padding in keys");

/* Was it, and so what it is looked up by hashed? */
static inline bool
detect_is_announced(const struct detect_packet *p)
{
	return p->ahead != NULL && p->ahead->announced;
}

/* ---- detect_expect.c: keys that are announced before they are used ---- */

/* Either way of a flow. */
struct detect_key_pair detect_key_flow(const struct facts *f);
/* Of hosts and of administration; of ports of one host. */
struct detect_key_pair detect_key_source(const struct facts *f);
struct detect_key_pair detect_key_hosts(const struct facts *f);
struct detect_key_pair detect_key_beacon(const struct facts *f);
/* Bytes of one source, and all bytes, by a permit of the policy. */
struct detect_key_pair detect_key_sender(const struct detect *d, const struct facts *f,
    const struct judgement *j);
struct detect_key_pair detect_key_permit(const struct detect *d,
    const struct judgement *j);

struct detect_key_mac {
	uint64_t segment;	/* tag; 0: any */
	uint8_t mac[6];
	uint8_t zero[2];
};
_Static_assert(sizeof(struct detect_key_mac) == 16, "no padding in keys");

/* One MAC on one segment. */
struct detect_wire_station {
	int64_t own_ns, foreign_ns;	/* last address of its zone, of another */
	int64_t told_hop_ns, told_two_ns, told_new_ns;
	uint64_t foreign_zone;		/* tag */
	uint32_t n_foreign;
};

#define DETECT_MAC_TEXT 18u
const char *detect_print_mac(const uint8_t mac[6], char out[DETECT_MAC_TEXT]);
/* "?" for what is no segment. */
const char *detect_interface(const struct detect *d, uint16_t segment);
const char *detect_zone_name(const struct detect *d, uint16_t segment);
/* The segment with this tag; SEGMENT_NONE when the policy has it no more. */
uint16_t detect_segment_by_tag(const struct detect *d, uint64_t tag);

/* ---- detect.c: shared by all topics -------------------------------------- */

/* True when this was never told, or not for "every_ns"; then it counts as told. */
bool detect_due(const struct detect *d, int64_t *told_ns, int64_t every_ns);

/* The same for what has no entry of its own: what (DETECT_TOLD_*), where, who. */
bool detect_due_key(
    struct detect *d, const struct detect_key_pair *key, int64_t every_ns);

/* One finding of this packet; what is missing in *found comes from its judgement. */
void detect_tell(struct detect *d, const struct detect_packet *p, struct detection *found,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Keyed hash of an address, for counting different ones. */
uint64_t detect_hash(const struct detect *d, const void *bytes, size_t n);

/* An amount against its limit. */
struct detect_sum {
	int64_t told_ns;
	struct amount amount;
	/* The latest packet of it, to tell what it is; family IP_NONE: none was seen. */
	uint8_t family, protocol, src[16], dst[16];
	uint16_t ethertype, sport, dport;
};

/* Add to what the key, of that hash, has. NULL: not over the limit, or told; *sum is how much it is. */
struct detect_sum *detect_sum_add(struct detect *d, const struct detect_key_pair *key,
    uint64_t hash, const struct facts *latest, uint64_t more, const struct checked_detector *c,
    uint64_t *sum);

/*
 * The segment of another zone than that of "in" that owns the address; SEGMENT_NONE:
 * none does. A default route owns what nobody claims: that is evidence of nothing.
 */
uint16_t detect_foreign_owner(
    const struct detect *d, const struct ip_addr *a, uint16_t in);

/* The permit that lets this packet pass, as detection.permit; 0: none does. */
static inline uint32_t
detect_permit(const struct detect_packet *p)
{
	return p->judgement->verdict == VERDICT_PERMIT ? p->judgement->permit : 0;
}

/* Zone's class; ZONE_CLASS_OTHER for SEGMENT_SELF and SEGMENT_NONE. */
enum zone_class detect_class(const struct detect *d, uint16_t segment);

static inline int64_t
detect_window(const struct checked_detector *c)
{
	return (c->seconds > 0 ? c->seconds : 1) * NS_PER_S;
}

/* "kind" of a told key, in the low byte of "what"; the rest of it is free. */
enum detect_told {
	TOLD_COPY = 1, TOLD_OWN_MAC, TOLD_DHCP, TOLD_RA, TOLD_ND, TOLD_CLAIM, TOLD_DOT,
	TOLD_DOH_ADDRESS, TOLD_DOH_NAME,
};

/* ---- topics -------------------------------------------------------------- */

/* ZV-04, 05, 06: every packet of a tap. */
void detect_stations(struct detect *d, const struct detect_packet *p);
/* ZV-05: the same packet on two wires; every packet of a tap. */
void detect_copies(struct detect *d, const struct detect_packet *p);
/* ZV-05: addresses of two zones behind one MAC; incoming. */
void detect_addresses(struct detect *d, const struct detect_packet *p,
    struct detect_wire_station *w);
/* ZV-05: true for a MAC of the gateway's own; told when it came from another zone. */
bool detect_is_own_mac(struct detect *d, const struct detect_packet *p);
/* ZV-07: incoming, readable, not in a tunnel. */
void detect_rogue(struct detect *d, const struct detect_packet *p);
/* ZV-08: incoming, with ports. */
void detect_names(struct detect *d, const struct detect_packet *p, bool opening);
/* ZV-10, ZV-11: incoming openings. */
void detect_scan(struct detect *d, const struct detect_packet *p);
void detect_beacon(struct detect *d, const struct detect_packet *p);
/* ZV-11, ZV-13: incoming, with ports and payload. */
void detect_dns_tunnel(struct detect *d, const struct detect_packet *p);
void detect_clear(struct detect *d, const struct detect_packet *p);
/* ZV-12: permitted, once per packet. */
void detect_bulk(struct detect *d, const struct detect_packet *p);

#endif /* AGENT_WATCH_DETECT_STATE_H */
