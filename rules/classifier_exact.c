/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One open-addressed table of 16-byte slots per family, never more than half
 * full, so that a judgement costs one cache line. Equal keys stand behind each
 * other in the order of the file. IPv6 addresses are first given a 32-bit name.
 *
 * Questions without a port (later fragments, listed peers) are rare: a second
 * table leads from two addresses to the chain of all boxes between them.
 */
#include "rules/classifier_exact.h"
#include "rules/hash_slots.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

/* What a key says of the service, in its bits 24 to 31. Bits 16 to 23: protocol. */
enum exact_form {
	EXACT_NONE = 0,
	EXACT_PORT,		/* destination port */
	EXACT_ALL_PORTS,
	EXACT_ICMP,		/* type and code */
	EXACT_ICMP_TYPE,	/* type, with any code */
	EXACT_PROTOCOL,
	EXACT_FORM_COUNT
};

/* The permit is in force whatever the time: its dates need not be looked at. */
#define VALUE_ALWAYS	0x80000000u

struct slot {
	uint32_t src, dst, service;
	uint32_t value;		/* permit + 1, or box + 1; 0: empty */
};

struct table {
	struct slot *slots;
	size_t mask;
};

/* The name of an IPv6 address: index + 1 of its slot. */
struct name_slot {
	ip_value address;
	bool used;
};

struct names {
	struct name_slot *slots;
	size_t mask;
};

struct exact_index {
	const struct checked *checked;
	struct table services[2];	/* IPv4, IPv6 */
	struct table hosts[2];		/* to the first box of the chain */
	struct names names;
	uint32_t *next;			/* by box: next box + 1 of its chain */
	bool forms[EXACT_FORM_COUNT];	/* at least one box has this form */
};

/* ---- hashing --------------------------------------------------------------- */

/* Finaliser of splitmix64 (Steele, Lea, Flood 2014): mixes all bits into all. */
static uint64_t
mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static size_t
hash_key(uint32_t src, uint32_t dst, uint32_t service)
{
	uint64_t pair = (uint64_t)src << 32 | dst;

	return (size_t)mix(pair + service * UINT64_C(0x9e3779b97f4a7c15));
}

static size_t
hash_address(ip_value a)
{
	return (size_t)mix((uint64_t)a ^ mix((uint64_t)(a >> 64)));
}

static int
table_init(struct table *t, size_t n)
{
	size_t size = hash_slots(n);

	t->slots = calloc(size, sizeof(t->slots[0]));
	t->mask = size - 1;
	return t->slots != NULL ? 0 : -ENOMEM;
}

static void
table_add(struct table *t, const struct slot *s)
{
	size_t i = hash_key(s->src, s->dst, s->service) & t->mask;

	while (t->slots[i].value != 0)
		i = (i + 1) & t->mask;
	t->slots[i] = *s;
}

/* The first slot of that key, or NULL. */
static struct slot *
table_find(const struct table *t, uint32_t src, uint32_t dst, uint32_t service)
{
	size_t i = hash_key(src, dst, service) & t->mask;

	for (; t->slots[i].value != 0; i = (i + 1) & t->mask) {
		struct slot *s = &t->slots[i];

		if (s->src == src && s->dst == dst && s->service == service)
			return s;
	}
	return NULL;
}

/* The next one of the same key, or NULL. */
static const struct slot *
table_next(const struct table *t, const struct slot *s)
{
	size_t i = ((size_t)(s - t->slots) + 1) & t->mask;

	for (; t->slots[i].value != 0; i = (i + 1) & t->mask) {
		const struct slot *o = &t->slots[i];

		if (o->src == s->src && o->dst == s->dst && o->service == s->service)
			return o;
	}
	return NULL;
}

/* The slot of an address, or the empty one where it belongs. */
static size_t
names_seek(const struct names *n, ip_value a)
{
	size_t i = hash_address(a) & n->mask;

	while (n->slots[i].used && n->slots[i].address != a)
		i = (i + 1) & n->mask;
	return i;
}

/* ---- building -------------------------------------------------------------- */

