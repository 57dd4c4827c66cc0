/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/detect_bench.h"

#include <stdio.h>
#include <string.h>

#define UDP IPPROTO_UDP
#define SMB(command) "\0\0\0\x40\xff" "SMB" command "\0\0\0\0\x18"

/* To the server at dport; from_server turns it round. */
static const struct {
	const char *what;
	unsigned int protocol, dport;
	bool from_server;
	const char *bytes;
	size_t size;
	const char *detail;	/* NULL: silent */
} rows[] = {
#define TO(port, text) IPPROTO_TCP, port, false, text, sizeof(text) - 1
#define FROM(port, text) IPPROTO_TCP, port, true, text, sizeof(text) - 1
#define DATAGRAM(port, text) UDP, port, false, text, sizeof(text) - 1
	{ "telnet", TO(23, "\xff\xfd\x18\xff\xfd\x20"), "telnet" },
	{ "telnet server", FROM(23, "\xff\xfb\x01"), "telnet" },
	{ "TLS on 23", TO(23, "\x16\x03\x01\x02\x00\x01"), NULL },
	{ "ftp", TO(21, "USER anna\r\n"), "ftp" },
	{ "ftp, lower case", TO(21, "pass secret\r\n"), "ftp" },
	{ "ftp over TLS", TO(21, "AUTH TLS\r\n"), NULL },
	{ "ftp banner", FROM(21, "220 ready\r\n"), NULL },
	{ "http", TO(80, "GET / HTTP/1.1\r\n"), "http" },
	{ "http on 8080", TO(8080, "POST /a HTTP/1.1\r\n"), "http" },
	{ "https on 8080", TO(8080, "\x16\x03\x01\x02\x00\x01\x00\x01"), NULL },
	{ "a proxy for TLS", TO(8080, "CONNECT a:443 HTTP/1.1\r\n"), NULL },
	{ "words", TO(80, "get your own"), NULL },
	{ "pop3", TO(110, "USER anna\r\n"), "pop3" },
	{ "pop3 going to TLS", TO(110, "STLS\r\n"), NULL },
	{ "imap", TO(143, "a1 LOGIN anna secret\r\n"), "imap" },
	{ "imap going to TLS", TO(143, "a1 STARTTLS\r\n"), NULL },
	{ "imap without a tag", TO(143, " LOGIN anna secret\r\n"), NULL },
	{ "snmp v1", DATAGRAM(161, "\x30\x26\x02\x01\x00\x04\x06public"), "snmp v1/v2c" },
	{ "snmp v2c, long length", DATAGRAM(161, "\x30\x82\x00\x26\x02\x01\x01\x04"),
	    "snmp v1/v2c" },
	{ "snmp v2c trap", DATAGRAM(162, "\x30\x26\x02\x01\x01\x04\x06public"),
	    "snmp v1/v2c" },
	{ "snmp v3", DATAGRAM(161, "\x30\x26\x02\x01\x03\x30\x11"), NULL },
	{ "snmp cut", DATAGRAM(161, "\x30\x26\x02\x01"), NULL },
	{ "snmp with an endless length",
	    DATAGRAM(161, "\x30\xff\xff\xff\xff\xff\xff\xff"), NULL },
	{ "smb v1", TO(445, SMB("\x73")), "smb v1" },
	{ "smb v1 over NetBIOS", TO(139, SMB("\x73")), "smb v1" },
	{ "smb v1 only", TO(445, SMB("\x72") "\2NT LM 0.12\0"), "smb v1" },
	{ "smb v1 that asks for v2", TO(445, SMB("\x72") "\2NT LM 0.12\0\2SMB 2.002\0"),
	    NULL },
	{ "smb v2", TO(445, "\0\0\0\x40\xfeSMB\x40\0\0\0"), NULL },
	{ "smb cut", TO(445, "\0\0\0\x40\xffSMB"), NULL },
	{ "ldap simple bind",
	    TO(389,
		"\x30\x1a\x02\x01\x01\x60\x15\x02\x01\x03\x04\x04"
		"cn=a\x80\x06secret"),
	    "ldap simple bind" },
	{ "ldap anonymous",
	    TO(389,
		"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00"
		"\x80\x00"),
	    NULL },
	{ "ldap SASL",
	    TO(389, "\x30\x1a\x02\x01\x01\x60\x15\x02\x01\x03\x04\x00\xa3\x0a"), NULL },
	{ "ldap STARTTLS",
	    TO(389,
		"\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
		"1.3"),
	    NULL },
};

