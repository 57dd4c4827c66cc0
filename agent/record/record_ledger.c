/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/record_ledger.h"

#include "agent/clock.h"

#include <string.h>

#define NS_PER_MS	INT64_C(1000000)

static const char *const keeper_names[KEEPER_NUMBERS] = {
	[KEEPER_RECORDER_RESTARTS] = "recorder_restarts",
	[KEEPER_CONTROL_RESTARTS] = "control_restarts",
	[KEEPER_WATCHER_RESTARTS] = "watcher_restarts",
	[KEEPER_NETLINK_SILENT] = "netlink_silent",
};

static const char *const control_names[CONTROL_NUMBERS] = {
	[CONTROL_SERIAL] = "serial",
	[CONTROL_FORWARDING] = "forwarding",
	[CONTROL_CONNECTIONS] = "connections",
	[CONTROL_CONNECTIONS_MOST] = "connections_most",
	[CONTROL_CONNECTIONS_DROPPED] = "connections_dropped",
	[CONTROL_REASSEMBLY_FAILED] = "reassembly_failed",
	[CONTROL_CUTOFFS] = "cutoffs",
	[CONTROL_UNSENT] = "unsent",
};

static const char *const watcher_names[WATCHER_NUMBERS] = {
	[WATCHER_TAPS] = "taps",
	[WATCHER_DEAF] = "deaf",
	[WATCHER_LOST_DRIVER] = "lost_driver",
	[WATCHER_LOST_SOFTNET] = "lost_softnet",
	[WATCHER_SEEN] = "seen",
	[WATCHER_PROVEN] = "proven",
	[WATCHER_RECEIVED] = "received",
	[WATCHER_DROPPED] = "dropped",
	[WATCHER_DELIVERED] = "delivered",
	[WATCHER_UNREAD] = "unread",
	[WATCHER_FRAMES] = "frames",
	[WATCHER_GATE] = "gate",
	[WATCHER_LOST_GATE] = "lost_gate",
	[WATCHER_CANARIES] = "canaries",
	[WATCHER_UNREADABLE] = "unreadable",
	[WATCHER_PERMITTED] = "permitted",
	[WATCHER_LOCAL] = "local",
	[WATCHER_EXCUSED] = "excused",
	[WATCHER_VIOLATIONS] = "violations",
	[WATCHER_HELD] = "held",
	[WATCHER_INNER] = "inner",
	[WATCHER_DETECTIONS] = "detections",
	[WATCHER_ADDED] = "added",
	[WATCHER_OPEN] = "open",
	[WATCHER_CLOSED] = "closed",
	[WATCHER_COUNTED] = "counted",
	[WATCHER_TOLD] = "told",
	[WATCHER_UNTOLD] = "untold",
	[WATCHER_OVERFLOWED] = "overflowed",
	[WATCHER_OFFERED] = "offered",
	[WATCHER_SENT] = "sent",
	[WATCHER_DEFERRED] = "deferred",
	[WATCHER_FAULTS] = "faults",
};

static const struct ledger_names {
	const char *of;
	const char *const *names;
	unsigned int n;
} ledgers[LEDGER_OF_COUNT] = {
	[LEDGER_OF_KEEPER] = { "keeper", keeper_names, KEEPER_NUMBERS },
	[LEDGER_OF_CONTROL] = { "control", control_names, CONTROL_NUMBERS },
	[LEDGER_OF_WATCHER] = { "watcher", watcher_names, WATCHER_NUMBERS },
};

_Static_assert((int)WATCHER_NUMBERS <= (int)RECORD_LEDGER_NUMBERS, "all fit into a message");

const char *
record_ledger_name(enum ledger_of of)
{
	return of < LEDGER_OF_COUNT ? ledgers[of].of : "";
}

bool
record_ledgers_take(struct record_ledgers *l, const char *sender, const void *bytes,
    size_t length)
{
	for (unsigned int of = 0; of < LEDGER_OF_COUNT; of++) {
		if (strcmp(ledgers[of].of, sender) != 0)
			continue;
		if (length != sizeof(l->of[of]))
			return false;
		memcpy(&l->of[of], bytes, length);
		l->taken_ns[of] = clock_ns(CLOCK_BOOTTIME);
		return true;
	}
	return false;
}

uint64_t
record_ledgers_number(const struct record_ledgers *l, enum ledger_of of, unsigned int number)
{
	uint64_t n;

	if (of >= LEDGER_OF_COUNT || number >= ledgers[of].n || l->taken_ns[of] == 0)
		return 0;
	n = l->of[of].numbers[number];
	return n > INT64_MAX ? INT64_MAX : n;
}

json_t *
record_ledgers_json(const struct record_ledgers *l, enum ledger_of of)
{
	json_t *o;

	if (of >= LEDGER_OF_COUNT || l->taken_ns[of] == 0)
		return json_null();
	o = json_pack("{s:I}", "age_ms",
	    (json_int_t)((clock_ns(CLOCK_BOOTTIME) - l->taken_ns[of]) / NS_PER_MS));
	for (unsigned int i = 0; i < ledgers[of].n; i++)
		json_object_set_new(o, ledgers[of].names[i],
		    json_integer((json_int_t)record_ledgers_number(l, of, i)));
	return o;
}
