/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single cases of the compiler; what its tables mean: test_compile_meaning.c. */
#include "rules/compile.h"
#include "rules/compile_internal.h"
#include "rules/ruleset_print.h"
#include "tests/unit/compile_city.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text of everything in the table whose line holds "what"; compiled from c. */
static bool
prints_at(const struct city *c, const struct compile_moment *moment, const char *what)
{
	struct diag *diag = diag_new();
	struct ruleset *r = compile_at(&c->checked, moment, diag);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool found;

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	ruleset_print(r, out);
	fclose(out);
	found = strstr(text, what) != NULL;
	free(text);
	ruleset_free(r);
	diag_free(diag);
	return found;
}

static bool
prints(const struct city *c, const char *what)
{
	return prints_at(c, NULL, what);
}

static void
ends_that_are_near_stop_running_flows(void)
{
	static const struct { int64_t now, horizon; bool guarded, there; } rows[] = {
		{ 1000, 1999, false, true }, { 1000, 2000, true, true },
		{ 1999, 5000, true, true }, { 2000, 5000, false, false },
	};
	struct city c;

	city_init(&c);
	city_permit(&c)->valid_until = 2000;
	city_box(&c, IP_V4);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct compile_moment m = { rows[i].now, rows[i].horizon, NULL, 0 };

		CU_ASSERT_EQUAL(prints_at(&c, &m, "chain flow-mn0-eth0_d100 {\n"
		    "\t\tmeta time >= 2000 jump rejudge-mn0-eth0_d100\n"), rows[i].guarded);
		CU_ASSERT_EQUAL(prints_at(&c, &m, "chain related {\n"
		    "\t\tmeta time >= 2000 jump ended\n"), rows[i].guarded);
		CU_ASSERT_EQUAL(prints_at(&c, &m, "goto permit\n"), rows[i].there);
		CU_ASSERT_TRUE(prints_at(&c, &m, "counter permit_T000"));
		CU_ASSERT_FALSE(prints_at(&c, &m, "jump revoked"));
	}
	CU_ASSERT_EQUAL(compile_next_moment(&c.checked, 500, 1000), 1000);
	CU_ASSERT_EQUAL(compile_next_moment(&c.checked, 1000, 1000), 2000);
	CU_ASSERT_EQUAL(compile_next_moment(&c.checked, 2000, 1000), INT64_MAX);
}

static void
revoked_marks_are_judged_by_the_leaf_of_their_pair(void)
{
	static const uint32_t marks[] = { 100, 2u << 16 | 100, 3u << 16 | 7 };
	const struct compile_moment m = { 0, 0, marks, 3 };
	struct city c;

	city_init(&c);
	city_permit(&c);
	city_box(&c, IP_V4)->service = (struct service_match){ .form = SERVICE_PORTS,
		.protocol = 6, .sport_last = UINT16_MAX, .dport_first = 80, .dport_last = 99 };
	CU_ASSERT_TRUE(prints_at(&c, &m, "ct state established,related jump revoked\n"));
	CU_ASSERT_TRUE(prints_at(&c, &m, "0x00000064 : goto rejudge-self"));
	CU_ASSERT_TRUE(prints_at(&c, &m, "0x00020064 : goto rejudge-mn0-eth0_d100"));
	CU_ASSERT_TRUE(prints_at(&c, &m, "0x00030007 : goto refuse-revoked"));
	CU_ASSERT_TRUE(prints_at(&c, &m, "chain rejudge-mn0-eth0_d100 {\n"
	    "\t\tmeta l4proto 6 ct mark set ct original ip saddr . ct reply ip saddr"
	    " . meta l4proto . ct reply proto-src map @mn0-eth0_d100-r4.1 return\n"
	    "\t\tgoto refuse-revoked\n"));
	CU_ASSERT_FALSE(prints(&c, "revoked {\n\t\ttype"));
}

static void
nothing_permitted_has_no_way_through(void)
{
	struct city c;

	city_init(&c);
	CU_ASSERT_TRUE(prints(&c,
	    "map pairs {\n\t\ttype ifname . ifname : verdict\n\t\tsize 4096\n\t}"));
	CU_ASSERT_TRUE(prints(&c, "map inputs {\n\t\ttype ifname : verdict\n\t}"));
	CU_ASSERT_TRUE(prints(&c, "map outputs {\n\t\ttype ifname : verdict\n\t}"));
	CU_ASSERT_FALSE(prints(&c, "goto permit\n"));
	/* A disabled permit is no other than none at all. */
	city_permit(&c)->disabled = true;
	city_box(&c, IP_V4);
	CU_ASSERT_FALSE(prints(&c, "goto permit\n"));
	CU_ASSERT_FALSE(prints(&c, "permit_T000"));
}

