/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/revocation.h"

#include "rules/compile.h"
#include "rules/ruleset_compare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct marks {
	uint32_t *items;
	size_t count;
	bool failed;
};

static void
add(struct marks *m, uint32_t mark)
{
	/* Elements of one permit stand together more often than not. */
	if (m->failed || (m->count > 0 && m->items[m->count - 1] == mark))
		return;
	if ((m->count & (m->count - 1)) == 0) {
		size_t room = m->count == 0 ? 1 : m->count * 2;
		uint32_t *grown = reallocarray(m->items, room, sizeof(*grown));

		if (grown == NULL) {
			m->failed = true;
			return;
		}
		m->items = grown;
	}
	m->items[m->count++] = mark;
}

/* The map of this base name, whatever its version; there is one in a whole ruleset. */
static const struct ruleset_set *
find_map(const struct ruleset *r, const struct ruleset_set *like)
{
	size_t low = 0, high = r->n_sets;

	while (low < high) {
		size_t at = low + (high - low) / 2;

		if (strcmp(r->sets[at].name.base, like->name.base) < 0)
			low = at + 1;
		else
			high = at;
	}
	return low < r->n_sets && strcmp(r->sets[low].name.base, like->name.base) == 0
	    && set_type_equal(&r->sets[low], like) ? &r->sets[low] : NULL;
}

/* Both sorted by key: what "have" holds and "want" does not, under the same mark. */
static void
compare_maps(struct marks *m, const struct ruleset_set *have, const struct ruleset_set *want)
{
	size_t j = 0;

	for (size_t i = 0; i < have->n_elements; i++) {
		int order = -1;

		while (want != NULL && j < want->n_elements
		    && (order = element_key_compare(have, i, want, j)) > 0)
			j++;
		if (want == NULL || j == want->n_elements)
			order = -1;
		if (order != 0 || want->elements[j].mark != have->elements[i].mark)
			add(m, have->elements[i].mark);
	}
}

static int
compare_numbers(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
sort_unique(struct marks *m)
{
	size_t n = 0;

	if (m->count == 0)
		return;
	qsort(m->items, m->count, sizeof(*m->items), compare_numbers);
	for (size_t i = 1; i < m->count; i++)
		if (m->items[i] != m->items[n])
			m->items[++n] = m->items[i];
	m->count = n + 1;
}

static void
add_pending(struct marks *m, const struct ruleset *running)
{
	static const struct object_name name = { .base = COMPILE_SET_REVOKED };
	const struct ruleset_set *s = ruleset_find_set(running, &name);
	/* There each mark stands twice, once with the bit of its half-open flows. */
	bool limited = ruleset_find_counter(running, COMPILE_COUNTER_HALF_OPEN) != NULL;

	for (size_t i = 0; s != NULL && s->key_length == sizeof(uint32_t)
	    && i < s->n_elements; i++) {
		uint32_t mark;

		memcpy(&mark, s->first + i * sizeof(mark), sizeof(mark));
		add(m, limited ? mark & ~MARK_HALF_OPEN : mark);
	}
}

int
revocation_marks(const struct ruleset *running, const struct ruleset *target,
    uint32_t **marks, size_t *n)
{
	struct marks m = { .items = NULL };

	for (size_t i = 0; i < running->n_sets; i++)
		if (running->sets[i].kind == SET_MARK_MAP)
			compare_maps(&m, &running->sets[i], find_map(target, &running->sets[i]));
	add_pending(&m, running);
	sort_unique(&m);
	*marks = m.items;
	*n = m.count;
	if (!m.failed)
		return 0;
	free(m.items);
	*marks = NULL;
	*n = 0;
	return -ENOMEM;
}
