/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names asked outside (ZV-08) from the My Number and the LGWAN zones, in TLS or
 * HTTPS, where a permit lets it through or nobody would see that it is one. What
 * no permit covers on the ports of DNS and NTP, the judge names already.
 *
 * Not seen: a ClientHello whose name lies beyond what was captured, an encrypted
 * one (ECH), and the names of QUIC; there only the address tells.
 */
#include "agent/watch/detect_resolvers.h"
#include "agent/watch/detect_state.h"
#include "agent/watch/detect_tls.h"

#include <netinet/in.h>
#include <string.h>

#define PORT_HTTPS	443u
#define PORT_DOT	853u	/* RFC 7858; over UDP it is DNS over QUIC, RFC 9250 */

static void
tell_name(struct detect *d, const struct detect_packet *p, enum detect_told kind,
    const char *what, const char *name)
{
	bool passes = p->judgement->verdict == VERDICT_PERMIT;
	struct detection found = { .zv = ZV_08_INTERNET_BOUND,
	    .action = passes ? ACTION_BEHAVIOUR : ACTION_ATTEMPT,
	    .from = p->seen->in, .to = p->judgement->out,
	    .permit = detect_permit(p) };
	struct detect_key_pair key = { .src = p->facts->src.value,
	    .dst = p->facts->dst.value, .what = (uint64_t)kind,
	    .family = (uint64_t)p->facts->src.family };

	if (detect_due_key(d, &key, DETECT_AGAIN_NS))
		detect_tell(d, p, &found, "%s%s", what, name);
}

/* Towards the internet: a zone of that class, of other organisations, or nobody's. */
static bool
is_outside(const struct detect *d, const struct detect_packet *p)
{
	uint16_t out = p->judgement->out;
	enum zone_class class = detect_class(d, out);

	return out == SEGMENT_NONE || class == ZONE_CLASS_INTERNET ||
	    class == ZONE_CLASS_EXTERNAL;
}

static void
check_port(struct detect *d, const struct detect_packet *p)
{
	const struct facts *f = p->facts;
	bool passes = p->judgement->verdict == VERDICT_PERMIT;
	bool web = f->protocol == IPPROTO_TCP || f->protocol == IPPROTO_UDP;

	if (f->dport == PORT_DOT && web && passes &&
	    !role_index_holds(d->policy.roles, HOST_ROLE_DNS, &f->dst))
		tell_name(d, p, TOLD_DOT, "DNS over TLS", "");
	else if (f->dport == PORT_HTTPS && web && resolver_address(&f->dst))
		tell_name(d, p, TOLD_DOH_ADDRESS, "HTTPS to a public resolver", "");
}

static void
check_server_name(struct detect *d, const struct detect_packet *p)
{
	char name[TLS_NAME_SIZE];

	if (p->facts->protocol == IPPROTO_TCP && tls_is_handshake(&p->payload) &&
	    tls_server_name(p->payload, name) && resolver_name(name))
		tell_name(d, p, TOLD_DOH_NAME, "TLS to the public resolver ", name);
}

void
detect_names(struct detect *d, const struct detect_packet *p, bool opening)
{
	enum zone_class class = detect_class(d, p->seen->in);

	if (class != ZONE_CLASS_MYNUMBER && class != ZONE_CLASS_LGWAN)
		return;
	if (p->payload.captured > 0)
		check_server_name(d, p);
	/* What the judge calls by this class is told already. */
	if (opening && p->judgement->zv != ZV_08_INTERNET_BOUND && is_outside(d, p))
		check_port(d, p);
}
