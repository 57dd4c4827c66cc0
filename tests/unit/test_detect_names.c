/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/detect_dns.h"
#include "agent/watch/detect_resolvers.h"
#include "agent/watch/detect_tls.h"
#include "tests/unit/detect_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UDP IPPROTO_UDP

/* A ClientHello with this name; n is its size. Written from RFC 8446 4.1.2. */
static uint8_t *
client_hello(const char *name, size_t *n)
{
	size_t host = strlen(name), list = host + 3, extension = list + 2;
	size_t extensions = 16 + extension, hello = 34 + 1 + 32 + 2 + 4 + 2 + 2 +
	    extensions;
	uint8_t *out = calloc(1, 9 + hello), *p = out;

	*n = 9 + hello;
#define PUT16(v) (*p++ = (uint8_t)((v) >> 8), *p++ = (uint8_t)(v))
	*p++ = 22;
	PUT16(0x0301);
	PUT16(4 + hello);
	*p++ = 1;
	*p++ = 0;
	PUT16(hello);
	PUT16(0x0303);
	p += 32;
	*p++ = 32;
	p += 32;
	PUT16(4);
	PUT16(0x1301);
	PUT16(0x1302);
	*p++ = 1;
	*p++ = 0;
	PUT16(extensions);
	PUT16(0x0a0a);		/* GREASE, RFC 8701 */
	PUT16(0);
	PUT16(0);
	PUT16(extension);
	PUT16(list);
	*p++ = 0;
	PUT16(host);
	memcpy(p, name, host);
	p += host;
	PUT16(23);
	PUT16(0);
	PUT16(0xff01);
	PUT16(0);
#undef PUT16
	if ((size_t)(p - out) != *n)
		abort();
	return out;
}

static void
the_server_name_is_read(void)
{
	size_t n;
	uint8_t *hello = client_hello("DNS.Google", &n);
	const struct cursor whole = { hello, (uint32_t)n, (uint32_t)n };
	char name[TLS_NAME_SIZE];

	CU_ASSERT_TRUE(tls_server_name(whole, name));
	CU_ASSERT_STRING_EQUAL(name, "dns.google");
	/* cut at every byte: the whole name or none */
	for (uint32_t cut = 0; cut < n; cut++) {
		uint8_t *copy = malloc(cut + 1u);
		struct cursor c = { copy, cut, (uint32_t)n };

		memcpy(copy, hello, cut);
		if (tls_server_name(c, name))
			CU_ASSERT_STRING_EQUAL(name, "dns.google");
		CU_ASSERT_EQUAL(tls_server_name(c, name), cut >= n - 8);
		free(copy);
	}
	/* every byte wrong once: never more than a name, never beyond the end */
	for (size_t i = 0; i < n; i++) {
		hello[i] ^= 0xff;
		if (tls_server_name(whole, name))
			CU_ASSERT(strlen(name) < TLS_NAME_SIZE);
		hello[i] ^= 0xff;
	}
	hello[5] = 2;		/* a ServerHello */
	CU_ASSERT_FALSE(tls_server_name(whole, name));
	free(hello);
}

static void
names_below_a_resolver_count(void)
{
	static const char *const in[] = { "dns.google", "mozilla.cloudflare-dns.com",
	    "abc123.dns.nextdns.io", "public.dns.iij.jp" };
	static const char *const out[] = { "google", "notdns.google", "dns.google.example",
	    "cloudflare-dns.com.example", "www.google.com", "" };
	struct ip_addr a;

	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		CU_ASSERT_TRUE(resolver_name(in[i]));
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		CU_ASSERT_FALSE(resolver_name(out[i]));
	address_parse("2606:4700:4700::1111", &a);
	CU_ASSERT_TRUE(resolver_address(&a));
	address_parse("2a10:50c0::ad1:ff", &a);
	CU_ASSERT_TRUE(resolver_address(&a));
	address_parse("149.112.112.112", &a);
	CU_ASSERT_TRUE(resolver_address(&a));
	address_parse("8.8.8.9", &a);
	CU_ASSERT_FALSE(resolver_address(&a));
}

