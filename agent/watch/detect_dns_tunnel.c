/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS tunnels (ZV-11): how much one source says, in different names, under one
 * registered domain; and how much TXT and NULL answers bring back. After ibHH
 * (Ozery, Nadler, Shabtai 2023, arXiv 2307.02614): what a tunnel cannot avoid is
 * many different names with much in them; a content network asks for few names
 * many times, or for many short ones.
 */
#include "agent/watch/detect_dns.h"
#include "agent/watch/detect_state.h"

#include <netinet/in.h>
#include <string.h>

struct tunnel_names {
	int64_t told_ns;
	struct amount bytes;
	struct distinct names;
};
_Static_assert(sizeof(struct tunnel_names) <= DETECT_DNS_BYTES &&
    offsetof(struct tunnel_names, names) + DISTINCT_CLEAR <= DETECT_DNS_CLEAR,
    "as detect.c has it");

/* Look-ups of addresses: many, long and different by nature. */
static bool
is_reverse(const struct dns_question *q)
{
	static const char arpa[] = "\4arpa";
	const size_t n = sizeof(arpa) - 1;

	return q->length >= n && memcmp(q->name + q->length - n, arpa, n) == 0;
}

/* What of this message is worth counting: bytes of it, at most. */
static uint64_t
worth(const struct detect_packet *p, const struct dns_question *q, size_t domain)
{
	if (!q->response)
		return domain;		/* the labels below the domain */
	if (q->type == DNS_TYPE_TXT || q->type == DNS_TYPE_NULL)
		return p->payload.wire;
	return 0;
}

/*
 * A name that sets a bit set already is not counted: with m - i of m bits free
 * each that does stands for m / (m - i).
 */
static uint64_t
corrected(uint64_t bytes, const struct distinct *names)
{
	uint64_t taken = names->n_now - 1u;

	return bytes * DISTINCT_BITS / (DISTINCT_BITS - taken);
}

static void
add(struct detect *d, const struct detect_packet *p, const struct dns_question *q)
{
	const struct checked_detector *c = &d->checked->detect.dns_tunnel;
	const struct facts *f = p->facts;
	const struct ip_addr *asker = q->response ? &f->dst : &f->src;
	size_t domain = dns_registered_domain(q);
	uint64_t bytes = worth(p, q, domain), sum;
	struct detection found = { .zv = ZV_11_BEACON, .action = ACTION_BEHAVIOUR,
	    .severity = c->severity, .from = p->seen->in, .to = p->judgement->out,
	    .permit = detect_permit(p) };
	struct detect_key_pair key;
	struct tunnel_names *t;
	char text[48];
	bool fresh;

	if (bytes == 0 || domain == 0)
		return;
	memset(&key, 0, sizeof(key));
	key.src = asker->value;
	key.what = detect_hash(d, q->name + domain, q->length - domain);
	key.family = (uint64_t)asker->family;
	t = detect_table_put(&d->tables[TABLE_DNS], &key, d->now_ns, &fresh);
	if (!distinct_add(&t->names, detect_hash(d, q->name, q->length) +
	    (q->response ? 1u : 0u), d->now_ns, detect_window(c)))
		return;
	sum = amount_add(&t->bytes, corrected(bytes, &t->names), d->now_ns,
	    detect_window(c));
	if (sum < c->limit || !detect_due(d, &t->told_ns, detect_window(c)))
		return;
	dns_print(q, domain, text, sizeof(text));
	detect_tell(d, p, &found, "%llu bytes in names under %s in %u s",
	    (unsigned long long)sum, text, c->seconds);
}

void
detect_dns_tunnel(struct detect *d, const struct detect_packet *p)
{
	struct dns_question q;
	bool read;

	if (!d->checked->detect.dns_tunnel.on)
		return;
	switch (p->facts->protocol) {
	case IPPROTO_UDP:
		read = dns_read(p->payload, &q);
		break;
	case IPPROTO_TCP:
		read = dns_read_stream(p->payload, &q);
		break;
	default:
		return;
	}
	if (read && !is_reverse(&q))
		add(d, p, &q);
}
