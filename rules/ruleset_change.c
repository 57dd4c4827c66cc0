/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The change that ruleset_diff() made, as a thing to own. */
#include "rules/ruleset_diff.h"

#include <stdlib.h>

static void
free_list(struct change_list *list)
{
	for (size_t i = 0; i < list->n_owned; i++)
		free(list->owned[i]);
	free(list->owned);
	free(list->items);
}

void
ruleset_change_free(struct ruleset_change *c)
{
	if (c == NULL)
		return;
	free_list(&c->stage);
	free_list(&c->flip);
	free_list(&c->sweep);
	for (size_t i = 0; i < c->n_passing; i++)
		ruleset_free(c->passing[i]);
	free(c->passing);
	free(c);
}

bool
ruleset_change_empty(const struct ruleset_change *c)
{
	return c->stage.count == 0 && c->flip.count == 0 && c->sweep.count == 0;
}
