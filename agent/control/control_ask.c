/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the other processes say of themselves. */
#include "agent/control/control_internal.h"

/* Longer and the process is taken for dead; an account is made in microseconds. */
#define ACCOUNT_TIMEOUT_MS 1000

json_t *
control_ask_json(struct control *c, int socket, enum ipc_type type)
{
	json_t *value = NULL;

	if (ipc_ask(socket, type, NULL, 0, -1, &c->answer, ACCOUNT_TIMEOUT_MS) == 0)
		(void)ipc_json(&c->answer, &value);
	return value;
}
