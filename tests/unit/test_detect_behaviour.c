/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/detect_bench.h"

#include <stdio.h>
#include <string.h>

#define UDP IPPROTO_UDP

static struct bench b;

/* ---- scans ----------------------------------------------------------------- */

static void
open_to(const char *src, unsigned int host, unsigned int port)
{
	char dst[16];

	snprintf(dst, sizeof(dst), "10.3.0.%u", host);
	FIRE(&b, .src = src, .dst = dst, .sport = 30000 + host, .dport = port);
}

static void
many_hosts_are_a_scan(void)
{
	bench_open(&b);
	for (unsigned int h = 1; h < 100; h++)
		open_to("10.1.0.3", h, 80);
	CU_ASSERT_EQUAL(b.n_found, 0);		/* off */
	b.checked->detect.scan_hosts = bench_detector(60, 25);
	for (unsigned int h = 1; h <= 20; h++)
		open_to("10.1.0.4", h, 80);
	for (unsigned int i = 0; i < 100; i++)
		open_to("10.1.0.4", 7, 1000 + i);	/* one more host, many ports */
	CU_ASSERT_EQUAL(b.n_found, 0);
	bench_wait(&b, SECOND);
	for (unsigned int h = 21; h <= 40; h++)
		open_to("10.1.0.4", h, 80);
	CU_ASSERT_EQUAL_FATAL(b.n_found, 1);
	CU_ASSERT_EQUAL(bench_last(&b)->zv, ZV_10_SCAN);
	CU_ASSERT_EQUAL(bench_last(&b)->action, ACTION_BEHAVIOUR);
	CU_ASSERT_EQUAL(bench_last(&b)->severity, 3);
	CU_ASSERT_PTR_NOT_NULL(strstr(bench_last(&b)->detail, " hosts in 60 s"));
	/* again in the next window */
	bench_wait(&b, 61 * SECOND);
	for (unsigned int h = 1; h <= 40; h++)
		open_to("10.1.0.4", h, 81);
	CU_ASSERT_EQUAL(b.n_found, 2);
	/* pings and datagrams count too; IPv6 */
	for (unsigned int h = 1; h <= 40; h++) {
		char dst[32];

		snprintf(dst, sizeof(dst), "2001:db8:3::%x", h);
		FIRE(&b, .src = "2001:db8:1::9", .dst = dst, .protocol = IPPROTO_ICMPV6,
		    .sport = 128 << 8);
	}
	CU_ASSERT_EQUAL(b.n_found, 3);
	bench_close(&b);
}

static void
what_looks_like_a_scan(void)
{
	bench_open(&b);
	b.checked->detect.scan_hosts = bench_detector(60, 25);
	for (unsigned int h = 2; h < 100; h++) {
		char host[16];

		/* many clients to one server, and its answers */
		snprintf(host, sizeof(host), "10.1.0.%u", h);
		FIRE(&b, .src = host, .dst = "10.3.0.5", .sport = 4000, .dport = 443);
		FIRE(&b, .in = EX, .src = "10.3.0.5", .dst = host, .sport = 443,
		    .dport = 4000, .tcp_flags = TCP_FLAG_SYN | TCP_FLAG_ACK);
		/* a resolver's answers, permitted, long after the questions */
		FIRE(&b, .in = EX, .src = "10.3.0.9", .dst = host, .protocol = UDP,
		    .sport = 53, .dport = 4000);
		/* groups, a monitor */
		snprintf(host, sizeof(host), "224.1.0.%u", h);
		FIRE(&b, .src = "10.1.0.7", .dst = host, .protocol = UDP, .dport = 5000,
		    .flags = FACT_GROUP_MAC);
		open_to("10.1.0.53", h, 161);
		/* a running flow to each */
		snprintf(host, sizeof(host), "10.3.0.%u", h);
		FIRE(&b, .src = "10.1.0.8", .dst = host, .sport = 4000, .dport = 443,
		    .tcp_flags = TCP_FLAG_ACK);
	}
	CU_ASSERT_EQUAL(b.n_found, 0);
	/* slow: one in ten seconds */
	for (unsigned int h = 1; h < 100; h++) {
		open_to("10.1.0.9", h, 80);
		bench_wait(&b, 10 * SECOND);
	}
	CU_ASSERT_EQUAL(b.n_found, 0);
	bench_close(&b);
}

