/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Detectors and stations: what is in force, and that the gate never hears of it. */
#include "rules/checked.h"
#include "rules/compile.h"
#include "rules/policy_parse.h"
#include "rules/policy_print.h"
#include "rules/ruleset_diff.h"
#include "rules/violation_class.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1782831600)

/* %s: of segment a0; %s: at the end. */
#define POLICY                                                                           \
	"schema = 1; zones = (\n"                                                        \
	" { name = \"a\"; class = \"mynumber\"; segments = ( { interface = \"a0\"; %s"   \
	"   networks = [ \"10.1.0.0/16\" ]; } ); },\n"                                   \
	" { name = \"b\"; class = \"lgwan\"; segments = ( { interface = \"b0\";"         \
	"   networks = [ \"10.2.0.0/16\" ]; } ); } );\n"                                 \
	"hosts = ( { name = \"h\"; zone = \"a\"; addresses = [ \"10.1.0.5\" ];"          \
	"   mac = \"00:00:5e:00:53:05\"; roles = [ \"dhcp\" ]; },\n"                     \
	" { name = \"g\"; zone = \"b\"; addresses = [ \"10.2.0.5\" ]; } );\n"            \
	"services = ( { name = \"s\"; protocol = \"tcp\"; ports = [ \"443\" ]; } );\n"   \
	"permits = ( { id = \"T1\"; from = [ \"h\" ]; to = [ \"g\" ]; services = [ \"s\" ];" \
	" purpose = \"p\"; } );\n%s"

/* NULL unless it is good without a word. */
static struct checked *
checked_with(const char *segment, const char *detect)
{
	struct diag *d = diag_new();
	char *text = NULL;
	struct checked *c = NULL;
	struct policy *p;

	CU_ASSERT_FATAL(asprintf(&text, POLICY, segment, detect) > 0);
	p = policy_parse_text(text, strlen(text), "p", d);
	if (p != NULL)
		c = checked_new(p, NOW, d);
	if (diag_exit_code(d) != 0)
		diag_print(d, stderr, MESSAGE_ENGLISH);
	CU_ASSERT_EQUAL(diag_exit_code(d), 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	diag_free(d);
	free(text);
	return c;
}

static const struct default_row {
	const char *name;
	uint64_t limit;
	uint32_t seconds;
	int severity;
} defaults[] = {
	{ "scan_hosts", 25, 900, SEVERITY_NOTICE },
	{ "scan_ports", 15, 300, SEVERITY_NOTICE },
	{ "lateral", 10, 600, SEVERITY_NOTICE },
	{ "beacon", 12, 3600, SEVERITY_NOTICE },
	{ "dns_tunnel", 10240, 3600, SEVERITY_NOTICE },
	{ "bulk", UINT64_C(10737418240), 86400, SEVERITY_NOTICE },
	{ "clear_text", 1, 300, SEVERITY_WARNING },
	{ "roaming", 1, 300, SEVERITY_CRITICAL },
};

#define N_DEFAULTS (sizeof(defaults) / sizeof(defaults[0]))

/* The figures of sekisho-policy(5): change both. */
static void
without_a_word_the_defaults_are_in_force(void)
{
	static const char *const nothing[] = { "", "detect = { };",
		"detect = { beacon = { }; bulk = { enabled = true; }; };" };

	for (size_t n = 0; n < sizeof(nothing) / sizeof(nothing[0]); n++) {
		struct checked *c = checked_with("", nothing[n]);
		const struct checked_detector *d;
		const char *name;
		size_t i = 0;

		for (; (d = checked_detector_at(&c->detect, i, &name)) != NULL; i++) {
			CU_ASSERT_FATAL(i < N_DEFAULTS);
			CU_ASSERT_STRING_EQUAL(name, defaults[i].name);
			CU_ASSERT_TRUE(d->on);
			CU_ASSERT_EQUAL(d->limit, defaults[i].limit);
			CU_ASSERT_EQUAL(d->seconds, defaults[i].seconds);
			CU_ASSERT_EQUAL(d->severity, defaults[i].severity);
		}
		CU_ASSERT_EQUAL(i, N_DEFAULTS);
		CU_ASSERT_EQUAL(c->detect.beacon_jitter, 10);
		CU_ASSERT_FALSE(c->segments[0].registered_only);
		checked_free(c);
	}
}

static void
what_is_written_is_in_force(void)
{
	struct checked *c = checked_with("stations = \"registered\";",
	    "detect = { scan_hosts = { limit = 4000; }; scan_ports = { seconds = 604800; };\n"
	    "lateral = { enabled = false; }; beacon = { jitter = \"50\"; limit = 4; };\n"
	    "dns_tunnel = { limit = \"1G\"; }; bulk = { limit = \"1024T\"; };\n"
	    "clear_text = { severity = \"critical\"; }; roaming = { severity = \"high\"; }; };");
	const struct checked_detect *d = &c->detect;

	CU_ASSERT_EQUAL(d->scan_hosts.limit, 4000);
	CU_ASSERT_EQUAL(d->scan_hosts.seconds, 900);
	CU_ASSERT_EQUAL(d->scan_ports.seconds, 604800);
	CU_ASSERT_FALSE(d->lateral.on);
	CU_ASSERT_EQUAL(d->beacon.limit, 4);
	CU_ASSERT_EQUAL(d->beacon_jitter, 50);
	CU_ASSERT_EQUAL(d->dns_tunnel.limit, UINT64_C(1) << 30);
	CU_ASSERT_EQUAL(d->bulk.limit, UINT64_C(1) << 50);
	CU_ASSERT_EQUAL(d->clear_text.severity, SEVERITY_CRITICAL);
	CU_ASSERT_EQUAL(d->roaming.severity, SEVERITY_HIGH);
	CU_ASSERT_TRUE(c->segments[0].registered_only);
	CU_ASSERT_FALSE(c->segments[1].registered_only);
	checked_free(c);
}

/* One unit after the other, and plain numbers. */
static void
amounts_have_units(void)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} rows[] = {
		{ "1024", 1024 }, { "\"1024\"", 1024 }, { "\"1K\"", 1024 },
		{ "\"500M\"", UINT64_C(524288000) }, { "\"10G\"", UINT64_C(10737418240) },
		{ "\"1T\"", UINT64_C(1) << 40 }, { "\"1125899906842624\"", UINT64_C(1) << 50 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[96];
		struct checked *c;

		snprintf(text, sizeof(text), "detect = { bulk = { limit = %s; }; };",
		    rows[i].text);
		c = checked_with("", text);
		CU_ASSERT_EQUAL(c->detect.bulk.limit, rows[i].bytes);
		checked_free(c);
	}
}

