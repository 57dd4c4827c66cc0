/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policy text -> policy: what is read, where it says it was, what hostile text ends in. */
#include "rules/policy_parse.h"

#include "rules/limits.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZONES "zones = ( { name = \"a\"; segments = (); } );\n"

static struct policy *
parse(const char *text, struct diag **diag)
{
	*diag = diag_new();
	CU_ASSERT_PTR_NOT_NULL_FATAL(*diag);
	return policy_parse_text(text, strlen(text), "p.conf", *diag);
}

/* The findings of a text, as printed; the caller frees. */
static char *
findings(const char *text, size_t length)
{
	struct diag *d = diag_new();
	struct policy *p = policy_parse_text(text, length, "p", d);
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	diag_print(d, f, MESSAGE_ENGLISH);
	fclose(f);
	diag_free(d);
	policy_free(p);
	return out;
}

static const char city[] =
    "schema = 1;\n"
    "site = { name = \"みほん市\"; gateway = \"gw1\"; model = \"alpha\"; };\n"
    "zones = (\n"
    "  { name = \"mynumber\"; class = \"mynumber\"; label = \"マイナンバー\"\n"
    "      \"利用事務系\";\n"
    "    segments = ( { interface = \"mn0\"; networks = [ \"10.10.0.0/20\",\n"
    "        \"2001:db8:10::/48\" ]; },\n"
    "      { interface = \"mn250\"; networks = \"10.10.250.0/24\"; gateway = \"10.10.250.1\" } ); }\n"
    "); /* a comment\n over lines */\n"
    "services = ( { name = \"https\"; protocol = 6; ports = [ 443, \"8000-8099\", 0x10 ]; } );\n"
    "permits = (\n"
    "  # the first\n"
    "  { id = \"T038\"; from = [ \"a\", \"b\", ]; to = \"self\"; services = ( \"https\" ); },\n"
    "  { id = \"T039\"; enabled = false; from = \"a\"; to = \"b\"; services = \"https\";\n"
    "    origin = \"old.conf:77\"; },\n"
    ");\n"
    "pairs = ( { from = \"a\"; to = \"b\"; refuse = \"reject\"; } );\n";

static void
every_item_is_read(void)
{
	struct diag *d;
	struct policy *p = parse(city, &d);

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_EQUAL(diag_exit_code(d), 0);
	CU_ASSERT_EQUAL(p->schema, 1);
	CU_ASSERT_STRING_EQUAL(p->site.name, "みほん市");
	CU_ASSERT_EQUAL_FATAL(p->n_zones, 1);
	CU_ASSERT_STRING_EQUAL(p->zones[0].zone_class, "mynumber");
	CU_ASSERT_STRING_EQUAL(p->zones[0].label, "マイナンバー利用事務系");
	CU_ASSERT_EQUAL_FATAL(p->zones[0].n_segments, 2);
	CU_ASSERT_STRING_EQUAL(
	    p->zones[0].segments[1].gateway.items[0].text, "10.10.250.1");
	CU_ASSERT_EQUAL_FATAL(p->n_services, 1);
	CU_ASSERT_STRING_EQUAL(p->services[0].protocol, "6");
	CU_ASSERT_EQUAL_FATAL(p->services[0].ports.count, 3);
	CU_ASSERT_STRING_EQUAL(p->services[0].ports.items[0].text, "443");
	CU_ASSERT_STRING_EQUAL(p->services[0].ports.items[1].text, "8000-8099");
	CU_ASSERT_STRING_EQUAL(p->services[0].ports.items[2].text, "16");
	CU_ASSERT_EQUAL_FATAL(p->n_permits, 2);
	CU_ASSERT_EQUAL(p->permits[0].from.count, 2);
	CU_ASSERT_FALSE(p->permits[0].disabled);
	CU_ASSERT_TRUE(p->permits[1].disabled);
	CU_ASSERT_PTR_NULL(p->permits[0].purpose);
	CU_ASSERT_EQUAL_FATAL(p->n_refusals, 1);
	CU_ASSERT_STRING_EQUAL(p->refusals[0].action, "reject");
	policy_free(p);
	diag_free(d);
}

