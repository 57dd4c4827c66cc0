/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Openings: the checks of rules/classifier.h one by one, and the must-be-denied
 * probes of the sample city.
 */
#include "tests/unit/sample_judge.h"

#include <stdlib.h>

/* The N probes of the sample city; N09, N16 and N25 have tests of their own too. */
static const struct sample_row probes[] = {
	{ "N01", "mn0", NULL, "10.10.1.50", "10.30.250.21", TCP, 40000, 8080,
	    ZV(ZV_01_ZONE_CROSSING, "") },
	{ "N02", "in0", NULL, "10.30.1.50", "10.10.250.22", TCP, 40000, 443,
	    ZV(ZV_01_ZONE_CROSSING, "") },
	{ "N03", "mn0", NULL, "10.10.1.50", "203.0.113.2", TCP, 40000, 8080,
	    ZV(ZV_01_ZONE_CROSSING, "") },
	{ "N04", "mn0", NULL, "10.10.1.50", "8.8.8.8", UDP, 40000, 53,
	    ZV(ZV_08_INTERNET_BOUND, "") },
	{ "N04, IPv6", "mn0", NULL, "2001:db8:10::5", "2001:4860:4860::8888", UDP, 40000,
	    53, ZV(ZV_08_INTERNET_BOUND, "") },
	{ "N05", "lg0", NULL, "10.20.9.20", "10.30.250.21", TCP, 40000, 8080,
	    ZV(ZV_01_ZONE_CROSSING, "") },
	{ "N06", "in0", NULL, "10.30.250.22", "10.20.250.33", TCP, 40000, 25,
	    ZV(ZV_09_SANITISER_BYPASS, "") },
	{ "N07", "ri0", NULL, "10.40.1.4", "10.20.250.31", TCP, 40000, 445,
	    ZV(ZV_09_SANITISER_BYPASS, "") },
	{ "N08", "ri0", NULL, "10.40.1.6", "10.40.2.6", TCP, 40000, 443,
	    ZV(ZV_09_SANITISER_BYPASS, "") },
	{ "N10", "mn250", NULL, "10.10.250.99", "198.51.100.40", TCP, 40000, 443,
	    ZV(ZV_02_NOT_PERMITTED, "") },
	{ "N11", "mn250", NULL, "10.10.250.22", "198.51.100.40", TCP, 40000, 8443,
	    ZV(ZV_02_NOT_PERMITTED, "") },
	{ "N12", "xl0", NULL, "198.51.100.77", "10.10.250.26", TCP, 40000, 443,
	    ZV(ZV_02_NOT_PERMITTED, "") },
	{ "N13", "lg0", NULL, "10.20.9.20", "10.10.250.31", TCP, 40000, 445,
	    ZV(ZV_01_ZONE_CROSSING, "") },
	{ "N14", "mn0", NULL, "10.10.1.50", "10.20.250.31", TCP, 40000, 445,
	    ZV(ZV_01_ZONE_CROSSING, "") },
	{ "N15", "ma0", NULL, "203.0.113.66", "10.10.250.21", TCP, 40000, 22,
	    ZV(ZV_01_ZONE_CROSSING, "") },
	{ "N16", "ma0", NULL, "203.0.113.66", "10.50.0.13", TCP, 40000, 443,
	    ZV(ZV_02_NOT_PERMITTED, "T170") },
	{ "N17", "mn250", NULL, "10.10.250.44", "10.50.0.13", TCP, 40000, 22,
	    ZV(ZV_02_NOT_PERMITTED, "") },
	{ "N18", "mn0", NULL, "10.10.1.201", "10.200.0.16", TCP, 40000, 443,
	    ZV(ZV_02_NOT_PERMITTED, "") },
	{ "N19", "gu0", NULL, "10.90.0.5", "10.10.250.22", TCP, 40000, 443,
	    ZV(ZV_01_ZONE_CROSSING, "") },
	{ "N20", "lg0", NULL, "10.20.250.34", "203.0.113.33", TCP, 40000, 443,
	    ZV(ZV_01_ZONE_CROSSING, "T110") },
	{ "N21", "lg0", NULL, "2001:db8:20::1", "2001:db8:200::10", TCP, 40000, 443,
	    .zv = ZV_03_SPOOFED, .action = ACTION_SPOOFED_SOURCE },
	{ "N22, GRE", "mn0", NULL, "10.10.1.50", "10.20.9.20", IPPROTO_GRE, 0, 0,
	    NO_PORTS, .zv = ZV_01_ZONE_CROSSING, .action = ACTION_TUNNEL },
	{ "N22, ESP", "mn0", NULL, "10.10.1.50", "10.20.9.20", IPPROTO_ESP, 0, 0,
	    NO_PORTS, .zv = ZV_01_ZONE_CROSSING, .action = ACTION_TUNNEL },
	{ "N22, IPIP", "mn0", NULL, "10.10.1.50", "10.20.9.20", IPPROTO_IPIP, 0, 0,
	    NO_PORTS, .zv = ZV_01_ZONE_CROSSING, .action = ACTION_TUNNEL },
	{ "N22, ICMP", "mn0", NULL, "10.10.1.50", "10.20.9.20", ICMP, TYPE(8, 0), 0,
	    ZV(ZV_01_ZONE_CROSSING, "") },
	{ "N23", "lg0", NULL, "10.10.1.50", "10.200.0.16", TCP, 40000, 443,
	    .zv = ZV_03_SPOOFED, .action = ACTION_SPOOFED_SOURCE },
	{ "N24, fragment", "mn0", NULL, "10.10.1.50", "10.20.9.20", TCP, 0, 0,
	    FACT_FRAGMENT_LATER | NO_PORTS, ZV(ZV_01_ZONE_CROSSING, "") },
	{ "N24, no SYN", "mn0", NULL, "10.10.1.50", "10.20.9.20", TCP, 40000, 445,
	    .tcp_flags = ACK, ZV(ZV_01_ZONE_CROSSING, "") },
	{ "N25", "mn250", NULL, "10.10.250.24", "198.51.100.43", TCP, 40000, 443,
	    ZV(ZV_02_NOT_PERMITTED, "T015") },
};

