/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any frame of any link type: never a read outside it, and facts that keep the
 * promises which the judge and the recorder rely on. First byte: the link type;
 * second: how much longer than captured the packet claims to be.
 */
#include "agent/record/event_check.h"
#include "agent/watch/decode.h"

#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_facts(const struct facts *f)
{
	bool has_ports = (f->flags & FACT_HAS_PORTS) != 0;

	must(f->unreadable < UNREADABLE_COUNT);
	must(f->vlan[0] <= 4096 && f->vlan[1] <= 4096);
	must(f->vlan[1] == 0 || f->vlan[0] != 0);
	must(f->src.family == f->dst.family);
	must(f->src.family != IP_V4 || (f->src.value >> 32) == 0);
	must(f->src.family != IP_NONE || (!has_ports && f->protocol == 0));
	must(!(f->flags & FACT_FRAGMENT_LATER) || !has_ports);
	must(!(f->flags & FACT_FRAGMENT_LATER) || !(f->flags & FACT_FRAGMENT_FIRST));
	must(has_ports || (f->sport == 0 && f->dport == 0 && f->tcp_flags == 0));
	must(!(f->flags & FACT_ROUTING_HEADER) || (f->flags & FACT_EXTENSION));
}

/* What is decoded must be a record that the recorder takes. */
static void
check_event(const struct facts *f)
{
	struct event e, out;
	const char *why;

	memset(&e, 0, sizeof(e));
	e.kind = EVENT_VIOLATION;
	e.zv = ZV_02_NOT_PERMITTED;
	e.count = 1;
	e.facts = *f;
	must(event_check(&e, sizeof(e), false, &out, &why) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int links[] = { DLT_EN10MB, DLT_RAW, DLT_IPV4, DLT_IPV6, DLT_NULL,
	    DLT_LOOP, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_IEEE802_11 };
	struct facts f, again;
	uint32_t captured, length;
	int link;

	if (size < 2)
		return 0;
	link = links[data[0] % (sizeof(links) / sizeof(links[0]))];
	captured = (uint32_t)(size - 2);
	length = captured + data[1] * 1000u;
	decode_frame(link, data + 2, captured, length, &f, NULL);
	check_facts(&f);
	check_event(&f);
	must(f.length == length);
	decode_frame(link, data + 2, captured, length, &again, NULL);
	must(memcmp(&f.flags, &again.flags, sizeof(f.flags)) == 0 &&
	    f.sport == again.sport);

	decode_packet(data + 2, captured, DECODE_LENGTH_UNKNOWN, &f, NULL);
	check_facts(&f);
	return 0;
}
