/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What control has to do with the record beside writing to it. */
#include "agent/control/control_internal.h"
#include "agent/log.h"

#include <string.h>

void
control_record_rules(struct control *c)
{
	int r;

	if (c->checked == NULL)
		return;
	r = ipc_send(c->setup->record_fd, IPC_RECORD_POLICY, &c->checked->record,
	    sizeof(c->checked->record), -1);
	if (r < 0)
		log_warnx("control: the recorder does not take its rules: %s", strerror(-r));
}
