/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes with a cut: flows that the kernel still remembers, lines that are unplugged. */
#include "agent/control/control_cutoff_internal.h"
#include "agent/control/priv.h"
#include "agent/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- flows ----------------------------------------------------------------------- */

/* An interface stands for the addresses behind it: its flows may be the gateway's own. */
static int
add_owned(const struct checked *checked, const char *interface, struct cut_parts *out)
{
	int segment = checked_segment_by_interface(checked, interface), r = 0;

	for (size_t i = 0; i < checked->n_owned && segment >= 0 && r == 0; i++)
		if (checked->owned[i].segment == (uint16_t)segment)
			r = cut_parts_add_range(out, &checked->owned[i].range);
	return r;
}

static int
compare_numbers(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The pairs of segments in the order, by their numbers. */
static size_t
number_pairs(const struct checked *checked, const struct cut_parts *parts, uint32_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < parts->n_pairs; i++) {
		int in = checked_segment_by_interface(checked, parts->pairs[i].in.name);
		int to = checked_segment_by_interface(checked, parts->pairs[i].out.name);
		uint32_t number = in < 0 || to < 0 ? 0 :
		    checked_pair_number(checked, (uint16_t)in, (uint16_t)to);

		if (number != 0)
			out[n++] = number;
	}
	qsort(out, n, sizeof(*out), compare_numbers);
	return n;
}

static int
flows_memfd(const struct checked *checked, const struct cut_parts *parts,
    const struct cut_parts *addresses)
{
	struct ipc_cut_flows head = { .all = parts->all,
	    .n_ranges = (uint32_t)addresses->n_ranges };
	size_t ranges = addresses->n_ranges * sizeof(*addresses->ranges);
	uint32_t *pairs = calloc(parts->n_pairs + 1, sizeof(*pairs));
	uint8_t *bytes = malloc(sizeof(head) + parts->n_pairs * sizeof(*pairs) + ranges);
	size_t at = sizeof(head);
	int fd = -ENOMEM;

	if (pairs != NULL && bytes != NULL) {
		head.n_pairs = (uint32_t)number_pairs(checked, parts, pairs);
		memcpy(bytes, &head, sizeof(head));
		memcpy(bytes + at, pairs, head.n_pairs * sizeof(*pairs));
		at += head.n_pairs * sizeof(*pairs);
		if (ranges > 0)
			memcpy(bytes + at, addresses->ranges, ranges);
		fd = ipc_memfd("flows", bytes, at + ranges);
	}
	free(pairs);
	free(bytes);
	return fd;
}

int
cutoff_forget_flows(struct control *c, struct cutoff *cutoff, uint64_t *flows)
{
	struct cutoffs one = { .items = cutoff, .n = 1 };
	struct cut_parts parts = { .all = false }, addresses = { .all = false };
	char why[256] = "";
	int r, fd;

	*flows = 0;
	if (c->checked == NULL)
		return 0;
	r = cutoffs_union(&one, c->checked, &parts);
	for (size_t i = 0; i < parts.n_ranges && r == 0; i++)
		r = cut_parts_add_range(&addresses, &parts.ranges[i]);
	for (size_t i = 0; i < parts.n_links && r == 0; i++)
		r = add_owned(c->checked, parts.links[i].name, &addresses);
	cut_parts_tidy(&addresses);
	fd = r == 0 ? flows_memfd(c->checked, &parts, &addresses) : r;
	cut_parts_free(&parts);
	cut_parts_free(&addresses);
	if (fd < 0)
		return fd;
	r = priv_cut_flows(c->setup->keeper_fd, fd, flows, why, sizeof(why));
	close(fd);
	if (r < 0)
		log_warnx("control: flows that were cut are still remembered: %s", why);
	return r;
}

/* ---- lines ----------------------------------------------------------------------- */

/* Append to what is told, with a comma. */
static void
tell(char *why, size_t size, const char *text)
{
	size_t n = strlen(why);

	snprintf(why + n, size - n, "%s%s", n > 0 ? ", " : "", text);
}

static bool
held_down(const struct cutoff *c, const char *name)
{
	for (size_t i = 0; i < c->n_downed; i++)
		if (strcmp(c->downed[i].name, name) == 0)
			return true;
	return false;
}

static bool
held_by_others(const struct control *c, const struct cutoff *but, const char *name)
{
	for (size_t i = 0; i < c->cut.list.n; i++) {
		const struct cutoff *other = &c->cut.list.items[i];

		if (other->id != but->id && held_down(other, name))
			return true;
	}
	return false;
}

static int
hold_down(struct cutoff *cutoff, const char *name)
{
	struct cut_link *grown;

	if (held_down(cutoff, name))
		return 0;
	grown = reallocarray(cutoff->downed, cutoff->n_downed + 1, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	cutoff->downed = grown;
	memset(&grown[cutoff->n_downed], 0, sizeof(*grown));
	memcpy(grown[cutoff->n_downed++].name, name, strnlen(name, LIMIT_INTERFACE_NAME));
	return 0;
}

void
cutoff_lines_down(struct control *c, struct cutoff *cutoff, char *why, size_t size)
{
	struct cutoffs one = { .items = cutoff, .n = 1 };
	struct cut_parts parts;
	char text[256];

	why[0] = '\0';
	if (cutoffs_union(&one, c->checked, &parts) < 0)
		return;
	for (size_t i = 0; i < parts.n_links; i++) {
		const char *name = parts.links[i].name;
		int r = priv_link(c->setup->keeper_fd, name, false, text, sizeof(text));

		/* Held down already: by another order, or by somebody else. */
		if (r == 0 || (r == -EALREADY && held_by_others(c, cutoff, name)))
			r = hold_down(cutoff, name);
		if (r < 0 && r != -EALREADY)
			tell(why, size, text);
	}
	cut_parts_free(&parts);
}

void
cutoff_lines_up(struct control *c, const struct cutoff *cutoff, char *why, size_t size)
{
	char text[256];

	why[0] = '\0';
	for (size_t i = 0; i < cutoff->n_downed; i++) {
		const char *name = cutoff->downed[i].name;
		int r;

		if (held_by_others(c, cutoff, name))
			continue;
		r = priv_link(c->setup->keeper_fd, name, true, text, sizeof(text));
		if (r == -EUCLEAN)
			snprintf(text, sizeof(text), "%s: not all routes came back", name);
		if (r < 0)
			tell(why, size, text);
	}
}

void
cutoff_lines_again(struct control *c)
{
	char text[256];

	for (size_t i = 0; i < c->cut.list.n; i++) {
		const struct cutoff *order = &c->cut.list.items[i];

		for (size_t k = 0; k < order->n_downed; k++)
			if (priv_link(c->setup->keeper_fd, order->downed[k].name, false,
			    text, sizeof(text)) == -EPERM)
				log_warnx("control: %s cannot be taken down again: %s",
				    order->downed[k].name, text);
	}
}
