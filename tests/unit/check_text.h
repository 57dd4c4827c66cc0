/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies for the tests of the check, and of what is built on it. */
#ifndef TESTS_UNIT_CHECK_TEXT_H
#define TESTS_UNIT_CHECK_TEXT_H

#include "rules/checked.h"

#define NOW 1795220000		/* 2026-11-21 */

/* The checked policy of a text that has no errors; else the test ends here. */
struct checked *check_text(const char *text);

/* Zones a, b and c, one of two segments; hosts; the rest is each test's. */
#define BASE \
    "schema = 1; site = { name = \"x\"; model = \"custom\"; };\n" \
    "zones = (\n" \
    " { name = \"a\"; segments = (\n" \
    "   { interface = \"a0\"; networks = [ \"10.1.0.0/24\", \"2001:db8:1::/64\" ];\n" \
    "     gateway = [ \"10.1.0.1\", \"2001:db8:1::1\" ]; },\n" \
    "   { interface = \"a1\"; networks = [ \"10.1.1.0/24\" ]; } ); },\n" \
    " { name = \"b\"; label = \"庁内\"; class = \"lgwan\"; segments = (\n" \
    "   { interface = \"b0\"; networks = [ \"10.2.0.0/24\", \"2001:db8:2::/64\" ]; } ); },\n" \
    " { name = \"c\"; segments = ( { interface = \"c0\"; networks = [ \"10.3.0.0/24\" ]; } ); }\n" \
    ");\n" \
    "hosts = (\n" \
    " { name = \"a5\"; zone = \"a\"; addresses = [ \"10.1.0.5\" ]; mac = \"00:00:5E:00:53:05\"; },\n" \
    " { name = \"a6\"; zone = \"a\"; addresses = [ \"10.1.0.6\", \"2001:db8:1::6\" ]; },\n" \
    " { name = \"a-few\"; zone = \"a\"; addresses = [ \"10.1.0.4-10.1.0.9\" ]; },\n" \
    " { name = \"a-both\"; zone = \"a\"; addresses = [ \"10.1.0.250-10.1.1.9\" ]; },\n" \
    " { name = \"b7\"; zone = \"b\"; addresses = [ \"10.2.0.7\", \"2001:db8:2::7\" ];\n" \
    "   roles = [ \"renkei\", \"proxy\" ]; },\n" \
    " { name = \"b-line\"; zone = \"b\"; addresses = [ \"10.2.0.64/30\" ];\n" \
    "   mac = \"00-00-5e-00-53-07\"; }\n" \
    ");\n"

#define SERVICES \
    "services = ( { name = \"web\"; protocol = \"tcp\"; ports = [ \"443\" ]; },\n" \
    " { name = \"ping\"; protocol = \"icmp\"; types = [ \"echo-request\" ]; },\n" \
    " { name = \"ping6\"; protocol = \"icmpv6\"; types = [ \"echo-request\" ]; } );\n"

#define PERMIT(from, to, services) \
    "permits = ( { id = \"T1\"; from = " from "; to = " to "; services = " services ";\n" \
    "  purpose = \"p\"; } );\n"

#endif /* TESTS_UNIT_CHECK_TEXT_H */
