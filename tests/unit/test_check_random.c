/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random small policies: what must hold of every set of boxes, and "permits
 * nothing that earlier permits do not" against comparing all boxes with all.
 */
#include "rules/checked.h"
#include "rules/policy_parse.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 300u
#define N_PERMITS 24u
#define FIRST_PERMIT_LINE 100u
#define TEXT_SIZE 65536u

static const char *const services[] = {
	"protocol = \"any\";",
	"protocol = \"tcp\";",
	"protocol = \"tcp\"; ports = [ \"1-1000\" ];",
	"protocol = \"tcp\"; ports = [ \"80\", \"443\" ];",
	"protocol = \"tcp\"; ports = [ \"443-450\" ];",
	"protocol = \"tcp\"; ports = [ \"443\" ];",
	"protocol = \"udp\"; ports = [ \"53\" ];",
	"protocol = \"udp\"; source_ports = [ \"53\" ]; ports = [ \"53\" ];",
	"protocol = \"icmp\";",
	"protocol = \"icmp\"; types = [ \"echo-request\" ];",
	"protocol = \"icmpv6\"; types = [ \"echo-request\" ];",
};

#define N_SERVICES (sizeof(services) / sizeof(services[0]))

static const char *const windows[] = {
	"", "", "", "valid_from = \"2026-04-01\";",
	"valid_from = \"2026-04-01\"; valid_until = \"2096-04-01\";",
};

#define N_WINDOWS (sizeof(windows) / sizeof(windows[0]))
#define N_ENDPOINTS 9u

static unsigned int
below(unsigned int *seed, unsigned int n)
{
	return (unsigned int)rand_r(seed) % n;
}

/* Six hosts over the three zones; ranges overlap, some hold both families. */
static void
print_hosts(FILE *f, unsigned int *seed)
{
	fprintf(f, "hosts = (");
	for (unsigned int i = 0; i < 6; i++) {
		unsigned int zone = i % 3, first = below(seed, 12);

		fprintf(f,
		    "%s { name = \"h%u\"; zone = \"z%u\"; addresses = [ "
		    "\"10.%u.0.%u-10.%u.0.%u\"",
		    i > 0 ? "," : "", i, zone, zone, first, zone, first + below(seed, 4));
		if (below(seed, 2) == 0)
			fprintf(f, ", \"2001:db8:%u::%u\"", zone, below(seed, 3));
		fprintf(f, " ]; }");
	}
	fprintf(f, ");");
}

static void
print_permit(FILE *f, unsigned int *seed, unsigned int i)
{
	/* A zone, a host or the gateway. */
	static const char *const endpoints[N_ENDPOINTS] = {
		"z0", "z1", "h0", "h1", "h2", "h3", "h4", "h5", "self",
	};
	unsigned int from = below(seed, N_ENDPOINTS), to = below(seed, N_ENDPOINTS);

	if (from == to)
		to = (to + 1) % N_ENDPOINTS;
	fprintf(f, "%s{ id = \"T%u\"; from = [\"%s\"]; to = [\"%s\"", i > 0 ? "," : "", i,
	    endpoints[from], endpoints[to]);
	if (below(seed, 3) == 0)
		fprintf(f, ",\"%s\"", endpoints[(to + 1) % N_ENDPOINTS]);
	fprintf(f, "]; services = [\"s0%u\",\"s1%u\"]; purpose = \"p\"; %s %s }\n",
	    below(seed, N_SERVICES), below(seed, N_SERVICES),
	    windows[below(seed, N_WINDOWS)],
	    below(seed, 8) == 0 ? "enabled = false;" : "");
}