static void
origins_are_the_lines_of_the_text(void)
{
	struct diag *d;
	struct policy *p = parse(city, &d);
	const struct policy_segment *s;

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	s = p->zones[0].segments;
	CU_ASSERT_EQUAL(p->schema_origin.line, 1);
	CU_ASSERT_STRING_EQUAL(p->schema_origin.file, "p.conf");
	CU_ASSERT_EQUAL(p->site.origin.line, 2);
	CU_ASSERT_EQUAL(p->zones[0].origin.line, 4);
	CU_ASSERT_EQUAL(s[0].origin.line, 6);
	CU_ASSERT_EQUAL(s[0].networks.items[0].origin.line, 6);
	CU_ASSERT_EQUAL(s[0].networks.items[1].origin.line, 7);
	CU_ASSERT_EQUAL(s[1].origin.line, 8);
	CU_ASSERT_EQUAL(p->services[0].origin.line, 11);
	CU_ASSERT_EQUAL(p->permits[0].origin.line, 14);
	/* The key "origin" speaks for the item and its words. */
	CU_ASSERT_STRING_EQUAL(p->permits[1].origin.file, "old.conf");
	CU_ASSERT_EQUAL(p->permits[1].origin.line, 77);
	CU_ASSERT_EQUAL(p->permits[1].from.items[0].origin.line, 77);
	CU_ASSERT_EQUAL(p->refusals[0].origin.line, 18);
	CU_ASSERT_STRING_EQUAL(p->files[0], "p.conf");
	policy_free(p);
	diag_free(d);
}

/* Where the exact sentences are golden (tests/golden/policy), one line is enough here. */
static const struct {
	const char *text, *finding;
} faults[] = {
	{ "",
	    "p: error: the policy has no key \"schema\"\np: error: the policy has no key \"zones\"\n" },
	{ "\xef\xbb\xbfschema = 1;" ZONES, "" },
	{ "schema = 1;\r\n" ZONES, "" },
	{ "schema = 2;" ZONES,
	    "p:1: error: schema 2 is not known; this version reads schema 1\n" },
	{ "schema = 1 " ZONES, "" },
	{ "schema = 1; site = { name = \"\"; };" ZONES, "" },
	{ "schema = 1; hosts = ( { name = \"\\x41\"; zone=\"\"; addresses=[]; } );" ZONES,
	    "p:1: error: \"zone\" is empty\n" },
	{ "schema = 1; x = 4;" ZONES, "p:1: error: unknown key \"x\"\n" },
	{ "schema = 1;\nzone = ();\n" ZONES,
	    "p:2: error: unknown key \"zone\"; did you mean \"zones\"?\n" },
	{ "schema = 1; /* open\n" ZONES,
	    "p:1: error: this comment is never closed with \"*/\"\n" },
	{ "schema = = 1;" ZONES, "p:1: error: not expected here: =\n" },
	{ "schema \"1\"",
	    "p:1: error: key \"schema\" has no value\n"
	    "p:1: error: not expected here: \"1\"\n" },
	{ "schema = 1; ;" ZONES, "p:1: error: not expected here: ;\n" },
	{ "\x93\xfa schema = 1;",
	    "p:1: error: byte 0x93 is not UTF-8; the file must be saved in UTF-8\n" },
	{ "schema = 1; site = { name = \"\\xe3\\x81\"; };" ZONES,
	    "p:1: error: \"name\" holds byte 0xe3, which is not UTF-8\n" },
	{ "schema = 1; site = { name = \"\\\\x00\"; };" ZONES, "" },
	{ "schema = 1; site = { name = \"\xe2\x80\xae\"; };" ZONES,
	    "p:1: error: \"name\" holds the invisible character U+202E\n" },
	{ "schema = 1; site = { origin = \"a:0\"; };" ZONES,
	    "p:1: error: \"origin\" must be \"file:line\"\n" },
	{ "schema = 1; site = ( );" ZONES,
	    "p:1: error: \"site\" must be a group: { ... }\n" },
	{ "schema = 1L; pairs = ( \n@include \"x\"\n);" ZONES,
	    "p:2: error: no file can be included here\n" },
	{ "schema = 1; a.b = 1;" ZONES,
	    "p:1: error: \".\" (U+002E) has no meaning outside quotes\n"
	    "p:1: error: not expected here: b\n" },
};

static void
faults_are_findings(void)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		char *out = findings(faults[i].text, strlen(faults[i].text));

		CU_ASSERT_STRING_EQUAL(out, faults[i].finding);
		if (strcmp(out, faults[i].finding) != 0)
			fprintf(stderr, "%s ->\n%s", faults[i].text, out);
		free(out);
	}
}

/* "text" n times, between two others. */
static char *
repeat(const char *before, const char *text, size_t n, const char *after, size_t *length)
{
	char *out = NULL;
	FILE *f = open_memstream(&out, length);

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs(before, f);
	for (size_t i = 0; i < n; i++)
		fputs(text, f);
	fputs(after, f);
	fclose(f);
	return out;
}

