/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who owns an address: by hand-made cases, and against counting it out. */
#include "rules/checked.h"
#include "tests/unit/check_text.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT_SIZE 65536u

static struct ip_addr
address(const char *text)
{
	struct ip_addr a = { 0, IP_NONE };

	CU_ASSERT_EQUAL(address_parse(text, &a), ADDRESS_OK);
	return a;
}

static const char policy_text[] =
    "schema = 1;\n"
    "zones = (\n"
    " { name = \"site\"; segments = (\n"
    "    { interface = \"s0\"; networks = [ \"10.0.0.0/8\", \"2001:db8::/32\" ];\n"
    "      gateway = [ \"10.0.0.1\" ]; },\n"
    "    { interface = \"s1\"; networks = [ \"10.1.0.0/16\", \"10.1.2.0/24\" ]; } ); },\n"
    " { name = \"deep\"; segments = (\n"
    "    { interface = \"d0\"; networks = [ \"10.1.2.128/25\", \"2001:db8:1::/48\" ]; "
    "},\n"
    "    { interface = \"d1\"; networks = [ \"10.2.0.0/31\", \"10.2.0.4/30\",\n"
    "      \"10.2.0.9/32\" ]; } ); },\n"
    " { name = \"up\"; segments = ( { interface = \"up\";\n"
    "      networks = [ \"0.0.0.0/0\", \"::/0\" ]; } ); } );\n";

static const struct owner_case {
	const char *address, *interface;	/* NULL: nobody */
} owner_cases[] = {
	/* the longest prefix owns */
	{ "10.0.0.0", "s0" }, { "10.1.0.0", "s1" }, { "10.1.2.127", "s1" },
	{ "10.1.2.128", "d0" }, { "10.1.2.254", "d0" }, { "10.1.3.0", "s1" },
	{ "10.2.0.0", "d1" }, { "10.2.0.2", "s0" }, { "10.2.0.9", "d1" },
	{ "9.255.255.255", "up" }, { "11.0.0.0", "up" }, { "198.51.100.7", "up" },
	{ "2001:db8::", "s0" }, { "2001:db8:1::", "d0" }, { "2001:db8:2::", "s0" },
	{ "2001:db9::1", "up" }, { "fd00::1", "up" }, { "64:ff9b::c000:201", "up" },
	/* directed broadcast of a written network, /30 and shorter */
	{ "10.255.255.255", NULL }, { "10.1.255.255", NULL }, { "10.1.2.255", NULL },
	{ "10.2.0.7", NULL }, { "10.2.0.1", "d1" }, { "10.2.0.6", "d1" },
	/* the gateway's own addresses stay with their segment */
	{ "10.0.0.1", "s0" },
	/* never forwarded */
	{ "0.0.0.0", NULL }, { "0.255.255.255", NULL }, { "1.0.0.0", "up" },
	{ "127.0.0.1", NULL }, { "169.254.0.1", NULL }, { "223.255.255.255", "up" },
	{ "224.0.0.1", NULL }, { "240.0.0.1", NULL }, { "255.255.255.255", NULL },
	{ "::", NULL }, { "::1", NULL }, { "::ffff:10.0.0.5", NULL }, { "64:ff9b:1::1", NULL },
	{ "1fff::1", NULL }, { "2000::1", "up" }, { "3fff::1", "up" }, { "4000::1", NULL },
	{ "fbff::1", NULL }, { "fc00::1", "up" }, { "fe00::1", NULL }, { "fe80::1", NULL },
	{ "fec0::1", NULL }, { "ff02::1", NULL },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
};

static void
owners_follow_the_table(void)
{
	struct checked *c = check_text(policy_text);

	for (size_t i = 0; i < sizeof(owner_cases) / sizeof(owner_cases[0]); i++) {
		const struct owner_case *o = &owner_cases[i];
		struct ip_addr a = address(o->address);
		uint16_t got = checked_owner(c, &a);
		int want = o->interface == NULL ? (int)SEGMENT_NONE :
		    checked_segment_by_interface(c, o->interface);

		CU_ASSERT_EQUAL(got, want);
		if (got != want)
			fprintf(stderr, "%s: segment %u\n", o->address, got);
	}
	checked_free(c);
}

static void
owned_ranges_are_sorted_and_disjoint(void)
{
	struct checked *c = check_text(policy_text);

	CU_ASSERT_FATAL(c->n_owned > 0);
	for (size_t i = 1; i < c->n_owned; i++) {
		const struct ip_range *a = &c->owned[i - 1].range;
		const struct ip_range *b = &c->owned[i].range;

		CU_ASSERT(a->family < b->family ||
		    (a->family == b->family && a->last < b->first));
		CU_ASSERT(b->first <= b->last);
	}
	checked_free(c);
}

static void
no_family_has_no_owner(void)
{
	struct checked *c = check_text(policy_text);
	struct ip_addr none = { 0, IP_NONE };

	CU_ASSERT_EQUAL(checked_owner(c, &none), SEGMENT_NONE);
	CU_ASSERT_FALSE(checked_is_gateway(c, &none));
	checked_free(c);
}

