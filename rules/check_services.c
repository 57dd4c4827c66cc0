/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services: protocol, ports and ICMP types, from words to what boxes compare. */
#include "rules/check_internal.h"

#include "rules/limits.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define PORT_MAX 65535u
/* More ports than this in one service: nobody can say what they are for. */
#define WIDE_PORTS 1024u

/* IANA protocol numbers by their keyword, those a site may meet. */
static const struct protocol_name {
	const char *name;
	uint8_t number;
} protocol_names[] = {
	{ "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "sctp", IPPROTO_SCTP },
	{ "icmp", IPPROTO_ICMP }, { "icmpv6", IPPROTO_ICMPV6 }, { "igmp", 2 },
	{ "ipip", 4 }, { "ipv6", 41 }, { "gre", 47 }, { "esp", 50 }, { "ah", 51 },
	{ "eigrp", 88 }, { "ospf", 89 }, { "etherip", 97 }, { "pim", 103 },
	{ "vrrp", 112 }, { "l2tp", 115 }, { "udplite", 136 },
};

/* RFC 7045 section 2 and its IANA registry, less ESP and AH. */
static const uint8_t extension_headers[] = { 0, 43, 44, 59, 60, 135, 139, 140 };

/* Protocols whose payload is packets again. */
static const uint8_t tunnels[] = { 4, 41, 47, 50, 51, 94, 97, 98, 115, 137 };

/* A service while it is being read. */
struct reading {
	struct check *ck;
	const struct policy_service *service;
	const char *name;
	struct match_set *out;
	struct service_match base;	/* protocol and family set */
};

bool
check_number(const char *text, size_t length, unsigned int max, unsigned int *out)
{
	unsigned int value = 0;

	if (length == 0 || length > 9)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (unsigned int)(text[i] - '0');
	}
	*out = value;
	return value <= max;
}

static bool
is_one_of(const uint8_t *list, size_t n, uint8_t value)
{
	return memchr(list, value, n) != NULL;
}

/* False when the word is no protocol. */
static bool
parse_protocol(const char *word, struct service_match *m)
{
	unsigned int number;

	if (strcmp(word, "any") == 0) {
		m->protocol_any = true;
		return true;
	}
	for (size_t i = 0; i < sizeof(protocol_names) / sizeof(protocol_names[0]); i++)
		if (strcmp(protocol_names[i].name, word) == 0) {
			m->protocol = protocol_names[i].number;
			return true;
		}
	if (!check_number(word, strlen(word), 254, &number))
		return false;
	m->protocol = (uint8_t)number;
	return true;
}

static bool
has_ports(const struct service_match *m)
{
	return !m->protocol_any && (m->protocol == IPPROTO_TCP ||
	    m->protocol == IPPROTO_UDP || m->protocol == IPPROTO_SCTP);
}

static bool
is_icmp(const struct service_match *m)
{
	return !m->protocol_any &&
	    (m->protocol == IPPROTO_ICMP || m->protocol == IPPROTO_ICMPV6);
}

/* False, reported, when the word is no port or range of ports. */
static bool
parse_ports(struct reading *r, const struct policy_word *word, uint16_t *first,
    uint16_t *last)
{
	const char *dash = strchr(word->text, '-');
	size_t length = dash != NULL ? (size_t)(dash - word->text) : strlen(word->text);
	enum message_id wrong = MSG_CHECK_PORT_BAD;
	unsigned int a, b;

	if (check_number(word->text, length, PORT_MAX, &a)) {
		b = a;
		if (dash == NULL ||
		    check_number(dash + 1, strlen(dash + 1), PORT_MAX, &b)) {
			*first = (uint16_t)a;
			*last = (uint16_t)b;
			if (a > 0 && a <= b)
				return true;
			wrong = a > b ? MSG_CHECK_PORT_REVERSED : MSG_CHECK_PORT_ZERO;
		}
	}
	check_error(r->ck, word->origin, wrong, r->name, word->text);
	r->out->broken = true;
	return false;
}

/* Every source port range with every destination port range. */
static int
add_ports(struct reading *r)
{
	const struct policy_words *sports = &r->service->source_ports;
	const struct policy_words *dports = &r->service->ports;
	size_t n_sports = sports->count > 0 ? sports->count : 1;
	size_t n_dports = dports->count > 0 ? dports->count : 1;
	struct service_match m = r->base;

	if (n_sports * n_dports > LIMIT_MATCHES) {
		check_error(r->ck, r->service->origin, MSG_CHECK_LIMIT_MATCHES, r->name,
		    n_sports * n_dports, LIMIT_MATCHES);
		r->out->broken = true;
		return 0;
	}
	m.form = sports->count + dports->count > 0 ? SERVICE_PORTS : SERVICE_PROTOCOL;
	for (size_t s = 0; s < n_sports; s++) {
		if (sports->count > 0 &&
		    !parse_ports(r, &sports->items[s], &m.sport_first, &m.sport_last))
			continue;
		for (size_t d = 0; d < n_dports; d++) {
			if (dports->count > 0 && !parse_ports(r, &dports->items[d],
			    &m.dport_first, &m.dport_last))
				continue;
			if (match_set_add(r->out, &m) != 0)
				return -ENOMEM;
		}
	}
	return 0;
}

