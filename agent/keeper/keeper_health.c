/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is alive. A child whose loop stands still is ended and started again; the
 * service manager's watchdog is fed only while all loops turn, nf_tables
 * answers, and this loop turns too. Looks are counted, not seconds: whoever was
 * frozen together with the keeper has missed none.
 */
#include "agent/keeper/keeper_internal.h"

#include "agent/log.h"
#include "agent/record/record_ledger.h"
#include "agent/tick.h"
#include "kernel-helpers/nft_commit.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* As in sekishod.service; used where nobody watches us. */
#define WATCHDOG_DEFAULT_US	30000000u
/* Looks in the time of one watchdog: it is fed four times as often as it asks for. */
#define LOOKS			8u

/*
 * Looks without a sign of life until a child counts as hung. The watcher does nothing
 * that takes long; control compiles policies of 100,000 permits; the recorder may
 * have to wait for a slow disk, and ending it helps a disk little.
 */
static const unsigned int patience[CHILD_COUNT] = {
	[CHILD_RECORDER] = LOOKS * 3 / 2,
	[CHILD_CONTROL] = LOOKS,
	[CHILD_WATCHER] = LOOKS / 2,
	[CHILD_ALERTER] = LOOKS / 2,
	[CHILD_FORWARDER] = LOOKS,
};
/* A start reads tables and loads filters before the loop turns. */
#define START_PATIENCE 2u

static uint64_t
watchdog_us(void)
{
	uint64_t us = 0;

	return sd_watchdog_enabled(0, &us) > 0 && us > 0 ? us : WATCHDOG_DEFAULT_US;
}

static bool
is_wanted(const struct keeper *k, enum child_id id)
{
	return (id != CHILD_WATCHER || k->policy_fd >= 0) &&
	    (id != CHILD_ALERTER || keeper_starter_lives(k) || k->children[id].pid != 0);
}

void
keeper_heard(struct keeper *k, enum child_id id)
{
	k->health[id].missed = 0;
	k->health[id].heard = true;
}

void
keeper_health_started(struct keeper *k, enum child_id id)
{
	struct health *h = &k->health[id];

	h->heard = false;
	h->looks = 0;
}

static void
listen_to(struct keeper *k, enum child_id id)
{
	struct health *h = &k->health[id];
	uint64_t count = atomic_load_explicit(&k->beats[id]->count, memory_order_relaxed);

	h->looks++;
	if (count != h->count || !is_wanted(k, id))
		keeper_heard(k, id);
	else
		h->missed++;
	h->count = count;
}

static void
end_if_hung(struct keeper *k, enum child_id id)
{
	const struct health *h = &k->health[id];
	unsigned int limit = patience[id] * (h->heard ? 1 : START_PATIENCE);
	struct child *c = &k->children[id];

	if (c->pid == 0 || h->missed < limit || h->looks < limit || c->hung)
		return;
	log_warnx("keeper: the %s gives no sign of life; ending it", keeper_child_name(id));
	/* Noticed as any death is; the record then says why. */
	c->hung = true;
	keeper_signal(k, id, SIGKILL);
}

/*
 * One question and its answer: the socket, the subsystem and its lock. A socket that is
 * broken for good takes a new keeper: what hears of foreign changes knows its number.
 */
static bool
netlink_answers(struct keeper *k)
{
	uint32_t generation = 0;
	int r = nft_generation(k->nft, &generation);

	if (r < 0 && !k->netlink_silent)
		log_warnx("keeper: nf_tables does not answer: %s", strerror(-r));
	if (r == 0 && k->netlink_silent)
		log_info("keeper: nf_tables answers again");
	k->netlink_silent = r < 0;
	return r == 0;
}

bool
keeper_is_healthy(struct keeper *k)
{
	bool healthy = netlink_answers(k);

	/*
	 * Neither the gate nor the record depends on who is told of it: to restart all for a
	 * collector or a hook would be a gap in watching. A hung one is ended all the same.
	 */
	for (int id = 0; id < CHILD_COUNT; id++)
		if (id != CHILD_FORWARDER && id != CHILD_ALERTER)
			healthy = healthy && k->health[id].missed < patience[id];
	return healthy;
}

