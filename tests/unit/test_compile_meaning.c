/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The compiler, held to the plain meaning of a policy: the first permit in file
 * order that is in force and has a box around the packet. The compiled tables
 * are walked as the kernel walks them.
 */
#include "rules/compile.h"
#include "rules/compile_internal.h"
#include "tests/unit/compile_city.h"
#include "tests/unit/unit.h"

#include <string.h>

#define POLICIES 2000u
#define PACKETS 400000u

/* xorshift64: the same policies in every run. */
struct dice {
	uint64_t state;
};

static uint32_t
roll(struct dice *d, uint32_t sides)
{
	d->state ^= d->state << 13;
	d->state ^= d->state >> 7;
	d->state ^= d->state << 17;
	return (uint32_t)(d->state >> 32) % sides;
}

/* The small world that packets and boxes are drawn from. */
#define WORLD_ADDRESSES 6u
#define WORLD_PORTS 6u
static const uint8_t world_protocols[] = { 1, 6, 17, 50, 58, 132 };
static const int64_t world_times[] = { 500, 1000, 1500, 2000, 2500 };

struct packet {
	uint16_t in, out;
	enum ip_family family;
	ip_value src, dst;
	uint8_t protocol;
	uint16_t sport, dport;
	int64_t now;
};

static void
random_range(struct dice *d, uint32_t size, uint32_t *first, uint32_t *last)
{
	uint32_t a = roll(d, size), b = roll(d, 2) == 0 ? a : roll(d, size);

	*first = a < b ? a : b;
	*last = a < b ? b : a;
}

static void
random_addresses(struct dice *d, enum ip_family family, struct ip_range *out)
{
	ip_value base = family == IP_V4 ? 0x0a000000 : (ip_value)0x20010db8 << 96;
	uint32_t first, last;

	random_range(d, WORLD_ADDRESSES, &first, &last);
	*out = (struct ip_range){ .first = base + first, .last = base + last,
		.family = family };
	if (roll(d, 8) == 0)
		*out = (struct ip_range){ .last = address_max(family), .family = family };
}

static void
random_service(struct dice *d, enum ip_family family, struct service_match *s)
{
	uint32_t first, last;

	*s = (struct service_match){ .sport_last = UINT16_MAX, .dport_last = UINT16_MAX };
	s->form = (enum service_form)roll(d, 3);
	s->protocol = world_protocols[roll(d, sizeof(world_protocols))];
	if (s->form == SERVICE_PROTOCOL) {
		s->protocol_any = roll(d, 2) == 0;
		return;
	}
	random_range(d, WORLD_PORTS, &first, &last);
	if (s->form == SERVICE_ICMP) {
		s->family = family;
		s->protocol = family == IP_V4 ? 1 : 58;
		s->sport_first = (uint16_t)first;
		s->sport_last = (uint16_t)last;
		return;
	}
	s->protocol = roll(d, 2) == 0 ? 6 : 17;
	if (roll(d, 4) > 0) {
		s->dport_first = (uint16_t)first;
		s->dport_last = (uint16_t)last;
	}
	if (roll(d, 4) == 0) {
		random_range(d, WORLD_PORTS, &first, &last);
		s->sport_first = (uint16_t)first;
		s->sport_last = (uint16_t)last;
	}
}

static void
random_city(struct dice *d, struct city *c)
{
	uint32_t permits = 1 + roll(d, CITY_PERMITS);
	bool windows = roll(d, 2) == 0;

	city_init(c);
	for (uint32_t i = 0; i < permits; i++) {
		struct checked_permit *p = city_permit(c);

		p->disabled = roll(d, 10) == 0;
		if (windows && roll(d, 2) == 0)
			p->valid_from = 1000 * (int64_t)roll(d, 3);
		if (windows && roll(d, 2) == 0)
			p->valid_until = 1000 * (int64_t)roll(d, 4);
		for (uint32_t n = roll(d, 4); n > 0; n--) {
			enum ip_family family = roll(d, 4) == 0 ? IP_V6 : IP_V4;
			struct box *b = city_box(c, family);

			random_addresses(d, family, &b->src);
			random_addresses(d, family, &b->dst);
			random_service(d, family, &b->service);
			if (roll(d, 8) == 0)
				b->in = SEGMENT_SELF;
			else if (roll(d, 8) == 0)
				b->out = SEGMENT_SELF;
			else if (roll(d, 8) == 0)
				b->out = 2;
		}
	}
}

static void
random_packet(struct dice *d, struct packet *p)
{
	struct ip_range at;

	p->in = roll(d, 8) == 0 ? SEGMENT_SELF : 0;
	p->out = p->in == 0 && roll(d, 8) == 0 ? SEGMENT_SELF : roll(d, 8) == 0 ? 2 : 1;
	p->family = roll(d, 4) == 0 ? IP_V6 : IP_V4;
	random_addresses(d, p->family, &at);
	p->src = at.first;
	random_addresses(d, p->family, &at);
	p->dst = at.last;
	p->protocol = world_protocols[roll(d, sizeof(world_protocols))];
	p->sport = (uint16_t)roll(d, WORLD_PORTS + 1);
	p->dport = (uint16_t)roll(d, WORLD_PORTS + 1);
	p->now = world_times[roll(d, sizeof(world_times) / sizeof(world_times[0]))];
}

