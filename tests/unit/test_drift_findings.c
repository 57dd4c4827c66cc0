/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands around a gate, from pictures made by hand: found, or rightly not. */
#include "agent/drift/drift_findings.h"

#include "rules/policy_parse.h"
#include "tests/unit/unit.h"

#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char policy_text[] =
    "schema = 1; zones = (\n"
    "{ name = \"a\"; class = \"intra\"; segments = ( { interface = \"za0\"; "
    "networks = [ \"10.1.0.0/16\", \"2001:db8:1::/48\" ]; } ); },\n"
    "{ name = \"b\"; class = \"intra\"; segments = ( { interface = \"zb0\"; "
    "networks = [ \"10.2.0.0/16\" ]; }, { interface = \"zb1\"; "
    "networks = [ \"10.2.7.0/24\" ]; } ); },\n"
    "{ name = \"up\"; class = \"internet\"; segments = ( { interface = \"up0\"; "
    "networks = [ \"0.0.0.0/0\", \"::/0\" ]; } ); } );\n";

static struct drift_picture *p;
static struct checked *c;
static struct drift_list list;

static const struct { const char *name, *kind; } cards[] = {
	{ "lo", "" }, { "za0", "veth" }, { "zb0", "vlan" }, { "zb1", "" }, { "up0", "bridge" },
};

#define N_CARDS (sizeof(cards) / sizeof(cards[0]))

static struct link_entry *
card(const char *name)
{
	for (size_t i = 0; i < p->links.n; i++)
		if (strcmp(p->links.links[i].name, name) == 0)
			return &p->links.links[i];
	p->links.links[p->links.n] = (struct link_entry){ .index = (uint32_t)p->links.n + 1 };
	snprintf(p->links.links[p->links.n].name, 16, "%s", name);
	return &p->links.links[p->links.n++];
}

/* A gateway with nothing strange about it. */
static void
make_clean(void)
{
	drift_picture_free(p);
	p = drift_picture_new();
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	for (size_t i = 0; i < N_CARDS; i++) {
		struct link_entry *l = card(cards[i].name);

		snprintf(l->kind, sizeof(l->kind), "%s", cards[i].kind);
		l->up = l->has_address = true;
		l->loopback = i == 0;
	}
}

static void
add_route(const char *to, const char *interface, uint32_t table)
{
	struct route_entry *r = &p->routes.routes[p->routes.n++];

	CU_ASSERT_EQUAL_FATAL(address_parse_prefix(to, &r->to), ADDRESS_OK);
	r->interface = card(interface)->index;
	r->table = table;
}

static void
add_table(uint8_t family, const char *name, bool hooked, unsigned int does)
{
	struct nft_foreign_table *t = &p->tables.tables[p->tables.n++];

	*t = (struct nft_foreign_table){ .family = family, .hooked = hooked, .does = does };
	snprintf(t->name, sizeof(t->name), "%s", name);
}

/* The codes that are found, in the order of their numbers: "DR-10 DR-17". */
static const char *
find(void)
{
	static char text[512];
	size_t n = 0;

	memset(&list, 0, sizeof(list));
	drift_findings(p, c, &list);
	text[0] = '\0';
	for (int id = 1; id < DRIFT_ID_COUNT; id++)
		for (size_t i = 0; i < list.n; i++)
			if (list.all[i].id == (enum drift_id)id)
				n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n > 0 ?
				    " " : "", drift_row(list.all[i].id)->code);
	return text;
}