static void
permits_are_counted_under_their_line(void)
{
	struct city c;

	city_init(&c);
	city_permit(&c);
	city_box(&c, IP_V4);
	CU_ASSERT_TRUE(
	    prints(&c, "counter permit_T000 {\n\t\tcomment \"T000 policy.conf:10\""));
	CU_ASSERT_TRUE(prints(&c, "elements = { 0x00000064 : \"permit_T000\" }"));
}

static void
running_flows_come_from_their_own_segments(void)
{
	struct city c;

	city_init(&c);
	CU_ASSERT_TRUE(prints(&c, "exthdr rt missing ct mark & 0xffff0000 vmap @flows\n"));
	CU_ASSERT_TRUE(
	    prints(&c, "map flows {\n\t\ttype mark : verdict\n\t\tsize 4096\n\t}"));
	/* A pair that is only rejected has no flows. */
	c.refusals[0 * CITY_SEGMENTS + 2] = REFUSAL_REJECT;
	city_permit(&c);
	city_box(&c, IP_V4);
	CU_ASSERT_TRUE(prints(&c, "elements = { 0x00020000 : goto flow-mn0-eth0_d100 }"));
	CU_ASSERT_TRUE(prints(&c, "chain flow-mn0-eth0_d100 {\n"
	    "\t\tiifname \"mn0\" oifname \"eth0.100\" accept\n"
	    "\t\tiifname \"eth0.100\" oifname \"mn0\" accept\n"
	    "\t\tgoto refuse-source\n\t}"));
	/* Nor has the gateway any that are forwarded. */
	city_box(&c, IP_V4)->out = SEGMENT_SELF;
	city_box(&c, IP_V4)->in = SEGMENT_SELF;
	CU_ASSERT_FALSE(prints(&c, "flow-mn0-self"));
	CU_ASSERT_FALSE(prints(&c, "flow-self"));
	CU_ASSERT_TRUE(prints(&c, "0.0.0.0/0 . 0.0.0.0/0 . 0-255 : 0x00000064 }"));
}

static void
names_of_interfaces_stay_apart(void)
{
	struct city c;
	char name[PART_NAME_SIZE];
	static const struct {
		const char *interface, *name;
	} rows[] = {
		{ "mn0", "mn0" }, { "eth0.100", "eth0_d100" }, { "br-lan", "br_hlan" },
		{ "a_b", "a__b" }, { "a+b", "a_x2bb" }, { "self", "self_i" },
		{ "0eth", "i_i0eth" }, { "_a", "i_i__a" }, { "a b", "a_x20b" },
		{ "+++++++++++++++", "i_s0" },	/* too long written out */
	};

	city_init(&c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		c.segments[0].interface = rows[i].interface;
		name_segment(&c.checked, 0, name);
		CU_ASSERT_STRING_EQUAL(name, rows[i].name);
	}
	name_segment(&c.checked, SEGMENT_SELF, name);
	CU_ASSERT_STRING_EQUAL(name, "self");
}

static void
refused_pairs_get_an_answer(void)
{
	struct city c;

	city_init(&c);
	CU_ASSERT_FALSE(prints(&c, "goto refuse-reject"));
	c.refusals[0 * CITY_SEGMENTS + 2] = REFUSAL_REJECT;
	CU_ASSERT_TRUE(prints(&c, "\"mn0\" . \"br-lan\" : goto mn0-br_hlan.1"));
	CU_ASSERT_TRUE(prints(&c, "chain mn0-br_hlan.1 {\n\t\tgoto refuse-reject\n"));
	/* With a permit too. */
	city_permit(&c);
	city_box(&c, IP_V4)->out = 2;
	CU_ASSERT_TRUE(
	    prints(&c, "map @mn0-br_hlan-p4.1 goto permit\n\t\tgoto refuse-reject\n"));
}

static void
small_ranges_become_single_tuples(void)
{
	struct city c;
	struct box *b;

	city_init(&c);
	city_permit(&c);
	b = city_box(&c, IP_V4);
	b->src = (struct ip_range){ .first = 5, .last = 5, .family = IP_V4 };
	b->dst = (struct ip_range){ .first = 8, .last = 8, .family = IP_V4 };
	b->service = (struct service_match){ .form = SERVICE_PORTS, .protocol = 6,
		.sport_last = UINT16_MAX, .dport_first = 80, .dport_last = 95 };
	CU_ASSERT_TRUE(prints(&c, "0.0.0.5 . 0.0.0.8 . tcp . 95 : 0x00020064 }"));
	CU_ASSERT_FALSE(prints(&c, "flags interval"));
	b->service.dport_last = 96;	/* seventeen: more than SPREAD_TUPLES */
	CU_ASSERT_TRUE(prints(&c, "0.0.0.5 . 0.0.0.8 . tcp . 80-96 : 0x00020064 }"));
	CU_ASSERT_TRUE(prints(&c, "flags interval"));
}

