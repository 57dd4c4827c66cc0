/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scans and lateral movement (ZV-10): how many different hosts, and ports of
 * one host, a source opened to. Answers and running flows count nothing, so
 * neither a busy server nor a long transfer looks like one.
 */
#include "agent/watch/detect_state.h"

#include <netinet/in.h>
#include <string.h>

struct scan {
	int64_t told_ns;
	struct distinct seen;
};
_Static_assert(sizeof(struct scan) <= DETECT_SCAN_BYTES &&
    offsetof(struct scan, seen) + DISTINCT_CLEAR <= DETECT_SCAN_CLEAR,
    "as detect.c has it");

/* SMB, RDP, WinRM, SSH and the RPC mapper: how intruders go on from host to host. */
static bool
is_administration(const struct facts *f)
{
	if (f->protocol != IPPROTO_TCP)
		return false;
	switch (f->dport) {
	case 22:
	case 135:
	case 139:
	case 445:
	case 3389:
	case 5985:
	case 5986:
		return true;
	default:
		return false;
	}
}

/* Permitted web traffic to the internet: a page today is made of dozens of hosts. */
static bool
is_browsing(const struct detect *d, const struct detect_packet *p)
{
	const struct facts *f = p->facts;

	return p->judgement->verdict == VERDICT_PERMIT && f->protocol != IPPROTO_SCTP &&
	    (f->dport == 80 || f->dport == 443) &&
	    detect_class(d, p->judgement->out) == ZONE_CLASS_INTERNET;
}

struct counted {
	enum detect_table_name table;
	struct detect_key_pair key;
	uint64_t hash;			/* of the key, in that table */
};

/* How many different things this key has, when that is to be told now; else 0. */
static uint32_t
count(struct detect *d, const struct counted *k, uint64_t thing,
    const struct checked_detector *c)
{
	int64_t window = detect_window(c);
	uint64_t limit = c->limit < DISTINCT_MOST ? c->limit : DISTINCT_MOST;
	struct scan *s;
	uint32_t n;
	bool fresh;

	s = detect_table_put_hashed(&d->tables[k->table], &k->key, k->hash, d->now_ns,
	    &fresh);
	if (!distinct_add(&s->seen, thing, d->now_ns, window))
		return 0;
	n = distinct_count(&s->seen, &d->scale, d->now_ns, window);
	return n > 0 && n >= limit && detect_due(d, &s->told_ns, window) ? n : 0;
}

static void
tell_scan(struct detect *d, const struct detect_packet *p,
    const struct checked_detector *c, uint32_t n, const char *what)
{
	struct detection found = { .zv = ZV_10_SCAN, .action = ACTION_BEHAVIOUR,
	    .severity = c->severity, .from = p->seen->in, .to = p->judgement->out,
	    .permit = detect_permit(p) };

	if (n > 0)
		detect_tell(d, p, &found, "%u %s in %u s", n, what, c->seconds);
}

static uint64_t
hash_address(const struct detect *d, const struct ip_addr *a)
{
	return detect_hash(d, &a->value, sizeof(a->value));
}

static void
count_administration(struct detect *d, const struct detect_packet *p)
{
	const struct checked_detector *c = &d->checked->detect.lateral;
	struct counted k = { .table = TABLE_LATERAL, .key = detect_key_source(p->facts) };

	k.hash = detect_table_hash(&d->tables[k.table], &k.key);
	tell_scan(d, p, c, count(d, &k, hash_address(d, &p->facts->dst), c),
	    "hosts asked for administration");
}

static void
count_hosts(struct detect *d, const struct detect_packet *p)
{
	const struct checked_detector *c = &d->checked->detect.scan_hosts;
	struct counted k = { .table = TABLE_HOSTS, .key = detect_key_source(p->facts) };

	k.hash = detect_is_announced(p) ? p->ahead->hosts :
	    detect_table_hash(&d->tables[k.table], &k.key);
	tell_scan(d, p, c, count(d, &k, hash_address(d, &p->facts->dst), c), "hosts");
}

static void
count_ports(struct detect *d, const struct detect_packet *p)
{
	const struct checked_detector *c = &d->checked->detect.scan_ports;
	struct counted k = { .table = TABLE_PORTS, .key = detect_key_hosts(p->facts) };
	uint64_t port = (uint64_t)p->facts->protocol << 16 | p->facts->dport;

	k.hash = detect_is_announced(p) ? p->ahead->ports :
	    detect_table_hash(&d->tables[k.table], &k.key);
	tell_scan(d, p, c, count(d, &k, detect_hash(d, &port, sizeof(port)), c),
	    "ports of one host");
}

void
detect_scan(struct detect *d, const struct detect_packet *p)
{
	const struct checked_detect *c = &d->checked->detect;
	const struct role_index *roles = d->policy.roles;
	const struct facts *f = p->facts;
	bool ping = f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_ICMPV6;

	if (role_index_holds(roles, HOST_ROLE_MONITOR | HOST_ROLE_BACKUP, &f->src))
		return;
	if (c->lateral.on && is_administration(f) &&
	    !role_index_holds(roles, HOST_ROLE_JUMP, &f->src))
		count_administration(d, p);
	if (role_index_holds(roles, HOST_ROLE_DNS | HOST_ROLE_PROXY, &f->src))
		return;
	if (c->scan_hosts.on && !is_browsing(d, p))
		count_hosts(d, p);
	if (c->scan_ports.on && !ping)
		count_ports(d, p);
}
