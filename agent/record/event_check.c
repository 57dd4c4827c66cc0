/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/event_check.h"

#include "agent/watch/decode.h"

#include <errno.h>
#include <string.h>

#define WITNESS_KNOWN	(WITNESS_TAP_INGRESS | WITNESS_TAP_EGRESS | WITNESS_GATE)
#define VLAN_MAX	4096u	/* id + 1 */
/* Year 2262: the kernel takes no time from 2232 on (KTIME_SEC_MAX, settimeofday(2)). */
#define LATEST_NS	(9214646400 * (int64_t)1000000000)
#define COUNT_MAX	((uint64_t)INT64_MAX)	/* JSON integers of jansson */

static bool
good_address(const struct ip_addr *a)
{
	switch (a->family) {
	case IP_NONE:
		return a->value == 0;
	case IP_V4:
		return a->value <= UINT32_MAX;
	case IP_V6:
		return true;
	}
	return false;
}

static bool
good_pair(const struct ip_addr *src, const struct ip_addr *dst)
{
	return good_address(src) && good_address(dst) &&
	    (src->family == dst->family || src->family == IP_NONE ||
	    dst->family == IP_NONE);
}

static bool
good_time(int64_t ns)
{
	return ns >= 0 && ns <= LATEST_NS;
}

static bool
ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool
good_digest(const char *digest)
{
	size_t n = strspn(digest, "0123456789abcdef");

	return digest[n] == '\0' && (n == 0 || n == 64);
}

static const char *
bad_number(const struct event *e, bool trusted)
{
	if (e->kind == EVENT_NONE || e->kind >= EVENT_FILE)
		return "kind";
	if ((e->kind == EVENT_CHANGE || e->kind == EVENT_DRIFT) && !trusted)
		return "sender of a change";
	if (e->phase >= PHASE_COUNT)
		return "phase";
	if (e->zv >= ZV_COUNT || (e->kind == EVENT_VIOLATION && e->zv == ZV_NONE))
		return "class";
	if (e->action >= ACTION_COUNT)
		return "action";
	if (e->severity > 10)
		return "severity";
	if ((e->witness & ~WITNESS_KNOWN) != 0)
		return "witness";
	if (e->from_class >= ZONE_CLASS_COUNT || e->to_class >= ZONE_CLASS_COUNT)
		return "zone class";
	if (e->outcome > 1)
		return "outcome";
	if (e->subject >= SUBJECT_COUNT || (e->kind != EVENT_CHANGE && e->subject != 0))
		return "subject";
	/* The end may lie before the begin: somebody set the clock back in between. */
	if (!good_time(e->first_ns) || !good_time(e->last_ns))
		return "time";
	if (e->count > COUNT_MAX || e->bytes > COUNT_MAX || e->lost > COUNT_MAX ||
	    e->flows > COUNT_MAX ||
	    (e->kind == EVENT_VIOLATION && e->count == 0))
		return "count";
	return NULL;
}

/* Either the first piece, or a later one that may have the first one's ports. */
static bool
good_flags(unsigned int flags)
{
	const unsigned int later = FACT_FRAGMENT_LAST | FACT_PORTS_INHERITED;
	const unsigned int v6 = FACT_EXTENSION | FACT_ROUTING_HEADER;

	if ((flags & ~FACT_KNOWN) != 0 ||
	    ((flags & FACT_IP_OPTIONS) != 0 && (flags & v6) != 0))
		return false;
	if ((flags & FACT_FRAGMENT_LATER) != 0)
		return (flags & FACT_FRAGMENT_FIRST) == 0;
	return (flags & later) == 0;
}

static const char *
bad_facts(const struct facts *f)
{
	if (!good_pair(&f->src, &f->dst))
		return "address";
	if (!good_pair(&f->quoted_src, &f->quoted_dst))
		return "quoted address";
	if (!good_flags(f->flags))
		return "packet flags";
	if (f->vlan[0] > VLAN_MAX || f->vlan[1] > VLAN_MAX || f->vlan[2] > VLAN_MAX)
		return "VLAN";
	if (f->tunnel >= TUNNEL_COUNT || f->level > DECODE_LEVELS ||
	    (f->tunnel == TUNNEL_NONE) != (f->level == 0))
		return "tunnel";
	if (f->unreadable >= UNREADABLE_COUNT)
		return "reason of unreadable";
	return NULL;
}

static const char *
bad_text(const struct event *e)
{
	if (!ends(e->from_zone, sizeof(e->from_zone)) ||
	    !ends(e->to_zone, sizeof(e->to_zone)))
		return "zone name";
	if (!ends(e->in_interface, sizeof(e->in_interface)) ||
	    !ends(e->out_interface, sizeof(e->out_interface)))
		return "interface name";
	if (!ends(e->permit, sizeof(e->permit)))
		return "permit";
	if (!ends(e->policy_digest, sizeof(e->policy_digest)) ||
	    !good_digest(e->policy_digest))
		return "policy digest";
	if (!ends(e->digest_before, sizeof(e->digest_before)) ||
	    !good_digest(e->digest_before))
		return "digest before";
	if (!ends(e->reason, sizeof(e->reason)))
		return "reason";
	if (!ends(e->person, sizeof(e->person)))
		return "person";
	if (!ends(e->note, sizeof(e->note)))
		return "note";
	return ends(e->actor, sizeof(e->actor)) ? NULL : "actor";
}

int
event_check(const void *bytes, size_t length, bool trusted, struct event *out,
    const char **why)
{
	*why = "length";
	if (length != sizeof(*out))
		return -EPROTO;
	memcpy(out, bytes, sizeof(*out));
	*why = bad_number(out, trusted);
	if (*why == NULL)
		*why = bad_facts(&out->facts);
	if (*why == NULL)
		*why = bad_text(out);
	return *why == NULL ? 0 : -EPROTO;
}
