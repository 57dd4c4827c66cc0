/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Printing: parse(print(p)) prints the same, whatever the texts are made of. */
#include "rules/policy_print.h"

#include "rules/policy_keys.h"
#include "rules/policy_parse.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *
print(const struct policy *p, bool with_origins)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	policy_print(p, with_origins, f);
	fclose(f);
	return text;
}

static struct policy *
parse(const char *text, const char *name)
{
	struct diag *d = diag_new();
	struct policy *p = policy_parse_text(text, strlen(text), name, d);

	if (diag_exit_code(d) != 0)
		diag_print(d, stderr, MESSAGE_ENGLISH);
	CU_ASSERT_EQUAL_FATAL(diag_exit_code(d), 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	diag_free(d);
	return p;
}

static const char rich[] =
    "schema = 1; site = { model = \"\"; name = \"みほん\\\"市\\\\\"; };\n"
    "pairs = ( { refuse = \"reject\"; from = \"a\"; to = \"b\"; } );\n"
    "zones = ( { name = \"a\"; segments = ( { interface = \"a0\"; networks = \"10.0.0.0/8\"; },"
    " { interface = \"a1\"; networks = [ ]; stations = \"any\"; gateway = [ \"10.0.0.1\" ]; } ); },\n"
    "  { name = \"b\"; class = \"other\"; label = \"ビー\"; segments = ( ); } );\n"
    "hosts = ( { name = \"連携\"; zone = \"a\"; addresses = [ \"10.0.0.7\", \"10.0.1.0-10.0.1.9\" ];"
    " mac = \"00:00:5e:00:53:18\"; roles = [ \"renkei\" ]; label = \"x\"; } );\n"
    "groups = ( { name = \"g\"; members = [ \"a\" ]; except = \"連携\"; } );\n"
    "services = ( { name = \"s\"; protocol = 17; ports = [ 53 ]; source_ports = [ \"1-2\" ]; },\n"
    "  { name = \"p\"; protocol = \"icmp\"; types = [ \"echo-request\", 8, \"3/4\" ]; } );\n"
    "permits = ( { id = \"T1\"; enabled = false; from = \"g\"; to = \"self\"; services = [ \"s\", \"p\" ];"
    " purpose = \"C:\\\\x41\\\\ \\\"引用\\\" #; $(x) @include\"; request = \"R8\"; approved_by = \"s\";\n"
    " valid_from = \"2026-04-01\"; valid_until = \"2027-03-31\"; note = \"n\"; },\n"
    "{ id = \"T2\"; enabled = true; from = \"a\"; to = \"b\"; services = [ ]; } );\n"
    "limits = { half_open_seconds = 9; half_open = 20; };\n"
    "detect = { roaming = { seconds = 300; }; clear_text = { enabled = true; }; bulk = { limit = \"10G\"; };\n"
    " beacon = { jitter = 10; limit = \"12\"; seconds = 0x10; severity = \"high\"; enabled = false; };\n"
    " lateral = { }; scan_ports = { limit = 7; }; scan_hosts = { limit = 25; }; dns_tunnel = { }; };\n"
    "record = { outputs = { prometheus = true; eve = true; journal = true; cef = \"/c\"; syslog = \"/s\"; }; evidence = { payload = true; snap = 96; packets = 2; ring_mb = 9; }; heartbeat = 30; checkpoint_interval = 300; rotate_daily = false; rotate_size = \"1M\"; warn_at = [ 80, \"90\" ]; log_failure = \"close\";\n"
    " severity = ( { severity = \"high\"; class = \"ZV-06\"; } );"
    " alerts = ( { hook = \"/h\"; name = \"m\"; classes = \"ZV-01\"; actions = [ \"leak\" ]; min_severity = \"high\";"
    " threshold = { seconds = 60; count = 3; }; quiet = { to = \"06:00\"; from = \"22:00\"; days = \"sun\"; below = \"high\"; };"
    " timeout = 5; fold_seconds = 0; } );\n"
    " retention = ( { days = 400; kind = \"gap\"; } ); };\n";

static const char rich_printed[] =
    "schema = 1;\n"
    "site = { name = \"みほん\\\"市\\\\\"; model = \"\"; };\n"
    "zones = (\n"
    "\t{ name = \"a\"; segments = ( { interface = \"a0\"; networks = [ \"10.0.0.0/8\" ]; },"
    " { interface = \"a1\"; networks = [ ]; gateway = [ \"10.0.0.1\" ]; stations = \"any\"; } ); },\n"
    "\t{ name = \"b\"; class = \"other\"; label = \"ビー\"; segments = ( ); }\n"
    ");\n"
    "hosts = (\n"
    "\t{ name = \"連携\"; zone = \"a\"; label = \"x\";"
    " addresses = [ \"10.0.0.7\", \"10.0.1.0-10.0.1.9\" ]; mac = \"00:00:5e:00:53:18\";"
    " roles = [ \"renkei\" ]; }\n"
    ");\n"
    "groups = (\n"
    "\t{ name = \"g\"; members = [ \"a\" ]; except = [ \"連携\" ]; }\n"
    ");\n"
    "services = (\n"
    "\t{ name = \"s\"; protocol = \"17\"; ports = [ \"53\" ]; source_ports = [ \"1-2\" ]; },\n"
    "\t{ name = \"p\"; protocol = \"icmp\"; types = [ \"echo-request\", \"8\", \"3/4\" ]; }\n"
    ");\n"
    "permits = (\n"
    "\t{ id = \"T1\"; enabled = false; from = [ \"g\" ]; to = [ \"self\" ]; services = [ \"s\", \"p\" ];"
    " purpose = \"C:\\\\x41\\\\ \\\"引用\\\" #; $(x) @include\"; request = \"R8\"; approved_by = \"s\";"
    " valid_from = \"2026-04-01\"; valid_until = \"2027-03-31\"; note = \"n\"; },\n"
    "\t{ id = \"T2\"; from = [ \"a\" ]; to = [ \"b\" ]; services = [ ]; }\n"
    ");\n"
    "pairs = (\n"
    "\t{ from = \"a\"; to = \"b\"; refuse = \"reject\"; }\n"
    ");\n"
    "limits = { half_open = \"20\"; half_open_seconds = \"9\"; };\n"
    "detect = { scan_hosts = { limit = \"25\"; }; scan_ports = { limit = \"7\"; }; lateral = { };"
    " beacon = { enabled = false; severity = \"high\"; limit = \"12\"; seconds = \"16\"; jitter = \"10\"; };"
    " dns_tunnel = { }; bulk = { limit = \"10G\"; }; clear_text = { }; roaming = { seconds = \"300\"; }; };\n"
    "record = { log_failure = \"close\"; warn_at = [ \"80\", \"90\" ];"
    " retention = ( { kind = \"gap\"; days = \"400\"; } ); rotate_size = \"1M\"; rotate_daily = false;"
    " checkpoint_interval = \"300\"; heartbeat = \"30\"; "
    "severity = ( { class = \"ZV-06\"; severity = \"high\"; } ); alerts = ( { name = \"m\"; classes = [ \"ZV-01\" ]; "
    "actions = [ \"leak\" ]; min_severity = \"high\"; threshold = { count = \"3\"; seconds = \"60\"; }; "
    "fold_seconds = \"0\"; quiet = { from = \"22:00\"; to = \"06:00\"; days = [ \"sun\" ]; below = \"high\"; }; "
    "timeout = \"5\"; hook = \"/h\"; } );"
    " evidence = { packets = \"2\"; payload = true; snap = \"96\"; ring_mb = \"9\"; };"
    " outputs = { syslog = \"/s\"; cef = \"/c\"; journal = true; eve = true; prometheus = true; }; };\n";

static void
a_rich_policy_prints_in_one_form(void)
{
	struct policy *p = parse(rich, "rich.conf");
	char *text = print(p, false);

	CU_ASSERT_STRING_EQUAL(text, rich_printed);
	policy_free(p);

	p = parse(text, "again.conf");
	free(text);
	text = print(p, false);
	CU_ASSERT_STRING_EQUAL(text, rich_printed);
	policy_free(p);
	free(text);
}

/* The sample must hold every key of the table, or the test above says too little. */
static void
the_rich_policy_has_every_key(void)
{
	const struct policy_type *types[64] = { policy_keys_root() };
	size_t n_types = 1;

	for (size_t t = 0; t < n_types; t++)
		for (size_t i = 0; i < types[t]->n_keys; i++) {
			const struct policy_key *key = &types[t]->keys[i];
			char assignment[64];

			CU_ASSERT_FATAL(n_types < sizeof(types) / sizeof(types[0]));
			if (key->type != NULL)
				types[n_types++] = key->type;
			snprintf(assignment, sizeof(assignment), "%s = ", key->name);
			if (key->kind == POLICY_KEY_ORIGIN ||
			    strcmp(key->name, "gateway") == 0)
				continue;
			CU_ASSERT_PTR_NOT_NULL(strstr(rich_printed, assignment));
		}
}

static void
origins_survive_another_name(void)
{
	struct policy *p = parse(rich, "a \"b\\c\".conf"), *again;
	char *text = print(p, true), *text_again;

	CU_ASSERT_PTR_NOT_NULL(strstr(text, "origin = \"a \\\"b\\\\c\\\".conf:3\"; }"));
	again = parse(text, "elsewhere.conf");
	CU_ASSERT_STRING_EQUAL(again->files[0], "elsewhere.conf");
	CU_ASSERT_STRING_EQUAL(again->permits[0].origin.file, "a \"b\\c\".conf");
	CU_ASSERT_EQUAL(again->permits[0].origin.line, p->permits[0].origin.line);
	CU_ASSERT_EQUAL(
	    again->permits[0].from.items[0].origin.line, p->permits[0].origin.line);
	CU_ASSERT_EQUAL(
	    again->zones[0].segments[1].origin.line, p->zones[0].segments[1].origin.line);

	text_again = print(again, true);
	CU_ASSERT_STRING_EQUAL(text, text_again);
	free(text);
	free(text_again);
	policy_free(p);
	policy_free(again);
}

static unsigned int
next_random(unsigned int *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 8;
}

/* Texts of what escaping could get wrong: the parser refuses none of these. */
static void
any_text_survives(void)
{
	static const char *const parts[] = {
		"\"", "\\", "\\x41", "\\n", "\\\"", "市", "#", "/*", "*/", "//", "{", "}",
		";", ",", "@include \"x\"", " ", "$(x)", "a", "\xf0\x9f\x97\xbe", "'", "`",
		"\\x0", "x00",
	};
	const unsigned int n_parts = sizeof(parts) / sizeof(parts[0]);
	unsigned int state = 7;

	for (unsigned int run = 0; run < 3000; run++) {
		struct policy_zone zone = { .name = (char[]){ "z" } };
		struct policy p = { .schema = 1, .zones = &zone, .n_zones = 1 };
		char note[256] = "", *first, *second;
		struct policy *again;

		for (unsigned int n = next_random(&state) % 12; n > 0; n--)
			strcat(note, parts[next_random(&state) % n_parts]);
		zone.label = note;
		first = print(&p, true);
		again = parse(first, "p");
		second = print(again, false);
		CU_ASSERT_STRING_EQUAL(again->zones[0].label, note);
		CU_ASSERT_STRING_EQUAL(first, second);
		policy_free(again);
		free(first);
		free(second);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "a rich policy prints in one form", a_rich_policy_prints_in_one_form },
		{ "the rich policy has every key", the_rich_policy_has_every_key },
		{ "origins survive another name", origins_survive_another_name },
		{ "any text survives", any_text_survives },
		CU_TEST_INFO_NULL,
	};

	return unit_main("policy_print", tests);
}
