/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Permits as boxes: endpoints, groups, families, services. */
#include "rules/checked.h"
#include "tests/unit/check_text.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every box as "in>out src dst proto sport dport", the numbers only if looked at. */
static char *
boxes_of(const struct checked *c, uint32_t permit)
{
	char src[IP_RANGE_TEXT_SIZE], dst[IP_RANGE_TEXT_SIZE];
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	for (size_t i = 0; i < c->n_boxes; i++) {
		const struct box *b = &c->boxes[i];
		const struct service_match *m = &b->service;

		if (b->permit != permit)
			continue;
		fprintf(f, "%s>%s %s %s", b->in == SEGMENT_SELF ? "self" :
		    c->segments[b->in].interface, b->out == SEGMENT_SELF ? "self" :
		    c->segments[b->out].interface, address_print_range(&b->src, src),
		    address_print_range(&b->dst, dst));
		if (m->protocol_any)
			fprintf(f, " any");
		else
			fprintf(f, " %u", m->protocol);
		if (m->form != SERVICE_PROTOCOL)
			fprintf(f, " %u-%u %u-%u", m->sport_first, m->sport_last,
			    m->dport_first, m->dport_last);
		fprintf(f, "\n");
	}
	fclose(f);
	return text;
}

static void
expect_boxes(const char *rest, const char *want)
{
	char text[16384];
	struct checked *c;
	char *got;

	snprintf(text, sizeof(text), "%s%s", BASE, rest);
	c = check_text(text);
	got = boxes_of(c, 0);
	CU_ASSERT_STRING_EQUAL(got, want);
	if (strcmp(got, want) != 0)
		fprintf(stderr, "%s\n-- got\n%s-- want\n%s", rest, got, want);
	free(got);
	checked_free(c);
}

static const struct box_case {
	const char *rest, *want;
} box_cases[] = {
	{ SERVICES PERMIT("[\"a5\"]", "[\"b7\"]", "[\"web\"]"),
	  "a0>b0 10.1.0.5 10.2.0.7 6 0-65535 443-443\n" },
	/* both families, each service in its own */
	{ SERVICES PERMIT("[\"a6\"]", "[\"b7\"]", "[\"ping\",\"ping6\",\"web\"]"),
	  "a0>b0 10.1.0.6 10.2.0.7 1 2048-2048 0-65535\n"
	  "a0>b0 10.1.0.6 10.2.0.7 6 0-65535 443-443\n"
	  "a0>b0 2001:db8:1::6 2001:db8:2::7 6 0-65535 443-443\n"
	  "a0>b0 2001:db8:1::6 2001:db8:2::7 58 32768-32768 0-65535\n" },
	/* overlapping hosts make one range */
	{ SERVICES PERMIT("[\"a-few\",\"a5\"]", "[\"c\"]", "[\"web\"]"),
	  "a0>c0 10.1.0.4-10.1.0.9 10.3.0.0-10.3.0.254 6 0-65535 443-443\n" },
	/* neighbours stay two exact addresses */
	{ SERVICES PERMIT("[\"a6\",\"a5\"]", "[\"c\"]", "[\"web\"]"),
	  "a0>c0 10.1.0.5 10.3.0.0-10.3.0.254 6 0-65535 443-443\n"
	  "a0>c0 10.1.0.6 10.3.0.0-10.3.0.254 6 0-65535 443-443\n" },
	/* a host over two segments is cut, less the broadcast between */
	{ SERVICES PERMIT("[\"a-both\"]", "[\"b-line\"]", "[\"web\"]"),
	  "a0>b0 10.1.0.250-10.1.0.254 10.2.0.64/30 6 0-65535 443-443\n"
	  "a1>b0 10.1.1.0-10.1.1.9 10.2.0.64/30 6 0-65535 443-443\n" },
	/* a zone without the gateway's addresses; nothing inside one segment */
	{ SERVICES PERMIT("[\"a\"]", "[\"a5\"]", "[\"web\"]"),
	  "a1>a0 10.1.1.0-10.1.1.254 10.1.0.5 6 0-65535 443-443\n" },
	{ SERVICES PERMIT("[\"c\"]", "[\"a\"]", "[\"web\"]"),
	  "c0>a0 10.3.0.0-10.3.0.254 10.1.0.0 6 0-65535 443-443\n"
	  "c0>a0 10.3.0.0-10.3.0.254 10.1.0.2-10.1.0.254 6 0-65535 443-443\n"
	  "c0>a1 10.3.0.0-10.3.0.254 10.1.1.0-10.1.1.254 6 0-65535 443-443\n" },
	/* the gateway is every address of the family; self to self is nothing */
	{ SERVICES PERMIT("[\"a5\"]", "[\"self\"]", "[\"web\"]"),
	  "a0>self 10.1.0.5 0.0.0.0/0 6 0-65535 443-443\n" },
	{ SERVICES PERMIT("[\"self\"]", "[\"b7\",\"self\"]", "[\"web\"]"),
	  "self>b0 0.0.0.0/0 10.2.0.7 6 0-65535 443-443\n"
	  "self>b0 ::/0 2001:db8:2::7 6 0-65535 443-443\n" },
	/* groups: nested, with exceptions */
	{ "groups = ( { name = \"g\"; members = [\"h\",\"b7\"]; except = [\"a5\"]; },\n"
	  " { name = \"h\"; members = [\"a-few\"]; } );\n"
	  SERVICES PERMIT("[\"g\"]", "[\"c\"]", "[\"web\"]"),
	  "a0>c0 10.1.0.4 10.3.0.0-10.3.0.254 6 0-65535 443-443\n"
	  "a0>c0 10.1.0.6-10.1.0.9 10.3.0.0-10.3.0.254 6 0-65535 443-443\n"
	  "b0>c0 10.2.0.7 10.3.0.0-10.3.0.254 6 0-65535 443-443\n" },
};

