/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Services of the machine that change packet rules by themselves: some flush every table
 * when they start or stop, some switch forwarding on. Told while they are enabled or run,
 * before they do it; what they have put there is found by the other looks.
 */
#ifndef AGENT_DRIFT_DRIFT_SERVICES_H
#define AGENT_DRIFT_DRIFT_SERVICES_H

#include "agent/drift/drift_findings.h"

/*
 * units: the folder of systemd(1) where enabled units have their links
 * (/etc/systemd/system); cgroups: the one where running services have theirs
 * (/sys/fs/cgroup/system.slice). A folder that is not there tells nothing.
 */
void drift_services(const char *units, const char *cgroups, struct drift_list *out);

#endif /* AGENT_DRIFT_DRIFT_SERVICES_H */
