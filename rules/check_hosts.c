/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hosts: their addresses must lie in their zone, a MAC belongs to addresses. */
#include "rules/check_internal.h"

#include "rules/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Roles of the field (docs/policy); the last three make a flow a sanitised one. */
static const char *const roles[] = {
	"backup", "dhcp", "dns", "jump", "lbo_proxy", "log", "mail_relay", "monitor", "ntp",
	"printer", "proxy", "relay_file", "renkei", "router", "server", "terminal",
	"file_sanitize", "mail_text", "screen_transfer",
};

#define N_ROLES (sizeof(roles) / sizeof(roles[0]))
#define FIRST_SANITISER (N_ROLES - 3)

static const char *
host_name(const struct check *ck, size_t i)
{
	const char *name = ck->policy->hosts[i].name;

	return name != NULL ? name : "?";
}

/* False, reported, when the text is no range of the zone's kind of addresses. */
static bool
parse_address(struct check *ck, const struct policy_word *word, struct ip_range *r)
{
	char text[IP_RANGE_TEXT_SIZE];

	switch (address_parse_range(word->text, r)) {
	case ADDRESS_OK:
		return true;
	case ADDRESS_BAD:
		check_error(ck, word->origin, MSG_CHECK_ADDRESS_BAD, word->text);
		return false;
	case ADDRESS_HOST_BITS:
		check_error(ck, word->origin, MSG_CHECK_ADDRESS_HOST_BITS, word->text,
		    address_print_range(r, text));
		return false;
	case ADDRESS_REVERSED:
		check_error(ck, word->origin, MSG_CHECK_ADDRESS_REVERSED, word->text);
		return false;
	}
	return false;
}

static bool
never_forwarded(const struct ip_range *r)
{
	size_t n;
	const struct ip_range *never = address_never_forwarded(&n);

	for (size_t i = 0; i < n; i++)
		if (address_range_contains(&never[i], r))
			return true;
	return false;
}

/* Every address of the range must be raw property of the zone. */
static bool
inside_zone(struct check *ck, size_t i, const struct policy_word *word,
    const struct ip_range *r)
{
	const struct range_set *raw = &ck->raw;
	unsigned int zone = ck->c->hosts[i].zone;
	const char *zone_name = ck->c->zones[zone].name;
	ip_value next = r->first;

	for (size_t k = range_set_seek(raw, r->family, r->first); k < raw->count; k++) {
		const struct owned_range *o = &raw->items[k];
		const struct checked_segment *seg = &ck->c->segments[o->segment];

		if (o->range.family != r->family || o->range.first > next)
			break;
		if (seg->zone != zone) {
			check_error(ck, word->origin, MSG_CHECK_HOST_ELSEWHERE,
			    host_name(ck, i), zone_name, word->text, seg->interface,
			    ck->c->zones[seg->zone].name);
			return false;
		}
		if (o->range.last >= r->last)
			return true;
		next = o->range.last + 1;
	}
	/* A segment with a broken network owns less than was meant. */
	if (!ck->zone_broken[zone])
		check_error(ck, word->origin, MSG_CHECK_HOST_OUTSIDE, host_name(ck, i),
		    word->text, zone_name);
	return false;
}

static bool
check_address(struct check *ck, size_t i, const struct policy_word *word,
    struct ip_range *r)
{
	struct ip_addr first;