static void
boxes_follow_the_table(void)
{
	for (size_t i = 0; i < sizeof(box_cases) / sizeof(box_cases[0]); i++)
		expect_boxes(box_cases[i].rest, box_cases[i].want);
}

static const struct service_case {
	const char *keys;
	const char *want;	/* protocol, source and destination numbers of each box */
} service_cases[] = {
	{ "protocol = \"tcp\"; ports = [ \"80\", \"443\" ];",
	  " 6 0-65535 80-80\n" " 6 0-65535 443-443\n" },
	{ "protocol = 17; ports = [ 53 ];", " 17 0-65535 53-53\n" },
	/* joined: overlapping, repeated, touching ranges; not touching single ports */
	{ "protocol = \"tcp\"; ports = [ \"10-20\", \"15-30\", \"31-40\", \"12\" ];",
	  " 6 0-65535 10-40\n" },
	{ "protocol = \"tcp\"; ports = [ \"81\", \"80\", \"80\" ];",
	  " 6 0-65535 80-80\n" " 6 0-65535 81-81\n" },
	{ "protocol = \"udp\"; source_ports = [ \"123\" ]; ports = [ \"123\", \"1123\" ];",
	  " 17 123-123 123-123\n" " 17 123-123 1123-1123\n" },
	{ "protocol = \"sctp\"; source_ports = [ \"1-65535\" ];", " 132 1-65535 0-65535\n" },
	{ "protocol = \"tcp\";", " 6\n" },
	{ "protocol = \"any\";", " any\n" },
	{ "protocol = \"gre\";", " 47\n" },
	{ "protocol = \"253\";", " 253\n" },
	{ "protocol = \"icmp\";", " 1\n" },
	{ "protocol = \"icmp\"; types = [ \"8\" ];", " 1 2048-2048 0-65535\n" },
	{ "protocol = \"icmp\"; types = [ \"3/4\", \"time-exceeded\" ];",
	  " 1 772-772 0-65535\n" " 1 2816-3071 0-65535\n" },
};

/* Each line with the addresses that all boxes of the table have. */
static char *
with_addresses(const char *lines)
{
	char *text = NULL;
	size_t size, n;
	FILE *f = open_memstream(&text, &size);

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	for (; *lines != '\0'; lines += n) {
		n = strcspn(lines, "\n") + 1;
		fprintf(f, "a0>b0 10.1.0.5 10.2.0.7%.*s", (int)n, lines);
	}
	fclose(f);
	return text;
}

static void
services_follow_the_table(void)
{
	for (size_t i = 0; i < sizeof(service_cases) / sizeof(service_cases[0]); i++) {
		const struct service_case *s = &service_cases[i];
		char *want = with_addresses(s->want);
		char rest[1024];

		snprintf(rest, sizeof(rest), "services = ( { name = \"s\"; %s } );\n%s",
		    s->keys, PERMIT("[\"a5\"]", "[\"b7\"]", "[\"s\"]"));
		expect_boxes(rest, want);
		free(want);
	}
}

/* Router and neighbour discovery never cross, whatever a service says. */
static void
icmpv6_without_types_leaves_out_neighbour_discovery(void)
{
	expect_boxes("services = ( { name = \"s\"; protocol = \"icmpv6\"; } );\n"
	    PERMIT("[\"a6\"]", "[\"b7\"]", "[\"s\"]"),
	    "a0>b0 2001:db8:1::6 2001:db8:2::7 58 0-34047 0-65535\n"
	    "a0>b0 2001:db8:1::6 2001:db8:2::7 58 35328-65535 0-65535\n");
}

static void
a_wider_service_takes_in_the_narrower(void)
{
	expect_boxes("services = ( { name = \"t\"; protocol = \"tcp\"; },\n"
	    " { name = \"w\"; protocol = \"tcp\"; ports = [ \"443\" ]; },\n"
	    " { name = \"u\"; protocol = \"udp\"; ports = [ \"53\" ]; } );\n"
	    PERMIT("[\"a5\"]", "[\"b7\"]", "[\"w\",\"u\",\"t\"]"),
	    "a0>b0 10.1.0.5 10.2.0.7 6\n"
	    "a0>b0 10.1.0.5 10.2.0.7 17 0-65535 53-53\n");
	expect_boxes("services = ( { name = \"t\"; protocol = \"any\"; },\n"
	    " { name = \"w\"; protocol = \"tcp\"; ports = [ \"443\" ]; } );\n"
	    PERMIT("[\"a5\"]", "[\"b7\"]", "[\"w\",\"t\"]"),
	    "a0>b0 10.1.0.5 10.2.0.7 any\n");
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "boxes follow the table", boxes_follow_the_table },
		{ "services follow the table", services_follow_the_table },
		{ "icmpv6 without types leaves out neighbour discovery",
		  icmpv6_without_types_leaves_out_neighbour_discovery },
		{ "a wider service takes in the narrower", a_wider_service_takes_in_the_narrower },
		CU_TEST_INFO_NULL,
	};

	return unit_main("check_boxes", tests);
}