static struct ruleset *
compiled(const struct checked *c)
{
	struct diag *d = diag_new();
	struct ruleset *r = compile(c, d);

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	ruleset_settle(r, NULL);
	diag_free(d);
	return r;
}

/* Another policy to people, the same to the kernel: an apply changes nothing there. */
static void
the_gate_does_not_hear_of_it(void)
{
	struct checked *plain = checked_with("", "");
	struct checked *watched = checked_with("stations = \"registered\";",
	    "detect = { bulk = { limit = \"1G\"; }; beacon = { enabled = false; }; };");
	struct ruleset *a = compiled(plain), *b = compiled(watched);
	struct ruleset_mismatch why;

	CU_ASSERT_STRING_NOT_EQUAL(plain->digest, watched->digest);
	CU_ASSERT_TRUE(ruleset_equal(a, b, &why));
	ruleset_free(a);
	ruleset_free(b);
	checked_free(plain);
	checked_free(watched);
}

/* The processes get the printed policy: it must say the same to them. */
static void
the_printed_policy_sets_the_same(void)
{
	struct checked *c = checked_with("stations = \"registered\";",
	    "detect = { bulk = { limit = \"64M\"; severity = \"high\"; };\n"
	    " roaming = { enabled = false; }; beacon = { jitter = 20; seconds = 60; }; };");
	struct diag *d = diag_new();
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct checked *again;

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	policy_print(c->policy, true, out);
	fclose(out);
	again = checked_new(policy_parse_text(text, size, "again", d), NOW, d);
	CU_ASSERT_PTR_NOT_NULL_FATAL(again);
	CU_ASSERT_STRING_EQUAL(again->digest, c->digest);
	CU_ASSERT_EQUAL(again->detect.bulk.limit, 64 << 20);
	CU_ASSERT_EQUAL(again->detect.bulk.severity, SEVERITY_HIGH);
	CU_ASSERT_FALSE(again->detect.roaming.on);
	CU_ASSERT_EQUAL(again->detect.beacon_jitter, 20);
	CU_ASSERT_EQUAL(again->detect.beacon.seconds, 60);
	CU_ASSERT_TRUE(again->segments[0].registered_only);
	checked_free(again);
	checked_free(c);
	diag_free(d);
	free(text);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "without a word the defaults are in force",
		    without_a_word_the_defaults_are_in_force },
		{ "what is written is in force", what_is_written_is_in_force },
		{ "amounts have units", amounts_have_units },
		{ "the gate does not hear of it", the_gate_does_not_hear_of_it },
		{ "the printed policy sets the same", the_printed_policy_sets_the_same },
		CU_TEST_INFO_NULL,
	};

	return unit_main("detectors", tests);
}