/* Every permit on a line of its own. */
static void
print_policy(char *text, unsigned int seed)
{
	FILE *f = fmemopen(text, TEXT_SIZE, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fprintf(f, "schema = 1; zones = (");
	for (unsigned int z = 0; z < 3; z++)
		fprintf(f,
		    "%s { name = \"z%u\"; segments = ( { interface = \"i%u\"; networks = "
		    "[\n"
		    "\"10.%u.0.0/28\", \"2001:db8:%u::/126\" ]; } ); }",
		    z > 0 ? "," : "", z, z, z, z);
	fprintf(f, ");");
	print_hosts(f, &seed);
	fprintf(f, "services = (");
	for (unsigned int i = 0; i < 2 * N_SERVICES; i++)
		fprintf(f, "%s { name = \"s%zu%zu\"; %s }", i > 0 ? "," : "",
		    i / N_SERVICES, i % N_SERVICES, services[i % N_SERVICES]);
	fprintf(f, ");");
	/* Three networks lines so far: fill up to the line before the first permit. */
	for (unsigned int line = 4; line < FIRST_PERMIT_LINE; line++)
		fputc('\n', f);
	fprintf(f, "permits = (");
	for (unsigned int i = 0; i < N_PERMITS; i++)
		print_permit(f, &seed, i);
	fprintf(f, ");");
	fclose(f);
}

/* Findings of one message, by permit. */
static void
read_findings(const struct diag *d, enum message_id message, bool *said)
{
	for (size_t i = 0; i < diag_kept(d); i++) {
		const struct finding *f = diag_at(d, i);

		if (f->message != message)
			continue;
		CU_ASSERT_FATAL(f->origin.line >= FIRST_PERMIT_LINE &&
		    f->origin.line < FIRST_PERMIT_LINE + N_PERMITS);
		said[f->origin.line - FIRST_PERMIT_LINE] = true;
	}
}

/* Between services that look at source ports, the check compares equal ones only. */
static bool
service_holds(const struct service_match *a, const struct service_match *b)
{
	if (a->protocol_any)
		return true;
	if (b->protocol_any || a->protocol != b->protocol)
		return false;
	if (a->family != IP_NONE && a->family != b->family)
		return false;
	if (a->form == SERVICE_PROTOCOL)
		return true;
	if (a->form == SERVICE_ICMP)
		return a->sport_first <= b->sport_first && a->sport_last >= b->sport_last;
	return a->sport_first == b->sport_first && a->sport_last == b->sport_last &&
	    a->dport_first <= b->dport_first && a->dport_last >= b->dport_last;
}

static bool
box_holds(const struct box *a, const struct box *b)
{
	return a->in == b->in && a->out == b->out &&
	       address_range_contains(&a->src, &b->src) &&
	       address_range_contains(&a->dst, &b->dst) &&
	       service_holds(&a->service, &b->service);
}

/* Whether some earlier permit, in force at least as long, has a box that holds b. */
static bool
held_earlier(const struct checked *c, const struct box *b)
{
	const struct checked_permit *p = &c->permits[b->permit];

	for (size_t i = 0; i < p->first_box; i++) {
		const struct checked_permit *q = &c->permits[c->boxes[i].permit];

		if (!q->disabled && q->valid_from <= p->valid_from &&
		    q->valid_until >= p->valid_until && box_holds(&c->boxes[i], b))
			return true;
	}
	return false;
}

static bool
is_covered(const struct checked *c, const struct checked_permit *p)
{
	if (p->disabled || p->n_boxes == 0)
		return false;
	for (size_t i = p->first_box; i < p->first_box + p->n_boxes; i++)
		if (!held_earlier(c, &c->boxes[i]))
			return false;
	return true;
}

static bool
overlap(const struct box *a, const struct box *b)
{
	struct ip_range r;
	const struct service_match *m = &a->service, *n = &b->service;
	bool protocols = m->protocol_any || n->protocol_any || m->protocol == n->protocol;

	return a->in == b->in && a->out == b->out &&
	    address_range_intersect(&a->src, &b->src, &r) &&
	    address_range_intersect(&a->dst, &b->dst, &r) && protocols &&
	    m->sport_first <= n->sport_last && n->sport_first <= m->sport_last &&
	    m->dport_first <= n->dport_last && n->dport_first <= m->dport_last;
}

/* An end of a box lies in what its segment owns; the gateway's end is everything. */
static bool
end_fits(const struct checked *c, const struct ip_range *r, uint16_t segment)
{
	if (segment == SEGMENT_SELF)
		return r->first == 0 && r->last == address_max(r->family);
	for (size_t i = 0; i < c->n_owned; i++)
		if (c->owned[i].segment == segment &&
		    address_range_contains(&c->owned[i].range, r))
			return true;
	return false;
}

static bool
is_sound(const struct checked *c, size_t i)
{
	const struct box *b = &c->boxes[i];
	const struct checked_permit *p = &c->permits[b->permit];

	return b->in != b->out && b->src.family == b->dst.family &&
	    (b->service.family == IP_NONE || b->service.family == b->src.family) &&
	    end_fits(c, &b->src, b->in) && end_fits(c, &b->dst, b->out) &&
	    i >= p->first_box && i < p->first_box + p->n_boxes;
}

/* Boxes of one permit that meet, or are not sound. */
static unsigned int
count_faults(const struct checked *c)
{
	unsigned int n = 0;

	for (size_t i = 0; i < c->n_boxes; i++) {
		n += !is_sound(c, i);
		for (size_t k = i + 1; k < c->n_boxes; k++)
			n += c->boxes[i].permit == c->boxes[k].permit &&
			    overlap(&c->boxes[i], &c->boxes[k]);
	}
	return n;
}

/*
 * A permit may be refused as empty of a common family; those rounds tell nothing
 * and are counted, so that the generator cannot quietly come to make no other.
 */
static void
random_policies_keep_the_rules(void)
{
	char text[TEXT_SIZE];
	unsigned int checked_rounds = 0, covered = 0;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct diag *d = diag_new();
		bool said[N_PERMITS] = { false };
		struct policy *p;
		struct checked *c;

		print_policy(text, round * 7919 + 1);
		p = policy_parse_text(text, strlen(text), "p", d);
		c = p != NULL ? checked_new(p, 1795220000, d) : NULL;
		read_findings(d, MSG_CHECK_PERMIT_COVERED, said);
		if (c != NULL) {
			checked_rounds++;
			CU_ASSERT_EQUAL(count_faults(c), 0);
			for (size_t i = 0; i < c->n_permits; i++) {
				CU_ASSERT_EQUAL(said[i], is_covered(c, &c->permits[i]));
				covered += said[i];
			}
		}
		checked_free(c);
		diag_free(d);
	}
	CU_ASSERT(checked_rounds > ROUNDS / 10);
	CU_ASSERT(covered > 100);
	printf("(%u policies, %u needless permits) ", checked_rounds, covered);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "random policies keep the rules", random_policies_keep_the_rules },
		CU_TEST_INFO_NULL,
	};

	return unit_main("check_random", tests);
}
