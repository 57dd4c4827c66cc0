/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one judge: facts of a packet -> what the policy says of it. Serves the
 * watcher, explain, replay and the lab. Built from the checked policy, never
 * changes, read without a lock.
 *
 * The gate (compile.c) is made from the same boxes; tests/unit/oracle.c scans
 * the policy text's model line by line, and property tests hold all to it.
 */
#ifndef RULES_CLASSIFIER_H
#define RULES_CLASSIFIER_H

#include "rules/checked.h"
#include "rules/facts.h"
#include "rules/violation_class.h"

/* Zero denies. */
enum verdict {
	VERDICT_DENY = 0,
	VERDICT_PERMIT,
	VERDICT_LOCAL, /* concerns nobody but its own wire: ARP, neighbour
			* discovery, multicast and broadcast that no router passes */
};

struct judgement {
	enum verdict verdict;
	enum violation_class zv;	/* ZV_NONE unless VERDICT_DENY */
	enum violation_action action;	/* what a stopped packet is called */
	uint32_t permit; /* index + 1: permitting it, or concerned and not in
			  * force (disabled, expired); 0: none */
	uint16_t in, out;		/* segments, as given or found */
	bool opens;	/* permitted, and classifier_judge() would say the same of it */
};

struct classifier;

/* NULL with errno ENOMEM. Borrows the checked policy, which must outlive it. */
struct classifier *classifier_new(const struct checked *checked);
void classifier_free(struct classifier *c);

/*
 * The gateway's own addresses beyond those written in the policy (learnt from
 * its interfaces). Copied. 0 or -ENOMEM.
 */
int classifier_set_own(struct classifier *c, const struct ip_addr *own, size_t n);

/* Segment that owns the address, SEGMENT_SELF for an own address, else SEGMENT_NONE. */
uint16_t classifier_owner(const struct classifier *c, const struct ip_addr *a);

