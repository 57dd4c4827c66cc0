/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ZV class of a refused packet depends on beside permits: which pairs
 * of zones are listed at all, who is a relay, what is a port for files or mail.
 * Part of the classifier: only rules/classifier*.c include this.
 */
#ifndef RULES_CLASSIFIER_ZV_H
#define RULES_CLASSIFIER_ZV_H

#include "rules/checked.h"
#include "rules/classifier_owner.h"
#include "rules/facts.h"

struct zv_table;

/* NULL with errno ENOMEM. Borrows the checked policy. */
struct zv_table *zv_table_new(const struct checked *checked);
void zv_table_free(struct zv_table *t);

/* Class of a segment's zone; OTHER for SEGMENT_SELF and SEGMENT_NONE. */
enum zone_class zv_class_of(const struct zv_table *t, uint16_t segment);

/* True for the zones that have no way to the internet: class mynumber, lgwan. */
bool zv_is_closed(const struct zv_table *t, uint16_t segment);

/*
 * True when a closed zone asks for names or the time where it should not: DNS
 * (53, 853) or NTP towards an address of another zone or of nobody ("dst"), which
 * some host could have, but none with the role dns or ntp has.
 */
bool zv_asks_outside(
    const struct zv_table *t, const struct facts *f, uint16_t in, owner_value dst);

/*
 * True when packets between two segments go from one zone to another and no
 * enabled permit, in force or not, joins these zones in this direction.
 */
bool zv_unlisted_crossing(const struct zv_table *t, uint16_t in, uint16_t out);

/* True for a host with a sanitising role and for all of a relay zone. */
bool zv_is_relay(const struct zv_table *t, uint16_t segment, const struct ip_addr *a);

bool zv_file_or_mail(const struct facts *f);

/* True for IP protocols whose payload is a packet again. */
bool zv_is_tunnel(uint8_t protocol);

/* An address somewhere on the internet: not private, shared or special. */
bool zv_is_global(const struct ip_addr *a);

#endif /* RULES_CLASSIFIER_ZV_H */
