/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the check makes of a policy: dates, bindings, names, numbers, limits. */
#include "rules/checked.h"
#include "rules/limits.h"
#include "rules/policy_parse.h"
#include "tests/unit/check_text.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct date_case {
	const char *from, *until;
	int64_t want_from, want_until;
} date_cases[] = {
	/* whole days of Japan; the last one counts to its end */
	{ "2026-04-01", "2027-03-31", 1774969200, 1806505200 },
	{ "1970-01-02", "1970-01-02", 54000, 140400 },
	{ "2028-02-29", "2100-02-28", 1835362800, 4107510000 },
	/* moments */
	{ "2026-11-21T09:00", "2026-11-21T17:15:30", 1795219200, 1795248930 },
	{ "2026-11-21T00:00Z", "2026-11-21T09:00:01+09:00", 1795219200, 1795219201 },
	{ "2026-11-20T19:00-05:00", "9999-12-31", 1795219200, 253402268400 },
};

static void
dates_follow_the_table(void)
{
	for (size_t i = 0; i < sizeof(date_cases) / sizeof(date_cases[0]); i++) {
		const struct date_case *d = &date_cases[i];
		char text[8192];
		struct checked *c;

		snprintf(text, sizeof(text),
		    "%s%spermits = ( { id = \"T1\"; from = [\"a5\"];\n"
		    "to = [\"b7\"]; services = [\"web\"]; valid_from = \"%s\";\n"
		    "valid_until = \"%s\"; } );",
		    BASE, SERVICES, d->from, d->until);
		c = check_text(text);
		CU_ASSERT_EQUAL(c->permits[0].valid_from, d->want_from);
		CU_ASSERT_EQUAL(c->permits[0].valid_until, d->want_until);
		CU_ASSERT_FALSE(
		    checked_permit_in_force(&c->permits[0], d->want_from - 1));
		CU_ASSERT_TRUE(checked_permit_in_force(&c->permits[0], d->want_from));
		CU_ASSERT_TRUE(
		    checked_permit_in_force(&c->permits[0], d->want_until - 1));
		CU_ASSERT_FALSE(checked_permit_in_force(&c->permits[0], d->want_until));
		c->permits[0].disabled = true;
		CU_ASSERT_FALSE(checked_permit_in_force(&c->permits[0], d->want_from));
		checked_free(c);
	}
}

static void
a_permit_without_dates_is_always_in_force(void)
{
	struct checked *c =
	    check_text(BASE SERVICES PERMIT("[\"a5\"]", "[\"b7\"]", "[\"web\"]"));

	CU_ASSERT_TRUE(checked_permit_in_force(&c->permits[0], INT64_MIN));
	CU_ASSERT_TRUE(checked_permit_in_force(&c->permits[0], INT64_MAX - 1));
	checked_free(c);
}

static void
a_disabled_permit_has_boxes_too(void)
{
	struct checked *c = check_text(BASE SERVICES
	    "permits = ( { id = \"T1\"; from = [\"a5\"]; to = [\"b7\"];\n"
	    " services = [\"web\"]; enabled = false; } );");

	CU_ASSERT_TRUE(c->permits[0].disabled);
	CU_ASSERT_EQUAL(c->permits[0].n_boxes, 1);
	checked_free(c);
}

static void
bindings_are_one_an_address_and_sorted(void)
{
	static const uint8_t line_mac[6] = { 0, 0, 0x5e, 0, 0x53, 7 };
	struct checked *c = check_text(BASE);
	char text[IP_RANGE_TEXT_SIZE];

	CU_ASSERT_EQUAL_FATAL(c->n_bindings, 5);
	CU_ASSERT_STRING_EQUAL(address_print(&c->bindings[0].addr, text), "10.1.0.5");
	CU_ASSERT_EQUAL(c->bindings[0].mac[5], 5);
	CU_ASSERT_EQUAL(c->bindings[0].segment, 0);
	CU_ASSERT_STRING_EQUAL(address_print(&c->bindings[1].addr, text), "10.2.0.64");
	CU_ASSERT_STRING_EQUAL(address_print(&c->bindings[4].addr, text), "10.2.0.67");
	for (size_t i = 1; i < 5; i++) {
		CU_ASSERT_EQUAL(memcmp(c->bindings[i].mac, line_mac, 6), 0);
		CU_ASSERT_EQUAL(c->bindings[i].segment, 2);
		CU_ASSERT_STRING_EQUAL(c->hosts[c->bindings[i].host].name, "b-line");
	}
	checked_free(c);
}

