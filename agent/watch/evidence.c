/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/evidence.h"

#include "agent/watch/decode.h"
#include "agent/watch/headers.h"
#include "agent/watch/inspect.h"

#include <errno.h>
#include <pcap/dlt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS	INT64_C(1000000000)

/* The latest packet of a violation, as it came. */
struct latest {
	bool used;
	int link_type;
	struct packet packet;
};

struct evidence {
	evidence_send *send;
	void *arg;
	struct record_evidence rules;
	struct evidence_ledger ledger;
	int64_t second_ns;
	uint32_t in_second;
	struct latest latest[EVIDENCE_LAST];	/* at the key modulo their number */
};

struct evidence *
evidence_new(evidence_send *send, void *arg)
{
	struct evidence *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->send = send;
	e->arg = arg;
	return e;
}

void
evidence_free(struct evidence *e)
{
	free(e);
}

void
evidence_rules(struct evidence *e, const struct record_evidence *rules)
{
	/* What came while it was to be cut stays cut: it is kept whole until then. */
	if (rules->payload && !e->rules.payload)
		memset(e->latest, 0, sizeof(e->latest));
	e->rules = *rules;
	if (e->rules.packets > RECORD_EVIDENCE_PACKETS)
		e->rules.packets = RECORD_EVIDENCE_PACKETS;
	if (e->rules.snap > RECORD_EVIDENCE_SNAP)
		e->rules.snap = RECORD_EVIDENCE_SNAP;
}

/* False: the recorder has no name for a link like that. */
static bool
link_of(const struct sighting_frame *f, uint8_t *link)
{
	switch (f->link_type) {
	case DLT_EN10MB:
		*link = PACKET_ETHERNET;
		return true;
	case DLT_RAW:
	case INSPECT_BARE_PACKET:
		*link = f->captured > 0 && f->bytes[0] >> 4 == 6 ? PACKET_IPV6 : PACKET_IPV4;
		return true;
	case DLT_LINUX_SLL:
		*link = PACKET_COOKED;
		return true;
	default:
		return false;
	}
}

/* With as many bytes as the policy lets out at most; the headers end within them. */
static void
fill(const struct evidence *e, uint64_t key, const struct sighting *s, const char *interface,
    uint8_t link, struct packet *p)
{
	const struct sighting_frame *f = s->frame;
	uint32_t n = f->captured < e->rules.snap ? f->captured : e->rules.snap;
	size_t i;

	memset(p, 0, PACKET_HEAD);
	p->key = key;
	p->time_ns = s->time_ns;
	p->captured = (uint16_t)n;
	p->link = link;
	p->witness = s->witness;
	/* The recorder takes plain names only. */
	for (i = 0; i + 1 < sizeof(p->interface) && interface[i] != '\0'; i++)
		p->interface[i] = interface[i] > ' ' && interface[i] <= '~' ? interface[i] : '?';
	if (i == 0)
		p->interface[0] = '?';
	if (f->length != DECODE_LENGTH_UNKNOWN)
		p->length = f->length < f->captured ? f->captured : f->length;
	memcpy(p->bytes, f->bytes, n);
}

static void
cut(const struct evidence *e, struct packet *p, int link_type)
{
	const uint32_t length = p->length != 0 ? p->length : DECODE_LENGTH_UNKNOWN;

	/* The last packet may have come under other rules. */
	if (p->captured > e->rules.snap)
		p->captured = e->rules.snap;
	if (!e->rules.payload)
		p->captured = (uint16_t)headers_length(link_type, p->bytes, p->captured, length);
}

static void
hand_on(struct evidence *e, struct packet *p, int link_type, int64_t now_ns)
{
	struct evidence_ledger *l = &e->ledger;

	if (now_ns - e->second_ns >= SECOND_NS) {
		e->second_ns = now_ns;
		e->in_second = 0;
	}
	if (e->in_second >= EVIDENCE_RATE) {
		l->limited++;
		return;
	}
	e->in_second++;
	cut(e, p, link_type);
	p->not_sent = l->limited + l->refused;
	if (e->send(e->arg, p, PACKET_HEAD + p->captured) == 0)
		l->sent++;
	else
		l->refused++;
}

void
evidence_take(struct evidence *e, uint64_t key, uint64_t nth, const struct sighting *s,
    const char *interface, int64_t now_ns)
{
	struct latest *latest = &e->latest[key % EVIDENCE_LAST];
	struct packet p;
	uint8_t link;

	if (e->rules.packets == 0 || !link_of(s->frame, &link))
		return;
	if (nth > e->rules.packets) {
		fill(e, key, s, interface, link, &latest->packet);
		latest->link_type = s->frame->link_type;
		latest->used = true;
		return;
	}
	e->ledger.offered++;
	fill(e, key, s, interface, link, &p);
	p.nth = (uint16_t)nth;
	hand_on(e, &p, s->frame->link_type, now_ns);
}

void
evidence_end(struct evidence *e, uint64_t key, uint64_t of, int64_t now_ns)
{
	struct latest *latest = &e->latest[key % EVIDENCE_LAST];

	if (e->rules.packets == 0 || of <= e->rules.packets)
		return;
	e->ledger.offered++;
	if (!latest->used || latest->packet.key != key) {
		e->ledger.limited++;
		return;
	}
	latest->used = false;
	hand_on(e, &latest->packet, latest->link_type, now_ns);
}

const struct evidence_ledger *
evidence_ledger(const struct evidence *e)
{
	return &e->ledger;
}
