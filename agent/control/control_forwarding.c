/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_forwarding.h"

#include "agent/control/control_internal.h"
#include "agent/control/priv.h"
#include "agent/log.h"

#include "kernel-helpers/nft_account.h"
#include "kernel-helpers/sysctl.h"

bool
control_is_forwarding(void)
{
	int v4 = 0, v6 = 0;

	(void)sysctl_get(SYSCTL_IPV4_FORWARD, &v4);
	(void)sysctl_get(SYSCTL_IPV6_FORWARD, &v6);
	return v4 != 0 || v6 != 0;
}

void
control_forwarding_off(struct control *c)
{
	char why[256] = "";

	if (priv_forwarding(c->setup->keeper_fd, false, why, sizeof(why)) < 0)
		log_warnx("control: forwarding is not off: %s", why);
	c->forwarding = false;
}

bool
control_table_stands(struct control *c)
{
	struct ruleset *counters = NULL;
	int r = nft_account_counters(c->nft, &counters);
	/* Ours is never without them. */
	bool stands = r == 0 && counters != NULL && counters->n_counters > 0;

	ruleset_free(counters);
	return stands;
}

bool
control_shut_without_table(struct control *c)
{
	if (control_table_stands(c))
		return false;
	control_forwarding_off(c);
	return true;
}
