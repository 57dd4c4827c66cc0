/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sekisho: the administrator's command. */
#include "agent/cli/cli_main.h"

int
main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