static void
many_ports_and_many_administrations(void)
{
	bench_open(&b);
	b.checked->detect.scan_ports = bench_detector(60, 100);
	b.checked->detect.lateral = bench_detector(300, 5);
	for (unsigned int i = 0; i < 80; i++)
		FIRE(&b, .src = "10.1.0.3", .dst = "10.3.0.2", .sport = 4000 + i,
		    .dport = 20000 + i);
	for (unsigned int h = 1; h <= 4; h++)
		open_to("10.1.0.3", h, 445);
	for (unsigned int h = 1; h <= 40; h++) {
		open_to("10.1.0.3", h, 443);
		open_to("10.1.0.53", h, 22);		/* backup */
	}
	CU_ASSERT_EQUAL(b.n_found, 0);
	for (unsigned int i = 0; i < 150; i++)
		FIRE(&b, .src = "10.1.0.4", .dst = "10.3.0.2", .sport = 4000,
		    .dport = 1000 + i);
	CU_ASSERT_EQUAL_FATAL(b.n_found, 1);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(bench_last(&b)->detail, "ports of one host in 60 s"));
	open_to("10.1.0.5", 1, 445);
	open_to("10.1.0.5", 2, 3389);
	open_to("10.1.0.5", 3, 22);
	open_to("10.1.0.5", 4, 5985);
	open_to("10.1.0.5", 5, 135);
	open_to("10.1.0.5", 6, 139);
	CU_ASSERT_EQUAL_FATAL(b.n_found, 2);
	CU_ASSERT_STRING_EQUAL(bench_last(&b)->detail,
	    "5 hosts asked for administration in 300 s");
	bench_close(&b);
}

static void
a_flood_of_sources_is_no_scan(void)
{
	struct detect_ledger first, last;
	char src[40];

	bench_open(&b);
	b.checked->detect.scan_hosts = bench_detector(60, 25);
	b.checked->detect.scan_ports = bench_detector(60, 25);
	b.checked->detect.beacon = bench_detector(3600, 10);
	detect_ledger(b.detect, &first);
	for (unsigned int i = 0; i < 60000; i++) {
		snprintf(src, sizeof(src), "2001:db8:1::%x", 2 + i % 30000);
		FIRE(&b, .src = src, .dst = "2001:db8:3::5", .sport = 1024 + i / 30000,
		    .dport = 80);
	}
	detect_ledger(b.detect, &last);
	CU_ASSERT_EQUAL(b.n_found, 0);
	CU_ASSERT_EQUAL(last.bytes, first.bytes);
	CU_ASSERT(last.forgotten > 50000);
	CU_ASSERT_EQUAL(last.packets, 60000);
	for (unsigned int h = 1; h < 60; h++)
		open_to("10.1.0.4", h, 80);
	CU_ASSERT_EQUAL(b.n_found, 1);
	bench_close(&b);
}

/* ---- beacons ------------------------------------------------------------------ */

static void
beat(const char *dst, unsigned int port, unsigned int n, unsigned int seconds,
    unsigned int spread)
{
	unsigned int at = 12345;

	for (unsigned int i = 0; i < n; i++) {
		at = at * 1103515245u + 12345u;
		bench_wait(&b, seconds * SECOND + (int64_t)(at >> 16 & 1023) *
		    spread * SECOND / 1024);
		FIRE(&b, .src = "10.1.0.3", .dst = dst, .sport = 4000 + i, .dport = port);
	}
}

static void
an_even_pace_is_a_beacon(void)
{
	bench_open(&b);
	beat("10.3.0.2", 443, 50, 60, 0);
	CU_ASSERT_EQUAL(b.n_found, 0);		/* off */
	b.checked->detect.beacon = bench_detector(3600, 20);
	b.checked->detect.beacon_jitter = 10;
	beat("10.3.0.3", 443, 19, 60, 4);
	CU_ASSERT_EQUAL(b.n_found, 0);
	beat("10.3.0.3", 443, 10, 60, 4);
	CU_ASSERT_EQUAL_FATAL(b.n_found, 1);
	CU_ASSERT_EQUAL(bench_last(&b)->zv, ZV_11_BEACON);
	CU_ASSERT_EQUAL(bench_last(&b)->permit, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(bench_last(&b)->detail, "20 openings every 6"));
	/* a denied one, datagrams from one port */
	for (unsigned int i = 0; i < 30; i++) {
		bench_wait(&b, 45 * SECOND);
		FIRE(&b, .src = "10.1.0.4", .dst = "203.0.113.5", .protocol = UDP,
		    .sport = 5000, .dport = 9000);
	}
	CU_ASSERT_EQUAL(bench_count(&b, ZV_11_BEACON), 2);
	bench_close(&b);
}

