/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/detect_resolvers.h"

#include <string.h>

static const char *const names[] = {
	"dns.google", "dns.google.com", "8888.google",
	"cloudflare-dns.com", "one.one.one.one", "dns.cloudflare.com",
	"dns.quad9.net", "dns9.quad9.net", "dns10.quad9.net", "dns11.quad9.net",
	"doh.opendns.com", "dns.opendns.com", "doh.familyshield.opendns.com",
	"doh.umbrella.com", "dns.umbrella.com",
	"dns.adguard.com", "dns-family.adguard.com", "dns.adguard-dns.com",
	"family.adguard-dns.com", "unfiltered.adguard-dns.com",
	"dns.nextdns.io", "dns1.nextdns.io", "dns2.nextdns.io",
	"doh.cleanbrowsing.org", "dns.controld.com", "freedns.controld.com",
	"dns.mullvad.net", "doh.mullvad.net", "doh.dns.sb", "dns.sb", "dns.alidns.com",
	"doh.pub", "public.dns.iij.jp", "jp.tiar.app", "jp.tiarap.org", "doh-jp.blahdns.com",
};

#define V4(a, b, c, d) \
	{ IP_V4, 0, (uint64_t)(a) << 24 | (b) << 16 | (c) << 8 | (d) }
#define V6(high, low) { IP_V6, high, low }

static const struct {
	enum ip_family family;
	uint64_t high, low;
} addresses[] = {
	/* Google */
	V4(8u, 8u, 8u, 8u), V4(8u, 8u, 4u, 4u),
	V6(0x2001486048600000, 0x8888), V6(0x2001486048600000, 0x8844),
	V6(0x2001486048600000, 0x64), V6(0x2001486048600000, 0x6464),
	/* Cloudflare: open, against malware, for families */
	V4(1u, 1u, 1u, 1u), V4(1u, 0u, 0u, 1u), V4(1u, 1u, 1u, 2u), V4(1u, 0u, 0u, 2u),
	V4(1u, 1u, 1u, 3u), V4(1u, 0u, 0u, 3u),
	V6(0x2606470047000000, 0x1111), V6(0x2606470047000000, 0x1001),
	V6(0x2606470047000000, 0x1112), V6(0x2606470047000000, 0x1002),
	V6(0x2606470047000000, 0x1113), V6(0x2606470047000000, 0x1003),
	/* Quad9 */
	V4(9u, 9u, 9u, 9u), V4(149u, 112u, 112u, 112u), V4(9u, 9u, 9u, 10u),
	V4(149u, 112u, 112u, 10u), V4(9u, 9u, 9u, 11u), V4(149u, 112u, 112u, 11u),
	V6(0x262000fe00000000, 0xfe), V6(0x262000fe00000000, 0x9),
	V6(0x262000fe00000000, 0x10), V6(0x262000fe00000000, 0x11),
	/* OpenDNS */
	V4(208u, 67u, 222u, 222u), V4(208u, 67u, 220u, 220u), V4(208u, 67u, 222u, 123u),
	V4(208u, 67u, 220u, 123u),
	V6(0x2620011900350000, 0x35), V6(0x2620011900530000, 0x53),
	/* AdGuard */
	V4(94u, 140u, 14u, 14u), V4(94u, 140u, 15u, 15u),
	V6(0x2a1050c000000000, 0xad100ff), V6(0x2a1050c000000000, 0xad200ff),
};

bool
resolver_name(const char *name)
{
	size_t size = strlen(name);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i]);

		if (size < n || strcmp(name + size - n, names[i]) != 0)
			continue;
		if (size == n || name[size - n - 1] == '.')
			return true;
	}
	return false;
}

bool
resolver_address(const struct ip_addr *a)
{
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		if (addresses[i].family == a->family &&
		    a->value == ((ip_value)addresses[i].high << 64 | addresses[i].low))
			return true;
	return false;
}
