/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See sample_judge.h. */
#include "tests/unit/sample_judge.h"

#include "rules/policy_parse.h"

#include <stdlib.h>
#include <string.h>

static const char policy_text[] =
"schema = 1;\n"
"zones = (\n"
"  { name = \"mynumber\"; class = \"mynumber\"; segments = (\n"
"    { interface = \"mn0\"; networks = [ \"10.10.0.0/20\", \"2001:db8:10::/48\" ];\n"
"      gateway = [ \"10.10.0.1\" ]; },\n"
"    { interface = \"mn250\"; networks = [ \"10.10.250.0/24\" ]; } ); },\n"
"  { name = \"lgwan\"; class = \"lgwan\"; segments = (\n"
"    { interface = \"lg0\"; networks = [ \"10.20.0.0/16\" ]; } ); },\n"
"  { name = \"internet\"; class = \"internet\"; segments = (\n"
"    { interface = \"in0\"; networks = [ \"10.30.0.0/16\" ]; } ); },\n"
"  { name = \"relay_in\"; class = \"relay\"; segments = (\n"
"    { interface = \"ri0\"; networks = [ \"10.40.1.0/28\" ]; } ); },\n"
"  { name = \"relay_lg\"; class = \"relay\"; segments = (\n"
"    { interface = \"rl0\"; networks = [ \"10.40.2.0/28\" ]; } ); },\n"
"  { name = \"mgmt\"; class = \"mgmt\"; segments = (\n"
"    { interface = \"mg0\"; networks = [ \"10.50.0.0/24\" ]; } ); },\n"
"  { name = \"guest\"; class = \"guest\"; segments = (\n"
"    { interface = \"gu0\"; networks = [ \"10.90.0.0/20\" ]; } ); },\n"
"  { name = \"ext_lgwan\"; class = \"external\"; segments = (\n"
"    { interface = \"xl0\"; networks = [ \"198.51.100.0/24\" ]; } ); },\n"
"  { name = \"ext_gcc\"; class = \"external\"; segments = (\n"
"    { interface = \"gc0\"; networks = [ \"10.200.0.0/20\", \"2001:db8:200::/48\" ]; "
"} ); },\n"
"  { name = \"ext_sc\"; class = \"external\"; segments = (\n"
"    { interface = \"sc0\"; networks = [ \"203.0.113.0/27\" ]; } ); },\n"
"  { name = \"ext_lbo\"; class = \"external\"; segments = (\n"
"    { interface = \"lb0\"; networks = [ \"203.0.113.32/27\" ]; } ); },\n"
"  { name = \"ext_maint\"; class = \"external\"; segments = (\n"
"    { interface = \"ma0\"; networks = [ \"203.0.113.64/28\" ]; } ); } );\n"
"hosts = (\n"
"  { name = \"sites\"; zone = \"mynumber\"; addresses = [ \"10.10.1.0/24\", "
"\"2001:db8:10:1::/64\" ]; },\n"
"  { name = \"printers\"; zone = \"mynumber\"; addresses = [ \"10.10.1.200/29\" ]; "
"},\n"
"  { name = \"atena\"; zone = \"mynumber\"; addresses = [ \"10.10.250.22\" ];\n"
"    mac = \"00:00:5e:00:53:16\"; },\n"
"  { name = \"renkei\"; zone = \"mynumber\"; addresses = [ \"10.10.250.24\" ]; roles "
"= [ \"renkei\" ]; },\n"
"  { name = \"cert\"; zone = \"mynumber\"; addresses = [ \"10.10.250.26\" ]; },\n"
"  { name = \"mn-log\"; zone = \"mynumber\"; addresses = [ \"10.10.250.44\" ]; },\n"
"  { name = \"lg-sites\"; zone = \"lgwan\"; addresses = [ \"10.20.8.0/21\" ]; },\n"
"  { name = \"lg-mail\"; zone = \"lgwan\"; addresses = [ \"10.20.250.33\" ]; },\n"
"  { name = \"lg-proxy\"; zone = \"lgwan\"; addresses = [ \"10.20.250.34\" ]; roles "
"= [ \"proxy\" ]; },\n"
"  { name = \"in-mail\"; zone = \"internet\"; addresses = [ \"10.30.250.22\" ]; "
"roles = [ \"mail_relay\" ]; },\n"
"  { name = \"san-in\"; zone = \"relay_in\"; addresses = [ \"10.40.1.4\" ]; },\n"
"  { name = \"san-lg\"; zone = \"relay_lg\"; addresses = [ \"10.40.2.5\" ]; },\n"
"  { name = \"jump\"; zone = \"mgmt\"; addresses = [ \"10.50.0.13\" ]; },\n"
"  { name = \"log\"; zone = \"mgmt\"; addresses = [ \"10.50.0.12\" ]; },\n"
"  { name = \"clock\"; zone = \"mgmt\"; addresses = [ \"10.50.0.15\" ]; roles = [ "
"\"ntp\" ]; },\n"
"  { name = \"names\"; zone = \"ext_lgwan\"; addresses = [ \"198.51.100.10\" ]; "
"roles = [ \"dns\" ]; },\n"
"  { name = \"pf\"; zone = \"ext_lgwan\"; addresses = [ \"198.51.100.40\" ]; },\n"
"  { name = \"certs\"; zone = \"ext_lgwan\"; addresses = [ \"198.51.100.42\" ]; },\n"
"  { name = \"pittari\"; zone = \"ext_lgwan\"; addresses = [ \"198.51.100.43\" ]; "
"},\n"
"  { name = \"apps\"; zone = \"ext_gcc\"; addresses = [ \"10.200.0.16/28\", "
"\"2001:db8:200::10\" ]; },\n"
"  { name = \"sc-proxy\"; zone = \"ext_sc\"; addresses = [ \"203.0.113.2\" ]; },\n"
"  { name = \"lbo\"; zone = \"ext_lbo\"; addresses = [ \"203.0.113.33\" ]; },\n"
"  { name = \"maint-a\"; zone = \"ext_maint\"; addresses = [ \"203.0.113.66\" ]; } "
");\n"
"groups = ( { name = \"terminals\"; members = [ \"sites\" ]; except = [ \"printers\" "
"]; } );\n"
"services = (\n"
"  { name = \"https\"; protocol = \"tcp\"; ports = [ \"443\" ]; },\n"
"  { name = \"smtp\"; protocol = \"tcp\"; ports = [ \"25\" ]; },\n"
"  { name = \"syslog\"; protocol = \"tcp\"; ports = [ \"6514\" ]; },\n"
"  { name = \"ntp\"; protocol = \"udp\"; ports = [ \"123\" ]; },\n"
"  { name = \"ping\"; protocol = \"icmp\"; types = [ \"echo-request\" ]; },\n"
"  { name = \"ping6\"; protocol = \"icmpv6\"; types = [ \"echo-request\" ]; },\n"
"  { name = \"errors\"; protocol = \"icmp\"; types = [ \"3\", \"11\", \"0\" ]; },\n"
"  { name = \"all\"; protocol = \"any\"; } );\n"
"permits = (\n"
"  { id = \"T010\"; from = [ \"atena\" ]; to = [ \"pf\" ]; services = [ \"https\" ]; "
"purpose = \"p\"; },\n"
"  { id = \"T014\"; from = [ \"certs\" ]; to = [ \"cert\" ]; services = [ \"https\" "
"]; purpose = \"p\"; },\n"
"  { id = \"T015\"; from = [ \"renkei\" ]; to = [ \"pittari\" ]; services = [ "
"\"https\" ]; purpose = \"p\";\n"
"    valid_until = \"2026-06-30\"; },\n"
"  { id = \"T030\"; from = [ \"terminals\" ]; to = [ \"apps\" ]; services = [ "
"\"https\", \"ntp\", \"ping\", \"ping6\" ];\n"
"    purpose = \"p\"; },\n"
"  { id = \"T031\"; from = [ \"terminals\" ]; to = [ \"apps\" ]; services = [ "
"\"errors\" ]; purpose = \"p\"; },\n"
"  { id = \"T077\"; from = [ \"san-lg\" ]; to = [ \"lg-mail\" ]; services = [ "
"\"smtp\" ]; purpose = \"p\"; },\n"
"  { id = \"T079\"; from = [ \"san-in\" ]; to = [ \"in-mail\" ]; services = [ "
"\"smtp\" ]; purpose = \"p\"; },\n"
"  { id = \"T110\"; from = [ \"lg-proxy\" ]; to = [ \"lbo\" ]; services = [ "
"\"https\" ]; purpose = \"p\";\n"
"    enabled = false; },\n"
"  { id = \"T153\"; from = [ \"mn-log\" ]; to = [ \"log\" ]; services = [ \"syslog\" "
"]; purpose = \"p\"; },\n"
"  { id = \"T170\"; from = [ \"maint-a\" ]; to = [ \"jump\" ]; services = [ "
"\"https\" ]; purpose = \"p\";\n"
"    valid_from = \"2026-07-02T09:00\"; valid_until = \"2026-07-02T17:00\"; },\n"
"  { id = \"T180\"; from = [ \"log\" ]; to = [ \"self\" ]; services = [ \"https\", "
"\"ping\" ]; purpose = \"p\"; },\n"
"  { id = \"T181\"; from = [ \"self\" ]; to = [ \"log\" ]; services = [ \"syslog\" "
"]; purpose = \"p\"; },\n"
"  { id = \"T190\"; from = [ \"jump\" ]; to = [ \"ext_gcc\" ]; services = [ \"all\" "
"]; purpose = \"p\"; },\n"
"  { id = \"T191\"; from = [ \"jump\" ]; to = [ \"apps\" ]; services = [ \"https\" "
"]; purpose = \"p\"; } );\n";

