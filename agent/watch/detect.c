/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/detect.h"

#include <stdlib.h>

struct detect {
	detect_found *found;
	void *arg;
};

struct detect *
detect_new(detect_found *found, void *arg)
{
	struct detect *d = calloc(1, sizeof(*d));

	if (d != NULL) {
		d->found = found;
		d->arg = arg;
	}
	return d;
}

void
detect_free(struct detect *d)
{
	free(d);
}

void
detect_set_policy(struct detect *d, const struct checked *checked,
    const struct classifier *classifier, const struct detect_own_mac *own)
{
	(void)d;
	(void)checked;
	(void)classifier;
	(void)own;
}

void
detect_packet(struct detect *d, const struct detect_packet *p)
{
	(void)d;
	(void)p;
}

void
detect_permit_bytes(struct detect *d, uint32_t permit, uint16_t in, uint16_t out,
    uint64_t bytes, int64_t time_ns)
{
	(void)d;
	(void)permit;
	(void)in;
	(void)out;
	(void)bytes;
	(void)time_ns;
}

void
detect_sweep(struct detect *d, int64_t time_ns)
{
	(void)d;
	(void)time_ns;
}
