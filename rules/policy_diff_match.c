/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which permit of the one policy is which of the other: by its id, or by what it opens. */
#include "rules/policy_diff_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct sorted_id {
	const char *id;
	size_t permit;
};

static int
by_id(const void *a, const void *b)
{
	return strcmp(((const struct sorted_id *)a)->id, ((const struct sorted_id *)b)->id);
}

static int
match_ids(struct diff_work *w)
{
	size_t n = w->old.c != NULL ? w->old.c->n_permits : 0;
	struct sorted_id *ids = calloc(n + 1, sizeof(*ids));

	if (ids == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		ids[i] = (struct sorted_id){ .id = w->old.c->permits[i].id, .permit = i };
	qsort(ids, n, sizeof(*ids), by_id);
	for (size_t i = 0; n > 0 && i < w->new.c->n_permits; i++) {
		const struct sorted_id key = { .id = w->new.c->permits[i].id };
		const struct sorted_id *found = bsearch(&key, ids, n, sizeof(key), by_id);

		if (found == NULL)
			continue;
		w->new.partner[i] = found->permit;
		w->old.partner[found->permit] = i;
	}
	free(ids);
	return 0;
}

static int
compare_regions(const struct diff_regions *a, const struct diff_regions *b)
{
	int order = (a->n > b->n) - (a->n < b->n);

	for (size_t i = 0; order == 0 && i < a->n; i++)
		order = region_compare(&a->items[i], &b->items[i]);
	return order;
}

struct sorted_regions {
	const struct diff_regions *regions;
	size_t permit;
};

static int
by_regions(const void *a, const void *b)
{
	const struct sorted_regions *x = a, *y = b;

	return compare_regions(x->regions, y->regions);
}

/* One that went and one that came and open the very same: another id was written. */
static int
match_renamed(struct diff_work *w)
{
	size_t n = 0, n_old = w->old.c != NULL ? w->old.c->n_permits : 0;
	struct sorted_regions *gone = calloc(n_old + 1, sizeof(*gone));

	if (gone == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n_old; i++)
		if (w->old.partner[i] == NO_PARTNER && w->old.permits[i].n > 0)
			gone[n++] = (struct sorted_regions){ &w->old.permits[i], i };
	qsort(gone, n, sizeof(*gone), by_regions);
	for (size_t i = 0; n > 0 && i < w->new.c->n_permits; i++) {
		const struct sorted_regions key = { &w->new.permits[i], i };
		const struct sorted_regions *found;

		if (w->new.partner[i] != NO_PARTNER || w->new.permits[i].n == 0)
			continue;
		found = bsearch(&key, gone, n, sizeof(key), by_regions);
		if (found == NULL || w->old.partner[found->permit] != NO_PARTNER)
			continue;
		w->new.partner[i] = found->permit;
		w->old.partner[found->permit] = i;
	}
	free(gone);
	return 0;
}

int
diff_match(struct diff_work *w)
{
	int error = match_ids(w);

	return error != 0 ? error : match_renamed(w);
}
