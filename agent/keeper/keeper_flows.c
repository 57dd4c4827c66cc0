/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running flows, for control: which ones carry these marks, and what is to become of
 * them. Only entries with a mark of ours are ever told or touched, and a change only
 * meets an entry that still is what control was told.
 */
#include "agent/keeper/keeper_internal.h"

#include "kernel-helpers/conntrack.h"
#include "rules/ruleset.h"

#include <arpa/inet.h>

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Each also with MARK_HALF_OPEN. */
#define MARKS_MAX (2 * ((size_t)LIMIT_BOXES + LIMIT_PERMITS))
#define ROOM_FIRST 256u

/* The flows of some marks, as they are found. */
struct flow_search {
	const uint32_t *marks;		/* ascending; none: all of ours */
	size_t n_marks;
	struct ip_addr *own;
	size_t n_own;
	struct running_flow *entries;
	size_t count, room;
	int error;
};

static int
compare_numbers(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool
ascending(const uint32_t *marks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (marks[i] == 0 || (i > 0 && marks[i] <= marks[i - 1]))
			return false;
	return true;
}

static bool
is_own(const struct flow_search *x, const struct ip_addr *a)
{
	for (size_t i = 0; i < x->n_own; i++)
		if (x->own[i].family == a->family && x->own[i].value == a->value)
			return true;
	return false;
}

/* The addresses of this machine, in its network namespace. */
static int
find_own(struct flow_search *x)
{
	struct ifaddrs *list, *at;
	size_t n = 0;

	if (getifaddrs(&list) < 0)
		return -errno;
	for (at = list; at != NULL; at = at->ifa_next)
		n++;
	x->own = calloc(n + 1, sizeof(*x->own));
	for (at = list; at != NULL && x->own != NULL; at = at->ifa_next) {
		int family = at->ifa_addr != NULL ? at->ifa_addr->sa_family : AF_UNSPEC;
		const struct sockaddr_in *v4 = (const void *)at->ifa_addr;
		const struct sockaddr_in6 *v6 = (const void *)at->ifa_addr;

		if (family == AF_INET)
			x->own[x->n_own++] =
			    address_from_bytes(IP_V4, (const void *)&v4->sin_addr);
		else if (family == AF_INET6)
			x->own[x->n_own++] = address_from_bytes(IP_V6, v6->sin6_addr.s6_addr);
	}
	freeifaddrs(list);
	return x->own == NULL ? -ENOMEM : 0;
}

static bool
make_room(struct flow_search *x)
{
	size_t room = x->room == 0 ? ROOM_FIRST : 2 * x->room;
	struct running_flow *grown;

	if (x->count < x->room)
		return true;
	x->error = x->count >= IPC_MAX_FLOWS ? -E2BIG : 0;
	grown = x->error != 0 ? NULL : reallocarray(x->entries, room, sizeof(*grown));
	if (grown == NULL) {
		x->error = x->error != 0 ? x->error : -ENOMEM;
		return false;
	}
	x->entries = grown;
	x->room = room;
	return true;
}

/* "select" of conntrack_count(), which it uses to see each entry. */
static bool
find(void *arg, const struct conntrack_flow *f)
{
	struct flow_search *x = arg;

	if (f->mark == 0 || x->error != 0 || (x->n_marks > 0 && bsearch(&f->mark,
	    x->marks, x->n_marks, sizeof(f->mark), compare_numbers) == NULL))
		return false;
	if (!make_room(x))
		return false;
	memset(&x->entries[x->count], 0, sizeof(x->entries[0]));
	x->entries[x->count].flow = *f;
	x->entries[x->count++].own_source = is_own(x, &f->src);
	return true;
}

static int
find_flows(struct flow_search *x)
{
	int fd = conntrack_open(), error;
	size_t n;

	if (fd < 0)
		return fd;
	error = find_own(x);
	if (error == 0)
		error = conntrack_count(fd, find, x, &n);
	close(fd);
	free(x->own);
	return error != 0 ? error : x->error;
}

static void
answer(struct ipc_result *result, int error, const char *what)
{
	result->error = error;
	if (error != 0)
		snprintf(result->text, sizeof(result->text), "%s: %s", what, strerror(-error));
}

void
asroot_flows(struct keeper *k, struct ipc_message *m, struct ipc_result *result, int *fd)
{
	struct flow_search x = { .marks = NULL };
	size_t length = 0;
	void *bytes = NULL;
	int error = m->fd < 0 ? -EBADF :
	    ipc_map(m->fd, MARKS_MAX * sizeof(uint32_t), &bytes, &length);

	(void)k;
	x.marks = bytes;
	x.n_marks = length / sizeof(uint32_t);
	if (error == 0 && (length % sizeof(uint32_t) != 0 ||
	    !ascending(x.marks, x.n_marks)))
		error = -EINVAL;
	if (error == 0)
		error = find_flows(&x);
	if (error == 0) {
		*fd = ipc_memfd("flows", x.entries, x.count * sizeof(*x.entries));
		error = *fd < 0 ? *fd : 0;
	}
	free(x.entries);
	if (bytes != NULL)
		munmap(bytes, length);
	answer(result, error, "running flows cannot be listed");
}

/* What control wants of some flows, sorted. */
struct wishes {
	const struct running_flow *entries;
	size_t n;
};

static int
compare_entries(const void *a, const void *b)
{
	const struct running_flow *x = a, *y = b;

	return conntrack_compare(&x->flow, &y->flow);
}

static enum conntrack_choice
choose(void *arg, const struct conntrack_flow *f, uint32_t *mark)
{
	const struct wishes *w = arg;
	const struct running_flow key = { .flow = *f };
	const struct running_flow *found = f->mark == 0 || w->n == 0 ? NULL :
	    bsearch(&key, w->entries, w->n, sizeof(key), compare_entries);

	if (found == NULL || found->new_mark == f->mark)
		return CONNTRACK_LEAVE;
	*mark = found->new_mark;
	return *mark == 0 ? CONNTRACK_DELETE : CONNTRACK_MARK;
}

/* Sorted, and only marks that name a permit, on both sides of a change. */
static bool
good_wishes(const struct wishes *w)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct running_flow *e = &w->entries[i];

		if ((e->flow.mark & MARK_PERMIT_MASK) == 0 || (e->new_mark != 0 &&
		    (e->new_mark & MARK_PERMIT_MASK) == 0))
			return false;
		if (i > 0 && compare_entries(&w->entries[i - 1], e) > 0)
			return false;
	}
	return true;
}