static const struct {
	const char *what;
	struct shot shot;
	const char *sni;
	const char *detail;	/* NULL: silent */
	uint8_t action;
} rows[] = {
	/* what is refused the judge names by itself */
	{ "DNS to a foreign resolver, refused", { .src = "10.1.0.2", .dst = "203.0.113.1",
	  .protocol = UDP, .sport = 4000, .dport = 53 }, NULL, NULL, 0 },
	{ "DNS that is permitted", { .src = "10.1.0.2", .dst = "10.3.0.53",
	  .protocol = UDP, .sport = 4000, .dport = 53 }, NULL, NULL, 0 },
	{ "NTP that is permitted", { .src = "10.1.0.2", .dst = "10.3.0.123",
	  .protocol = UDP, .sport = 123, .dport = 123 }, NULL, NULL, 0 },
	{ "an answer", { .in = EX, .src = "10.3.0.53", .dst = "10.1.0.2",
	  .protocol = UDP, .sport = 53, .dport = 4000 }, NULL, NULL, 0 },
	{ "DNS over TLS, permitted", { .src = "10.1.0.2", .dst = "10.3.0.9", .sport = 4000,
	  .dport = 853 }, NULL, "DNS over TLS", ACTION_BEHAVIOUR },
	{ "DNS over TLS to a registered resolver", { .src = "10.1.0.2",
	  .dst = "10.3.0.53", .sport = 4000, .dport = 853 }, NULL, NULL, 0 },
	{ "DNS over QUIC, refused", { .src = "10.1.0.2", .dst = "10.3.0.9",
	  .protocol = UDP, .sport = 4000, .dport = 853 }, NULL, NULL, 0 },
	{ "web to a public resolver's address, refused", { .src = "10.1.0.2",
	  .dst = "8.8.8.8", .sport = 4000, .dport = 443 }, NULL,
	  "HTTPS to a public resolver", ACTION_ATTEMPT },
	{ "web to a public resolver's address, permitted", { .in = LG, .src = "10.2.0.2",
	  .dst = "8.8.8.8", .sport = 4000, .dport = 443 }, NULL,
	  "HTTPS to a public resolver", ACTION_BEHAVIOUR },
	{ "web elsewhere", { .in = LG, .src = "10.2.0.2", .dst = "8.8.8.9", .sport = 4000,
	  .dport = 443 }, NULL, NULL, 0 },
	{ "its name in TLS", { .in = LG, .src = "10.2.0.2", .dst = "8.1.1.1",
	  .sport = 4000, .dport = 443, .tcp_flags = TCP_FLAG_ACK }, "dns.google",
	  "TLS to the public resolver dns.google", ACTION_BEHAVIOUR },
	{ "another name in TLS", { .in = LG, .src = "10.2.0.2", .dst = "8.1.1.1",
	  .sport = 4000, .dport = 443, .tcp_flags = TCP_FLAG_ACK }, "www.example.jp", NULL,
	  0 },
	{ "from a zone that may", { .in = EX, .src = "10.3.0.2", .dst = "203.0.113.1",
	  .sport = 4000, .dport = 443, .tcp_flags = TCP_FLAG_ACK }, "dns.google", NULL, 0 },
};

static void
resolvers_outside_are_told(void)
{
	static struct bench b;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct shot s = rows[i].shot;
		uint8_t *hello = NULL;
		bool right;

		bench_open(&b);
		if (rows[i].sni != NULL) {
			hello = client_hello(rows[i].sni, &s.size);
			s.payload = hello;
		}
		for (int twice = 0; twice < 2; twice++)
			bench_fire(&b, &s);
		right = b.n_found == (rows[i].detail != NULL);
		if (right && rows[i].detail != NULL)
			right = strcmp(b.found[0].detail, rows[i].detail) == 0 &&
			    b.found[0].zv == ZV_08_INTERNET_BOUND &&
			    b.found[0].action == rows[i].action;
		if (!right)
			fprintf(stderr, "%s: %zu found, %s\n", rows[i].what, b.n_found,
			    b.found[0].detail);
		CU_ASSERT_TRUE(right);
		free(hello);
		bench_close(&b);
	}
}