static void
probes_of_the_sample_city_are_denied(void)
{
	sample_run(probes, COUNT(probes), false);
}

static const struct sample_row openings[] = {
	{ "exact tuple", "mn250", NULL, "10.10.250.22", "198.51.100.40", TCP, 40000, 443,
	    PERMIT("T010") },
	{ "out given", "mn250", "xl0", "10.10.250.22", "198.51.100.40", TCP, 40000, 443,
	    PERMIT("T010") },
	{ "range", "mn0", NULL, "10.10.1.50", "10.200.0.31", TCP, 40000, 443,
	    PERMIT("T030") },
	{ "one behind the range", "mn0", NULL, "10.10.1.50", "10.200.0.32", TCP, 40000,
	    443, ZV(ZV_02_NOT_PERMITTED, "") },
	{ "one port beside", "mn0", NULL, "10.10.1.50", "10.200.0.31", TCP, 40000, 444,
	    ZV(ZV_02_NOT_PERMITTED, "") },
	{ "same text, IPv6", "mn0", NULL, "2001:db8:10:1::7", "2001:db8:200::10", TCP,
	    40000, 443, PERMIT("T030") },
	{ "UDP", "mn0", NULL, "10.10.1.50", "10.200.0.16", UDP, 123, 123,
	    PERMIT("T030") },
	{ "other protocol, same port", "mn0", NULL, "10.10.1.50", "10.200.0.16", UDP, 123,
	    443, ZV(ZV_02_NOT_PERMITTED, "") },
	{ "first of two permits", "mg0", NULL, "10.50.0.13", "10.200.0.16", TCP, 40000,
	    443, PERMIT("T190") },
	{ "any protocol", "mg0", NULL, "10.50.0.13", "10.200.0.9", 253, 0, 0, NO_PORTS,
	    PERMIT("T190") },
	{ "SYN with ECN bits", "mn250", NULL, "10.10.250.22", "198.51.100.40", TCP, 40000,
	    443, .tcp_flags = SYN | 0xc0, PERMIT("T010") },
	{ "SYN ACK", "mn250", NULL, "10.10.250.22", "198.51.100.40", TCP, 40000, 443,
	    .tcp_flags = SYN | ACK, ZV(ZV_02_NOT_PERMITTED, "") },
	{ "SYN FIN", "mn250", NULL, "10.10.250.22", "198.51.100.40", TCP, 40000, 443,
	    .tcp_flags = SYN | TCP_FLAG_FIN, ZV(ZV_02_NOT_PERMITTED, "") },
	{ "SYN RST", "mn250", NULL, "10.10.250.22", "198.51.100.40", TCP, 40000, 443,
	    .tcp_flags = SYN | TCP_FLAG_RST, ZV(ZV_02_NOT_PERMITTED, "") },
	{ "FIN", "mn250", NULL, "10.10.250.22", "198.51.100.40", TCP, 40000, 443,
	    .tcp_flags = TCP_FLAG_FIN, ZV(ZV_02_NOT_PERMITTED, "") },
	{ "echo request", "mn0", NULL, "10.10.1.50", "10.200.0.16", ICMP, TYPE(8, 0), 0,
	    PERMIT("T030") },
	{ "echo request, code 1", "mn0", NULL, "10.10.1.50", "10.200.0.16", ICMP,
	    TYPE(8, 1), 0, ZV(ZV_02_NOT_PERMITTED, "") },
	{ "echo request, IPv6", "mn0", NULL, "2001:db8:10:1::7", "2001:db8:200::10",
	    ICMP6, TYPE(128, 0), 0, PERMIT("T030") },
	{ "an error never opens", "mn0", NULL, "10.10.1.50", "10.200.0.16", ICMP,
	    TYPE(3, 1), 0, ZV(ZV_02_NOT_PERMITTED, "") },
	{ "a reply never opens", "mn0", NULL, "10.10.1.50", "10.200.0.16", ICMP,
	    TYPE(0, 0), 0, ZV(ZV_02_NOT_PERMITTED, "") },
	{ "ICMPv6 in IPv4", "mg0", NULL, "10.50.0.13", "10.200.0.9", ICMP6, TYPE(128, 0),
	    0, ZV(ZV_02_NOT_PERMITTED, "") },
	{ "first fragment", "mn0", NULL, "10.10.1.50", "10.200.0.16", UDP, 123, 123,
	    FACT_FRAGMENT_FIRST, PERMIT("T030") },
	{ "later fragment", "mn0", NULL, "10.10.1.50", "10.200.0.16", UDP, 0, 0,
	    FACT_FRAGMENT_LATER | NO_PORTS, ZV(ZV_02_NOT_PERMITTED, "") },
	{ "later fragment, any protocol", "mg0", NULL, "10.50.0.13", "10.200.0.9", UDP, 0,
	    0, FACT_FRAGMENT_LATER | NO_PORTS, PERMIT("T190") },
	{ "to the gateway", "mg0", "self", "10.50.0.12", "10.50.0.1", TCP, 40000, 443,
	    PERMIT("T180") },
	{ "to its written address", "mg0", NULL, "10.50.0.12", "10.10.0.1", TCP, 40000,
	    443, PERMIT("T180") },
	{ "to the gateway, not listed", "mg0", "self", "10.50.0.11", "10.50.0.1", TCP,
	    40000, 443, ZV(ZV_02_NOT_PERMITTED, "") },
	{ "to the gateway, never listed", "in0", "self", "10.30.0.9", "10.30.0.1", TCP,
	    40000, 22, ZV(ZV_02_NOT_PERMITTED, "") },
	{ "from the gateway", "self", NULL, "10.10.0.1", "10.50.0.12", TCP, 40000, 6514,
	    PERMIT("T181") },
	{ "from the gateway, not its address", "self", NULL, "10.10.0.2", "10.50.0.12",
	    TCP, 40000, 6514, SPOOFED },
};