/*
 * Judge one packet as an opening: may it begin a flow?
 *   in   segment it came from; SEGMENT_SELF: sent by the gateway itself;
 *        SEGMENT_NONE: an interface in no segment
 *   out  segment it leaves to; SEGMENT_SELF: delivered to the gateway;
 *        SEGMENT_NONE: not known yet, then the owner of the destination
 *   now  seconds since the epoch, for valid_from and valid_until
 *
 * A packet crosses when "out" is given as a segment other than "in", and "in"
 * is not SEGMENT_SELF. FACT_HAS_MAC must be unset where the source MAC is not
 * the sender's: on the egress side it is the gateway's own.
 *
 * Order of the checks (the first that applies gives verdict, class and action):
 *   1. unreadable, or neither ARP nor IP    ZV-02 unclassifiable
 *   2. does not cross, and concerns its own wire only: VERDICT_LOCAL
 *      - ARP; a group MAC; a multicast or all-ones destination; the directed
 *        broadcast of a network of "in" (from SEGMENT_SELF: of any)
 *      - neighbour discovery, ICMPv6 133 to 137 with hop limit 255
 *      - a link-local destination, unless "out" is SEGMENT_SELF
 *      - from the gateway to itself
 *      ARP that does cross goes to 9; no permit lists it.
 *   3. source not owned by "in", never forwarded or an own address; in SEGMENT_SELF:
 *      not an own address (not asked while no own address is known)
 *                                           ZV-03 spoofed-source
 *      Link-local to link-local, to the gateway: 9.
 *   4. "out" not given, destination owned by "in": VERDICT_LOCAL
 *   5. bound source with another MAC        ZV-03 wrong-mac; also towards the gateway
 *   6. IPv4 options, IPv6 extension header (hop-by-hop, routing, destination; a
 *      fragment header only where nothing follows it), whatever the permits say;
 *      AH and the like count as protocols    ZV-02 unclassifiable
 *   7. destination owned by nobody, not by "out", or never forwarded: a global
 *      address, from the class mynumber or lgwan: ZV-08; else 9. Not asked
 *      when "out" is given as SEGMENT_SELF: the input hook knows what is local.
 *   8. first permit in file order that is in force and has a box that holds
 *      source, destination and service: VERDICT_PERMIT, if the packet can open:
 *        TCP      SYN without ACK, RST, FIN
 *        ICMP     types 8, 13, 15, 17; ICMPv6 128, 139: what conntrack takes as new
 *                 (valid_new in nf_conntrack_proto_icmp.c, _icmpv6.c). Another type
 *                 in a permit never opens; IPv4 carries no ICMPv6 nor IPv6 ICMP
 *        others   always
 *      Services with ports or ICMP types want FACT_HAS_PORTS: a later fragment
 *      opens nothing but a service that names its protocol alone.
 *   9. refused. Class, the first that applies:
 *        ZV-02  an answer or a late packet: classifier_judge_any() would permit it
 *               by an enabled permit, in force or not (not a reason in itself)
 *        ZV-09  from class internet to lgwan on a port for files or mail
 *               (classifier_zv.c); or from a relay (a host with the role
 *               file_sanitize, mail_text, screen_transfer, relay_file or renkei, or
 *               a zone of class relay), to another segment or nowhere, with no
 *               enabled permit from this source to this destination
 *        ZV-08  from class mynumber or lgwan, a question to outside that no permit,
 *               in force or not, holds: DNS (TCP or UDP 53, 853) or NTP (UDP 123)
 *               to an address that is not the gateway's, not of the own zone and not
 *               of a host with the role dns or ntp, and that a packet can be sent to
 *               (not never forwarded, no directed broadcast)
 *        ZV-01  two different zones, and no enabled permit from one to the other,
 *               in force or not
 *        ZV-02  else; also to and from the gateway, within a zone, to nowhere
 *      "permit" is the first in file order that holds the packet and is not in
 *      force (disabled, not yet valid, expired); 0 when one in force holds it, so
 *      that only its state was wrong. The action is ACTION_TUNNEL for protocols
 *      that carry packets (IPIP, 6in4, GRE, ESP, EtherIP, L2TP, MPLS-in-IP), else
 *      ACTION_ATTEMPT.
 */
void classifier_judge(const struct classifier *c, const struct facts *f,
    uint16_t in, uint16_t out, int64_t now, struct judgement *j);

/*
 * The same, but a packet of a flow that an opening, in either direction,
 * explains is permitted too, as "ct state established,related" would. Stateless,
 * so it permits what could be such a packet. Differs in:
 *   3. an ICMP error explained by its quoted packet may come from any router:
 *      only own, never forwarded and broadcast sources are refused
 *   6. IPv6 extension headers other than routing pass before a transport header,
 *      except before a lone SYN
 *   8. also permitted by a permit in force that holds
 *        TCP that is no lone SYN, either way; UDP, SCTP and the like, the other way;
 *        ICMP replies, the request the other way (same code);
 *        ICMP errors (3, 11, 12; ICMPv6 1 to 4) whose quoted source is the
 *        destination: the quoted packet, as a packet of such a flow from there to
 *        "in" (from the gateway: to anywhere);
 *        later fragments: their protocol with any ports, either way
 *      An ICMP error of the gateway itself that none explains is VERDICT_LOCAL:
 *      it tells the sender of a refused packet.
 *      "permit" is one of the same way as the packet, if there is any, else of
 *      the other way.
 *   9. "permit" is the first of both ways.
 */
void classifier_judge_any(const struct classifier *c, const struct facts *f,
    uint16_t in, uint16_t out, int64_t now, struct judgement *j);

/*
 * Memory that judging this packet is likely to need is asked for. Changes nothing that is
 * said of it.
 */
void classifier_expect(const struct classifier *c, const struct facts *f);

#endif /* RULES_CLASSIFIER_H */