/* ---- DNS ------------------------------------------------------------------- */

/* A query for a dotted name; its size. flags2: the third byte of the header. */
static size_t
dns_query(uint8_t *out, const char *name, uint16_t type, bool response)
{
	size_t n = 12;

	memset(out, 0, 12);
	out[2] = response ? 0x81 : 0x01;
	out[5] = 1;
	while (*name != '\0') {
		size_t label = strcspn(name, ".");

		out[n++] = (uint8_t)label;
		memcpy(out + n, name, label);
		n += label;
		name += label + (name[label] == '.');
	}
	out[n++] = 0;
	out[n++] = (uint8_t)(type >> 8);
	out[n++] = (uint8_t)type;
	out[n++] = 0;
	out[n++] = 1;
	return n;
}

static struct cursor
cursor_of(const uint8_t *bytes, size_t n)
{
	return (struct cursor){ bytes, (uint32_t)n, (uint32_t)n };
}

static void
a_question_is_read(void)
{
	static const struct { const char *name, *domain; } names[] = {
		{ "www.EXAMPLE.com", "example.com" }, { "example.com", "example.com" },
		{ "a.b.example.co.jp", "example.co.jp" }, { "www.city.mihon.lg.jp",
		  "mihon.lg.jp" }, { "co.jp", "co.jp" }, { "a.example.co", "example.co" },
		{ "x.y.example.com.au", "example.com.au" }, { "jp", "jp" },
	};
	uint8_t bytes[512];
	struct dns_question q;
	char text[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = dns_query(bytes, names[i].name, 16, i & 1);

		CU_ASSERT_TRUE_FATAL(dns_read(cursor_of(bytes, n), &q));
		CU_ASSERT_EQUAL(q.type, 16);
		CU_ASSERT_EQUAL(q.response, (i & 1) != 0);
		CU_ASSERT_EQUAL(q.length, strlen(names[i].name) + 1);
		dns_print(&q, dns_registered_domain(&q), text, sizeof(text));
		CU_ASSERT_STRING_EQUAL(text, names[i].domain);
		for (size_t cut = 0; cut < n; cut++)
			CU_ASSERT_FALSE(dns_read(cursor_of(bytes, cut), &q));
	}
	dns_query(bytes, "a\x01\xff b.example.com", 1, false);
	CU_ASSERT_TRUE(dns_read(cursor_of(bytes, sizeof(bytes)), &q));
	dns_print(&q, 0, text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "a???b.example.com");
	dns_print(&q, 0, text, 5);
	CU_ASSERT_STRING_EQUAL(text, "a???");
}

static void
a_lying_question_is_not_read(void)
{
	uint8_t bytes[600];
	struct dns_question q;
	size_t n = dns_query(bytes, "www.example.com", 1, false);

	bytes[12] = 0xc0;	/* compression: to itself, to the header */
	bytes[13] = 12;
	CU_ASSERT_FALSE(dns_read(cursor_of(bytes, n), &q));
	bytes[12] = 0x40;
	CU_ASSERT_FALSE(dns_read(cursor_of(bytes, n), &q));
	n = dns_query(bytes, "www.example.com", 1, false);
	bytes[5] = 2;
	CU_ASSERT_FALSE(dns_read(cursor_of(bytes, n), &q));
	bytes[5] = 1;
	bytes[2] = 0x28;	/* an update, RFC 2136 */
	CU_ASSERT_FALSE(dns_read(cursor_of(bytes, n), &q));
	/* 255 bytes fit, 256 do not */
	memset(bytes, 0, sizeof(bytes));
	bytes[5] = 1;
	for (size_t i = 0; i < 127; i++)
		memcpy(bytes + 12 + 2 * i, "\1x", 2);
	CU_ASSERT_TRUE(dns_read(cursor_of(bytes, 600), &q));
	CU_ASSERT_EQUAL(q.length, 254);
	CU_ASSERT_EQUAL(q.n_labels, 127);
	memcpy(bytes + 12 + 254, "\1x", 2);
	CU_ASSERT_FALSE(dns_read(cursor_of(bytes, 600), &q));
	/* over TCP: the length must be there and hold it */
	n = dns_query(bytes + 2, "www.example.com", 1, false);
	bytes[0] = 0;
	bytes[1] = (uint8_t)n;
	CU_ASSERT_TRUE(dns_read_stream(cursor_of(bytes, n + 2), &q));
	bytes[1] = (uint8_t)(n - 1);
	CU_ASSERT_FALSE(dns_read_stream(cursor_of(bytes, n + 2), &q));
	CU_ASSERT_FALSE(dns_read_stream(cursor_of(bytes, 1), &q));
}