static void
bytes_tell(void)
{
	static struct bench b;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct shot s = { .src = "10.1.0.2", .dst = "10.3.0.2", .sport = 4000,
		    .dport = rows[i].dport, .protocol = rows[i].protocol,
		    .tcp_flags = TCP_FLAG_ACK, .payload = rows[i].bytes,
		    .size = rows[i].size };
		bool right;

		bench_open(&b);
		b.checked->detect.clear_text = bench_detector(600, 1);
		if (rows[i].from_server) {
			s.in = EX;
			s.src = "10.3.0.2";
			s.dst = "10.1.0.2";
			s.sport = rows[i].dport;
			s.dport = 4000;
		}
		for (int twice = 0; twice < 2; twice++)
			bench_fire(&b, &s);
		right = b.n_found == (rows[i].detail != NULL);
		if (right && rows[i].detail != NULL)
			right = strcmp(b.found[0].detail, rows[i].detail) == 0 &&
			    b.found[0].zv == ZV_13_CLEAR_TEXT &&
			    b.found[0].action == ACTION_BEHAVIOUR;
		if (!right)
			fprintf(stderr, "%s: %zu found, %s\n", rows[i].what, b.n_found,
			    b.found[0].detail);
		CU_ASSERT_TRUE(right);
		/* every shorter capture of it: nothing read beyond */
		for (size_t cut = 0; cut < rows[i].size; cut++) {
			char copy[64];

			memcpy(copy, rows[i].bytes, cut);
			s.payload = copy;
			s.size = cut;
			bench_fire(&b, &s);
		}
		bench_close(&b);
	}
}

static void
only_where_my_number_is(void)
{
	static struct bench b;
	static const char bytes[] = "GET / HTTP/1.1\r\n";
	struct shot s = { .in = LG, .src = "10.2.0.2", .dst = "10.3.0.2", .dport = 80,
	    .tcp_flags = TCP_FLAG_ACK, .payload = bytes, .size = sizeof(bytes) - 1 };

	bench_open(&b);
	b.checked->detect.clear_text = bench_detector(600, 3);
	for (int i = 0; i < 9; i++)
		bench_fire(&b, &s);
	CU_ASSERT_EQUAL(b.n_found, 0);
	s.dst = "10.1.0.2";		/* towards it */
	bench_fire(&b, &s);
	bench_fire(&b, &s);
	CU_ASSERT_EQUAL(b.n_found, 0);	/* the limit is three */
	bench_fire(&b, &s);
	CU_ASSERT_EQUAL(b.n_found, 1);
	bench_fire(&b, &s);
	CU_ASSERT_EQUAL(b.n_found, 1);
	/* a later fragment holds anything */
	s.src = "10.2.0.3";
	s.flags = FACT_FRAGMENT_LATER | FACT_PORTS_INHERITED;
	for (int i = 0; i < 9; i++)
		bench_fire(&b, &s);
	CU_ASSERT_EQUAL(b.n_found, 1);
	b.checked->detect.clear_text.on = false;
	s.flags = 0;
	for (int i = 0; i < 9; i++)
		bench_fire(&b, &s);
	CU_ASSERT_EQUAL(b.n_found, 1);
	bench_close(&b);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "bytes tell", bytes_tell },
		{ "only where My Number is", only_where_my_number_is },
		CU_TEST_INFO_NULL,
	};

	return unit_main("detect_clear", tests);
}
