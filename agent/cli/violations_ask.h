/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What "sekisho violations" is asked for: its options, understood. */
#ifndef AGENT_CLI_VIOLATIONS_ASK_H
#define AGENT_CLI_VIOLATIONS_ASK_H

#include "agent/cli/cli.h"
#include "agent/record/record_query.h"

struct violations_ask {
	struct record_query query;
	enum record_by by;
	size_t top;			/* 0: all groups */
	bool csv, follow;
};

/* CLI_OK, or CLI_USAGE after having complained. The texts stay argv's. */
int violations_ask_take(const struct cli *cli, int argc, char **argv,
    struct violations_ask *ask);

#endif /* AGENT_CLI_VIOLATIONS_ASK_H */
