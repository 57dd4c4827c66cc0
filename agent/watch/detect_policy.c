/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/detect_policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Never 0, so that 0 can mean "none". */
static uint64_t
tag_of(const struct detect_policy *p, const char *name)
{
	uint8_t out[crypto_shorthash_BYTES];
	uint64_t tag;

	crypto_shorthash(out, (const uint8_t *)name, strlen(name), p->secret);
	memcpy(&tag, out, sizeof(tag));
	return tag | 1u;
}

static int
collect_tags(struct detect_policy *p, const struct checked *c)
{
	for (size_t i = 0; i < c->n_segments && i < LIMIT_SEGMENTS; i++) {
		p->segment_tag[i] = tag_of(p, c->segments[i].interface);
		p->zone_tag[i] = tag_of(p, c->zones[c->segments[i].zone].name);
	}
	p->permit_tag = calloc(c->n_permits + 1, sizeof(p->permit_tag[0]));
	if (p->permit_tag == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_permits; i++)
		p->permit_tag[i] = tag_of(p, c->permits[i].id);
	p->n_permits = c->n_permits;
	return 0;
}

void
detect_policy_init(struct detect_policy *p)
{
	memset(p, 0, sizeof(*p));
	crypto_shorthash_keygen(p->secret);
}

void
detect_policy_clear(struct detect_policy *p)
{
	role_index_free(p->roles);
	free(p->permit_tag);
	p->roles = NULL;
	p->permit_tag = NULL;
	p->n_permits = 0;
}

int
detect_policy_set(struct detect_policy *p, const struct checked *checked)
{
	int error;

	detect_policy_clear(p);
	error = collect_tags(p, checked);
	if (error == 0) {
		p->roles = role_index_new(checked);
		error = p->roles != NULL ? 0 : -ENOMEM;
	}
	if (error != 0)
		detect_policy_clear(p);
	return error;
}