static int
change_flows(struct wishes *w, struct flow_changes *changes)
{
	size_t deleted = 0, marked = 0;
	int fd = conntrack_open();
	int error = fd < 0 ? fd : conntrack_change(fd, choose, w, &deleted, &marked);

	if (fd >= 0)
		close(fd);
	*changes = (struct flow_changes){ deleted, marked, error == -EINTR };
	return error == -EINTR ? 0 : error;
}

void
asroot_flows_change(struct keeper *k, struct ipc_message *m, struct ipc_result *result,
    int *fd)
{
	struct flow_changes changes = { 0 };
	struct wishes w = { .entries = NULL };
	size_t length = 0;
	void *bytes = NULL;
	int error = m->fd < 0 ? -EBADF :
	    ipc_map(m->fd, (size_t)IPC_MAX_FLOWS * sizeof(struct running_flow), &bytes, &length);

	(void)k;
	w.entries = bytes;
	w.n = length / sizeof(struct running_flow);
	if (error == 0 && (length % sizeof(struct running_flow) != 0 || !good_wishes(&w)))
		error = -EINVAL;
	if (error == 0)
		error = change_flows(&w, &changes);
	if (error == 0) {
		*fd = ipc_memfd("changes", &changes, sizeof(changes));
		error = *fd < 0 ? *fd : 0;
	}
	if (bytes != NULL)
		munmap(bytes, length);
	answer(result, error, "running flows cannot be changed");
}