static void
gateway_addresses_are_known(void)
{
	struct checked *c = check_text(policy_text);
	struct ip_addr own = address("10.0.0.1"), other = address("10.0.0.2");

	CU_ASSERT_TRUE(checked_is_gateway(c, &own));
	CU_ASSERT_FALSE(checked_is_gateway(c, &other));
	checked_free(c);
}

static void
never_forwarded_is_sorted_and_disjoint(void)
{
	size_t n;
	const struct ip_range *r = address_never_forwarded(&n);

	for (size_t i = 0; i < n; i++) {
		CU_ASSERT(r[i].first <= r[i].last);
		CU_ASSERT(r[i].last <= address_max(r[i].family));
		if (i > 0)
			CU_ASSERT(r[i - 1].family < r[i].family ||
			    r[i - 1].last + 1 < r[i].first);
	}
}

/* The universe of the property test: 10.0.0.0/24, or 2001:db8::/120. */
struct toy_network {
	unsigned int first, length, segment;	/* length: 24..32 */
};

#define TOY_SEGMENTS 5u

static unsigned int
make_toys(unsigned int *seed, struct toy_network *toys)
{
	unsigned int n = 0, wanted = 1 + (unsigned int)rand_r(seed) % 12;

	for (unsigned int tries = 0; n < wanted && tries < 100; tries++) {
		struct toy_network t;
		bool taken = false;

		t.length = 24 + (unsigned int)rand_r(seed) % 9;
		t.first = (unsigned int)rand_r(seed) & 0xff & ~(0xffu >> (t.length - 24));
		t.segment = (unsigned int)rand_r(seed) % TOY_SEGMENTS;
		for (unsigned int i = 0; i < n; i++)
			taken |= toys[i].first == t.first && toys[i].length == t.length;
		if (!taken)
			toys[n++] = t;
	}
	return n;
}

static void
print_toys(const struct toy_network *toys, unsigned int n, bool v6, char *text)
{
	FILE *f = fmemopen(text, TEXT_SIZE, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fprintf(f, "schema = 1; zones = ( { name = \"z\"; segments = (");
	for (unsigned int s = 0; s < TOY_SEGMENTS; s++) {
		/* Of its own, so that no segment is without networks. */
		fprintf(f, "%s{ interface = \"t%u\"; networks = [ \"172.16.%u.0/24\"",
		    s > 0 ? "," : "", s, s);
		for (unsigned int i = 0; i < n; i++) {
			if (toys[i].segment != s)
				continue;
			if (v6)
				fprintf(f, ", \"2001:db8::%x/%u\"", toys[i].first,
				    toys[i].length + 96);
			else
				fprintf(f, ", \"10.0.0.%u/%u\"", toys[i].first,
				    toys[i].length);
		}
		fprintf(f, " ]; }");
	}
	fprintf(f, "); } );");
	fclose(f);
}

static unsigned int
toy_size(const struct toy_network *t)
{
	return 1u << (32 - t->length);
}

/* The slow and obvious way. */
static unsigned int
toy_owner(const struct toy_network *toys, unsigned int n, bool v6, unsigned int a)
{
	unsigned int owner = SEGMENT_NONE, longest = 0;

	for (unsigned int i = 0; i < n; i++) {
		unsigned int last = toys[i].first + toy_size(&toys[i]) - 1;

		if (!v6 && a == last && toys[i].length <= 30)
			return SEGMENT_NONE;
		if (toys[i].first <= a && a <= last && toys[i].length >= longest) {
			longest = toys[i].length;
			owner = toys[i].segment;
		}
	}
	return owner;
}

static void
ownership_agrees_with_counting_it_out(void)
{
	unsigned int seed = 20261121;
	char *text = malloc(TEXT_SIZE);

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	for (unsigned int round = 0; round < 400; round++) {
		struct toy_network toys[12];
		unsigned int n = make_toys(&seed, toys), wrong = 0;
		bool v6 = round % 2 == 1;
		struct ip_addr a = address(v6 ? "2001:db8::" : "10.0.0.0");
		ip_value base = a.value;
		struct checked *c;

		print_toys(toys, n, v6, text);
		c = check_text(text);
		for (unsigned int i = 0; i < 256; i++) {
			a.value = base + i;
			wrong += checked_owner(c, &a) != toy_owner(toys, n, v6, i);
		}
		CU_ASSERT_EQUAL(wrong, 0);
		if (wrong != 0)
			fprintf(stderr, "%s\n", text);
		checked_free(c);
	}
	free(text);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "owners follow the table", owners_follow_the_table },
		{ "owned ranges are sorted and disjoint", owned_ranges_are_sorted_and_disjoint },
		{ "no family has no owner", no_family_has_no_owner },
		{ "gateway addresses are known", gateway_addresses_are_known },
		{ "never forwarded is sorted and disjoint",
		  never_forwarded_is_sorted_and_disjoint },
		{ "ownership agrees with counting it out",
		  ownership_agrees_with_counting_it_out },
		CU_TEST_INFO_NULL,
	};

	return unit_main("owned", tests);
}