static void
names_and_segments_are_found(void)
{
	struct checked *c = check_text(BASE);

	CU_ASSERT_EQUAL(checked_zone_by_name(c, "b"), 1);
	CU_ASSERT_EQUAL(checked_zone_by_name(c, "a5"), -1);
	CU_ASSERT_EQUAL(checked_segment_by_interface(c, "c0"), 3);
	CU_ASSERT_EQUAL(checked_segment_by_interface(c, "c"), -1);
	CU_ASSERT_EQUAL(checked_zone_of(c, 1), 0);
	CU_ASSERT_EQUAL(checked_zone_of(c, 3), 2);
	CU_ASSERT_EQUAL(checked_zone_of(c, 4), -1);
	CU_ASSERT_EQUAL(checked_zone_of(c, SEGMENT_SELF), -1);
	CU_ASSERT_EQUAL(checked_zone_of(c, SEGMENT_NONE), -1);
	CU_ASSERT_STRING_EQUAL(c->zones[0].label, "a");
	CU_ASSERT_STRING_EQUAL(c->zones[1].label, "庁内");
	CU_ASSERT_EQUAL(c->zones[1].zone_class, ZONE_CLASS_LGWAN);
	CU_ASSERT_EQUAL(c->zones[0].zone_class, ZONE_CLASS_OTHER);
	CU_ASSERT_EQUAL(c->hosts[4].n_roles, 2);
	CU_ASSERT_STRING_EQUAL(c->hosts[4].roles[1], "proxy");
	checked_free(c);
}

static void
every_class_reads_back(void)
{
	for (unsigned int i = 0; i < ZONE_CLASS_COUNT; i++)
		CU_ASSERT_EQUAL(zone_class_parse(zone_class_name((enum zone_class)i)), i);
	CU_ASSERT_EQUAL(zone_class_parse("Mynumber"), ZONE_CLASS_COUNT);
	CU_ASSERT_EQUAL(zone_class_parse(""), ZONE_CLASS_COUNT);
}

static void
pairs_refuse_as_written(void)
{
	struct checked *c = check_text(BASE
	    "pairs = ( { from = \"a\"; to = \"c\"; refuse = \"reject\"; },\n"
	    " { from = \"c\"; to = \"a\"; refuse = \"drop\"; } );");

	for (size_t i = 0; i < c->n_zones * c->n_zones; i++)
		CU_ASSERT_EQUAL(c->refusals[i], i == 2 ? REFUSAL_REJECT : REFUSAL_DROP);
	checked_free(c);
}

static void
the_digest_is_of_the_meaning(void)
{
	struct checked *a = check_text(BASE SERVICES);
	struct checked *b = check_text("# a comment\n\n" BASE "\n" SERVICES);
	struct checked *c = check_text(BASE);

	CU_ASSERT_EQUAL(strlen(a->digest), 64);
	CU_ASSERT_STRING_EQUAL(a->digest, b->digest);
	CU_ASSERT_STRING_NOT_EQUAL(a->digest, c->digest);
	checked_free(a);
	checked_free(b);
	checked_free(c);
}

#define THREE_PERMITS BASE SERVICES \
    "permits = ( { id = \"T1\"; from = [\"a5\"]; to = [\"b7\"]; services = [\"web\"]; },\n" \
    " { id = \"T2\"; from = [\"a6\"]; to = [\"b7\"]; services = [\"web\"]; },\n" \
    " { id = \"T3\"; from = [\"c\"]; to = [\"b7\"]; services = [\"web\"]; } );"

static uint32_t
number_of(void *arg, const char *id)
{
	const uint32_t *numbers = arg;

	return numbers[id[1] - '1'];
}

static bool
is_one_or_two(void *arg, uint32_t number)
{
	(void)arg;
	return number == 1 || number == 2;
}

static bool
is_any(void *arg, uint32_t number)
{
	(void)arg;
	return number > 0;
}

