/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Orders into the kernel. The sets and chains are there since the first apply
 * (rules/cutoff_ruleset.h), so an order is one small batch beside whatever table stands.
 * Only when that is refused is the whole table made again.
 */
#include "agent/control/control_cutoff_internal.h"
#include "agent/control/control_forwarding.h"
#include "agent/control/control_restore.h"
#include "agent/log.h"

#include "kernel-helpers/nft_apply_part.h"
#include "rules/cutoff_ruleset.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int
rewrite(struct ruleset *part, const void *arg)
{
	return cutoff_write(part, arg);
}

/* Nothing is known after somebody else's change, or before the first apply. */
static void
learn_running(struct control *c)
{
	struct nft_refusal refusal = { 0 };

	if (c->known.ruleset != NULL)
		return;
	if (nft_read_back(c->nft, &c->known.ruleset, &c->known.generation, &refusal) == 0 &&
	    c->known.ruleset != NULL)
		ruleset_sort(c->known.ruleset);
	else
		nft_known_forget(&c->known);
}

int
cutoff_enforce(struct control *c, char *why, size_t size)
{
	struct nft_refusal refusal = { 0 };
	struct cut_parts parts;
	int r = cutoffs_union(&c->cut.list, c->checked, &parts);

	if (r == 0) {
		learn_running(c);
		r = nft_apply_part(c->nft, &c->known, cutoff_concerns, rewrite, &parts,
		    &refusal);
	}
	cut_parts_free(&parts);
	if (r == -EAGAIN) {
		/* It is in force; what else is not as it should be is put right. */
		(void)control_rewrite(c);
		return 0;
	}
	if (r < 0) {
		log_warnx("control: a cut-off is put in with the whole table: %s", strerror(-r));
		r = control_rewrite(c);
	}
	if (r < 0 && !control_table_stands(c)) {
		/* Nothing is forwarded without a table; the next one brings it along. */
		(void)control_shut_without_table(c);
		return 0;
	}
	if (r < 0)
		snprintf(why, size, "the kernel refuses it: %s%s%s", strerror(-r),
		    refusal.what[0] != '\0' ? ": " : "", refusal.what);
	return r;
}

/* What of the kernel's is in none of the orders. */
static int
left_over(const struct cut_parts *have, const struct cut_parts *known,
    struct cut_parts *out)
{
	int r = 0;

	out->all = have->all && !known->all;
	/* "All" has put the interfaces there itself. */
	for (size_t i = 0; i < have->n_links && !have->all && r == 0; i++) {
		struct cut_parts one = { .links = &have->links[i], .n_links = 1 };

		if (!cut_parts_hold(known, &one))
			r = cut_parts_add_link(out, have->links[i].name);
	}
	for (size_t i = 0; i < have->n_pairs && r == 0; i++) {
		struct cut_parts one = { .pairs = &have->pairs[i], .n_pairs = 1 };

		if (!cut_parts_hold(known, &one))
			r = cut_parts_add_pair(out, have->pairs[i].in.name,
			    have->pairs[i].out.name);
	}
	for (size_t i = 0; i < have->n_ranges && r == 0; i++) {
		struct cut_parts one = { .ranges = &have->ranges[i], .n_ranges = 1 };

		if (!cut_parts_hold(known, &one))
			r = cut_parts_add_range(out, &have->ranges[i]);
	}
	cut_parts_tidy(out);
	return r;
}

int
cutoff_adopt(struct control *c)
{
	struct cut_parts have = { .all = false }, known = { .all = false };
	struct cut_parts more = { .all = false };
	struct cutoff *found;
	int r;

	learn_running(c);
	if (c->known.ruleset == NULL)
		return 0;
	r = cutoff_read(c->known.ruleset, &have);
	if (r == 0)
		r = cutoffs_union(&c->cut.list, NULL, &known);
	if (r == 0)
		r = left_over(&have, &known, &more);
	cut_parts_free(&have);
	cut_parts_free(&known);
	if (r < 0 || cut_parts_empty(&more)) {
		cut_parts_free(&more);
		return r;
	}
	found = cutoffs_add(&c->cut.list);
	if (found == NULL) {
		cut_parts_free(&more);
		return -errno;
	}
	found->kind = CUTOFF_FOUND;
	found->parts = more;
	return 1;
}
