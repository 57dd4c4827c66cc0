/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The question of a DNS message (RFC 1035 4.1): hostile bytes, read to the end
 * of the first question and no further. A name there has nothing before it that
 * a compression pointer could mean, so one in it is a lie and the message is
 * not read.
 */
#ifndef AGENT_WATCH_DETECT_DNS_H
#define AGENT_WATCH_DETECT_DNS_H

#include "agent/watch/cursor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_TYPE_NULL	10u
#define DNS_TYPE_TXT	16u

#define DNS_NAME_BYTES	255u	/* RFC 1035 3.1: on the wire, with the root's zero */
#define DNS_LABELS	128u

struct dns_question {
	bool response;
	uint16_t type;
	uint8_t length;			/* of name, without the root's zero */
	uint8_t n_labels;
	uint8_t name[DNS_NAME_BYTES];	/* as on the wire, letters in lower case */
	uint8_t label[DNS_LABELS];	/* where in name each label's length stands */
};

/* False: this is no query or answer that can be read. c: behind the UDP header. */
bool dns_read(struct cursor c, struct dns_question *q);

/* The same over TCP: two bytes of length first (RFC 1035 4.2.2). */
bool dns_read_stream(struct cursor c, struct dns_question *q);

/*
 * Where in q->name the domain begins that somebody registered: the last two
 * labels, three where registries sell the third (example.co.jp). No list of
 * public suffixes: a wrong guess only counts two domains as one.
 */
size_t dns_registered_domain(const struct dns_question *q);

/* q->name from "from" on, "example.co.jp"; what cannot be printed becomes '?'. */
void dns_print(const struct dns_question *q, size_t from, char *out, size_t size);

#endif /* AGENT_WATCH_DETECT_DNS_H */