static const struct number_case {
	uint32_t running[3], want[3];
	bool (*busy)(void *arg, uint32_t number);
} number_cases[] = {
	{ { 0, 0, 0 }, { 1, 2, 3 }, NULL },
	{ { 3, 0, 1 }, { 3, 2, 1 }, NULL },
	{ { 0, 7, 0 }, { 1, 7, 2 }, NULL },
	/* two of one number, and numbers that cannot be: new ones */
	{ { 4, 4, 70000 }, { 4, 1, 2 }, NULL },
	{ { 0, 65535, 0 }, { 3, 65535, 4 }, is_one_or_two },
	/* nothing else left: a busy number is better than none */
	{ { 0, 2, 0 }, { 1, 2, 3 }, is_any },
};

static void
running_permits_keep_their_numbers(void)
{
	for (size_t i = 0; i < sizeof(number_cases) / sizeof(number_cases[0]); i++) {
		struct number_case n = number_cases[i];
		struct checked *c = check_text(THREE_PERMITS);

		CU_ASSERT_EQUAL(c->permits[2].number, 3);
		if (n.busy == NULL)
			checked_renumber(c, number_of, n.running);
		else
			checked_renumber_avoiding(c, number_of, n.busy, n.running);
		for (size_t k = 0; k < 3; k++)
			CU_ASSERT_EQUAL(c->permits[k].number, n.want[k]);
		checked_free(c);
	}
}

/* The pairs of THREE_PERMITS: a0 to b0, and c0 to b0. */
struct running_pairs {
	uint32_t ab, cb;
	uint32_t busy;
};

static uint32_t
pair_number_of(void *arg, const char *in, const char *out)
{
	const struct running_pairs *p = arg;

	CU_ASSERT_EQUAL(out[0], 'b');
	return in[0] == 'a' ? p->ab : p->cb;
}

static bool
pair_is_busy(void *arg, uint32_t number)
{
	const struct running_pairs *p = arg;

	return number == p->ab || number == p->cb || number == p->busy;
}

static const struct pair_case {
	struct running_pairs running;
	uint32_t ab, cb;
} pair_cases[] = {
	{ { 0, 0, 0 }, 1, 2 },
	{ { 2, 1, 0 }, 2, 1 },
	{ { 0, 1, 0 }, 2, 1 },
	/* one goes, and its number is not the new one's */
	{ { 0, 2, 1 }, 3, 2 },
	/* two of one number, and numbers that cannot be: new ones */
	{ { 4, 4, 0 }, 4, 1 },
	{ { 65535, 65536, 0 }, 1, 2 },
};

static void
running_pairs_keep_their_numbers(void)
{
	for (size_t i = 0; i < sizeof(pair_cases) / sizeof(pair_cases[0]); i++) {
		struct pair_case row = pair_cases[i];
		struct checked *c = check_text(THREE_PERMITS);

		CU_ASSERT_EQUAL(checked_pair_number(c, 0, 2), 1);
		CU_ASSERT_EQUAL(checked_pair_number(c, 3, 2), 2);
		checked_renumber_pairs(c, pair_number_of, pair_is_busy, &row.running);
		CU_ASSERT_EQUAL(checked_pair_number(c, 0, 2), row.ab);
		CU_ASSERT_EQUAL(checked_pair_number(c, 3, 2), row.cb);
		CU_ASSERT_EQUAL(checked_pair_number(c, 2, 0), 0);
		CU_ASSERT_EQUAL(checked_pair_number(c, 0, SEGMENT_SELF), 0);
		CU_ASSERT_EQUAL(checked_pair_number(c, SEGMENT_SELF, 2), 0);
		checked_free(c);
	}
}

static void
an_error_of_the_parser_refuses_the_policy(void)
{
	static const char text[] = BASE "colour = 1;\n";
	struct diag *d = diag_new();
	struct policy *p = policy_parse_text(text, strlen(text), "p", d);

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_PTR_NULL(checked_new(p, NOW, d));
	CU_ASSERT_EQUAL(diag_count(d, DIAG_ERROR), 1);
	diag_free(d);
}

/* A model that no parser made: what every item needs is asked for all the same. */
static void
an_empty_policy_is_refused(void)
{
	struct diag *d = diag_new();
	struct policy *p = calloc(1, sizeof(*p));

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	if (p == NULL)
		return;
	p->zones = calloc(1, sizeof(p->zones[0]));
	p->n_zones = p->zones != NULL;
	CU_ASSERT_PTR_NULL(checked_new(p, NOW, d));
	CU_ASSERT(diag_count(d, DIAG_ERROR) >= 3);
	diag_free(d);
}

