/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/ruleset_batches.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t
elements_of(const struct change *c)
{
	if (c->kind != CHANGE_ADD_ELEMENTS && c->kind != CHANGE_DELETE_ELEMENTS)
		return 0;
	return c->elements != NULL ? c->n_elements : c->set->n_elements;
}

static bool
can_split(const struct change *c)
{
	return elements_of(c) > 0 && !c->set->interval;
}

int
ruleset_batches_begin(struct ruleset_batches *b, const struct change_list *list, size_t most)
{
	size_t numbers = 0;

	*b = (struct ruleset_batches){ .list = list, .most = most };
	for (size_t i = 0; i < list->count; i++)
		if (can_split(&list->items[i]) && elements_of(&list->items[i]) > numbers)
			numbers = elements_of(&list->items[i]);
	b->numbers = calloc(numbers + 1, sizeof(*b->numbers));
	b->batch = calloc(list->count + 1, sizeof(*b->batch));
	if (b->numbers == NULL || b->batch == NULL) {
		ruleset_batches_end(b);
		return -ENOMEM;
	}
	for (size_t i = 0; i < numbers; i++)
		b->numbers[i] = i;
	return 0;
}

/* Of the present item, what there is room for; *room becomes what is left of it. */
static struct change
take(struct ruleset_batches *b, size_t *room)
{
	struct change c = b->list->items[b->item];
	size_t left = elements_of(&c) - b->element;
	bool fits = left <= *room;

	if (can_split(&c) && (b->element > 0 || !fits)) {
		c.elements = (c.elements != NULL ? c.elements : b->numbers) + b->element;
		c.n_elements = fits ? left : *room;
		b->element += c.n_elements;
	}
	if (fits || !can_split(&c)) {
		b->item++;
		b->element = 0;
	}
	*room -= fits ? left : *room;
	return c;
}

bool
ruleset_batches_next(struct ruleset_batches *b, struct change_list *out)
{
	size_t room = b->most;

	*out = (struct change_list){ .items = b->batch };
	while (b->item < b->list->count && room > 0)
		b->batch[out->count++] = take(b, &room);
	return out->count > 0;
}

size_t
ruleset_batches_begun(const struct ruleset_batches *b)
{
	return b->item + (b->element > 0 ? 1 : 0);
}

void
ruleset_batches_end(struct ruleset_batches *b)
{
	free(b->numbers);
	free(b->batch);
	memset(b, 0, sizeof(*b));
}
