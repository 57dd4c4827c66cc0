/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch_seed.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM_FIRST	1024u

struct collection {
	struct watcher_seed *seed;
	size_t room;
	bool full, no_memory;
};

/* Of protocols whose ports are read by decode; GRE has its keys in their place. */
static bool
has_ports(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_UDP: case IPPROTO_UDPLITE: case IPPROTO_SCTP:
	case IPPROTO_ICMP: case IPPROTO_ICMPV6:
		return true;
	}
	return false;
}

static struct watch_opening
opening_of(const struct conntrack_ends *e, uint8_t protocol)
{
	bool ports = has_ports(protocol);

	return (struct watch_opening){
		.src = e->src, .dst = e->dst, .sport = ports ? e->sport : 0,
		.dport = ports ? e->dport : 0, .protocol = protocol,
	};
}

static bool
same_address(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->family == b->family && a->value == b->value;
}

static bool
same_ends(const struct conntrack_ends *a, const struct conntrack_ends *b)
{
	return same_address(&a->src, &b->src) && same_address(&a->dst, &b->dst) &&
	    a->sport == b->sport && a->dport == b->dport;
}

size_t
watch_seed_openings(const struct conntrack_flow *f, struct watch_opening out[2])
{
	const struct conntrack_ends came = { f->src, f->dst, f->sport, f->dport };

	if (f->protocol == IPPROTO_TCP)
		return 0;
	out[0] = opening_of(&came, f->protocol);
	if (same_ends(&came, &f->translated))
		return 1;
	out[1] = opening_of(&f->translated, f->protocol);
	return 2;
}

static bool
make_room(struct collection *c, size_t n)
{
	size_t room = c->room == 0 ? ROOM_FIRST : 2 * c->room;
	struct watch_opening *larger;

	if (c->seed->n + n <= c->room)
		return true;
	if (c->seed->n + n > WATCH_SEED_MAX) {
		c->full = true;
		return false;
	}
	larger = realloc(c->seed->openings, room * sizeof(*larger));
	if (larger == NULL) {
		c->no_memory = true;
		return false;
	}
	c->seed->openings = larger;
	c->room = room;
	return true;
}

/* "select" of conntrack_count(), which it uses to see each entry. */
static bool
collect(void *arg, const struct conntrack_flow *f)
{
	struct collection *c = arg;
	struct watch_opening openings[2];
	size_t n = watch_seed_openings(f, openings);

	if (n == 0 || !make_room(c, n))
		return false;
	memcpy(&c->seed->openings[c->seed->n], openings, n * sizeof(openings[0]));
	c->seed->n += n;
	return true;
}

void
watch_seed_collect(struct watcher_seed *out)
{
	struct collection c = { .seed = out };
	int error, fd = conntrack_open();
	size_t chosen;

	*out = (struct watcher_seed){ 0 };
	if (fd < 0) {
		snprintf(out->why, sizeof(out->why), "%s", strerror(-fd));
		return;
	}
	error = conntrack_count(fd, collect, &c, &chosen);
	close(fd);
	if (error < 0)
		snprintf(out->why, sizeof(out->why), "%s", strerror(-error));
	else if (c.no_memory)
		snprintf(out->why, sizeof(out->why), "%s", strerror(ENOMEM));
	else if (c.full)
		snprintf(out->why, sizeof(out->why), "more than %u of them",
		    WATCH_SEED_MAX);
}
