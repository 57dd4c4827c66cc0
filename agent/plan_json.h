/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The difference of two policies as JSON: the daemon's answer, and the command's own. */
#ifndef AGENT_PLAN_JSON_H
#define AGENT_PLAN_JSON_H

#include "rules/policy_diff.h"

#include <jansson.h>

/*
 * Into o: "pairs": [{"from", "to", "permits": [{"permit", "change", "opened", "closed",
 * "opens", "closes", "was", "other", "before", "file", "line"}]}] and "places":
 * [{"change", "zone", "interface", "network", "other", "count"}]; what does not apply is
 * left out. 0 or -ENOMEM. running NULL: nothing runs. meanwhile(arg): as in policy_diff_new().
 */
int plan_json(json_t *o, const struct checked *running, const struct checked *next,
    void (*meanwhile)(void *arg), void *arg);

#endif /* AGENT_PLAN_JSON_H */