/* For the heartbeats of the record. A full queue is no matter: the next one says the same. */
static void
tell_ledger(const struct keeper *k)
{
	struct record_ledger ledger = { { 0 } };

	ledger.numbers[KEEPER_RECORDER_RESTARTS] = k->children[CHILD_RECORDER].restarts;
	ledger.numbers[KEEPER_CONTROL_RESTARTS] = k->children[CHILD_CONTROL].restarts;
	ledger.numbers[KEEPER_WATCHER_RESTARTS] = k->children[CHILD_WATCHER].restarts;
	ledger.numbers[KEEPER_ALERTER_RESTARTS] = k->children[CHILD_ALERTER].restarts;
	ledger.numbers[KEEPER_NETLINK_SILENT] = k->netlink_silent;
	(void)ipc_send(k->record[WRITER_KEEPER][0], IPC_RECORD_LEDGER, &ledger,
	    sizeof(ledger), -1);
}

static uint64_t
look(void *arg)
{
	struct keeper *k = arg;

	for (int id = 0; id < CHILD_COUNT; id++) {
		listen_to(k, (enum child_id)id);
		end_if_hung(k, (enum child_id)id);
	}
	if (keeper_is_healthy(k))
		(void)sd_notify(0, "WATCHDOG=1");
	tell_ledger(k);
	return k->look_us;
}

int
keeper_health_begin(struct keeper *k)
{
	k->look_us = watchdog_us() / LOOKS;
	return tick_begin(k->event, &(struct tick){ .first_us = k->look_us, .act = look,
	    .arg = k });
}

/* ---- as the kernel tells it, not as the process does ---------------------------------- */

static void
read_status_line(const char *line, struct ipc_process *p)
{
	unsigned long long caps = 0;
	unsigned int number = 0;

	/* NOLINTBEGIN(cert-err34-c): the kernel prints what fits */
	if (sscanf(line, "CapEff: %llx", &caps) == 1)
		p->capabilities = caps;
	else if (sscanf(line, "Uid: %u", &number) == 1)
		p->uid = number;
	else if (sscanf(line, "NoNewPrivs: %u", &number) == 1)
		p->no_new_privs = (uint8_t)number;
	else if (sscanf(line, "Seccomp: %u", &number) == 1)
		p->seccomp = (uint8_t)number;
	/* NOLINTEND(cert-err34-c) */
}

static void
read_status(struct ipc_process *p)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)p->pid);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		read_status_line(line, p);
	if (f != NULL)
		fclose(f);
}

static void
describe(const char *name, pid_t pid, int landlock, struct ipc_process *p)
{
	*p = (struct ipc_process){ .pid = pid, .landlock = landlock };
	snprintf(p->name, sizeof(p->name), "%s", name);
	if (pid > 0)
		read_status(p);
}

void
keeper_describe(struct keeper *k, struct ipc_processes *out)
{
	static_assert(1 + CHILD_COUNT + STARTERS <= IPC_MAX_PROCESSES, "all find room");

	*out = (struct ipc_processes){ .n = 1 + CHILD_COUNT + STARTERS };
	describe("keeper", getpid(), k->landlock, &out->processes[0]);
	for (size_t i = 0; i < STARTERS; i++) {
		const struct starter *s = &k->starters[i];
		struct ipc_process *p = &out->processes[1 + CHILD_COUNT + i];

		describe(keeper_starter_name(i), s->pid, s->landlock > 0 ? s->landlock : 0, p);
		p->restarts = s->restarts;
	}
	for (int id = 0; id < CHILD_COUNT; id++) {
		struct ipc_process *p = &out->processes[id + 1];

		describe(keeper_child_name((enum child_id)id), k->children[id].pid,
		    atomic_load_explicit(&k->beats[id]->landlock, memory_order_relaxed), p);
		p->restarts = k->children[id].restarts;
		p->silent = k->health[id].missed >= patience[id] && k->health[id].count ==
		    atomic_load_explicit(&k->beats[id]->count, memory_order_relaxed);
	}
}