static void
bound_addresses_want_their_mac(void)
{
	struct mac_binding bindings[2] = {
		{ .addr = { 5, IP_V4 }, .mac = { 0, 0, 0x5e, 0, 0x53, 1 } },
		{ .addr = { 5, IP_V4 }, .mac = { 0, 0, 0x5e, 0, 0x53, 2 } },
	};
	struct city c;

	city_init(&c);
	CU_ASSERT_FALSE(prints(&c, "bound4"));
	c.checked.bindings = bindings;
	c.checked.n_bindings = 2;
	CU_ASSERT_TRUE(
	    prints(&c, "set bound4 {\n\t\ttype ipv4_addr\n\t\telements = { 0.0.0.5 }"));
	CU_ASSERT_TRUE(prints(&c, "0.0.0.5 . 00:00:5e:00:53:02 }"));
	CU_ASSERT_TRUE(prints(&c, "ip saddr @bound4 goto forward-bound\n"));
	CU_ASSERT_TRUE(prints(&c, "ip saddr @bound4 goto input-bound\n"));
	CU_ASSERT_FALSE(prints(&c, "bound6"));
}

static const struct window_row {
	int64_t from, until;
	bool ever;
	struct window want;
} windows[] = {
	{ INT64_MIN, INT64_MAX, true, { INT64_MIN, INT64_MAX } },
	{ 0, 10, true, { INT64_MIN, 10 } },
	{ -5, 0, false, { 0, 0 } },
	{ 10, 10, false, { 0, 0 } },
	/* Nanoseconds would overflow the kernel's clock in 2262. */
	{ 10, 9223372036, true, { 10, INT64_MAX } },
	{ 10, 9223372035, true, { 10, 9223372035 } },
	{ 9223372036, INT64_MAX, false, { 0, 0 } },
};

static void
windows_fit_the_clock_of_the_kernel(void)
{
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		struct checked_permit p = { .valid_from = windows[i].from,
			.valid_until = windows[i].until };
		struct window w;

		CU_ASSERT_EQUAL(window_of(&p, &w), windows[i].ever);
		if (!windows[i].ever)
			continue;
		CU_ASSERT_EQUAL(w.since, windows[i].want.since);
		CU_ASSERT_EQUAL(w.until, windows[i].want.until);
	}
}

/*
 * Combs of single addresses across each other: every tooth of the second is cut
 * at every tooth of the first.
 */
static void
a_table_over_its_limit_is_told_at_the_permit(void)
{
	enum { TEETH = 1100 };
	struct box *boxes = calloc(2u * TEETH, sizeof(*boxes));
	struct diag *diag = diag_new();
	struct city c;

	CU_ASSERT_PTR_NOT_NULL_FATAL(boxes);
	city_init(&c);
	city_permit(&c);
	city_permit(&c);
	for (unsigned int i = 0; i < 2u * TEETH; i++) {
		struct ip_range all = { .last = UINT32_MAX, .family = IP_V4 };
		struct ip_range tooth = { .first = (ip_value)2 * (i % TEETH),
			.last = (ip_value)2 * (i % TEETH),
			.family = IP_V4 };

		boxes[i] = (struct box){ .src = i < TEETH ? tooth : all,
			.dst = i < TEETH ? all : tooth, .permit = i / TEETH, .out = 1,
			.service = { .protocol_any = true } };
	}
	c.checked.boxes = boxes;
	c.checked.n_boxes = 2u * TEETH;
	c.permits[0].n_boxes = c.permits[1].n_boxes = TEETH;

	CU_ASSERT_PTR_NULL(compile(&c.checked, diag));
	CU_ASSERT_EQUAL_FATAL(diag_kept(diag), 1);
	CU_ASSERT_EQUAL(diag_at(diag, 0)->message, MSG_COMPILE_LIMIT_BOXES);
	CU_ASSERT_EQUAL(diag_at(diag, 0)->origin.line, 11);
	diag_free(diag);
	free(boxes);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "nothing permitted has no way through",
		    nothing_permitted_has_no_way_through },
		{ "permits are counted under their line",
		    permits_are_counted_under_their_line },
		{ "running flows come from their own segments",
		    running_flows_come_from_their_own_segments },
		{ "names of interfaces stay apart", names_of_interfaces_stay_apart },
		{ "refused pairs get an answer", refused_pairs_get_an_answer },
		{ "small ranges become single tuples",
		    small_ranges_become_single_tuples },
		{ "bound addresses want their MAC", bound_addresses_want_their_mac },
		{ "windows fit the clock of the kernel",
		    windows_fit_the_clock_of_the_kernel },
		{ "a table over its limit is told at the permit",
		    a_table_over_its_limit_is_told_at_the_permit },
		{ "ends that are near stop running flows",
		    ends_that_are_near_stop_running_flows },
		{ "revoked marks are judged by the leaf of their pair",
		    revoked_marks_are_judged_by_the_leaf_of_their_pair },
		CU_TEST_INFO_NULL,
	};

	return unit_main("compile", tests);
}
