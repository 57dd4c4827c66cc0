/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Destination ports to the services that hold them. The list changes only where
 * a service begins or ends, so it is walked once from port 0 to the last.
 */
#include "agent/watch/prefilter_parts.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define PORTS 65536u

/* A service begins to hold ports, or holds them no more. */
struct edge {
	uint32_t port;
	uint32_t service;
	bool ends;
};

/* Services that hold the present port. */
struct active {
	uint32_t list[TAP_LIST];
	size_t n, beyond;	/* beyond: those that found no room in the list */
};

static int
compare_edges(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	if (x->ends != y->ends)
		return x->ends ? -1 : 1;
	return (x->service > y->service) - (x->service < y->service);
}

static int
gather_edges(const struct prefilter *p, uint8_t protocol, struct prefilter_list *edges)
{
	const struct service_match *m = p->matches.items;
	int error = 0;

	for (size_t i = 0; error == 0 && i < p->matches.n; i++) {
		struct edge begins = { m[i].dport_first, (uint32_t)i, false };
		struct edge ends = { m[i].dport_last + 1u, (uint32_t)i, true };

		if (!m[i].protocol_any && m[i].protocol != protocol)
			continue;
		error = prefilter_add(edges, sizeof(begins), &begins);
		if (error == 0)
			error = prefilter_add(edges, sizeof(ends), &ends);
	}
	if (edges->n > 0)
		qsort(edges->items, edges->n, sizeof(struct edge), compare_edges);
	return error;
}

/* Those beyond the list are only counted; while there are any, it says nothing. */
static void
apply(struct active *a, const struct edge *e)
{
	size_t i = 0;

	if (!e->ends) {
		if (a->n < TAP_LIST)
			a->list[a->n++] = e->service;
		else
			a->beyond++;
		return;
	}
	while (i < a->n && a->list[i] != e->service)
		i++;
	if (i == a->n) {
		a->beyond--;
		return;
	}
	memmove(&a->list[i], &a->list[i + 1], (a->n - i - 1) * sizeof(a->list[0]));
	a->n--;
}

static int
compare_numbers(const void *a, const void *b)
{
	const struct tap_service *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* The number of the present list among the services. 0 or -ENOMEM. */
static int
number_active(struct prefilter *p, const struct active *a, uint16_t *number)
{
	const struct service_match *m = p->matches.items;
	struct tap_services s = { .known = 1, .n = (uint32_t)a->n };
	const struct tap_services *all = p->services.items;

	*number = TAP_CLASS_UNKNOWN;
	if (a->beyond > 0)
		return 0;
	for (size_t i = 0; i < a->n; i++)
		s.service[i] = (struct tap_service){ a->list[i],
			m[a->list[i]].sport_first, m[a->list[i]].sport_last };
	qsort(s.service, a->n, sizeof(s.service[0]), compare_numbers);
	for (size_t i = 1; i < p->services.n; i++) {
		if (memcmp(&all[i], &s, sizeof(s)) != 0)
			continue;
		*number = (uint16_t)i;
		return 0;
	}
	if (p->services.n == TAP_MAX_SERVICES)
		return 0;
	*number = (uint16_t)p->services.n;
	return prefilter_add(&p->services, sizeof(s), &s);
}

static int
make_table(struct prefilter *p, uint8_t protocol, struct tap_ports *table)
{
	struct prefilter_list edges = { 0 };
	struct active active = { .n = 0 };
	int error = gather_edges(p, protocol, &edges);
	const struct edge *e = edges.items;
	uint32_t port = 0;

	for (size_t i = 0; error == 0 && port < PORTS;) {
		uint32_t next = PORTS;
		uint16_t number;

		while (i < edges.n && e[i].port <= port)
			apply(&active, &e[i++]);
		if (i < edges.n && e[i].port < next)
			next = e[i].port;
		error = number_active(p, &active, &number);
		while (port < next)
			table->services[port++] = number;
	}
	free(edges.items);
	return error;
}

int
prefilter_make_services(struct prefilter *p)
{
	const struct tap_services unknown = { 0 };
	int error = prefilter_add(&p->services, sizeof(unknown), &unknown);

	if (error == 0)
		error = make_table(p, IPPROTO_TCP, &p->ports[0]);
	if (error == 0)
		error = make_table(p, IPPROTO_UDP, &p->ports[1]);
	return error;
}