static void
a_clean_gateway_has_none(void)
{
	make_clean();
	CU_ASSERT_STRING_EQUAL(find(), "");
	CU_ASSERT_EQUAL(drift_worst(&list), DRIFT_NOTE);
	/* what a clean one may have */
	add_route("10.1.0.0/16", "za0", RT_TABLE_MAIN);
	add_route("10.1.3.0/24", "za0", RT_TABLE_MAIN);
	add_route("10.2.0.0/16", "zb0", RT_TABLE_MAIN);
	add_route("10.2.7.0/24", "zb1", RT_TABLE_MAIN);
	add_route("0.0.0.0/0", "up0", RT_TABLE_MAIN);
	add_route("::/0", "up0", RT_TABLE_MAIN);
	add_route("2001:db8:1::/48", "za0", RT_TABLE_MAIN);
	add_route("fe80::/64", "za0", RT_TABLE_MAIN);		/* every interface has it */
	add_route("10.2.0.1/32", "za0", RT_TABLE_LOCAL);
	add_route("203.0.113.0/24", "up0", RT_TABLE_MAIN);
	add_table(NFPROTO_INET, "quiet", false, NFT_FOREIGN_MARKS);
	p->routes.rules[p->routes.n_rules++] = (struct route_rule){ IP_V4, 32766, 254, 1, true };
	CU_ASSERT_STRING_EQUAL(find(), "");
}

static void
routes_must_lead_where_the_policy_says(void)
{
	static const struct { const char *to, *interface, *want; } rows[] = {
		{ "10.2.3.0/24", "za0", "DR-19" },		/* inside another's network */
		{ "10.2.7.0/25", "zb0", "DR-19" },		/* another segment of the zone */
		{ "2001:db8:1:5::/64", "up0", "DR-19" },
		{ "0.0.0.0/0", "za0", "DR-19 DR-19 DR-19" },	/* all but za0's own */
		{ "198.51.100.0/24", "zb0", "DR-19" },		/* the uplink's */
		{ "10.2.3.0/24", "docker0", "" },		/* no segment: DR-17 would tell */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_clean();
		add_route(rows[i].to, rows[i].interface, RT_TABLE_MAIN);
		CU_ASSERT_STRING_EQUAL(find(), rows[i].want);
	}
	CU_ASSERT_EQUAL(drift_row(DRIFT_ROUTE)->severity, DRIFT_WARNING);
	make_clean();
	p->routes.rules[p->routes.n_rules++] = (struct route_rule){ IP_V6, 5, 100, 1, false };
	CU_ASSERT_STRING_EQUAL(find(), "DR-20");
	CU_ASSERT_STRING_EQUAL(list.all[0].subject, "IPv6 5");
}

static void
ports_of_bridges_are_told_from_other_ports(void)
{
	make_clean();
	card("za0")->master = card("up0")->index;	/* up0 is a bridge: of another segment even */
	CU_ASSERT_STRING_EQUAL(find(), "DR-10");
	CU_ASSERT_STRING_EQUAL(list.all[0].subject, "za0");
	CU_ASSERT_STRING_EQUAL(list.all[0].detail, "up0");
	CU_ASSERT_EQUAL(drift_worst(&list), DRIFT_ERROR);
	make_clean();
	snprintf(card("bond0")->kind, 16, "bond");
	card("za0")->master = card("bond0")->index;
	CU_ASSERT_STRING_EQUAL(find(), "DR-11");
	/* a port of a segment that is a bridge is no segment */
	make_clean();
	card("eth5")->master = card("up0")->index;
	card("eth5")->up = true;
	CU_ASSERT_STRING_EQUAL(find(), "");
	/* its master is in another network namespace, or gone meanwhile */
	make_clean();
	card("za0")->master = 4711;
	CU_ASSERT_STRING_EQUAL(find(), "DR-11");
}

static void
interfaces_come_and_go(void)
{
	make_clean();
	snprintf(card("zb1")->name, 16, "zb9");
	CU_ASSERT_STRING_EQUAL(find(), "DR-17 DR-18");
	card("zb9")->up = false;
	CU_ASSERT_STRING_EQUAL(find(), "DR-18");
	card("zb9")->up = true;
	card("zb9")->has_address = false;
	CU_ASSERT_STRING_EQUAL(find(), "DR-18");
	/* a list that is not whole proves nothing missing */
	p->failed = DRIFT_PART_LINKS;
	CU_ASSERT_STRING_EQUAL(find(), "DR-23");
	make_clean();
	card("za0")->xdp = true;
	card("zz9")->xdp = true;
	CU_ASSERT_STRING_EQUAL(find(), "DR-12");
}

