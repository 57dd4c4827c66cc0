/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions about one packet that need no policy. Part of the classifier: only
 * rules/classifier*.c include this.
 */
#ifndef RULES_CLASSIFIER_PACKET_H
#define RULES_CLASSIFIER_PACKET_H

#include "rules/facts.h"

bool packet_is_arp(const struct facts *f);
/* IPv4 or IPv6, both addresses alike. */
bool packet_is_ip(const struct facts *f);
bool packet_is_icmp(const struct facts *f);

/* SYN without ACK, RST, FIN. */
bool packet_is_lone_syn(const struct facts *f);

/* True for what conntrack would take as the first packet of a flow. */
bool packet_can_open(const struct facts *f);

/* Errors that conntrack relates to the flow they quote. */
bool packet_is_icmp_error(const struct facts *f);

/* The request type that an ICMP reply answers; -1 if it is none. */
int packet_icmp_request(const struct facts *f);

bool packet_is_neighbour_discovery(const struct facts *f);

/* An IPv6 packet that ends in an extension header. */
bool packet_is_extension_alone(const struct facts *f);

/* Addresses that name no single host, or none beyond the wire. */
bool packet_to_group(const struct ip_addr *a);
bool packet_link_local(const struct ip_addr *a);

#endif /* RULES_CLASSIFIER_PACKET_H */
