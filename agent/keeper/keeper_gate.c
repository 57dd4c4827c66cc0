/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/keeper/keeper_gate.h"

#include "agent/clock.h"
#include "agent/keeper/keeper_internal.h"
#include "agent/log.h"
#include "agent/tick.h"
#include "kernel-helpers/forwarded.h"
#include "kernel-helpers/nft_dump.h"
#include "kernel-helpers/sysctl.h"
#include "kernel-helpers/sysctl_hardened.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* Some hundred foreign transactions; more at once, and everything is compared instead. */
#define EVENT_BUFFER	(512 << 10)
/* Datagrams at one go: others want the loop too. */
#define EVENTS_AT_ONCE	512u
/* What could not be told to control, whose queue was full, is told then. */
#define TELL_AGAIN_US	100000

int
keeper_gate_open(struct keeper *k)
{
	uint32_t own = nft_channel_port(k->nft);

	k->gate_fd = own == 0 ? -ENOTSOCK : nft_events_open(own, EVENT_BUFFER);
	return k->gate_fd < 0 ? k->gate_fd : 0;
}

int
keeper_gate_shut(struct keeper *k)
{
	int r4, r6;

	/* Each is tried, whatever became of the one before. */
	r4 = sysctl_set(SYSCTL_IPV4_FORWARD, 0);
	r6 = sysctl_set(SYSCTL_IPV6_FORWARD, 0);
	(void)sysctl_set(SYSCTL_IPV6_FORCE_FORWARD, 0);
	for (uint32_t i = 0; i < k->interfaces.n_interfaces; i++) {
		const char *name = k->interfaces.interfaces[i];

		(void)sysctl_lower(SYSCTL_IF_IPV4_FORWARD, name, 0);
		(void)sysctl_lower(SYSCTL_IF_IPV6_FORCE_FORWARD, name, 0);
	}
	return r4 < 0 ? r4 : r6;
}

void
keeper_harden_interfaces(struct keeper *k)
{
	size_t n;
	const struct sysctl_hardened *rows = sysctl_hardened(&n);

	for (uint32_t i = 0; i < k->interfaces.n_interfaces; i++)
		for (size_t row = 0; row < n; row++)
			if (rows[row].per_interface)
				(void)sysctl_lower(rows[row].id, k->interfaces.interfaces[i],
				    rows[row].value);
}

/*
 * Forwarding on is the last step of a start: what hardens the routing of the
 * machine comes with it. A sysctl that this kernel lacks is told, not fatal:
 * the gate does not rely on it.
 */
void
keeper_harden(struct keeper *k)
{
	size_t n;
	const struct sysctl_hardened *rows = sysctl_hardened(&n);

	for (size_t i = 0; i < n; i++) {
		int r = rows[i].per_interface ? 0 : sysctl_set(rows[i].id, rows[i].value);

		/* Where this one is missing there is nothing to harden. */
		if (r < 0 && rows[i].id != SYSCTL_IPV6_FORCE_FORWARD)
			log_warnx("keeper: cannot set %s: %s", sysctl_name(rows[i].id),
			    strerror(-r));
	}
	keeper_harden_interfaces(k);
}

bool
keeper_gate_stands(struct keeper *k)
{
	_Alignas(8) uint8_t request[NFT_DUMP_REQUEST_BYTES];
	struct nft_refusal refusal = { 0 };
	struct nft_dump dump = { .ruleset = ruleset_new(), .refusal = &refusal };
	struct nft_replies replies = { 0 };
	size_t length = nft_dump_request(request, NFT_MSG_GETTABLE, false, NULL);
	int r = dump.ruleset == NULL ? -ENOMEM :
	    k->nft->exchange(k->nft, request, length, &replies);

	if (r == 0)
		r = nft_dump_table(&replies, &dump);
	nft_replies_free(&replies);
	ruleset_free(dump.ruleset);
	return r == 0;
}

static void
tell(struct keeper *k)
{
	if (k->gate_seen.transactions == 0 && !k->gate_seen.lost)
		return;
	if (ipc_send(k->tell[0], IPC_NFT_SEEN, &k->gate_seen, sizeof(k->gate_seen), -1) == 0)
		memset(&k->gate_seen, 0, sizeof(k->gate_seen));
}

static void
add(struct ipc_nft_seen *sum, const struct nft_events_seen *seen)
{
	/* Who did the worst of it is named. */
	if (sum->transactions == 0 || seen->gone > 0 || (seen->changed > 0 && sum->gone == 0)) {
		sum->pid = seen->pid;
		memcpy(sum->name, seen->name, sizeof(sum->name));
	}
	if (sum->noticed_ns == 0)
		sum->noticed_ns = clock_ns(CLOCK_REALTIME);
	sum->transactions += seen->transactions;
	sum->changed += seen->changed;
	sum->gone += seen->gone;
	sum->generation = seen->generation != 0 ? seen->generation : sum->generation;
	sum->lost |= seen->lost;
}

/* Nothing tells what a changed table lets through: shut until it was compared. */
static void
shut(struct keeper *k)
{
	struct ipc_nft_seen *sum = &k->gate_seen;
	int64_t begin = clock_ns(CLOCK_MONOTONIC);
	int v4 = 0, v6 = 0, r;

	(void)sysctl_get(SYSCTL_IPV4_FORWARD, &v4);
	(void)sysctl_get(SYSCTL_IPV6_FORWARD, &v6);
	r = keeper_gate_shut(k);
	if (r < 0)
		log_warnx("keeper: forwarding is not off: %s", strerror(-r));
	if (sum->shut_ns == 0)
		sum->shut_ns = clock_ns(CLOCK_MONOTONIC) - begin;
	sum->shut |= v4 != 0 || v6 != 0;
	(void)forwarded_packets(&sum->forwarded);
}

bool
keeper_gate_look(struct keeper *k)
{
	struct nft_events_seen seen = { 0 };
	int r = nft_events_read(k->gate_fd, nft_channel_port(k->nft), EVENTS_AT_ONCE,
	    &k->gate_transaction, &seen);
	bool ours = seen.changed > 0 || k->gate_transaction.changed ||
	    (seen.lost && !keeper_gate_stands(k));

	if (ours)
		shut(k);
	if (r < 0)
		seen.lost = true;
	if (seen.transactions > 0 || seen.lost)
		add(&k->gate_seen, &seen);
	tell(k);
	return ours;
}

static int
on_event(sd_event_source *s, int fd, uint32_t events, void *arg)
{
	(void)s;
	(void)fd;
	(void)events;
	(void)keeper_gate_look(arg);
	return 0;
}

static uint64_t
tell_again(void *arg)
{
	tell(arg);
	return TELL_AGAIN_US;
}

int
keeper_gate_watch(struct keeper *k)
{
	sd_event_source *io = NULL;
	int r = sd_event_add_io(k->event, &io, k->gate_fd, EPOLLIN, on_event, k);

	/* Before all that children ask. */
	if (r >= 0)
		r = sd_event_source_set_priority(io, SD_EVENT_PRIORITY_IMPORTANT);
	if (r >= 0)
		r = sd_event_source_set_floating(io, true);
	if (r >= 0)
		r = tick_begin(k->event, &(struct tick){ .first_us = TELL_AGAIN_US,
		    .act = tell_again, .arg = k });
	sd_event_source_unref(io);
	return r < 0 ? r : 0;
}
