/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/detect_bench.h"

#include "rules/policy_parse.h"

#include <net/ethernet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START 1763700000

static const char text[] =
    "schema = 1; site = { name = \"s\"; gateway = \"g\"; };"
    "zones = ("
    " { name = \"mn\"; class = \"mynumber\"; segments = ("
    "  { interface = \"mn0\"; networks = [ \"10.1.0.0/24\", \"2001:db8:1::/64\" ];"
    "    gateway = [ \"10.1.0.1\", \"2001:db8:1::1\" ]; },"
    "  { interface = \"mn1\"; networks = [ \"10.11.0.0/24\" ]; } ); },"
    " { name = \"lg\"; class = \"lgwan\"; segments = ("
    "  { interface = \"lg0\"; networks = [ \"10.2.0.0/24\", \"2001:db8:2::/64\" ];"
    "    gateway = [ \"10.2.0.1\", \"2001:db8:2::1\" ]; } ); },"
    " { name = \"ex\"; class = \"external\"; segments = ("
    "  { interface = \"ex0\"; networks = [ \"10.3.0.0/24\", \"2001:db8:3::/64\","
    "     \"8.0.0.0/8\" ];"
    "    gateway = [ \"10.3.0.1\" ]; } ); },"
    " { name = \"up\"; class = \"internet\"; segments = ("
    "  { interface = \"up0\"; networks = [ \"0.0.0.0/0\", \"::/0\" ]; } ); } );"
    "hosts = ("
    " { name = \"pc\"; zone = \"mn\"; addresses = [ \"10.1.0.2\" ];"
    "   mac = \"02:00:00:00:01:02\"; },"
    " { name = \"lgpc\"; zone = \"lg\"; addresses = [ \"10.2.0.2\" ];"
    "   mac = \"02:00:00:00:02:02\"; },"
    " { name = \"both1\"; zone = \"mn\"; addresses = [ \"10.1.0.9\" ];"
    "   mac = \"02:00:00:00:09:09\"; },"
    " { name = \"both2\"; zone = \"lg\"; addresses = [ \"10.2.0.9\" ];"
    "   mac = \"02:00:00:00:09:09\"; },"
    " { name = \"rt\"; zone = \"mn\"; addresses = [ \"10.1.0.250\" ];"
    "   mac = \"02:00:00:00:01:fa\"; roles = [ \"router\" ]; },"
    " { name = \"dh\"; zone = \"mn\"; addresses = [ \"10.1.0.67\", \"2001:db8:1::67\" ];"
    "   mac = \"02:00:00:00:01:67\"; roles = [ \"dhcp\" ]; },"
    " { name = \"mon\"; zone = \"mn\"; addresses = [ \"10.1.0.53\" ];"
    "   roles = [ \"monitor\", \"backup\" ]; },"
    " { name = \"ns\"; zone = \"ex\"; addresses = [ \"10.3.0.53\" ]; roles = [ \"dns\" "
    "]; },"
    " { name = \"tick\"; zone = \"ex\"; addresses = [ \"10.3.0.123\" ];"
    "   roles = [ \"ntp\" ]; },"
    " { name = \"all-mn\"; zone = \"mn\"; addresses = [ \"10.1.0.0/24\","
    "   \"2001:db8:1::/64\" ]; },"
    " { name = \"all-lg\"; zone = \"lg\"; addresses = [ \"10.2.0.0/24\" ]; },"
    " { name = \"all-ex\"; zone = \"ex\"; addresses = [ \"10.3.0.0/24\" ]; },"
    " { name = \"net\"; zone = \"ex\"; addresses = [ \"8.0.0.0/8\" ]; } );"
    "services = ( { name = \"web\"; protocol = \"tcp\"; ports = [ \"443\", \"853\" ]; },"
    " { name = \"many\"; protocol = \"tcp\"; ports = [ \"20000-20999\" ]; },"
    " { name = \"names\"; protocol = \"udp\"; ports = [ \"53\", \"123\" ]; } );"
    "permits = ("
    " { id = \"T1\"; from = [ \"all-mn\" ]; to = [ \"all-ex\" ];"
    "   services = [ \"web\", \"many\", \"names\" ];"
    "   purpose = \"p\"; request = \"r\"; approved_by = \"o\"; },"
    " { id = \"T2\"; from = [ \"all-lg\" ]; to = [ \"net\" ]; services = [ \"web\" ];"
    "   purpose = \"p\"; request = \"r\"; approved_by = \"o\"; } );";

static void
keep(void *arg, const struct detection *d)
{
	struct bench *b = arg;
	struct bench_finding *f = &b->found[b->n_found % BENCH_FINDINGS];

	f->facts = *d->facts;
	f->zv = d->zv;
	f->action = d->action;
	f->severity = d->severity;
	f->from = d->from;
	f->to = d->to;
	f->permit = d->permit;
	snprintf(f->detail, sizeof(f->detail), "%s", d->detail);
	b->n_found++;
}