/* True when checking the text finds this. */
static bool
finds(const char *text, enum message_id message)
{
	struct diag *d = diag_new();
	struct policy *p = policy_parse_text(text, strlen(text), "p", d);
	bool found = false;

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	checked_free(checked_new(p, NOW, d));
	for (size_t i = 0; i < diag_kept(d); i++)
		found |= diag_at(d, i)->message == message;
	diag_free(d);
	return found;
}

/* One host of 256 addresses over, and one less. */
static void
bound_addresses_are_limited(void)
{
	for (unsigned int n = LIMIT_BINDINGS / 256; n <= LIMIT_BINDINGS / 256 + 1; n++) {
		char *text = NULL;
		size_t size;
		FILE *f = open_memstream(&text, &size);

		CU_ASSERT_PTR_NOT_NULL_FATAL(f);
		fprintf(f, "schema = 1; zones = ( { name = \"z\"; segments = (\n"
			   "{ interface = \"i0\"; networks = [ \"10.0.0.0/8\" ]; } ); } "
			   "); hosts = (\n");
		for (unsigned int i = 0; i < n; i++)
			fprintf(f,
			    "%s{ name = \"h%u\"; zone = \"z\"; mac = "
			    "\"00:00:5e:00:53:01\";\n"
			    "addresses = [ \"10.%u.%u.0/24\" ]; }",
			    i > 0 ? "," : "", i, i / 256, i % 256);
		fprintf(f, ");");
		fclose(f);
		CU_ASSERT_EQUAL(
		    finds(text, MSG_CHECK_LIMIT_BINDINGS), n > LIMIT_BINDINGS / 256);
		free(text);
	}
}

/* Groups of one large group: no word of it is long, all together are. */
static void
ranges_of_groups_are_limited(void)
{
	unsigned int n_hosts = 4000, n_groups = LIMIT_GROUP_RANGES / n_hosts;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fprintf(f, "schema = 1; zones = ( { name = \"z\"; segments = (\n"
	    "{ interface = \"i0\"; networks = [ \"10.0.0.0/8\" ]; } ); } );\n"
	    "hosts = ( { name = \"many\"; zone = \"z\"; addresses = [ \"10.0.0.1\"");
	for (unsigned int i = 1; i < n_hosts; i++)
		fprintf(f, ", \"10.0.%u.%u\"", i / 128, 2 * (i % 128) + 1);
	fprintf(f, " ]; } ); groups = ( { name = \"g\"; members = [ \"many\" ]; }");
	for (unsigned int i = 0; i < n_groups; i++)
		fprintf(f, ",\n{ name = \"g%u\"; members = [ \"g\" ]; }", i);
	fprintf(f, ");");
	fclose(f);
	CU_ASSERT_TRUE(finds(text, MSG_CHECK_LIMIT_GROUP_RANGES));
	free(text);
}

static void
a_file_that_is_not_there_is_refused(void)
{
	struct diag *d = diag_new();

	CU_ASSERT_PTR_NULL(checked_from_file("/nonexistent/policy.conf", NOW, d));
	CU_ASSERT_EQUAL(diag_exit_code(d), 1);
	diag_free(d);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "dates follow the table", dates_follow_the_table },
		{ "a permit without dates is always in force",
		  a_permit_without_dates_is_always_in_force },
		{ "a disabled permit has boxes too", a_disabled_permit_has_boxes_too },
		{ "bindings are one an address and sorted", bindings_are_one_an_address_and_sorted },
		{ "names and segments are found", names_and_segments_are_found },
		{ "every class reads back", every_class_reads_back },
		{ "pairs refuse as written", pairs_refuse_as_written },
		{ "the digest is of the meaning", the_digest_is_of_the_meaning },
		{ "running permits keep their numbers", running_permits_keep_their_numbers },
		{ "running pairs keep their numbers", running_pairs_keep_their_numbers },
		{ "an error of the parser refuses the policy",
		  an_error_of_the_parser_refuses_the_policy },
		{ "an empty policy is refused", an_empty_policy_is_refused },
		{ "bound addresses are limited", bound_addresses_are_limited },
		{ "ranges of groups are limited", ranges_of_groups_are_limited },
		{ "a file that is not there is refused", a_file_that_is_not_there_is_refused },
		CU_TEST_INFO_NULL,
	};

	return unit_main("checked", tests);
}