static void
openings_follow_the_permits(void)
{
	sample_run(openings, COUNT(openings), false);
}

static const struct sample_row local[] = {
	{ "ARP", "mn0", NULL, "10.10.1.50", "10.10.1.51", 0, 0, 0, FACT_ARP | NO_PORTS,
	    LOCAL },
	{ "ARP of nobody", "mn0", NULL, "0.0.0.0", "10.10.1.51", 0, 0, 0,
	    FACT_ARP | NO_PORTS, LOCAL },
	{ "ARP that crosses", "mn0", "lg0", "10.10.1.50", "10.20.1.51", 0, 0, 0,
	    FACT_ARP | NO_PORTS, ZV(ZV_01_ZONE_CROSSING, "") },
	{ "DHCP discover", "mn0", NULL, "0.0.0.0", "255.255.255.255", UDP, 68, 67,
	    .flags = FACT_GROUP_MAC, LOCAL },
	{ "multicast", "mn0", NULL, "10.10.1.50", "224.0.0.251", UDP, 5353, 5353,
	    LOCAL },
	{ "multicast that crosses", "mn0", "in0", "10.10.1.50", "224.0.0.251", UDP, 5353,
	    5353, ZV(ZV_01_ZONE_CROSSING, "") },
	{ "group MAC", "mn0", NULL, "10.10.1.50", "10.30.1.1", UDP, 1, 2,
	    .flags = FACT_GROUP_MAC, LOCAL },
	{ "group MAC that crosses", "mn0", "in0", "10.10.1.50", "10.30.1.1", UDP, 1, 2,
	    .flags = FACT_GROUP_MAC, ZV(ZV_01_ZONE_CROSSING, "") },
	{ "directed broadcast", "mn0", NULL, "10.10.1.50", "10.10.15.255", UDP, 138, 138,
	    LOCAL },
	{ "directed broadcast of another", "mn0", NULL, "10.10.1.50", "10.20.255.255",
	    UDP, 138, 138, ZV(ZV_02_NOT_PERMITTED, "") },
	{ "neighbour of this segment", "mn0", NULL, "10.10.1.50", "10.10.1.51", TCP, 1, 2,
	    LOCAL },
	{ "the same, forwarded", "mn0", "mn0", "10.10.1.50", "10.10.1.51", TCP, 1, 2,
	    ZV(ZV_02_NOT_PERMITTED, "") },
	{ "segments of one zone", "mn0", NULL, "10.10.1.50", "10.10.250.21", TCP, 1, 2,
	    ZV(ZV_02_NOT_PERMITTED, "") },
	{ "link-local", "mn0", NULL, "fe80::1", "fe80::2", UDP, 1, 2, LOCAL },
	{ "link-local to the gateway", "mn0", "self", "fe80::1", "fe80::2", UDP, 1, 2,
	    ZV(ZV_02_NOT_PERMITTED, "") },
	{ "gateway to itself", "self", NULL, "10.10.0.1", "10.10.0.1", UDP, 1, 2,
	    LOCAL },
	{ "source broadcast", "mn0", NULL, "10.10.15.255", "10.200.0.16", TCP, 1, 443,
	    SPOOFED },
	{ "source all ones", "mn0", NULL, "255.255.255.255", "10.200.0.16", TCP, 1, 443,
	    SPOOFED },
	{ "source multicast", "mn0", NULL, "224.0.0.1", "10.200.0.16", TCP, 1, 443,
	    SPOOFED },
	{ "source loopback", "mn0", NULL, "127.0.0.1", "10.200.0.16", TCP, 1, 443,
	    SPOOFED },
	{ "source link-local", "mn0", NULL, "169.254.1.1", "10.200.0.16", TCP, 1, 443,
	    SPOOFED },
	{ "source of the gateway", "mn0", NULL, "10.10.0.1", "10.200.0.16", TCP, 1, 443,
	    SPOOFED },
	{ "interface of nobody", "none", NULL, "10.10.1.50", "10.200.0.16", TCP, 1, 443,
	    SPOOFED },
	{ "destination class E", "mn0", NULL, "10.10.1.50", "240.0.0.1", TCP, 1, 443,
	    ZV(ZV_02_NOT_PERMITTED, "") },
	{ "leaves by the wrong side", "mn0", "in0", "10.10.1.50", "10.200.0.16", TCP, 1,
	    443, ZV(ZV_01_ZONE_CROSSING, "") },
	{ "private address of nobody", "mn0", NULL, "10.10.1.50", "172.16.0.1", TCP, 1,
	    443, ZV(ZV_02_NOT_PERMITTED, "") },
	{ "relay to nowhere", "ri0", NULL, "10.40.1.4", "8.8.8.8", TCP, 1, 443,
	    ZV(ZV_09_SANITISER_BYPASS, "") },
	{ "options", "mn250", NULL, "10.10.250.22", "198.51.100.40", TCP, 1, 443,
	    .flags = FACT_IP_OPTIONS, UNREADABLE },
	{ "extension", "mn0", NULL, "2001:db8:10:1::7", "2001:db8:200::10", TCP, 1, 443,
	    .flags = FACT_EXTENSION, UNREADABLE },
	{ "relay, listed peer, other port", "ri0", NULL, "10.40.1.4", "10.30.250.22", TCP,
	    1, 26, ZV(ZV_02_NOT_PERMITTED, "") },
};