static void
huge_and_deep_text_ends_in_a_finding(void)
{
	static const struct {
		const char *before, *text;
		size_t n;
		const char *after, *finding;
	} rows[] = {
		{ "zones = ", "(", 1000000, "", "nested deeper than 32 levels" },
		{ "zones = ", "{a=", 1000000, "", "nested deeper than 32 levels" },
		{ "schema = ", "[", 33, "", "nested deeper than 32 levels" },
		{ "site = { name = \"", "市", 200, "\"; };",
		    "is 600 bytes long; at most 512" },
		{ "zones = ( { name = \"", "n", 64, "\"; } );",
		    "is 64 bytes long; at most 63" },
		{ "", "k", 5000000, " = 1;", "unknown key \"kkk" },
		{ "pairs = ( ", "{},", 2000, ");",
		    "\"pairs\" has 2000 entries; at most 1024" },
		{ "pairs = ( ", "1,", 7000000, ");",
		    "more than 12582912 words and signs" },
		{ "pairs = ( { from = ", "\"a\" ", 100000, " } );",
		    "\"from\" is 100000 bytes long" },
		{ "", " ", LIMIT_POLICY_BYTES, "x", "larger than 67108864 bytes" },
		{ "", "@include \"x\"\n", 1, "", "no file can be included" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t length;
		char *text = repeat(
		    rows[i].before, rows[i].text, rows[i].n, rows[i].after, &length);
		char *out = findings(text, length);

		CU_ASSERT_PTR_NOT_NULL(strstr(out, rows[i].finding));
		free(out);
		free(text);
	}
}

static void
many_different_keys_are_refused_at_once(void)
{
	char *text = NULL, *out;
	size_t length;
	FILE *f = open_memstream(&text, &length);

	for (unsigned int i = 0; i < 500000; i++)
		fprintf(f, "k%u = 1; ", i);
	fclose(f);
	out = findings(text, length);
	CU_ASSERT_STRING_EQUAL(out, "p:1: error: a group has more than 32 keys\n");
	free(out);
	free(text);
}

static void
nul_bytes_are_refused(void)
{
	static const char text[] = "schema = 1;\n\0" ZONES;
	char *out = findings(text, sizeof(text) - 1);

	CU_ASSERT_STRING_EQUAL(
	    out, "p:2: error: the line holds a NUL byte; this is not a text file\n");
	free(out);
}

/* A folder with files of a policy, gone at the end of the test. */
struct folder {
	char path[64];
	char old[4096];
};

static void
folder_enter(struct folder *f)
{
	strcpy(f->path, "/tmp/sekisho-test-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(f->old, sizeof(f->old)));
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(f->path));
	CU_ASSERT_EQUAL_FATAL(chdir(f->path), 0);
}

static void
folder_leave(const struct folder *f)
{
	CU_ASSERT_EQUAL(chdir(f->old), 0);
	CU_ASSERT_EQUAL(rmdir(f->path), 0);
}

static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs(text, f);
	fclose(f);
}