static void
tables_of_others_weigh_by_what_they_do(void)
{
	static const struct { unsigned int does; bool hooked; const char *want; } rows[] = {
		{ 0, true, "DR-05" },
		{ 0, false, "" },
		{ NFT_FOREIGN_REWRITES, true, "DR-06" },
		{ NFT_FOREIGN_REWRITES, false, "" },
		{ NFT_FOREIGN_MARKS | NFT_FOREIGN_QUEUES, true, "DR-06" },
		{ NFT_FOREIGN_MOVES, true, "DR-07" },
		{ NFT_FOREIGN_MOVES | NFT_FOREIGN_MARKS, true, "DR-06 DR-07" },
		{ NFT_FOREIGN_OFFLOADS, false, "DR-08" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_clean();
		add_table(NFPROTO_IPV4, "x", rows[i].hooked, rows[i].does);
		CU_ASSERT_STRING_EQUAL(find(), rows[i].want);
	}
	make_clean();
	snprintf(p->legacy, sizeof(p->legacy), "filter nat");
	CU_ASSERT_STRING_EQUAL(find(), "DR-09");
}

static void
programs_are_ours_or_not(void)
{
	/* own: on that side */
	static const struct { uint32_t own, leaving, n, programs[3]; const char *want; } rows[] = {
		{ 5, 1, 1, { 5 }, "" },
		{ 5, 1, 2, { 5, 9 }, "DR-15" },
		{ 5, 1, 2, { 9, 5 }, "DR-15 DR-16" },
		{ 5, 1, 1, { 9 }, "DR-15 DR-16" },
		{ 5, 1, 0, { 0 }, "" },
		{ 5, 0, 1, { 5 }, "" },
		{ 5, 0, 2, { 9, 5 }, "DR-15 DR-16" },
		{ 0, 1, 1, { 5 }, "DR-15" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_clean();
		p->tcx = calloc(1, sizeof(*p->tcx));
		CU_ASSERT_PTR_NOT_NULL_FATAL(p->tcx);
		p->n_tcx = 1;
		p->own_programs[rows[i].leaving] = rows[i].own;
		p->own_programs[1 - rows[i].leaving] = 77;
		*p->tcx = (struct drift_tcx){ "za0", rows[i].leaving, rows[i].n, { 0 } };
		memcpy(p->tcx->programs, rows[i].programs, sizeof(rows[i].programs));
		CU_ASSERT_STRING_EQUAL(find(), rows[i].want);
	}
}

static void
filters_weigh_by_what_they_can(void)
{
	make_clean();
	p->tc.filters[p->tc.n++] = (struct tc_filter){ 2, TC_COMING, "u32", true };
	CU_ASSERT_STRING_EQUAL(find(), "DR-13");
	p->tc.filters[0].moves = false;
	CU_ASSERT_STRING_EQUAL(find(), "DR-14");
	p->tc.filters[0].place = TC_SHARED;
	CU_ASSERT_STRING_EQUAL(find(), "DR-14");
}

static void
switches_are_kept_or_told(void)
{
	make_clean();
	p->switches[p->n_switches++] = (struct drift_switch){ SYSCTL_IPV4_FORWARD, "", 1, 0, true };
	p->switches[p->n_switches++] = (struct drift_switch){ SYSCTL_IF_IPV4_PROXY_ARP, "za0", 1, 0,
	    false };
	CU_ASSERT_STRING_EQUAL(find(), "DR-21 DR-22");
	CU_ASSERT_STRING_EQUAL(list.all[0].subject, "net.ipv4.ip_forward");
	CU_ASSERT_STRING_EQUAL(list.all[1].subject, "net.ipv4.conf.za0.proxy_arp");
}

/* Whoever may make a table or an interface may call it what they like. */
static void
names_are_harmless_and_many_are_counted(void)
{
	make_clean();
	add_table(NFPROTO_IPV4, "\033[2Jx\xff\n", true, 0);
	(void)find();
	CU_ASSERT_EQUAL_FATAL(list.n, 1);
	CU_ASSERT_STRING_EQUAL(list.all[0].subject, "ip ?[2Jx??");
	make_clean();
	for (int i = 0; i < 200; i++) {
		char name[16];

		snprintf(name, sizeof(name), "t%d", i);
		add_table(NFPROTO_IPV4, name, true, 0);
	}
	(void)find();
	CU_ASSERT_EQUAL(list.n, DRIFT_FINDINGS_MOST);
	CU_ASSERT_EQUAL(list.more, 200 - DRIFT_FINDINGS_MOST);
	/* the same one twice is one */
	memset(&list, 0, sizeof(list));
	drift_add(&list, DRIFT_XDP, "a", "b");
	drift_add(&list, DRIFT_XDP, "a", "b");
	drift_add(&list, DRIFT_XDP, "a", "c");
	CU_ASSERT_EQUAL(list.n, 2);
}

static void
each_has_a_number_and_words(void)
{
	for (int id = 1; id < DRIFT_ID_COUNT; id++) {
		const struct drift_row *row = drift_row((enum drift_id)id);
		char code[8];

		snprintf(code, sizeof(code), "DR-%02d", id);
		CU_ASSERT_STRING_EQUAL(row->code, code);
		for (int language = 0; language < 2; language++) {
			char *text = message_text(row->what, (enum message_language)language, "SUB",
			    "DET");

			CU_ASSERT_PTR_NOT_NULL_FATAL(text);
			CU_ASSERT_PTR_NOT_NULL(strstr(text, "SUB"));
			CU_ASSERT_PTR_NOT_NULL(strstr(text, "DET"));
			free(text);
			CU_ASSERT_PTR_NULL(strchr(message_format(row->advice,
			    (enum message_language)language), '%'));
		}
	}
	memset(&list, 0, sizeof(list));
	drift_add(&list, DRIFT_BRIDGE, "za0", "br0");
	json_t *json = drift_json(&list, MESSAGE_ENGLISH);
	const json_t *f = json_array_get(json, 0);

	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(f, "id")), "DR-10");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(f, "severity")), "error");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(f, "subject")), "za0");
	json_decref(json);
}

