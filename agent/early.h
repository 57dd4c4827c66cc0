/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate before the daemon: "sekishod --early" shuts the gateway at boot, before any
 * interface is up. Forwarding goes off, and a table that permits nothing is put into the
 * kernel: it has the name and the shape of every other gate, so the policy takes over from
 * it in one flip, and it stays where no policy can be loaded.
 *
 * Who may reach the gateway itself meanwhile stands in early.conf: a policy, but one that
 * can only open the way to the gateway, for zones of class mgmt, from networks that are
 * written out. No such file, or an error in it: nobody may.
 */
#ifndef AGENT_EARLY_H
#define AGENT_EARLY_H

#include "rules/diag.h"
#include "rules/ruleset.h"

#include <stdbool.h>

#define EARLY_CONF	"/etc/sekisho/early.conf"
/*
 * A counter of that name, which no rule counts by, marks the gate of the boot; it goes when
 * a policy takes over. (The comment of a table stays what it was when the table was made.)
 */
#define EARLY_COUNTER	"boot"

/*
 * The ruleset of the shut gate. conf NULL, or a file that does not exist: nobody reaches
 * the gateway. Findings go to diag; with an error among them nothing of the file counts.
 * The caller owns the result; NULL with errno ENOMEM.
 */
struct ruleset *early_ruleset(const char *conf, int64_t now, struct diag *diag);

/* The gate of the boot; NULL is none. */
bool early_is_boot(const struct ruleset *running);
/* The gate of a policy: understood, and with a forward chain that drops. */
bool early_is_gate(const struct ruleset *running);

/*
 * Shut the gateway, unless the gate of a policy stands already. The exit status of
 * the daemon: 0; 1 when the kernel would not; 2 when it is shut, but early.conf is wrong.
 */
int early_run(const char *conf);

#endif /* AGENT_EARLY_H */