struct checked *sample_checked;
struct classifier *sample_judge;

uint16_t
sample_side(const char *name)
{
	if (name == NULL || strcmp(name, "none") == 0)
		return SEGMENT_NONE;
	if (strcmp(name, "self") == 0)
		return SEGMENT_SELF;
	return (uint16_t)checked_segment_by_interface(sample_checked, name);
}

struct ip_addr
sample_address(const char *text)
{
	struct ip_addr a = { 0, IP_NONE };

	if (text != NULL && address_parse(text, &a) != ADDRESS_OK)
		abort();
	return a;
}

struct facts
sample_facts(const struct sample_row *r)
{
	struct facts f = {
	    .src = sample_address(r->src),
	    .dst = sample_address(r->dst),
	    .protocol = (uint8_t)r->protocol,
	    .sport = (uint16_t)r->sport,
	    .dport = (uint16_t)r->dport,
	    .hop_limit = 64,
	    .flags = (uint16_t)((r->flags & ~NO_PORTS) |
				(r->flags & NO_PORTS ? 0 : FACT_HAS_PORTS)),
	    .tcp_flags = (uint8_t)r->tcp_flags,
	};

	if (r->protocol == TCP && r->tcp_flags == 0)
		f.tcp_flags = SYN;
	if (f.src.family == IP_V6)
		f.first_header = f.protocol;
	return f;
}

