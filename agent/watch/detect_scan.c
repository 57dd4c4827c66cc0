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

/* How many different things this key has, when that is to be told now; else 0. */
static uint32_t
count(struct detect *d, enum detect_table_name table, const struct detect_key_pair *key,
    uint64_t thing, const struct checked_detector *c)
{
	int64_t window = detect_window(c);
	uint64_t limit = c->limit < DISTINCT_MOST ? c->limit : DISTINCT_MOST;
	struct scan *s;
	uint32_t n;
	bool fresh;

	s = detect_table_put(&d->tables[table], key, d->now_ns, &fresh);
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

void
detect_scan(struct detect *d, const struct detect_packet *p)
{
	const struct checked_detect *c = &d->checked->detect;
	const struct facts *f = p->facts;
	struct detect_key_pair key = detect_key_source(f);
	uint64_t port = (uint64_t)f->protocol << 16 | f->dport;
	bool ping = f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_ICMPV6;

	if (role_index_holds(d->policy.roles, HOST_ROLE_MONITOR |
	    HOST_ROLE_BACKUP, &f->src))
		return;
	if (c->lateral.on && is_administration(f) &&
	    !role_index_holds(d->policy.roles, HOST_ROLE_JUMP, &f->src))
		tell_scan(d, p, &c->lateral, count(d, TABLE_LATERAL, &key,
		    hash_address(d, &f->dst), &c->lateral),
		    "hosts asked for administration");
	if (role_index_holds(d->policy.roles, HOST_ROLE_DNS | HOST_ROLE_PROXY, &f->src))
		return;
	if (c->scan_hosts.on && !is_browsing(d, p))
		tell_scan(d, p, &c->scan_hosts, count(d, TABLE_HOSTS, &key,
		    hash_address(d, &f->dst), &c->scan_hosts), "hosts");
	if (!c->scan_ports.on || ping)
		return;
	key = detect_key_hosts(f);
	tell_scan(d, p, &c->scan_ports, count(d, TABLE_PORTS, &key,
	    detect_hash(d, &port, sizeof(port)), &c->scan_ports), "ports of one host");
}