static void
what_looks_like_a_beacon(void)
{
	bench_open(&b);
	b.checked->detect.beacon = bench_detector(3600, 20);
	b.checked->detect.beacon_jitter = 10;
	beat("10.3.0.4", 443, 50, 10, 100);	/* irregular */
	CU_ASSERT_EQUAL(b.n_found, 0);
	beat("10.3.0.53", 443, 50, 60, 0);	/* to a resolver */
	beat("10.3.0.123", 443, 50, 60, 0);	/* to a clock */
	CU_ASSERT_EQUAL(b.n_found, 0);
	for (unsigned int i = 0; i < 50; i++) {
		bench_wait(&b, 64 * SECOND);
		/* a clock without the role, permitted; a monitor; one long flow */
		FIRE(&b, .src = "10.1.0.3", .dst = "10.3.0.7", .protocol = UDP,
		    .sport = 123, .dport = 123);
		FIRE(&b, .src = "10.1.0.53", .dst = "10.3.0.8", .sport = 4000 + i,
		    .dport = 443);
		FIRE(&b, .src = "10.1.0.5", .dst = "10.3.0.8", .sport = 4000,
		    .dport = 443, .tcp_flags = TCP_FLAG_ACK);
	}
	CU_ASSERT_EQUAL(b.n_found, 0);
	/* many at once are one beat, and too few beats */
	for (unsigned int i = 0; i < 5; i++) {
		bench_wait(&b, 64 * SECOND);
		for (unsigned int k = 0; k < 10; k++)
			FIRE(&b, .src = "10.1.0.6", .dst = "10.3.0.8",
			    .sport = 4000 + 10 * i + k, .dport = 443);
	}
	CU_ASSERT_EQUAL(b.n_found, 0);
	bench_close(&b);
}

/* ---- bulk ------------------------------------------------------------------------ */

static void
send_bytes(const char *src, uint64_t bytes)
{
	for (uint64_t sent = 0; sent < bytes; sent += 1000)
		FIRE(&b, .src = src, .dst = "10.3.0.2", .sport = 4000, .dport = 443,
		    .tcp_flags = TCP_FLAG_ACK, .length = 1000);
}

static void
much_out_of_a_permit_is_told(void)
{
	bench_open(&b);
	send_bytes("10.1.0.3", 300000);
	CU_ASSERT_EQUAL(b.n_found, 0);		/* off */
	b.checked->detect.bulk = bench_detector(3600, 100000);
	send_bytes("10.1.0.3", 90000);
	CU_ASSERT_EQUAL(b.n_found, 0);
	/* leaving is the same packet again; denied is not out */
	for (int i = 0; i < 200; i++) {
		FIRE(&b, .leaving = true, .out = EX, .src = "10.1.0.3", .dst = "10.3.0.2",
		    .sport = 4000, .dport = 443, .tcp_flags = TCP_FLAG_ACK,
		    .length = 1000);
		FIRE(&b, .src = "10.1.0.3", .dst = "10.3.0.2", .sport = 4000, .dport = 99,
		    .tcp_flags = TCP_FLAG_ACK, .length = 1000);
	}
	CU_ASSERT_EQUAL(b.n_found, 0);
	send_bytes("10.1.0.3", 20000);
	CU_ASSERT_EQUAL_FATAL(b.n_found, 1);
	CU_ASSERT_EQUAL(bench_last(&b)->zv, ZV_12_BULK_OUTFLOW);
	CU_ASSERT_EQUAL(bench_last(&b)->permit, 1);
	CU_ASSERT_EQUAL(bench_last(&b)->from, MN);
	CU_ASSERT_EQUAL(bench_last(&b)->to, EX);
	send_bytes("10.1.0.3", 500000);
	CU_ASSERT_EQUAL(b.n_found, 1);		/* once a window */
	CU_ASSERT_PTR_NOT_NULL(strstr(bench_last(&b)->detail, "from one host"));
	/* two of them, each below the limit: the permit's sum is counted elsewhere */
	bench_wait(&b, 2 * 3601 * SECOND);
	send_bytes("10.1.0.3", 60000);
	send_bytes("10.1.0.4", 60000);
	CU_ASSERT_EQUAL(b.n_found, 1);
	detect_permit_bytes(b.detect, 1, MN, EX, 120000, b.now_ns);
	CU_ASSERT_EQUAL(b.n_found, 2);
	CU_ASSERT_STRING_EQUAL(bench_last(&b)->detail, "120000 bytes in 3600 s by one permit");
	CU_ASSERT_EQUAL(bench_last(&b)->facts.src.value, 0x0a010004);
	bench_close(&b);
}