static void
what_no_permit_is_asked_about(void)
{
	sample_run(local, COUNT(local), false);
}

/* From a closed zone: who may be asked for names and the time, and is not permitted. */
static const struct sample_row questions[] = {
	{ "DNS of the internet zone", "mn0", NULL, "10.10.1.50", "10.30.250.12", UDP,
	    40000, 53, ZV(ZV_08_INTERNET_BOUND, "") },
	{ "TCP too", "lg0", NULL, "10.20.9.20", "10.30.250.12", TCP, 40000, 53,
	    ZV(ZV_08_INTERNET_BOUND, "") },
	{ "DNS over TLS", "lg0", NULL, "10.20.9.20", "203.0.113.9", TCP, 40000, 853,
	    ZV(ZV_08_INTERNET_BOUND, "") },
	{ "DNS over QUIC", "lg0", NULL, "10.20.9.20", "203.0.113.9", UDP, 40000, 853,
	    ZV(ZV_08_INTERNET_BOUND, "") },
	{ "a private address of nobody", "mn0", NULL, "10.10.1.50", "172.16.0.1", UDP,
	    40000, 53, ZV(ZV_08_INTERNET_BOUND, "") },
	{ "NTP to outside", "mn0", NULL, "10.10.1.50", "203.0.113.5", UDP, 123, 123,
	    ZV(ZV_08_INTERNET_BOUND, "") },
	{ "a pair that has permits", "mn0", NULL, "10.10.1.50", "198.51.100.99", UDP,
	    40000, 53, ZV(ZV_08_INTERNET_BOUND, "") },
	{ "NTP asks no name server", "mn0", NULL, "10.10.1.50", "198.51.100.10", UDP, 123,
	    123, ZV(ZV_08_INTERNET_BOUND, "") },
	/* What looks alike. */
	{ "NTP by TCP does not exist", "mn0", NULL, "10.10.1.50", "203.0.113.5", TCP,
	    40000, 123, ZV(ZV_01_ZONE_CROSSING, "") },
	{ "multicast DNS", "lg0", NULL, "10.20.9.20", "10.30.250.12", UDP, 5353, 5353,
	    ZV(ZV_01_ZONE_CROSSING, "") },
	{ "HTTPS may be DNS, or not", "lg0", NULL, "10.20.9.20", "203.0.113.33", TCP,
	    40000, 443, ZV(ZV_01_ZONE_CROSSING, "") },
	{ "HTTPS to nobody's address", "lg0", NULL, "10.20.9.20", "8.8.8.8", TCP, 40000,
	    443, ZV(ZV_08_INTERNET_BOUND, "") },
	{ "a host with the role dns", "mn0", NULL, "10.10.1.50", "198.51.100.10", UDP,
	    40000, 53, ZV(ZV_02_NOT_PERMITTED, "") },
	{ "a host with the role ntp", "lg0", NULL, "10.20.9.20", "10.50.0.15", UDP, 123,
	    123, ZV(ZV_01_ZONE_CROSSING, "") },
	{ "its own zone", "mn0", NULL, "10.10.1.50", "10.10.250.11", UDP, 40000, 53,
	    ZV(ZV_02_NOT_PERMITTED, "") },
	{ "the gateway", "mn0", "self", "10.10.1.50", "10.10.0.1", UDP, 40000, 53,
	    ZV(ZV_02_NOT_PERMITTED, "") },
	{ "permitted", "mn0", NULL, "10.10.1.50", "10.200.0.16", UDP, 123, 123,
	    PERMIT("T030") },
	{ "a zone that is not closed", "mg0", NULL, "10.50.0.13", "203.0.113.5", UDP,
	    40000, 53, ZV(ZV_01_ZONE_CROSSING, "") },
	{ "from a relay", "ri0", NULL, "10.40.1.4", "203.0.113.5", UDP, 40000, 53,
	    ZV(ZV_09_SANITISER_BYPASS, "") },
	{ "class E", "mn0", NULL, "10.10.1.50", "240.0.0.1", UDP, 40000, 53,
	    ZV(ZV_02_NOT_PERMITTED, "") },
	{ "an answer too late", "mn0", NULL, "10.10.1.50", "10.50.0.12", UDP, 53, 40000,
	    ZV(ZV_02_NOT_PERMITTED, "") },
};

static void
names_and_time_asked_outside_are_towards_the_internet(void)
{
	sample_run(questions, COUNT(questions), false);
	sample_run(questions, COUNT(questions), true);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "probes of the sample city are denied",
		    probes_of_the_sample_city_are_denied },
		{ "openings follow the permits", openings_follow_the_permits },
		{ "what no permit is asked about", what_no_permit_is_asked_about },
		{ "names and time asked outside are towards the internet",
		    names_and_time_asked_outside_are_towards_the_internet },
		CU_TEST_INFO_NULL,
	};
	int failed = sample_make();

	if (failed == EXIT_SUCCESS)
		failed = unit_main("classifier", tests);
	sample_free();
	return failed;
}