static bool
is_icmp(uint8_t protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

static bool
all_ports(uint16_t first, uint16_t last)
{
	return first == 0 && last == 65535;
}

static uint32_t
service_key(enum exact_form form, uint8_t protocol, uint16_t value)
{
	return (uint32_t)form << 24 | (uint32_t)protocol << 16 | value;
}

/* The key of a service that is exact; 0 when it is not. */
static uint32_t
key_of_service(const struct service_match *s)
{
	if (s->protocol_any)
		return 0;
	switch (s->form) {
	case SERVICE_PROTOCOL:
		return service_key(EXACT_PROTOCOL, s->protocol, 0);
	case SERVICE_PORTS:
		if (!all_ports(s->sport_first, s->sport_last) || is_icmp(s->protocol))
			return 0;
		if (all_ports(s->dport_first, s->dport_last))
			return service_key(EXACT_ALL_PORTS, s->protocol, 0);
		return s->dport_first == s->dport_last ?
		    service_key(EXACT_PORT, s->protocol, s->dport_first) : 0;
	case SERVICE_ICMP:
		if (!is_icmp(s->protocol))
			return 0;
		if (s->sport_first == s->sport_last)
			return service_key(EXACT_ICMP, s->protocol, s->sport_first);
		return (s->sport_first & 0xff) == 0 &&
			       s->sport_last == s->sport_first + 0xff
			   ? service_key(EXACT_ICMP_TYPE, s->protocol, s->sport_first)
			   : 0;
	}
	return 0;
}

bool
exact_takes(const struct box *b)
{
	return b->in != SEGMENT_SELF && b->out != SEGMENT_SELF &&
	    b->src.first == b->src.last && b->dst.first == b->dst.last &&
	    (b->service.family == IP_NONE || b->service.family == b->src.family) &&
	    key_of_service(&b->service) != 0;
}

static uint32_t
name_address(struct exact_index *x, enum ip_family family, ip_value a)
{
	size_t i;

	if (family == IP_V4)
		return (uint32_t)a;
	i = names_seek(&x->names, a);
	x->names.slots[i].used = true;
	x->names.slots[i].address = a;
	return (uint32_t)i + 1;
}

static uint32_t
value_of_permit(const struct checked_permit *p, uint32_t i)
{
	bool always = !p->disabled && p->valid_from == INT64_MIN &&
	    p->valid_until == INT64_MAX;

	return (i + 1) | (always ? VALUE_ALWAYS : 0);
}

/* Boxes come last first, so that each one stands before the chain it begins. */
static void
chain_box(struct exact_index *x, size_t i, const struct slot *s, bool v6)
{
	struct slot *head = table_find(&x->hosts[v6], s->src, s->dst, 0);
	struct slot fresh = { s->src, s->dst, 0, (uint32_t)i + 1 };

	if (head == NULL) {
		table_add(&x->hosts[v6], &fresh);
		return;
	}
	x->next[i] = head->value;
	head->value = fresh.value;
}

static void
add_boxes(struct exact_index *x)
{
	const struct checked *c = x->checked;

	for (size_t i = 0; i < c->n_boxes; i++) {
		const struct box *b = &c->boxes[i];
		bool v6 = b->src.family == IP_V6;
		struct slot s;

		if (!exact_takes(b))
			continue;
		s.src = name_address(x, b->src.family, b->src.first);
		s.dst = name_address(x, b->dst.family, b->dst.first);
		s.service = key_of_service(&b->service);
		s.value = value_of_permit(&c->permits[b->permit], b->permit);
		x->forms[s.service >> 24] = true;
		table_add(&x->services[v6], &s);
	}
	for (size_t i = c->n_boxes; i-- > 0; ) {
		const struct box *b = &c->boxes[i];
		struct slot s = { 0 };

		if (!exact_takes(b))
			continue;
		s.src = name_address(x, b->src.family, b->src.first);
		s.dst = name_address(x, b->dst.family, b->dst.first);
		chain_box(x, i, &s, b->src.family == IP_V6);
	}
}

static int
make_tables(struct exact_index *x)
{
	const struct checked *c = x->checked;
	size_t n[2] = { 0, 0 };

	for (size_t i = 0; i < c->n_boxes; i++)
		if (exact_takes(&c->boxes[i]))
			n[c->boxes[i].src.family == IP_V6]++;
	for (int v6 = 0; v6 <= 1; v6++)
		if (table_init(&x->services[v6], n[v6]) != 0 ||
		    table_init(&x->hosts[v6], n[v6]) != 0)
			return -ENOMEM;
	x->names.mask = hash_slots(n[1] * 2) - 1;
	x->names.slots = calloc(x->names.mask + 1, sizeof(x->names.slots[0]));
	x->next = calloc(c->n_boxes + 1, sizeof(x->next[0]));
	return x->names.slots != NULL && x->next != NULL ? 0 : -ENOMEM;
}

struct exact_index *
exact_index_new(const struct checked *checked)
{
	struct exact_index *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->checked = checked;
	if (make_tables(x) != 0) {
		exact_index_free(x);
		errno = ENOMEM;
		return NULL;
	}
	add_boxes(x);
	return x;
}

void
exact_index_free(struct exact_index *x)
{
	if (x == NULL)
		return;
	for (int v6 = 0; v6 <= 1; v6++) {
		free(x->services[v6].slots);
		free(x->hosts[v6].slots);
	}
	free(x->names.slots);
	free(x->next);
	free(x);
}

/* ---- finding --------------------------------------------------------------- */

/* False when no box has that address. */
static bool
find_name(const struct exact_index *x, const struct ip_addr *a, uint32_t *name)
{
	size_t i;

	if (a->family == IP_V4) {
		*name = (uint32_t)a->value;
		return true;
	}
	i = names_seek(&x->names, a->value);
	*name = (uint32_t)i + 1;
	return x->names.slots[i].used;
}

static void
find_key(const struct exact_index *x, const struct table *t, const struct slot *key,
    int64_t now, struct index_answer *a)
{
	const struct slot *s = table_find(t, key->src, key->dst, key->service);

	for (; s != NULL; s = table_next(t, s)) {
		uint32_t permit = s->value & ~VALUE_ALWAYS;

		if (s->value & VALUE_ALWAYS) {
			if (a->permit == 0 || a->permit > permit)
				a->permit = permit;
			return;
		}
		if (index_note(x->checked->permits, permit - 1, now, a))
			return;
	}
}

static void
find_form(const struct exact_index *x, const struct index_query *q, struct slot *key,
    enum exact_form form, uint16_t value, int64_t now, struct index_answer *a)
{
	if (!x->forms[form])
		return;
	key->service = service_key(form, q->protocol, value);
	find_key(x, &x->services[q->src.family == IP_V6], key, now, a);
}

static void
find_chain(const struct exact_index *x, const struct index_query *q,
    enum index_depth depth, const struct slot *key, int64_t now, struct index_answer *a)
{
	const struct table *t = &x->hosts[q->src.family == IP_V6];
	const struct slot *head = table_find(t, key->src, key->dst, 0);

	for (uint32_t i = head != NULL ? head->value : 0; i != 0; i = x->next[i - 1]) {
		const struct box *b = &x->checked->boxes[i - 1];

		if (index_service_holds(&b->service, q, depth) &&
		    index_note(x->checked->permits, b->permit, now, a))
			return;
	}
}

void
exact_index_expect(const struct exact_index *x, const struct facts *f)
{
	const struct table *t = &x->services[0];
	uint32_t src = (uint32_t)f->src.value, dst = (uint32_t)f->dst.value;

	/* IPv6 has names first, and those lead to the slots */
	if (f->src.family != IP_V4 || (f->flags & FACT_HAS_PORTS) == 0 ||
	    !x->forms[EXACT_PORT])
		return;
	__builtin_prefetch(&t->slots[hash_key(src, dst,
	    service_key(EXACT_PORT, f->protocol, f->dport)) & t->mask]);
	__builtin_prefetch(&t->slots[hash_key(dst, src,
	    service_key(EXACT_PORT, f->protocol, f->sport)) & t->mask]);
}

void
exact_index_find(const struct exact_index *x, const struct index_query *q,
    enum index_depth depth, int64_t now, struct index_answer *a)
{
	struct slot key = { 0 };

	if (!find_name(x, &q->src, &key.src) || !find_name(x, &q->dst, &key.dst))
		return;
	if (depth != INDEX_SERVICE) {
		find_chain(x, q, depth, &key, now, a);
		return;
	}
	if (q->has_ports && is_icmp(q->protocol)) {
		find_form(x, q, &key, EXACT_ICMP, q->sport, now, a);
		find_form(x, q, &key, EXACT_ICMP_TYPE, q->sport & 0xff00, now, a);
	} else if (q->has_ports) {
		find_form(x, q, &key, EXACT_PORT, q->dport, now, a);
		find_form(x, q, &key, EXACT_ALL_PORTS, 0, now, a);
	}
	find_form(x, q, &key, EXACT_PROTOCOL, 0, now, a);
}
