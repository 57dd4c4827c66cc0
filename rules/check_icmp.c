/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP types. In boxes a type and its code are one number, type << 8 | code,
 * in the place of the source port: that is where they stand in the header.
 */
#include "rules/check_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define TYPE_MAX 255u
#define NO_CODE 256u

struct type_name {
	const char *name;
	uint8_t type;
};

/* nft(8) spelling; numbers: IANA "ICMP Type Numbers". */
static const struct type_name icmp_types[] = {
	{ "echo-reply", 0 }, { "destination-unreachable", 3 }, { "source-quench", 4 },
	{ "redirect", 5 }, { "echo-request", 8 }, { "router-advertisement", 9 },
	{ "router-solicitation", 10 }, { "time-exceeded", 11 },
	{ "parameter-problem", 12 }, { "timestamp-request", 13 },
	{ "timestamp-reply", 14 }, { "info-request", 15 }, { "info-reply", 16 },
	{ "address-mask-request", 17 }, { "address-mask-reply", 18 }, { NULL, 0 },
};

/* The same, IANA "ICMPv6 type Numbers". */
static const struct type_name icmpv6_types[] = {
	{ "destination-unreachable", 1 }, { "packet-too-big", 2 }, { "time-exceeded", 3 },
	{ "parameter-problem", 4 }, { "echo-request", 128 }, { "echo-reply", 129 },
	{ "mld-listener-query", 130 }, { "mld-listener-report", 131 },
	{ "mld-listener-done", 132 }, { "nd-router-solicit", 133 },
	{ "nd-router-advert", 134 }, { "nd-neighbor-solicit", 135 },
	{ "nd-neighbor-advert", 136 }, { "nd-redirect", 137 },
	{ "node-information-query", 139 }, { NULL, 0 },
};

/* RFC 4861: hop limit 255, so no router ever passes them on. */
#define ND_FIRST 133u
#define ND_LAST 137u

/*
 * Types that conntrack takes for the first packet of a flow (nf_conntrack_proto_icmp.c
 * and _icmpv6.c, "valid_new"): queries. Their only code is 0.
 */
static bool
opens_a_flow(uint8_t protocol, unsigned int type)
{
	if (protocol == IPPROTO_ICMP)
		return type == 8 || type == 13 || type == 15 || type == 17;
	return type == 128 || type == 139;
}

static bool
find_type(const struct type_name *names, const char *text, size_t length,
    unsigned int *type)
{
	for (; names->name != NULL; names++)
		if (strlen(names->name) == length &&
		    memcmp(names->name, text, length) == 0) {
			*type = names->type;
			return true;
		}
	return check_number(text, length, TYPE_MAX, type);
}

static int
add_type(struct match_set *out, const struct service_match *base, unsigned int type,
    unsigned int code)
{
	struct service_match m = *base;
	bool query = opens_a_flow(base->protocol, type);

	m.form = SERVICE_ICMP;
	m.sport_first = m.sport_last = (uint16_t)(type << 8);
	if (code != NO_CODE)
		m.sport_first = m.sport_last = (uint16_t)(type << 8 | code);
	else if (!query)
		m.sport_last = (uint16_t)(type << 8 | 0xff);
	return match_set_add(out, &m);
}

/* One word of "types": name or number, maybe "/code". */
static int
read_type(struct check *ck, const char *service, const struct policy_word *word,
    const struct service_match *base, struct match_set *out)
{
	bool v6 = base->protocol == IPPROTO_ICMPV6;
	const char *slash = strchr(word->text, '/');
	size_t length = slash != NULL ? (size_t)(slash - word->text) : strlen(word->text);
	unsigned int type, code = NO_CODE;

	if (!find_type(v6 ? icmpv6_types : icmp_types, word->text, length, &type)) {
		check_error(ck, word->origin, MSG_CHECK_ICMP_TYPE_BAD, service,
		    word->text, v6 ? "icmpv6" : "icmp");
		out->broken = true;
		return 0;
	}
	if (slash != NULL &&
	    !check_number(slash + 1, strlen(slash + 1), TYPE_MAX, &code)) {
		check_error(
		    ck, word->origin, MSG_CHECK_ICMP_CODE_BAD, service, word->text);
		out->broken = true;
		return 0;
	}
	if (v6 && type >= ND_FIRST && type <= ND_LAST) {
		check_error(
		    ck, word->origin, MSG_CHECK_ICMP_LINK_LOCAL, service, word->text);
		out->broken = true;
		return 0;
	}
	if (!opens_a_flow(base->protocol, type))
		check_warning(ck, word->origin, MSG_CHECK_ICMP_NO_OPENING, service,
		    word->text);
	return add_type(out, base, type, code);
}

/* The whole protocol; of ICMPv6, what may cross a router. */
static int
add_all(const struct service_match *base, struct match_set *out)
{
	struct service_match m = *base;

	if (base->protocol == IPPROTO_ICMP)
		return match_set_add(out, &m);
	m.form = SERVICE_ICMP;
	m.sport_first = 0;
	m.sport_last = (uint16_t)((ND_FIRST << 8) - 1);
	if (match_set_add(out, &m) != 0)
		return -ENOMEM;
	m.sport_first = (uint16_t)((ND_LAST + 1) << 8);
	m.sport_last = UINT16_MAX;
	return match_set_add(out, &m);
}

int
check_icmp(struct check *ck, const struct policy_service *s,
    const struct service_match *base, struct match_set *out)
{
	const char *name = s->name != NULL ? s->name : "?";

	if (s->types.count == 0)
		return add_all(base, out);
	for (size_t i = 0; i < s->types.count; i++)
		if (read_type(ck, name, &s->types.items[i], base, out) != 0)
			return -ENOMEM;
	return 0;
}
