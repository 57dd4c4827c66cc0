/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only root can do of a cut-off: make the kernel forget the flows that were cut,
 * and take a line down. Lines: only those of the policy that is watched, and back up
 * also those that were taken down here, in a policy before.
 */
#include "agent/keeper/keeper_internal.h"

#include "agent/log.h"
#include "kernel-helpers/conntrack.h"
#include "kernel-helpers/link_switch.h"
#include "rules/address.h"
#include "rules/cutoff.h"
#include "rules/ruleset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Flows may open between two looks; what they could open by is shut already. */
#define LOOKS 4

struct cut_flows {
	struct ipc_cut_flows head;
	uint32_t *pairs;		/* ascending */
	struct ip_range *ranges;	/* ascending, disjoint */
};

static int
compare_numbers(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int
compare_to_range(const void *key, const void *item)
{
	const struct ip_addr *a = key;
	const struct ip_range *r = item;

	if (a->family != r->family)
		return a->family < r->family ? -1 : 1;
	if (a->value < r->first)
		return -1;
	return a->value > r->last ? 1 : 0;
}

static bool
in_ranges(const struct cut_flows *cut, const struct ip_addr *a)
{
	return cut->head.n_ranges > 0 && bsearch(a, cut->ranges, cut->head.n_ranges,
	    sizeof(*cut->ranges), compare_to_range) != NULL;
}

static bool
is_cut(void *arg, const struct conntrack_flow *f)
{
	const struct cut_flows *cut = arg;
	uint32_t pair = f->mark >> MARK_PAIR_SHIFT;

	if (cut->head.all != 0 && pair != 0)
		return true;
	if (cut->head.n_pairs > 0 && bsearch(&pair, cut->pairs, cut->head.n_pairs,
	    sizeof(*cut->pairs), compare_numbers) != NULL)
		return true;
	return in_ranges(cut, &f->src) || in_ranges(cut, &f->dst) ||
	    in_ranges(cut, &f->translated.src) || in_ranges(cut, &f->translated.dst);
}

/* Head, pairs, ranges; exactly so long. The arrays are copied: the bytes are not aligned. */
static int
read_cut(const void *bytes, size_t length, struct cut_flows *cut)
{
	const uint8_t *at = bytes;
	size_t pairs, ranges;

	if (length < sizeof(cut->head))
		return -EPROTO;
	memcpy(&cut->head, at, sizeof(cut->head));
	if (cut->head.n_pairs > LIMIT_CUTOFF_PAIRS || cut->head.n_ranges > IPC_MAX_CUT_RANGES)
		return -E2BIG;
	pairs = cut->head.n_pairs * sizeof(*cut->pairs);
	ranges = cut->head.n_ranges * sizeof(*cut->ranges);
	if (length != sizeof(cut->head) + pairs + ranges)
		return -EPROTO;
	cut->pairs = malloc(pairs + 1);
	cut->ranges = malloc(ranges + 1);
	if (cut->pairs == NULL || cut->ranges == NULL)
		return -ENOMEM;
	memcpy(cut->pairs, at + sizeof(cut->head), pairs);
	memcpy(cut->ranges, at + sizeof(cut->head) + pairs, ranges);
	return 0;
}

static int
forget_flows(struct cut_flows *cut, size_t *total)
{
	size_t seen, deleted = 1;
	int fd = conntrack_open(), error = fd < 0 ? fd : 0;

	*total = 0;
	for (int i = 0; i < LOOKS && error == 0 && deleted > 0; i++) {
		error = conntrack_delete(fd, is_cut, cut, &seen, &deleted);
		if (error == 0)
			*total += deleted;
	}
	if (fd >= 0)
		close(fd);
	return error;
}

void
keeper_cut_flows(struct keeper *k, struct ipc_message *m, struct ipc_result *result, int *fd)
{
	struct cut_flows cut = { .pairs = NULL };
	void *bytes = NULL;
	size_t length = 0, total = 0;
	int r = m->fd < 0 ? -EBADF : ipc_map(m->fd, IPC_MAX_CUT_BYTES, &bytes, &length);

	(void)k;
	(void)fd;
	if (r == 0)
		r = bytes == NULL ? -EPROTO : read_cut(bytes, length, &cut);
	if (r == 0)
		r = forget_flows(&cut, &total);
	result->error = r;
	if (r == 0)
		snprintf(result->text, sizeof(result->text), "%zu", total);
	else
		snprintf(result->text, sizeof(result->text),
		    "the flows cannot be forgotten: %s", strerror(-r));
	if (bytes != NULL)
		munmap(bytes, length);
	free(cut.pairs);
	free(cut.ranges);
}

/* ---- lines --------------------------------------------------------------------- */

static bool
is_watched(const struct keeper *k, const char *name)
{
	for (uint32_t i = 0; i < k->interfaces.n_interfaces; i++)
		if (strncmp(k->interfaces.interfaces[i], name, 16) == 0)
			return true;
	return false;
}

static struct keeper_line *
line_of(struct keeper *k, const char *name)
{
	for (size_t i = 0; i < k->n_lines; i++)
		if (strcmp(k->lines[i].name, name) == 0)
			return &k->lines[i];
	return NULL;
}

static int
take_down(struct keeper *k, const char *name)
{
	struct link_kept *kept;
	struct keeper_line *line;
	int r;

	if (line_of(k, name) == NULL && k->n_lines == KEEPER_LINES)
		return -ENOSPC;
	r = link_take_down(name, &kept);
	if (r != 0)
		return r;
	line = line_of(k, name);
	if (line == NULL) {
		line = &k->lines[k->n_lines++];
		snprintf(line->name, sizeof(line->name), "%s", name);
	} else {
		link_kept_free(line->kept);
	}
	line->kept = kept;
	return 0;
}

static int
bring_up(struct keeper *k, const char *name)
{
	struct keeper_line *line = line_of(k, name);
	int r = link_bring_up(name, line != NULL ? line->kept : NULL);

	if (line != NULL && (r == 0 || r == -EUCLEAN)) {
		*line = k->lines[--k->n_lines];
		k->lines[k->n_lines] = (struct keeper_line){ .kept = NULL };
	}
	return r;
}

void
keeper_link(struct keeper *k, struct ipc_message *m, struct ipc_result *result, int *fd)
{
	const struct ipc_link *link = &m->payload.link;

	(void)fd;
	if (m->length != sizeof(*link) || link->up > 1 ||
	    strnlen(link->name, sizeof(link->name)) == sizeof(link->name)) {
		result->error = -EINVAL;
		snprintf(result->text, sizeof(result->text), "an interface is needed");
		return;
	}
	if (!is_watched(k, link->name) && (link->up == 0 || line_of(k, link->name) == NULL)) {
		log_warnx("keeper: refused to switch an interface of no policy");
		result->error = -EPERM;
		snprintf(result->text, sizeof(result->text),
		    "no interface of the policy in force");
		return;
	}
	result->error = link->up != 0 ? bring_up(k, link->name) : take_down(k, link->name);
	if (result->error < 0)
		snprintf(result->text, sizeof(result->text), "%s: %s", link->name,
		    strerror(-result->error));
}