	if (!parse_address(ck, word, r))
		return false;
	if (never_forwarded(r)) {
		check_error(ck, word->origin, MSG_CHECK_ADDRESS_NEVER, word->text);
		return false;
	}
	if (!inside_zone(ck, i, word, r))
		return false;
	if (check_is_broadcast(ck, r)) {
		check_error(ck, word->origin, MSG_CHECK_ADDRESS_BROADCAST, word->text);
		return false;
	}
	first = (struct ip_addr){ r->first, r->family };
	if (r->first == r->last && checked_is_gateway(ck->c, &first))
		check_warning(ck, word->origin, MSG_CHECK_HOST_GATEWAY, host_name(ck, i),
		    word->text);
	return true;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Six pairs of hex digits with ':' or '-' between. */
static bool
parse_mac(const char *text, uint8_t mac[6])
{
	if (strlen(text) != 17)
		return false;
	for (size_t i = 0; i < 6; i++) {
		int high = hex_digit(text[i * 3]), low = hex_digit(text[i * 3 + 1]);

		if (high < 0 || low < 0)
			return false;
		if (i < 5 && text[i * 3 + 2] != ':' && text[i * 3 + 2] != '-')
			return false;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool
check_mac(struct check *ck, size_t i)
{
	static const uint8_t zero[6];
	const struct policy_host *h = &ck->policy->hosts[i];
	struct checked_host *host = &ck->c->hosts[i];

	if (h->mac == NULL)
		return true;
	if (!parse_mac(h->mac, host->mac)) {
		check_error(ck, h->origin, MSG_CHECK_MAC_BAD, host_name(ck, i), h->mac);
		return false;
	}
	if ((host->mac[0] & 1) != 0 || memcmp(host->mac, zero, sizeof(zero)) == 0) {
		check_error(ck, h->origin, MSG_CHECK_MAC_NOT_A_STATION, host_name(ck, i),
		    h->mac);
		return false;
	}
	host->has_mac = true;
	return true;
}

static int
check_addresses(struct check *ck, size_t i)
{
	const struct policy_host *h = &ck->policy->hosts[i];
	struct checked_host *host = &ck->c->hosts[i];

	if (h->addresses.count == 0) {
		if (!check_was_told(ck, h->origin))
			check_error(
			    ck, h->origin, MSG_CHECK_HOST_NO_ADDRESS, host_name(ck, i));
		ck->host_broken[i] = true;
	}
	host->ranges = calloc(h->addresses.count + 1, sizeof(host->ranges[0]));
	if (host->ranges == NULL)
		return -ENOMEM;
	for (size_t k = 0; k < h->addresses.count; k++) {
		struct ip_range r;

		if (check_address(ck, i, &h->addresses.items[k], &r))
			host->ranges[host->n_ranges++] = r;
		else
			ck->host_broken[i] = true;
	}
	return 0;
}

static int
check_roles(struct check *ck, size_t i)
{
	const struct policy_host *h = &ck->policy->hosts[i];
	struct checked_host *host = &ck->c->hosts[i];
	bool sanitiser = false;

	host->roles = calloc(h->roles.count + 1, sizeof(host->roles[0]));
	if (host->roles == NULL)
		return -ENOMEM;
	for (size_t k = 0; k < h->roles.count; k++) {
		const struct policy_word *word = &h->roles.items[k];
		size_t known = 0;

		while (known < N_ROLES && strcmp(roles[known], word->text) != 0)
			known++;
		if (known == N_ROLES)
			check_warning(ck, word->origin, MSG_CHECK_HOST_ROLE_UNKNOWN,
			    host_name(ck, i), word->text);
		else if (known >= FIRST_SANITISER)
			sanitiser = true;
		host->roles[host->n_roles++] = word->text;
	}
	for (size_t k = 0; sanitiser && k < host->n_ranges; k++)
		if (check_cut(ck, &host->ranges[k], &ck->relays) != 0)
			return -ENOMEM;
	return 0;
}

/* False, reported, when the zone is missing or unknown. */
static bool
check_host_zone(struct check *ck, size_t i)
{
	const struct policy_host *h = &ck->policy->hosts[i];
	const struct name_ref *ref;

	if (h->zone == NULL) {
		check_missing(ck, h->origin, "hosts", "zone");
		return false;
	}
	ref = names_find(&ck->names, h->zone);
	if (ref == NULL || ref->kind != NAME_ZONE) {
		check_error(ck, h->origin, MSG_CHECK_HOST_ZONE_UNKNOWN, host_name(ck, i),
		    h->zone);
		return false;
	}
	ck->c->hosts[i].zone = ref->index;
	return true;
}

int
check_hosts(struct check *ck)
{
	size_t n = ck->policy->n_hosts;

	ck->c->hosts = calloc(n + 1, sizeof(ck->c->hosts[0]));
	ck->host_broken = calloc(n + 1, sizeof(ck->host_broken[0]));
	if (ck->c->hosts == NULL || ck->host_broken == NULL)
		return -ENOMEM;

	for (size_t i = 0; i < n; i++) {
		struct checked_host *host = &ck->c->hosts[i];

		host->name = host_name(ck, i);
		host->origin = ck->policy->hosts[i].origin;
		ck->c->n_hosts++;
		if (!check_mac(ck, i))
			ck->host_broken[i] = true;
		if (!check_host_zone(ck, i))
			ck->host_broken[i] = true;
		else if (check_addresses(ck, i) != 0)
			return -ENOMEM;
		if (check_roles(ck, i) != 0)
			return -ENOMEM;
	}
	range_set_normalise(&ck->relays);
	return check_bindings(ck);
}
