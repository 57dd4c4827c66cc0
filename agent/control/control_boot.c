/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The start without a policy: "sekishod --early" has shut the gateway (agent/early.h), and
 * its gate is what control looks after then, as it would after that of a policy.
 */
#include "agent/control/control_forwarding.h"
#include "agent/control/control_internal.h"
#include "agent/early.h"
#include "agent/log.h"

void
control_keep_boot_gate(struct control *c)
{
	struct nft_refusal refusal = { 0 };
	struct ruleset *running = NULL;
	uint32_t generation = 0;

	if (c->checked != NULL ||
	    nft_read_back(c->nft, &running, &generation, &refusal) < 0 ||
	    !early_is_boot(running)) {
		ruleset_free(running);
		return;
	}
	nft_known_forget(&c->known);
	c->known.ruleset = running;
	c->known.generation = generation;
	/* Something may have switched it on since: it is nobody's wish before a policy. */
	control_forwarding_off(c);
	log_warnx("control: no policy is in force: the gate of the boot stays, nothing is "
	    "forwarded");
}
