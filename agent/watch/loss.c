/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/loss.h"

#include <stddef.h>

void
loss_count(struct loss *l, uint64_t total, int64_t before_ns, int64_t wall_ns)
{
	uint64_t more = total >= l->total ? total - l->total : total;

	l->total = total;
	if (more == 0)
		return;
	if (l->untold == 0)
		l->first_ns = before_ns;
	l->untold += more;
	l->last_ns = wall_ns;
}

bool
loss_is_due(const struct loss *l, int64_t now_ns)
{
	return l->untold > 0 && now_ns >= l->next_ns;
}

void
loss_told(struct loss *l, int64_t now_ns)
{
	/* After a pause as long as the last step it begins anew. */
	if (l->step_ns == 0 || now_ns - l->next_ns >= l->step_ns)
		l->step_ns = LOSS_FIRST_NS;
	else if (l->step_ns < LOSS_MOST_NS)
		l->step_ns *= 10;
	if (l->step_ns > LOSS_MOST_NS)
		l->step_ns = LOSS_MOST_NS;
	l->next_ns = now_ns + l->step_ns;
	l->untold = 0;
}

static const struct {
	const char *name, *sentence;
} layers[LOSS_LAYERS] = {
	[LOSS_DRIVER] = { "driver", "frames lost by the interface before the tap" },
	[LOSS_SOFTNET] = { "softnet", "frames dropped by this machine's processors before "
	    "any tap (of all interfaces, also those not watched)" },
	[LOSS_RING] = { "ring", "frames lost in the capture ring" },
	[LOSS_UNREAD] = { "unread", "frames unread in a capture ring that was closed" },
	[LOSS_UNSURE] = { "unsure", "leaving frames judged by their source address alone" },
	[LOSS_GATE] = { "gate", "messages of the gate lost (its counters are exact)" },
};

const char *
loss_sentence(enum loss_layer layer)
{
	return layers[layer].sentence;
}

const char *
loss_layer_name(enum loss_layer layer)
{
	return layers[layer].name;
}
