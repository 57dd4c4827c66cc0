/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See random_policy.h; packets are made in random_packet.c. */
#include "tests/unit/random_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* splitmix64 (Steele, Lea, Flood 2014). */
uint64_t
dice_next(struct dice *d)
{
	uint64_t x = d->state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

unsigned int
dice_below(struct dice *d, unsigned int n)
{
	return (unsigned int)((dice_next(d) >> 32) * n >> 32);
}

bool
dice_chance(struct dice *d, unsigned int percent)
{
	return dice_below(d, 100) < percent;
}

/* A test without memory has nothing to say. */
void *
random_must(void *memory)
{
	if (memory == NULL)
		abort();
	return memory;
}

char *
random_text(const char *format, ...)
{
	va_list ap;
	char *out = NULL;

	va_start(ap, format);
	if (vasprintf(&out, format, ap) < 0)
		abort();
	va_end(ap);
	return out;
}

/* Takes the text over. */
void
random_add_word(struct policy_words *w, char *word)
{
	w->items = random_must(realloc(w->items, (w->count + 1) * sizeof(w->items[0])));
	w->items[w->count++] = (struct policy_word){ .text = word };
}

static bool
has_word(const struct policy_words *w, const char *word)
{
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->items[i].text, word) == 0)
			return true;
	return false;
}

void
random_add_new_word(struct policy_words *w, char *word)
{
	if (has_word(w, word))
		free(word);
	else
		random_add_word(w, word);
}

/* ---- zones ----------------------------------------------------------------- */