static struct checked *
make_checked(void)
{
	struct diag *diag = diag_new();
	struct policy *policy = policy_parse_text(text, sizeof(text) - 1, "bench", diag);
	struct checked *c = NULL;

	if (policy != NULL)
		c = checked_new(policy, START, diag);
	for (size_t i = 0; c == NULL && i < diag_kept(diag); i++)
		fprintf(stderr, "%s\n", diag_at(diag, i)->text[MESSAGE_ENGLISH]);
	diag_free(diag);
	if (c == NULL)
		abort();
	/* off, but for what a test turns on */
	memset(&c->detect, 0, sizeof(c->detect));
	return c;
}

void
bench_open(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	b->checked = make_checked();
	b->classifier = classifier_new(b->checked);
	b->detect = detect_new(keep, b);
	if (b->classifier == NULL || b->detect == NULL)
		abort();
	for (int i = 0; i < BENCH_SEGMENTS; i++)
		memcpy(b->own[i].mac, (uint8_t[]){ 2, 0xaa, 0, 0, 0, (uint8_t)i }, 6);
	detect_set_policy(b->detect, b->checked, b->classifier, b->own);
	b->now_ns = START * SECOND;
}

void
bench_close(struct bench *b)
{
	detect_free(b->detect);
	classifier_free(b->classifier);
	checked_free(b->checked);
}

void
bench_reload(struct bench *b, void (*change)(struct checked *c))
{
	struct checked *old_checked = b->checked;
	struct classifier *old_classifier = b->classifier;

	b->checked = make_checked();
	if (change != NULL)
		change(b->checked);
	b->classifier = classifier_new(b->checked);
	if (b->classifier == NULL)
		abort();
	detect_set_policy(b->detect, b->checked, b->classifier, b->own);
	classifier_free(old_classifier);
	checked_free(old_checked);
}

static void
read_mac(const char *mac, uint8_t out[6])
{
	unsigned int m[6];

	if (sscanf(mac, "%x:%x:%x:%x:%x:%x", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]) !=
	    6)
		abort();
	for (int i = 0; i < 6; i++)
		out[i] = (uint8_t)m[i];
}

static void
make_facts(const struct shot *s, struct facts *f)
{
	memset(f, 0, sizeof(*f));
	f->flags = (uint16_t)s->flags;
	if (s->mac != NULL) {
		read_mac(s->mac, f->src_mac);
		f->flags |= FACT_HAS_MAC;
	}
	f->length = s->length != 0 ? s->length : 54 + (uint32_t)s->size;
	f->hop_limit = s->hop_limit != 0 ? (uint8_t)s->hop_limit : 64;
	if (s->src == NULL) {
		f->ethertype = (uint16_t)s->ethertype;
		f->unreadable = UNREADABLE_ETHERTYPE;
		return;
	}
	if (address_parse(s->src, &f->src) != ADDRESS_OK ||
	    address_parse(s->dst, &f->dst) != ADDRESS_OK)
		abort();
	f->ethertype = f->src.family == IP_V6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP;
	if (s->flags & FACT_ARP) {
		f->ethertype = ETHERTYPE_ARP;
		return;
	}
	f->protocol = f->first_header = s->protocol != 0 ? (uint8_t)s->protocol :
	    IPPROTO_TCP;
	if (f->protocol == IPPROTO_TCP)
		f->tcp_flags = s->tcp_flags != 0 ? s->tcp_flags & 0x3fu : TCP_FLAG_SYN;
	f->flags |= FACT_HAS_PORTS;
	f->sport = (uint16_t)s->sport;
	f->dport = (uint16_t)s->dport;
}

void
bench_fire(struct bench *b, const struct shot *s)
{
	const struct watch_seen seen = {
		s->leaving ? WITNESS_TAP_EGRESS : WITNESS_TAP_INGRESS, s->in,
		s->leaving ? s->out : SEGMENT_NONE, "", WATCH_TAG_UNKNOWN,
	};
	struct facts f;
	struct judgement j;
	struct detect_packet p = { .facts = &f, .seen = &seen, .judgement = &j,
	    .payload = { s->payload, (uint32_t)s->size, (uint32_t)s->size } };

	make_facts(s, &f);
	watch_judge(b->classifier, &f, &seen, b->now_ns / SECOND, &j);
	p.time_ns = b->now_ns;
	detect_packet(b->detect, &p);
}

void
bench_wait(struct bench *b, int64_t ns)
{
	b->now_ns += ns;
}

size_t
bench_count(const struct bench *b, uint8_t zv)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n_found && i < BENCH_FINDINGS; i++)
		n += b->found[i].zv == zv;
	return n;
}

const struct bench_finding *
bench_last(const struct bench *b)
{
	CU_ASSERT_NOT_EQUAL_FATAL(b->n_found, 0);
	return &b->found[(b->n_found - 1) % BENCH_FINDINGS];
}

void
bench_forget(struct bench *b)
{
	b->n_found = 0;
}

struct checked_detector
bench_detector(uint32_t seconds, uint64_t limit)
{
	return (struct checked_detector){ .on = true, .severity = 3, .seconds = seconds,
	    .limit = limit };
}