static void
lists_are_split_over_files(void)
{
	struct folder folder;
	struct diag *d = diag_new();
	struct policy *p;

	folder_enter(&folder);
	CU_ASSERT_EQUAL_FATAL(mkdir("sub", 0700), 0);
	write_file("main.conf",
	    "schema = 1;\n" ZONES "pairs = (\n@include \"sub/a.conf\"\n"
	    "  @include \"b.conf\"\n,\n@include \"empty.conf\"\n);\n");
	write_file("sub/a.conf",
	    "# one\n{ from = \"a\"; to = \"b\"; refuse = \"drop\"; },\n"
	    "@include \"c.conf\"\n");
	write_file("sub/c.conf", "{ from = \"c\"; to = \"b\"; refuse = \"drop\"; },\n");
	write_file(
	    "b.conf", "\xef\xbb\xbf{ from = \"b\"; to = \"a\"; refuse = \"drop\"; },");
	write_file("empty.conf", "");
	p = policy_parse_file("main.conf", d);

	CU_ASSERT_EQUAL(diag_exit_code(d), 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_EQUAL_FATAL(p->n_refusals, 3);
	CU_ASSERT_STRING_EQUAL(p->refusals[0].origin.file, "sub/a.conf");
	CU_ASSERT_EQUAL(p->refusals[0].origin.line, 2);
	CU_ASSERT_STRING_EQUAL(p->refusals[1].origin.file, "sub/c.conf");
	CU_ASSERT_EQUAL(p->refusals[1].origin.line, 1);
	CU_ASSERT_STRING_EQUAL(p->refusals[2].origin.file, "b.conf");
	CU_ASSERT_EQUAL(p->n_files, 5);
	CU_ASSERT_STRING_EQUAL(p->files[0], "main.conf");
	policy_free(p);
	diag_free(d);
	unlink("main.conf");
	unlink("sub/a.conf");
	unlink("sub/c.conf");
	unlink("b.conf");
	unlink("empty.conf");
	rmdir("sub");
	folder_leave(&folder);
}

static void
includes_have_an_end(void)
{
	struct folder folder;
	struct diag *d = diag_new();
	char name[32], text[512];

	folder_enter(&folder);
	/* Eight includes in each of nine files: 8^8 reads if nothing stopped them. */
	write_file("f0.conf", "");
	for (unsigned int i = 1; i < 10; i++) {
		size_t used = 0;

		for (unsigned int k = 0; k < 8; k++)
			used += (size_t)snprintf(text + used, sizeof(text) - used,
			    "@include \"f%u.conf\"\n", i - 1);
		snprintf(name, sizeof(name), "f%u.conf", i);
		write_file(name, text);
	}
	CU_ASSERT_PTR_NULL(policy_parse_file("f8.conf", d));
	CU_ASSERT_EQUAL(diag_count(d, DIAG_ERROR), 1);
	CU_ASSERT_EQUAL(diag_at(d, 0)->message, MSG_PARSE_TOO_MANY_FILES);
	diag_free(d);

	d = diag_new();
	CU_ASSERT_PTR_NULL(policy_parse_file("f9.conf", d));
	CU_ASSERT_EQUAL(diag_at(d, 0)->message, MSG_PARSE_INCLUDE_DEPTH);
	diag_free(d);

	d = diag_new();
	write_file("f0.conf", "\n@include \"./f1.conf\"\n");
	CU_ASSERT_PTR_NULL(policy_parse_file("f1.conf", d));
	CU_ASSERT_EQUAL(diag_at(d, 0)->message, MSG_PARSE_INCLUDE_CYCLE);
	CU_ASSERT_STRING_EQUAL(diag_at(d, 0)->origin.file, "f0.conf");
	CU_ASSERT_EQUAL(diag_at(d, 0)->origin.line, 2);
	diag_free(d);

	for (unsigned int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "f%u.conf", i);
		unlink(name);
	}
	folder_leave(&folder);
}

static void
only_regular_files_are_read(void)
{
	static const char *const paths[] = { "no-such-file", "/", "/dev/zero", "fifo" };
	struct folder folder;

	folder_enter(&folder);
	CU_ASSERT_EQUAL_FATAL(mkfifo("fifo", 0600), 0);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct diag *d = diag_new();

		CU_ASSERT_PTR_NULL(policy_parse_file(paths[i], d));
		CU_ASSERT_EQUAL(diag_count(d, DIAG_ERROR), 1);
		diag_free(d);
	}
	unlink("fifo");
	folder_leave(&folder);
}

/* The same numbers in every run: a failure can be repeated. */
static unsigned int
next_random(unsigned int *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 8;
}

/* CP-01: whatever is done to a policy, it ends in a policy or in a finding. */
static void
mutated_policies_never_crash(void)
{
	static const char signs[] = "{}()[]\"\\,;=:@#/*-\n\t 0aZ\x80\xe3";
	unsigned int state = 1;
	char text[sizeof(city)];

	for (unsigned int run = 0; run < 20000; run++) {
		size_t length = sizeof(city) - 1;
		struct diag *d = diag_new();
		struct policy *p;

		memcpy(text, city, sizeof(city));
		for (unsigned int n = next_random(&state) % 4 + 1; n > 0; n--)
			text[next_random(&state) % length] =
			    signs[next_random(&state) % (sizeof(signs) - 1)];
		if (run % 3 == 0)
			length = next_random(&state) % length;
		p = policy_parse_text(text, length, "p", d);
		if (p == NULL && diag_count(d, DIAG_ERROR) == 0)
			CU_FAIL("neither a policy nor a finding");
		policy_free(p);
		diag_free(d);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "every item is read", every_item_is_read },
		{ "origins are the lines of the text",
		    origins_are_the_lines_of_the_text },
		{ "faults are findings", faults_are_findings },
		{ "huge and deep text ends in a finding",
		    huge_and_deep_text_ends_in_a_finding },
		{ "many different keys are refused at once",
		    many_different_keys_are_refused_at_once },
		{ "NUL bytes are refused", nul_bytes_are_refused },
		{ "lists are split over files", lists_are_split_over_files },
		{ "includes have an end", includes_have_an_end },
		{ "only regular files are read", only_regular_files_are_read },
		{ "CP-01 mutated policies never crash", mutated_policies_never_crash },
		CU_TEST_INFO_NULL,
	};

	return unit_main("policy_parse", tests);
}
