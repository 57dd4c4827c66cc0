/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What control has counted, on its way into the heartbeats of the record. */
#include "agent/control/control_internal.h"

#include "agent/record/record_ledger.h"

void
control_tell_ledger(struct control *c)
{
	struct record_ledger ledger = { { 0 } };
	struct connection_table connections;
	uint64_t *n = ledger.numbers;

	(void)connection_table_read(&connections);
	n[CONTROL_SERIAL] = c->serial;
	n[CONTROL_FORWARDING] = control_is_forwarding();
	n[CONTROL_CONNECTIONS] = connections.count > 0 ? (uint64_t)connections.count : 0;
	n[CONTROL_CONNECTIONS_MOST] = connections.max > 0 ? (uint64_t)connections.max : 0;
	n[CONTROL_CONNECTIONS_DROPPED] = connections.dropped;
	n[CONTROL_REASSEMBLY_FAILED] = (uint64_t)control_reassembly_failed();
	n[CONTROL_CUTOFFS] = c->cut.list.n;
	n[CONTROL_UNSENT] = c->record.unsent;
	/* When its queue is full the records come first; the next one says the same. */
	(void)ipc_send(c->setup->record_fd, IPC_RECORD_LEDGER, &ledger, sizeof(ledger), -1);
}