/* How many destination ports a service opens; all when it names none. */
static unsigned int
count_ports(const struct match_set *m)
{
	int change[PORT_MAX + 2] = { 0 };
	unsigned int n = 0;
	int open = 0;

	for (size_t i = 0; i < m->count; i++) {
		change[m->items[i].dport_first]++;
		change[m->items[i].dport_last + 1]--;
	}
	open = change[0];
	for (unsigned int p = 1; p <= PORT_MAX; p++) {
		open += change[p];
		n += open > 0;
	}
	return n;
}

static void
advise(struct reading *r)
{
	const struct service_match *m = &r->base;
	struct origin where = r->service->origin;
	unsigned int ports;

	if (m->protocol_any)
		check_warning(r->ck, where, MSG_CHECK_SERVICE_ANY, r->name);
	else if (is_one_of(tunnels, sizeof(tunnels), m->protocol))
		check_warning(r->ck, where, MSG_CHECK_SERVICE_TUNNEL, r->name,
		    r->service->protocol);
	if (!has_ports(m) || r->out->broken)
		return;
	ports = count_ports(r->out);
	if (ports > WIDE_PORTS)
		check_warning(r->ck, where, MSG_CHECK_SERVICE_WIDE, r->name, ports);
}

/* False, reported, when the protocol does not fit the other keys. */
static bool
check_protocol(struct reading *r)
{
	const struct policy_service *s = r->service;
	struct service_match *m = &r->base;

	if (s->protocol == NULL) {
		check_missing(r->ck, s->origin, "services", "protocol");
		return false;
	}
	if (!parse_protocol(s->protocol, m)) {
		check_error(
		    r->ck, s->origin, MSG_CHECK_PROTOCOL_BAD, r->name, s->protocol);
		return false;
	}
	if (!m->protocol_any &&
	    is_one_of(extension_headers, sizeof(extension_headers), m->protocol)) {
		check_error(r->ck, s->origin, MSG_CHECK_PROTOCOL_EXTENSION, r->name,
		    s->protocol);
		return false;
	}
	if (!has_ports(m) && s->ports.count + s->source_ports.count > 0) {
		check_error(
		    r->ck, s->origin, MSG_CHECK_SERVICE_NO_PORTS, r->name, s->protocol);
		return false;
	}
	if (!is_icmp(m) && s->types.count > 0) {
		check_error(
		    r->ck, s->origin, MSG_CHECK_SERVICE_NO_TYPES, r->name, s->protocol);
		return false;
	}
	return true;
}

/* Families in which the protocol exists on its own. */
static enum ip_family
family_of(const struct service_match *m)
{
	if (m->protocol_any)
		return IP_NONE;
	if (m->protocol == IPPROTO_ICMPV6)
		return IP_V6;
	/* In IPv6, AH is an extension header, and those never match an opening. */
	if (m->protocol == IPPROTO_ICMP || m->protocol == IPPROTO_AH)
		return IP_V4;
	return IP_NONE;
}

static int
check_service(struct check *ck, size_t i)
{
	const struct policy_service *s = &ck->policy->services[i];
	struct reading r = {
		.ck = ck,
		.service = s,
		.name = s->name != NULL ? s->name : "?",
		.out = &ck->matches[i],
		.base = { .form = SERVICE_PROTOCOL, .sport_last = PORT_MAX,
		    .dport_last = PORT_MAX },
	};
	int ret;

	if (!check_protocol(&r)) {
		r.out->broken = true;
		return 0;
	}
	r.base.family = family_of(&r.base);
	if (is_icmp(&r.base))
		ret = check_icmp(ck, s, &r.base, r.out);
	else
		ret = add_ports(&r);
	if (ret != 0)
		return ret;
	advise(&r);
	match_set_normalise(r.out);
	return 0;
}

int
check_services(struct check *ck)
{
	size_t n = ck->policy->n_services;

	ck->matches = calloc(n + 1, sizeof(ck->matches[0]));
	if (ck->matches == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (check_service(ck, i) != 0)
			return -ENOMEM;
	return 0;
}