static void
what_the_kernel_counted_counts_too(void)
{
	bench_open(&b);
	b.checked->detect.bulk = bench_detector(3600, 1000000);
	for (int i = 0; i < 9; i++) {
		bench_wait(&b, SECOND);
		detect_permit_bytes(b.detect, 1, MN, EX, 100000, b.now_ns);
		/* the other way, another permit, none */
		detect_permit_bytes(b.detect, 1, EX, MN, 100000, b.now_ns);
		detect_permit_bytes(b.detect, 2, MN, EX, 100000, b.now_ns);
		detect_permit_bytes(b.detect, 0, MN, EX, 10000000, b.now_ns);
		detect_permit_bytes(b.detect, 99, MN, EX, 10000000, b.now_ns);
	}
	CU_ASSERT_EQUAL(b.n_found, 0);
	/* a new policy does not begin from nothing */
	bench_reload(&b, NULL);
	b.checked->detect.bulk = bench_detector(3600, 1000000);
	detect_permit_bytes(b.detect, 1, MN, EX, 100000, b.now_ns);
	CU_ASSERT_EQUAL_FATAL(b.n_found, 1);
	CU_ASSERT_STRING_EQUAL(
	    bench_last(&b)->detail, "1000000 bytes in 3600 s by one permit");
	CU_ASSERT_EQUAL(bench_last(&b)->facts.src.family, IP_NONE);
	CU_ASSERT_EQUAL(bench_last(&b)->permit, 1);
	/* with a packet of the flow that was seen */
	bench_wait(&b, 3 * 3600 * SECOND);
	FIRE(&b, .src = "10.1.0.3", .dst = "10.3.0.2", .sport = 4000, .dport = 443);
	detect_permit_bytes(b.detect, 1, MN, EX, 1000000, b.now_ns);
	CU_ASSERT_EQUAL_FATAL(b.n_found, 2);
	CU_ASSERT_EQUAL(bench_last(&b)->facts.src.value, 0x0a010003);
	CU_ASSERT_EQUAL(bench_last(&b)->facts.dport, 443);
	bench_close(&b);
}

/* ---- time ------------------------------------------------------------------------- */

static void
a_clock_that_steps_stops_nothing(void)
{
	bench_open(&b);
	b.checked->detect.scan_hosts = bench_detector(60, 25);
	for (unsigned int h = 1; h <= 15; h++) {
		open_to("10.1.0.4", h, 80);
		bench_wait(&b, -3600 * SECOND);		/* back, each time */
	}
	for (unsigned int h = 16; h <= 40; h++)
		open_to("10.1.0.4", h, 80);
	CU_ASSERT_EQUAL(b.n_found, 1);
	/* forward by years, then back: the next window is a window again */
	bench_wait(&b, 4000ll * 86400 * SECOND);
	open_to("10.1.0.4", 1, 80);
	bench_wait(&b, -4000ll * 86400 * SECOND);
	for (unsigned int h = 1; h <= 20; h++)
		open_to("10.1.0.4", h, 80);
	bench_wait(&b, 121 * SECOND);
	for (unsigned int h = 21; h <= 40; h++)
		open_to("10.1.0.4", h, 80);
	CU_ASSERT_EQUAL(b.n_found, 1);
	for (unsigned int h = 1; h <= 20; h++)
		open_to("10.1.0.4", h, 81);
	CU_ASSERT_EQUAL(b.n_found, 2);
	bench_wait(&b, INT64_MAX - b.now_ns);
	open_to("10.1.0.4", 1, 80);
	bench_wait(&b, INT64_MIN);
	open_to("10.1.0.4", 1, 80);
	bench_close(&b);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "many hosts are a scan", many_hosts_are_a_scan },
		{ "what looks like a scan", what_looks_like_a_scan },
		{ "many ports, many administrations",
		    many_ports_and_many_administrations },
		{ "a flood of sources is no scan", a_flood_of_sources_is_no_scan },
		{ "an even pace is a beacon", an_even_pace_is_a_beacon },
		{ "what looks like a beacon", what_looks_like_a_beacon },
		{ "much out of a permit is told", much_out_of_a_permit_is_told },
		{ "what the kernel counted counts too",
		    what_the_kernel_counted_counts_too },
		{ "a clock that steps stops nothing", a_clock_that_steps_stops_nothing },
		CU_TEST_INFO_NULL,
	};

	return unit_main("detect_behaviour", tests);
}