static const char *
permit_name(uint32_t permit)
{
	return permit == 0 ? "" : sample_checked->permits[permit - 1].id;
}

void
sample_expect(const struct sample_row *r, const struct judgement *j)
{
	const char *want = r->permit != NULL ? r->permit : "";
	bool good = j->verdict == r->verdict && j->zv == r->zv &&
		    j->action == r->action && strcmp(permit_name(j->permit), want) == 0;

	if (!good)
		fprintf(stderr, "\n  %s: verdict %d %s %s permit %s\n", r->name,
		    (int)j->verdict, violation_class_id(j->zv),
		    violation_action_name(j->action), permit_name(j->permit));
	CU_ASSERT_TRUE(good);
}

void
sample_run(const struct sample_row *rows, size_t n, bool any)
{
	for (size_t i = 0; i < n; i++) {
		struct facts f = sample_facts(&rows[i]);
		struct judgement j;

		if (any)
			classifier_judge_any(sample_judge, &f, sample_side(rows[i].in),
			    sample_side(rows[i].out), NOW, &j);
		else
			classifier_judge(sample_judge, &f, sample_side(rows[i].in),
			    sample_side(rows[i].out), NOW, &j);
		sample_expect(&rows[i], &j);
	}
}

int
sample_make(void)
{
	struct diag *diag = diag_new();
	struct policy *policy;

	if (diag == NULL)
		return EXIT_FAILURE;
	policy =
	    policy_parse_text(policy_text, sizeof(policy_text) - 1, "policy.conf", diag);
	if (policy != NULL)
		sample_checked = checked_new(policy, NOW, diag);
	if (sample_checked == NULL)
		diag_print(diag, stderr, MESSAGE_ENGLISH);
	else
		sample_judge = classifier_new(sample_checked);
	diag_free(diag);
	return sample_judge != NULL ? EXIT_SUCCESS : EXIT_FAILURE;
}

void
sample_free(void)
{
	classifier_free(sample_judge);
	checked_free(sample_checked);
}