/* What the policy says, read line by line: the mark of the flow, 0: no permit. */
static bool
box_holds(const struct box *b, const struct packet *p)
{
	const struct service_match *s = &b->service;

	if (b->in != p->in || b->out != p->out || b->src.family != p->family
	    || p->src < b->src.first || p->src > b->src.last
	    || p->dst < b->dst.first || p->dst > b->dst.last)
		return false;
	if (s->form == SERVICE_PROTOCOL)
		return s->protocol_any || s->protocol == p->protocol;
	return s->protocol == p->protocol
	    && p->sport >= s->sport_first && p->sport <= s->sport_last
	    && p->dport >= s->dport_first && p->dport <= s->dport_last;
}

static uint32_t
policy_says(const struct city *c, const struct packet *p)
{
	for (size_t i = 0; i < c->checked.n_boxes; i++) {
		const struct checked_permit *permit = &c->permits[c->boxes[i].permit];

		if (!permit->disabled && p->now >= permit->valid_from
		    && p->now < permit->valid_until && box_holds(&c->boxes[i], p))
			return checked_pair_number(&c->checked, p->in, p->out)
			    << MARK_PAIR_SHIFT | permit->number;
	}
	return 0;
}

/* ---- the kernel's walk ---- */

static void
load_field(enum field f, const struct packet *p, uint8_t *key)
{
	switch (f) {
	case FIELD_IP_SADDR:
	case FIELD_IP6_SADDR:
		address_to_bytes(p->family, p->src, key);
		break;
	case FIELD_IP_DADDR:
	case FIELD_IP6_DADDR:
		address_to_bytes(p->family, p->dst, key);
		break;
	case FIELD_IP_PROTOCOL:
	case FIELD_IP6_NEXTHDR:
		key[0] = p->protocol;
		break;
	case FIELD_TH_SPORT:
		key[0] = (uint8_t)(p->sport >> 8);
		key[1] = (uint8_t)p->sport;
		break;
	case FIELD_TH_DPORT:
		key[0] = (uint8_t)(p->dport >> 8);
		key[1] = (uint8_t)p->dport;
		break;
	default:
		CU_FAIL_FATAL("a leaf looks at a field it should not");
	}
}

/* What a map holds for a packet; NULL: nothing. Elements must not overlap. */
static const struct element *
look_up(const struct ruleset *r, const struct stmt *s, const struct packet *p)
{
	const struct ruleset_set *set = ruleset_find_set(r, &s->target);
	uint8_t key[LIMIT_KEY_BYTES] = { 0 };
	const struct element *found = NULL;
	unsigned int at = 0;

	if (field_info(s->key[0])->nfproto != (p->family == IP_V4 ? 2 : 10))
		return NULL;
	CU_ASSERT_PTR_NOT_NULL_FATAL(set);
	for (unsigned int i = 0; i < s->n_fields; i++) {
		load_field(s->key[i], p, key + at);
		at += ruleset_key_length(&s->key[i], 1);
	}
	for (size_t e = 0; e < set->n_elements; e++) {
		const uint8_t *first = set->first + e * set->key_length;
		const uint8_t *last =
		    set->interval ? set->last + e * set->key_length : first;
		bool inside = true;

		for (unsigned int i = 0, f = 0; i < s->n_fields; i++) {
			unsigned int length = field_info(s->key[i])->length;

			inside &= memcmp(key + f, first + f, length) >= 0
			    && memcmp(key + f, last + f, length) <= 0;
			f += (length + 3u) & ~3u;
		}
		if (inside) {
			CU_ASSERT_PTR_NULL(found);
			found = &set->elements[e];
		}
	}
	return found;
}

static const struct ruleset_chain *
leaf_of(const struct ruleset *r, const struct city *c, const struct packet *p)
{
	struct object_name name = { .version = VERSION_UNSETTLED };

	name_leaf(&c->checked, p->in, p->out, name.base);
	return ruleset_find_chain(r, &name);
}

/* What one rule says: found NULL, or a mark, or the chain of a shard. */
static const struct element *
rule_says(const struct ruleset *r, const struct ruleset_rule *rule, const struct packet *p)
{
	for (unsigned int k = 0; k < rule->n_stmts; k++) {
		const struct stmt *s = &rule->stmts[k];

		if (s->kind == STMT_TIME && !(p->now >= s->since && p->now < s->until))
			return NULL;
		if (s->kind == STMT_MARK_FROM_MAP || s->kind == STMT_VERDICT_MAP)
			return look_up(r, s, p);
	}
	return NULL;
}

