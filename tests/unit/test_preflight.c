/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is connected, as the kernel prints it and as a caller claims it, and who would be cut. */
#include "agent/control/control_preflight.h"
#include "rules/policy_parse.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static const char tcp[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
    "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
    "   1: 0100050A:0016 0900050A:C350 01 00000000:00000000 00:00000000 00000000     0\n"
    "   2: 0100050A:9C40 0900050A:0016 01 00000000:00000000 00:00000000 00000000     0\n"
    "   3: 0100007F:0016 0100007F:C351 01 00000000:00000000 00:00000000 00000000     0\n"
    "   4: 0100050A:0016 0800050A:C352 06 00000000:00000000 00:00000000 00000000     0\n"
    "   5: garbage\n";
static const char tcp6[] =
    "   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A\n"
    "   1: B80D0120000005000000000001000000:0016 B80D0120000005000000000009000000:C350 01\n"
    "   2: 0000000000000000FFFF00000100050A:0016 0000000000000000FFFF00000700050A:C353 01\n";

static size_t
read_text(const char *text, struct preflight_flow *out, size_t max)
{
	char copy[2048];
	FILE *in;
	size_t n;

	snprintf(copy, sizeof(copy), "%s", text);
	in = fmemopen(copy, strlen(copy), "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(in);
	n = preflight_read_tcp(in, out, max);
	fclose(in);
	return n;
}

static void
is_flow(const struct preflight_flow *f, const char *src, unsigned int sport, const char *dst,
    unsigned int dport)
{
	char text[IP_RANGE_TEXT_SIZE];

	CU_ASSERT_STRING_EQUAL(address_print(&f->src, text), src);
	CU_ASSERT_STRING_EQUAL(address_print(&f->dst, text), dst);
	CU_ASSERT_EQUAL(f->sport, sport);
	CU_ASSERT_EQUAL(f->dport, dport);
}

/* Little endian, as all machines that Debian 12 is tested on here. */
static void
test_tcp(void)
{
	struct preflight_flow f[8];

	CU_ASSERT_EQUAL_FATAL(read_text(tcp, f, 8), 1);
	is_flow(&f[0], "10.5.0.9", 50000, "10.5.0.1", 22);
	CU_ASSERT_EQUAL_FATAL(read_text(tcp6, f, 8), 2);
	is_flow(&f[0], "2001:db8:5::9", 50000, "2001:db8:5::1", 22);
	is_flow(&f[1], "10.5.0.7", 50003, "10.5.0.1", 22);
	CU_ASSERT_EQUAL(read_text("", f, 0), 0);
	CU_ASSERT_EQUAL(read_text(tcp6, f, 1), 1);
}

static void
test_session(void)
{
	static const char *const bad[] = { "", " ", "10.5.0.9", "10.5.0.9 50000 10.5.0.1",
	    "10.5.0.9 50000 10.5.0.1 22 x", "10.5.0.9 0 10.5.0.1 22", "10.5.0.9 x 10.5.0.1 22",
	    "10.5.0.9 65536 10.5.0.1 22", "10.5.0.9 50000 2001:db8::1 22",
	    "127.0.0.1 50000 127.0.0.1 22", "::1 50000 ::1 22", "10.5.0.9/24 1 10.5.0.1 22",
	    "fe80::1%mg0 50000 fe80::2%mg0 22", "10.5.0.9 -1 10.5.0.1 22" };
	char words[400];
	struct preflight_flow f;

	CU_ASSERT_FATAL(preflight_parse_session("10.5.0.9 50000 10.5.0.1 22", &f));
	is_flow(&f, "10.5.0.9", 50000, "10.5.0.1", 22);
	CU_ASSERT_FATAL(preflight_parse_session("2001:db8:5::9 50000 2001:db8:5::1 22", &f));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT(!preflight_parse_session(bad[i], &f));
	memset(words, '1', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	CU_ASSERT(!preflight_parse_session(words, &f));
}

static struct checked *
policy_with(const char *permits)
{
	struct diag *diag = diag_new();
	char text[1024];
	struct checked *c;

	snprintf(text, sizeof(text), "schema = 1; site = { name = \"t\"; };\n"
	    "zones = ( { name = \"mgmt\"; class = \"mgmt\"; segments = ( { interface = \"mg0\";"
	    " networks = [ \"10.5.0.0/24\", \"2001:db8:5::/64\" ]; } ); } );\n"
	    "services = ( { name = \"ssh\"; protocol = \"tcp\"; ports = [ \"22\" ]; } );\n"
	    "permits = ( %s );\n", permits);
	c = checked_new(policy_parse_text(text, strlen(text), "t", diag), 0, diag);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	diag_free(diag);
	return c;
}

#define SSH(more) "{ id = \"SSH\"; from = [ \"mgmt\" ]; to = [ \"self\" ]; services = [ \"ssh\" ];" \
    " purpose = \"p\"; request = \"r\"; approved_by = \"a\"; " more " }"

static void
test_cut(void)
{
	struct checked *open = policy_with(SSH("")), *shut = policy_with("");
	struct checked *past = policy_with(SSH("valid_until = \"2000-01-01\";"));
	struct preflight_flow f[4];
	const int64_t now = 1800000000;
	const char *permit;
	size_t n = read_text(tcp, f, 1);

	n += read_text(tcp6, f + n, 1);
	CU_ASSERT_EQUAL_FATAL(n, 2);
	CU_ASSERT_EQUAL(preflight_first_cut(open, open, f, n, now, &permit), n);
	CU_ASSERT_EQUAL(preflight_first_cut(open, shut, f, n, now, &permit), 0);
	CU_ASSERT_STRING_EQUAL(permit, "SSH");
	CU_ASSERT_EQUAL(preflight_first_cut(open, shut, f + 1, 1, now, &permit), 0);
	/* a permit that is there but over is none */
	CU_ASSERT_EQUAL(preflight_first_cut(open, past, f, n, now, &permit), 0);
	/* what is not let in now is no reason; nothing runs: everything was */
	CU_ASSERT_EQUAL(preflight_first_cut(shut, shut, f, n, now, &permit), n);
	CU_ASSERT_EQUAL(preflight_first_cut(NULL, shut, f, n, now, &permit), 0);
	CU_ASSERT_STRING_EQUAL(permit, "");
	checked_free(open);
	checked_free(shut);
	checked_free(past);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "/proc/net/tcp and tcp6", test_tcp },
		{ "SSH_CONNECTION", test_session },
		{ "who would be cut", test_cut },
		CU_TEST_INFO_NULL,
	};

	return unit_main("preflight", tests);
}