/* Without a policy nothing is known of segments; what stands anywhere is told. */
static void
without_a_policy_the_rest_is_told(void)
{
	struct checked *kept = c;

	make_clean();
	snprintf(card("zb1")->name, 16, "zb9");
	add_table(NFPROTO_NETDEV, "x", true, NFT_FOREIGN_MOVES);
	c = NULL;
	CU_ASSERT_STRING_EQUAL(find(), "DR-07");
	c = kept;
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "a clean gateway has none", a_clean_gateway_has_none },
		{ "routes must lead where the policy says", routes_must_lead_where_the_policy_says },
		{ "ports of bridges are told from other ports",
		    ports_of_bridges_are_told_from_other_ports },
		{ "interfaces come and go", interfaces_come_and_go },
		{ "tables of others weigh by what they do", tables_of_others_weigh_by_what_they_do },
		{ "programs are ours or not", programs_are_ours_or_not },
		{ "filters weigh by what they can", filters_weigh_by_what_they_can },
		{ "switches are kept or told", switches_are_kept_or_told },
		{ "names are harmless, and many are counted",
		    names_are_harmless_and_many_are_counted },
		{ "each has a number and words", each_has_a_number_and_words },
		{ "without a policy the rest is told", without_a_policy_the_rest_is_told },
		CU_TEST_INFO_NULL,
	};
	struct diag *diag = diag_new();
	int status;

	c = checked_new(policy_parse_text(policy_text, sizeof(policy_text) - 1, "p", diag), 0, diag);
	if (c == NULL) {
		diag_print(diag, stdout, MESSAGE_ENGLISH);
		return EXIT_FAILURE;
	}
	status = unit_main("drift-findings", tests);
	drift_picture_free(p);
	checked_free(c);
	diag_free(diag);
	return status;
}
