/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What control has counted, on its way into the heartbeats of the record. */
#include "agent/control/control_forwarding.h"
#include "agent/control/control_internal.h"
#include "agent/record/record_ledger.h"

#include <stdio.h>
#include <string.h>

json_int_t
control_reassembly_failed(void)
{
	json_int_t total = 0;
	char line[1024], name[64];
	long long value;
	FILE *f = fopen("/proc/self/net/snmp6", "re");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		/* NOLINTNEXTLINE(cert-err34-c): the kernel prints what fits */
		if (sscanf(line, "%63s %lld", name, &value) == 2 &&
		    strcmp(name, "Ip6ReasmFails") == 0)
			total += value;
	if (f != NULL)
		fclose(f);
	f = fopen("/proc/self/net/snmp", "re");
	/* The second "Ip:" line holds the values; ReasmFails is the 16th of them. */
	for (int ip_lines = 0; f != NULL && fgets(line, sizeof(line), f) != NULL;)
		if (strncmp(line, "Ip:", 3) == 0 && ++ip_lines == 2 &&
		    /* NOLINTNEXTLINE(cert-err34-c): the kernel prints what fits */
		    sscanf(line, "Ip: %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
		    "%*s %*s %lld", &value) == 1)
			total += value;
	if (f != NULL)
		fclose(f);
	return total;
}

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