static uint32_t
chain_says(const struct ruleset *r, const struct ruleset_chain *chain,
    const struct packet *p, unsigned int depth)
{
	CU_ASSERT_TRUE_FATAL(depth < 2);
	for (size_t i = 0; chain != NULL && i < chain->n_rules; i++) {
		const struct element *found = rule_says(r, &chain->rules[i], p);

		if (found == NULL)
			continue;
		if (found->target == NULL)
			return found->mark;
		chain = ruleset_find_chain(r, found->target);
		CU_ASSERT_PTR_NOT_NULL_FATAL(chain);
		return chain_says(r, chain, p, depth + 1);
	}
	return 0;
}

static uint32_t
gate_says(const struct ruleset *r, const struct city *c, const struct packet *p)
{
	return chain_says(r, leaf_of(r, c, p), p, 0);
}

/* The chain that a mark's half finds, as a verdict for a packet from a segment. */
static bool
flow_lets_on(const struct ruleset *r, const struct city *c, uint32_t mark, uint16_t from)
{
	const struct object_name flows = { .base = SET_FLOWS };
	const struct ruleset_set *set = ruleset_find_set(r, &flows);
	uint32_t pair = mark & MARK_PAIR_MASK;

	CU_ASSERT_PTR_NOT_NULL_FATAL(set);
	for (size_t e = 0; e < set->n_elements; e++) {
		const struct ruleset_chain *chain;

		if (memcmp(set->first + e * set->key_length, &pair, sizeof(pair)) != 0)
			continue;
		chain = ruleset_find_chain(r, set->elements[e].target);
		CU_ASSERT_PTR_NOT_NULL_FATAL(chain);
		for (size_t i = 0; i < chain->n_rules; i++)
			if (chain->rules[i].stmts[0].kind == STMT_IFNAME
			    && strcmp(chain->rules[i].stmts[0].name,
				c->segments[from].interface) == 0)
				return chain->rules[i].stmts[2].kind == STMT_ACCEPT;
		return false;
	}
	return false;
}

/* Of a flow with this mark: both its segments speak, nobody else does. */
static void
check_flow(const struct ruleset *r, const struct city *c, const struct packet *p,
    uint32_t mark)
{
	bool forwarded = p->in != SEGMENT_SELF && p->out != SEGMENT_SELF;

	CU_ASSERT_EQUAL((mark & MARK_PAIR_MASK) != 0, forwarded);
	for (uint16_t from = 0; from < CITY_SEGMENTS; from++)
		CU_ASSERT_EQUAL(flow_lets_on(r, c, mark, from),
		    forwarded && (from == p->in || from == p->out));
}

static size_t
count_shards(const struct ruleset *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_chains; i++)
		n += strstr(r->chains[i].name.base, "-h4_") != NULL
		    || strstr(r->chains[i].name.base, "-h6_") != NULL;
	return n;
}

/* Returns how many shards the policies had. */
static size_t
hold_to_meaning(const struct compile_sizes *sizes)
{
	struct dice d = { .state = 0x5e1f150 };
	struct diag *diag = diag_new();
	size_t permitted = 0, shards = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(diag);
	for (unsigned int i = 0; i < POLICIES; i++) {
		struct city c;
		struct ruleset *r;

		random_city(&d, &c);
		r = sizes == NULL ? compile(&c.checked, diag) :
		    compile_sized(&c.checked, NULL, sizes, diag);
		CU_ASSERT_PTR_NOT_NULL_FATAL(r);
		shards += count_shards(r);
		for (unsigned int n = 0; n < PACKETS / POLICIES; n++) {
			struct packet p;
			uint32_t want;

			random_packet(&d, &p);
			want = policy_says(&c, &p);
			permitted += want != 0;
			if (want != 0)
				check_flow(r, &c, &p, want);
			CU_ASSERT_EQUAL(gate_says(r, &c, &p), want);
		}
		ruleset_free(r);
	}
	/* The world is small enough that both answers are common. */
	CU_ASSERT_TRUE(permitted > PACKETS / 20 && permitted < PACKETS - PACKETS / 20);
	CU_ASSERT_EQUAL(diag_kept(diag), 0);
	diag_free(diag);
	return shards;
}

static void
the_first_permit_in_force_wins(void)
{
	CU_ASSERT_EQUAL(hold_to_meaning(NULL), 0);
}

static void
and_so_it_does_in_shards(void)
{
	static const struct compile_sizes sizes[] = {
		{ .spread = 8, .shard = { .boxes = 1, .tuples = 4, .across = 2 } },
		{ .spread = 1u << 17,
		    .shard = { .boxes = 4, .tuples = 1u << 17, .across = 3 } },
	};

	for (size_t i = 0; i < 2; i++)
		CU_ASSERT_TRUE(hold_to_meaning(&sizes[i]) > POLICIES / 4);
}


int
main(void)
{
	CU_TestInfo tests[] = {
		{ "the first permit in force wins", the_first_permit_in_force_wins },
		{ "and so it does in shards", and_so_it_does_in_shards },
		CU_TEST_INFO_NULL,
	};

	return unit_main("compile_meaning", tests);
}
