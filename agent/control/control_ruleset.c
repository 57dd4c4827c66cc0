/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_ruleset.h"

#include "agent/clock.h"
#include "agent/control/control_internal.h"

#include "kernel-helpers/nft_commit.h"
#include "rules/compile.h"

#include <errno.h>

int
control_running_ruleset(struct control *c, const struct ruleset **running,
    struct ruleset **read)
{
	struct nft_refusal refusal = { 0 };
	uint32_t generation = 0;
	int r = nft_generation(c->nft, &generation);

	*running = *read = NULL;
	if (r == 0 && c->known.ruleset != NULL && c->known.generation == generation) {
		*running = c->known.ruleset;
		return 0;
	}
	if (r == 0)
		r = nft_read_back(c->nft, read, &generation, &refusal);
	*running = *read;
	return r == -EPROTO ? 0 : r;
}

struct ruleset *
control_compile(const struct control *c, const struct checked *checked,
    const uint32_t *revoked, size_t n, struct diag *diag)
{
	int64_t now = clock_seconds();
	const struct compile_moment moment = { .now = now,
		.horizon = now + LIMIT_HORIZON_SECONDS, .revoked = revoked, .n_revoked = n };
	struct ruleset *target = compile_at(checked, &moment, diag);

	if (target != NULL && control_cutoff_put(c, checked, target) < 0) {
		ruleset_free(target);
		return NULL;
	}
	return target;
}

bool
control_revoking(const struct control *c)
{
	static const struct object_name name = { .base = COMPILE_SET_REVOKED };

	return c->known.ruleset != NULL && ruleset_find_set(c->known.ruleset, &name) != NULL;
}
