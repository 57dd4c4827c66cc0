/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is done now and then: bytes of permits for the detectors, and answers that waited. */
#include "agent/watch/inspect_inside.h"

#define TOLD_AHEAD	16u	/* permits whose memory is asked for ahead */

/* Of the permit in that direction, if there is anything to tell. */
static void
expect_told(struct inspect *i, size_t n, bool soon)
{
	const struct permit_count *p;

	if (n >= 2 * (i->n_permits + 1))
		return;
	p = &i->permits[n];
	if (p->bytes != p->told)
		detect_expect_bytes(i->detect, (uint32_t)(n / 2), p->in, p->out, soon);
}

static void
tell_bytes(struct inspect *i, int64_t time_ns)
{
	for (size_t n = 2; n < 2 * (i->n_permits + 1); n++) {
		struct permit_count *p = &i->permits[n];

		expect_told(i, n + TOLD_AHEAD, false);
		expect_told(i, n + TOLD_AHEAD / 2, true);
		if (p->bytes == p->told)
			continue;
		detect_permit_bytes(i->detect, (uint32_t)(n / 2), p->in, p->out,
		    p->bytes - p->told, time_ns);
		p->told = p->bytes;
	}
}

void
inspect_permit_bytes(struct inspect *i, const struct inspect_bytes *b, int64_t time_ns,
    int64_t clock_ns)
{
	i->time_ns = time_ns;
	i->clock_ns = clock_ns;
	detect_permit_bytes(i->detect, b->permit, b->in, b->out, b->bytes, time_ns);
}

void
inspect_sweep(struct inspect *i, int64_t time_ns, int64_t clock_ns)
{
	inspect_release(i, clock_ns, false);
	if (clock_ns >= i->swept_ns && clock_ns - i->swept_ns < INSPECT_SECOND_NS)
		return;
	i->swept_ns = clock_ns;
	i->time_ns = time_ns;
	i->clock_ns = clock_ns;
	tell_bytes(i, time_ns);
	detect_sweep(i->detect, time_ns);
}
