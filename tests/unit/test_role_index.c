/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The index of roles and stations against a look at every host, on random policies. */
#include "rules/role_index.h"
#include "tests/unit/random_policy.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define POLICIES 400u

/* By bit; the words of one role end with NULL. */
static const char *const words[HOST_ROLES][4] = {
	{ "dhcp" }, { "router" }, { "dns" }, { "ntp" }, { "monitor" }, { "backup" }, { "jump" },
	{ "proxy", "lbo_proxy", "mail_relay" },
};

static bool
has_role(const struct checked_host *h, uint32_t roles)
{
	for (size_t i = 0; i < h->n_roles; i++)
		for (unsigned int r = 0; r < HOST_ROLES; r++)
			for (const char *const *w = words[r]; *w != NULL; w++)
				if ((roles >> r & 1u) != 0 &&
				    strcmp(h->roles[i], *w) == 0)
					return true;
	return false;
}

/* Each role alone, some together, all, none. */
static const uint32_t asked[] = {
	HOST_ROLE_DHCP, HOST_ROLE_ROUTER, HOST_ROLE_DNS, HOST_ROLE_NTP, HOST_ROLE_MONITOR,
	HOST_ROLE_BACKUP, HOST_ROLE_JUMP, HOST_ROLE_PROXY, HOST_ROLE_DNS | HOST_ROLE_NTP,
	HOST_ROLE_DHCP | HOST_ROLE_PROXY, 0xff, 0,
};
#define N_ASKED (sizeof(asked) / sizeof(asked[0]))

static bool
scan_address(const struct checked *c, uint32_t roles, const struct ip_addr *a)
{
	for (size_t i = 0; i < c->n_hosts; i++)
		for (size_t k = 0; k < c->hosts[i].n_ranges; k++)
			if (has_role(&c->hosts[i], roles) &&
			    address_range_holds(&c->hosts[i].ranges[k], a))
				return true;
	return false;
}

static bool
has_mac(const struct checked_host *h, const uint8_t mac[6])
{
	return h->has_mac && memcmp(h->mac, mac, 6) == 0;
}

/* True when the index and the scan say the same; counts what they say yes to. */
static bool
same_address(const struct checked *c, const struct role_index *x, const struct ip_addr *a,
    unsigned int *found)
{
	bool good = true;

	for (size_t r = 0; r < N_ASKED; r++) {
		bool want = scan_address(c, asked[r], a);

		good &= role_index_holds(x, asked[r], a) == want;
		*found += want;
	}
	return good;
}

static bool
same_mac(const struct checked *c, const struct role_index *x, const uint8_t mac[6],
    unsigned int *found)
{
	bool good = true;
	uint32_t zones = 0;

	for (size_t r = 0; r < N_ASKED; r++) {
		bool want = false;

		for (size_t i = 0; i < c->n_hosts; i++)
			want |= has_mac(&c->hosts[i], mac) &&
			    has_role(&c->hosts[i], asked[r]);
		good &= role_index_holds_mac(x, asked[r], mac) == want;
		*found += want;
	}
	for (size_t i = 0; i < c->n_hosts; i++)
		if (has_mac(&c->hosts[i], mac))
			zones |= UINT32_C(1) << c->hosts[i].zone;
	return good && role_index_mac_zones(x, mac) == zones;
}

/* Of every range its edges, and one beside them; of every host its MAC. */
static bool
ask_about_hosts(const struct checked *c, const struct role_index *x, unsigned int found[2])
{
	bool good = true;

	for (size_t i = 0; i < c->n_hosts; i++) {
		const struct checked_host *h = &c->hosts[i];
		uint8_t mac[6];

		for (size_t k = 0; k < h->n_ranges; k++) {
			const struct ip_range *r = &h->ranges[k];
			const ip_value values[] = { r->first - 1, r->first,
				r->first + (r->last - r->first) / 2, r->last, r->last + 1 };

			for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
				struct ip_addr a = { values[v], r->family };

				good &= same_address(c, x, &a, &found[0]);
				a.family = r->family == IP_V4 ? IP_V6 : IP_V4;
				good &= same_address(c, x, &a, &found[0]);
			}
		}
		memcpy(mac, h->mac, sizeof(mac));
		good &= same_mac(c, x, mac, &found[1]);
		mac[5] ^= 1;
		good &= same_mac(c, x, mac, &found[1]);
	}
	return good;
}

static void
the_index_agrees_with_a_scan(void)
{
	static const char *const rare[] = { "monitor", "backup", "jump", "lbo_proxy",
		"mail_relay" };
	const struct random_size size = { 4, 40, 2, 2, 2 };
	unsigned int found[2] = { 0 }, shared = 0;

	for (unsigned int seed = 1; seed <= POLICIES; seed++) {
		struct dice d = { seed };
		struct checked *c = random_checked(&d, &size);
		struct role_index *x;

		if (c == NULL)
			continue;
		/* Dice give every address its MAC: let hosts of two zones share one. */
		for (size_t i = 1; i < c->n_hosts; i++)
			if (c->hosts[i].has_mac && c->hosts[0].has_mac && i % 3 == 0) {
				memcpy(c->hosts[i].mac, c->hosts[0].mac, 6);
				shared += c->hosts[i].zone != c->hosts[0].zone;
			}
		/* They know a few roles only. */
		for (size_t i = 0; i < c->n_hosts; i++)
			if (c->hosts[i].n_roles > 0 && dice_chance(&d, 50))
				c->hosts[i].roles[0] = rare[dice_below(&d, 5)];
		x = role_index_new(c);
		CU_ASSERT_PTR_NOT_NULL_FATAL(x);
		CU_ASSERT_TRUE(ask_about_hosts(c, x, found));
		role_index_free(x);
		checked_free(c);
	}
	CU_ASSERT(found[0] > 1000);
	CU_ASSERT(found[1] > 100);
	CU_ASSERT(shared > 100);
}

static void
without_an_index_nobody_has_a_role(void)
{
	const struct ip_addr a = { 1, IP_V4 };
	const uint8_t mac[6] = { 2 };

	CU_ASSERT_FALSE(role_index_holds(NULL, 0xff, &a));
	CU_ASSERT_FALSE(role_index_holds_mac(NULL, 0xff, mac));
	CU_ASSERT_EQUAL(role_index_mac_zones(NULL, mac), 0);
	role_index_free(NULL);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "the index agrees with a scan", the_index_agrees_with_a_scan },
		{ "without an index nobody has a role",
		    without_an_index_nobody_has_a_role },
		CU_TEST_INFO_NULL,
	};

	return unit_main("role_index", tests);
}