/* Eight /16 around 10.0.0.0 and 192.168.0.0, few bits set, so that networks nest. */
static char *
network_v4(struct dice *d)
{
	static const unsigned int lengths[] = {
	    8, 12, 16, 20, 22, 23, 24, 24, 24, 25, 26, 28, 29, 30, 31, 32};
	unsigned int length = lengths[dice_below(d, 16)];
	uint32_t a = 10u << 24 | dice_below(d, 3) << 16 | dice_below(d, 4) << 8 |
	    (dice_chance(d, 50) ? 0 : dice_below(d, 256));

	if (dice_chance(d, 5))
		return random_text("0.0.0.0/0");
	a &= UINT32_MAX << (32 - length);
	return random_text(
	    "%u.%u.%u.%u/%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255, length);
}

static char *
network_v6(struct dice *d)
{
	static const unsigned int lengths[] = { 32, 48, 56, 64, 64, 112, 120, 127, 128 };
	unsigned int length = lengths[dice_below(d, 9)];
	unsigned int site = dice_below(d, 3), net = dice_below(d, 3),
		     host = dice_below(d, 4);

	if (dice_chance(d, 5))
		return random_text("::/0");
	if (length <= 32)
		return random_text("2001:db8::/32");
	if (length <= 48)
		return random_text("2001:db8:%x::/%u", site, length);
	if (length <= 56)
		return random_text("2001:db8:%x:%x00::/%u", site, net, length);
	if (length <= 64)
		return random_text("2001:db8:%x:%x::/%u", site, net, length);
	if (length <= 120)
		return random_text("2001:db8:%x:%x::%x00/%u", site, net,
		    length == 112 ? 0 : host, length);
	return random_text("2001:db8:%x:%x::%x/%u", site, net,
	    length == 127 ? host * 2 : host, length);
}

/* True when another segment has the very same network. */
static bool
network_taken(const struct policy *p, const char *network)
{
	for (size_t z = 0; z < p->n_zones; z++)
		for (size_t s = 0; s < p->zones[z].n_segments; s++)
			if (has_word(&p->zones[z].segments[s].networks, network))
				return true;
	return false;
}

static void
add_network(struct dice *d, const struct policy *p, struct policy_segment *s)
{
	for (int tries = 0; tries < 20; tries++) {
		char *network = dice_chance(d, 60) ? network_v4(d) : network_v6(d);

		if (!network_taken(p, network)) {
			random_add_word(&s->networks, network);
			return;
		}
		free(network);
	}
}

static void
make_zone(struct dice *d, struct policy *p, unsigned int i)
{
	static const char *const classes[] = {
	    "mynumber",
	    "lgwan",
	    "internet",
	    "relay",
	    "lgwan",
	    "external",
	    "mgmt",
	    "other",
	};
	struct policy_zone *z = &p->zones[i];

	z->name = random_text("z%u", i);
	if (dice_chance(d, 80))
		z->zone_class = random_text("%s", classes[dice_below(d, 8)]);
	z->n_segments = 1 + dice_below(d, 2);
	z->segments = random_must(calloc(z->n_segments, sizeof(z->segments[0])));
	for (unsigned int s = 0; s < z->n_segments; s++) {
		z->segments[s].interface = random_text("i%u%c", i, (char)('a' + (int)s));
		for (unsigned int n = 1 + dice_below(d, 3); n > 0; n--)
			add_network(d, p, &z->segments[s]);
	}
}

/* ---- who owns what, while the policy is made --------------------------------- */

static bool
prefix_holds(const struct ip_prefix *p, const struct ip_addr *a)
{
	struct ip_range r = address_prefix_range(p);

	return address_range_holds(&r, a);
}

/* Zone of an address by longest prefix; -1. */
static int
zone_of(
    const struct policy *p, const struct ip_addr *a, const struct policy_segment **seg)
{
	int zone = -1, best = -1;

	for (size_t z = 0; z < p->n_zones; z++)
		for (size_t s = 0; s < p->zones[z].n_segments; s++) {
			const struct policy_words *w = &p->zones[z].segments[s].networks;

			for (size_t i = 0; i < w->count; i++) {
				struct ip_prefix net;

				if (address_parse_prefix(w->items[i].text, &net) !=
					ADDRESS_OK ||
				    !prefix_holds(&net, a) || (int)net.length <= best)
					continue;
				best = (int)net.length;
				zone = (int)z;
				*seg = &p->zones[z].segments[s];
			}
		}
	return zone;
}

/* True for what a host cannot have: never forwarded, or a directed broadcast. */
static bool
address_unusable(const struct policy *p, const struct ip_addr *a)
{
	size_t n;
	const struct ip_range *never = address_never_forwarded(&n);

	for (size_t i = 0; i < n; i++)
		if (address_range_holds(&never[i], a))
			return true;
	for (size_t z = 0; z < p->n_zones; z++)
		for (size_t s = 0; s < p->zones[z].n_segments; s++) {
			const struct policy_words *w = &p->zones[z].segments[s].networks;

			for (size_t i = 0; i < w->count; i++) {
				struct ip_prefix net;

				if (address_parse_prefix(w->items[i].text, &net) ==
					ADDRESS_OK &&
				    net.base.family == a->family && a->family == IP_V4 &&
				    address_prefix_range(&net).last == a->value &&
				    net.length <= 30)
					return true;
			}
		}
	return false;
}

/* An address in a random network of a random zone. */
static struct ip_addr
any_address(struct dice *d, const struct policy *p)
{
	const struct policy_zone *z = &p->zones[dice_below(d, (unsigned int)p->n_zones)];
	const struct policy_words *w =
	    &z->segments[dice_below(d, (unsigned int)z->n_segments)].networks;
	struct ip_prefix net;
	struct ip_range r;
	ip_value offset = dice_below(d, 12);

	if (w->count == 0 || address_parse_prefix(
	    w->items[dice_below(d, (unsigned int)w->count)].text, &net) != ADDRESS_OK)
		return (struct ip_addr){ 10u << 24 | 1, IP_V4 };
	r = address_prefix_range(&net);
	if (dice_chance(d, 20))
		offset = dice_next(d);
	if (net.length == 0)
		offset += (ip_value)(net.base.family == IP_V4 ? 8 : 0x2a00) <<
		    (net.base.family == IP_V4 ? 24 : 112);
	if (offset > r.last - r.first)
		offset %= r.last - r.first + 1;
	return (struct ip_addr){
		dice_chance(d, 30) ? r.last - offset : r.first + offset, net.base.family,
	};
}

/* The same, and most likely one that a host can have. */
static struct ip_addr
some_address(struct dice *d, const struct policy *p)
{
	struct ip_addr a = any_address(d, p);

	for (int tries = 0; tries < 8 && address_unusable(p, &a); tries++)
		a = any_address(d, p);
	return a;
}

static bool
range_in_zone(const struct policy *p, const struct ip_range *r, int zone)
{
	const struct policy_segment *seg;

	for (ip_value v = r->first;; v++) {
		struct ip_addr a = { v, r->family };

		if (zone_of(p, &a, &seg) != zone)
			return false;
		if (v == r->last)
			return true;
	}
}

/* ---- hosts, groups ----------------------------------------------------------- */

/* Add an address or a small range around "a", if the zone owns all of it. */
static void
add_address(struct dice *d, const struct policy *p, struct policy_host *h,
    struct ip_addr a, int zone)
{
	struct ip_range r = address_single(a);
	char buf[IP_RANGE_TEXT_SIZE];

	if (dice_chance(d, 25))
		r.last += dice_below(d, 20);
	else if (dice_chance(d, 15)) {
		r.first -= r.first % 16;
		r.last = r.first + 15;
	}
	if (r.last > address_max(r.family) || !range_in_zone(p, &r, zone))
		r = address_single(a);
	if (zone_of(p, &a, &(const struct policy_segment *){ NULL }) == zone)
		random_add_new_word(
		    &h->addresses, random_text("%s", address_print_range(&r, buf)));
}

static void
make_host(struct dice *d, struct policy *p, unsigned int i)
{
	static const char *const roles[] = {
	    "file_sanitize", "renkei", "proxy", "relay_file", "dns", "ntp", "dns", "ntp",
	    "dhcp", "router"};
	struct policy_host *h = &p->hosts[i];
	const struct policy_segment *seg;
	struct ip_addr a = some_address(d, p);
	int zone = zone_of(p, &a, &seg);
	char buf[IP_RANGE_TEXT_SIZE];

	h->name = random_text("h%u", i);
	h->zone = random_text("z%d", zone);
	if (dice_chance(d, 30)) {
		/* One MAC an address, whoever binds it. */
		random_add_word(&h->addresses, random_text("%s", address_print(&a, buf)));
		h->mac = random_text("02:00:00:00:%02x:%02x",
		    (unsigned int)(a.value >> 8 & 255), (unsigned int)(a.value & 255));
	} else {
		add_address(d, p, h, a, zone);
		for (unsigned int n = dice_below(d, 3); n > 0; n--)
			add_address(d, p, h, some_address(d, p), zone);
	}
	if (dice_chance(d, 30))
		random_add_word(
		    &h->roles, random_text("%s", roles[dice_below(d, 10)]));
}

/* A gateway address must be one of its own segment. */
static void
add_gateways(struct dice *d, struct policy *p)
{
	for (int i = 0; i < 4; i++) {
		const struct policy_segment *seg = NULL;
		struct ip_addr a = some_address(d, p);
		char buf[IP_RANGE_TEXT_SIZE];

		if (zone_of(p, &a, &seg) < 0)
			continue;
		for (size_t z = 0; z < p->n_zones; z++)
			for (size_t s = 0; s < p->zones[z].n_segments; s++)
				if (&p->zones[z].segments[s] == seg)
					random_add_new_word(
					    &p->zones[z].segments[s].gateway,
					    random_text("%s", address_print(&a, buf)));
	}
}

char *
random_some_name(struct dice *d, const struct policy *p, unsigned int groups)
{
	unsigned int kind = dice_below(d, 10);

	if (kind < 2)
		return random_text("z%u", dice_below(d, (unsigned int)p->n_zones));
	if (kind < 4 && groups > 0)
		return random_text("g%u", dice_below(d, groups));
	return random_text("h%u", dice_below(d, (unsigned int)p->n_hosts));
}

static void
make_group(struct dice *d, struct policy *p, unsigned int i)
{
	struct policy_group *g = &p->groups[i];

	g->name = random_text("g%u", i);
	for (unsigned int n = 1 + dice_below(d, 4); n > 0; n--)
		random_add_new_word(&g->members, random_some_name(d, p, i));
	if (dice_chance(d, 40))
		random_add_new_word(&g->except,
		    random_text("h%u", dice_below(d, (unsigned int)p->n_hosts)));
}

static struct policy *
make_policy(struct dice *d, const struct random_size *size)
{
	struct policy *p = random_must(calloc(1, sizeof(*p)));

	p->schema = 1;
	p->n_zones = 2 + dice_below(d, size->zones);
	p->zones = random_must(calloc(p->n_zones, sizeof(p->zones[0])));
	for (unsigned int i = 0; i < p->n_zones; i++)
		make_zone(d, p, i);
	if (dice_chance(d, 60))
		add_gateways(d, p);

	p->n_hosts = 1 + dice_below(d, size->hosts);
	p->hosts = random_must(calloc(p->n_hosts, sizeof(p->hosts[0])));
	for (unsigned int i = 0; i < p->n_hosts; i++)
		make_host(d, p, i);
	p->n_groups = dice_below(d, size->groups + 1);
	p->groups = random_must(calloc(p->n_groups + 1, sizeof(p->groups[0])));
	for (unsigned int i = 0; i < p->n_groups; i++)
		make_group(d, p, i);
	p->n_services = 1 + dice_below(d, size->services);
	p->services = random_must(calloc(p->n_services, sizeof(p->services[0])));
	for (unsigned int i = 0; i < p->n_services; i++)
		random_make_service(d, p, i);
	p->n_permits = dice_below(d, size->permits + 1);
	p->permits = random_must(calloc(p->n_permits + 1, sizeof(p->permits[0])));
	for (unsigned int i = 0; i < p->n_permits; i++)
		random_make_permit(d, p, i);
	return p;
}

/* Takes the permits of these lines out of the policy: the check found them wanting. */
static void
drop_permits(struct policy *p, const struct diag *diag)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->n_permits; i++) {
		struct policy one = { .schema = 1 };
		bool bad = false;

		for (size_t k = 0; k < diag_kept(diag); k++) {
			const struct finding *f = diag_at(diag, k);

			bad |= f->severity == DIAG_ERROR && f->origin.file != NULL &&
			    strcmp(f->origin.file, RANDOM_PERMIT_FILE) == 0 &&
			    f->origin.line == i + 1;
		}
		if (!bad) {
			p->permits[kept++] = p->permits[i];
			continue;
		}
		/* policy_free() frees whole policies: give it one with this. */
		one.permits = random_must(malloc(sizeof(one.permits[0])));
		one.permits[0] = p->permits[i];
		one.n_permits = 1;
		policy_free(memcpy(random_must(malloc(sizeof(one))), &one, sizeof(one)));
	}
	p->n_permits = kept;
}

struct checked *
random_checked(struct dice *d, const struct random_size *size)
{
	struct dice again = *d;
	struct diag *first = random_must(diag_new()), *second = random_must(diag_new());
	struct checked *c = checked_new(make_policy(d, size), RANDOM_NOW, first);

	if (c == NULL) {
		struct policy *p = make_policy(&again, size);

		drop_permits(p, first);
		c = checked_new(p, RANDOM_NOW, second);
	}
	diag_free(first);
	diag_free(second);
	return c;
}