static void
ask(struct bench *b, const char *src, const char *name, uint16_t type, size_t answer)
{
	uint8_t bytes[1500];
	size_t n = dns_query(bytes, name, type, answer > 0);
	struct shot s = { .src = src, .dst = "10.3.0.53", .protocol = UDP, .sport = 4000,
	    .dport = 53, .payload = bytes, .size = n };

	if (answer > 0) {
		memset(bytes + n, 'x', sizeof(bytes) - n);
		s.in = EX;
		s.src = "10.3.0.53";
		s.dst = src;
		s.sport = 53;
		s.dport = 4000;
		s.size = answer;
	}
	bench_fire(b, &s);
}

static void
a_tunnel_in_names_is_told(void)
{
	static struct bench b;
	char name[256];

	bench_open(&b);
	/* off */
	for (unsigned int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "%032x%026x.t.example.com", i, i * 7919);
		ask(&b, "10.1.0.2", name, 1, 0);
	}
	CU_ASSERT_EQUAL(b.n_found, 0);
	b.checked->detect.dns_tunnel = bench_detector(600, 4000);
	/* look-alikes: one long name again and again, many short ones, reverse look-ups,
	 * many domains */
	for (unsigned int i = 0; i < 500; i++) {
		ask(&b, "10.1.0.3", "a-long-name-asked-for-again.cdn.example.net", 1, 0);
		snprintf(name, sizeof(name), "e%u.g.cdn.example.net", i % 300);
		ask(&b, "10.1.0.3", name, 1, 0);
		snprintf(name, sizeof(name), "%u.0.3.10.in-addr.arpa", i % 256);
		ask(&b, "10.1.0.3", name, 12, 0);
		snprintf(name, sizeof(name), "a-name-of-some-length.host%u.com", i);
		ask(&b, "10.1.0.3", name, 1, 0);
	}
	CU_ASSERT_EQUAL(b.n_found, 0);
	for (unsigned int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "%032x%026x.T.Example.Com", i, i * 7919);
		bench_wait(&b, SECOND);
		ask(&b, "10.1.0.2", name, 1, 0);
	}
	CU_ASSERT_EQUAL_FATAL(b.n_found, 1);
	CU_ASSERT_EQUAL(bench_last(&b)->zv, ZV_11_BEACON);
	CU_ASSERT_EQUAL(bench_last(&b)->action, ACTION_BEHAVIOUR);
	CU_ASSERT_PTR_NOT_NULL(strstr(bench_last(&b)->detail,
	    "bytes in names under example.com in 600 s"));
	/* what comes back in TXT */
	bench_wait(&b, 3600 * SECOND);
	bench_forget(&b);
	for (unsigned int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "q%u.txt.example.org", i);
		ask(&b, "10.1.0.2", name, 1, 800);	/* addresses, many */
	}
	CU_ASSERT_EQUAL(b.n_found, 0);
	for (unsigned int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "r%u.txt.example.org", i);
		ask(&b, "10.1.0.2", name, DNS_TYPE_TXT, 800);
	}
	CU_ASSERT_EQUAL(b.n_found, 1);
	bench_close(&b);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "the server name is read", the_server_name_is_read },
		{ "names below a resolver count", names_below_a_resolver_count },
		{ "resolvers outside are told", resolvers_outside_are_told },
		{ "a DNS question is read", a_question_is_read },
		{ "a lying question is not read", a_lying_question_is_not_read },
		{ "a tunnel in names is told", a_tunnel_in_names_is_told },
		CU_TEST_INFO_NULL,
	};

	return unit_main("detect_names", tests);
}
