/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes that lead to another segment than the policy says. Pure. */
#ifndef AGENT_DRIFT_DRIFT_ROUTES_H
#define AGENT_DRIFT_DRIFT_ROUTES_H

#include "agent/drift/drift_findings.h"

void drift_find_routes(const struct drift_picture *p, const struct checked *c,
    struct drift_list *out);

#endif /* AGENT_DRIFT_DRIFT_ROUTES_H */
