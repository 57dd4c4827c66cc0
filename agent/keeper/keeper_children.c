/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other processes as the keeper sees them: started, missed, ended. */
#include "agent/keeper/keeper_internal.h"

#include "agent/clock.h"
#include "agent/keeper/keeper_gate.h"
#include "agent/log.h"
#include "agent/privilege.h"
#include "agent/watch/watcher.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A child that dies at once is started again only so often. */
#define RESTART_PAUSE_US	1000000
/* One that lived this long is started again at once. */
#define RESTART_HEALTHY_US	2000000
/* So long without another one, and the pauses before it begin anew (keeper_child.c). */
#define REOPEN_QUIET_US		60000000

/* What each child gets to finish its work at a stop: the watcher may have 65,536
 * violations to tell (FINALS_NS in agent/watch/watcher.c). */
#define STOP_WAIT_MS		9000

const char *
keeper_child_name(enum child_id id)
{
	switch (id) {
	case CHILD_RECORDER:
		return "recorder";
	case CHILD_CONTROL:
		return "control";
	case CHILD_WATCHER:
		return "watcher";
	case CHILD_ALERTER:
		return "alerter";
	case CHILD_FORWARDER:
		return "forwarder";
	case CHILD_COUNT:
		break;
	}
	return "?";
}

static bool
wants_taps(enum child_id id, int status)
{
	return id == CHILD_WATCHER && WIFEXITED(status) &&
	    WEXITSTATUS(status) == WATCHER_REOPEN;
}

/* The gap that a death left: into the record, and to control for the status. */
static void
tell_of_gap(struct keeper *k, enum child_id id)
{
	struct child *c = &k->children[id];
	struct ipc_child told = { .status = c->status, .since_ns = c->died_ns,
	    .until_ns = clock_ns(CLOCK_REALTIME) };
	struct event e = { .kind = EVENT_GAP, .zv = ZV_14_WATCH_GAP, .action = ACTION_GAP,
	    .severity = SEVERITY_HIGH, .count = 1, .first_ns = told.since_ns,
	    .last_ns = told.until_ns };

	snprintf(told.name, sizeof(told.name), "%s", keeper_child_name(id));
	snprintf(e.reason, sizeof(e.reason), "the %s process %s %d and was started again",
	    told.name, WIFSIGNALED(c->status) ? "was ended by signal" : "ended with status",
	    WIFSIGNALED(c->status) ? WTERMSIG(c->status) : WEXITSTATUS(c->status));
	if (c->hung)
		snprintf(e.reason, sizeof(e.reason), "the %s process gave no sign of life, "
		    "was ended and started again", told.name);
	/* Nothing went unseen or unwritten: it goes on where it was. */
	if (id == CHILD_FORWARDER) {
		e.kind = EVENT_LIFE;
		e.zv = ZV_NONE;
		e.action = 0;
		e.severity = SEVERITY_WARNING;
	}
	if (wants_taps(id, c->status))
		snprintf(e.reason, sizeof(e.reason), "the watcher process was started "
		    "again to open its taps anew");
	(void)ipc_send(k->record[WRITER_KEEPER][0], IPC_RECORD_EVENT, &e, sizeof(e), -1);
	if (id != CHILD_CONTROL)
		(void)ipc_send(k->tell[0], IPC_CHILD_DIED, &told, sizeof(told), -1);
}

static void plan_restart(struct keeper *k, enum child_id id);

int
keeper_start(struct keeper *k, enum child_id id)
{
	struct child *c = &k->children[id];
	pid_t pid;

	/* Without its starter there is no other one. */
	if ((id == CHILD_WATCHER && k->policy_fd < 0) || (id == CHILD_ALERTER && !keeper_starter_lives(k)))
		return 0;
	c->started_us = clock_ns(CLOCK_MONOTONIC) / 1000;
	keeper_health_started(k, id);
	if (id == CHILD_WATCHER)
		keeper_canary_renew(k);
	pid = id == CHILD_ALERTER ? keeper_starter_fork(k) : fork();
	if (pid < 0) {
		int error = errno;

		log_warn("keeper: cannot start the %s", keeper_child_name(id));
		plan_restart(k, id);
		return -error;
	}
	if (pid == 0)
		keeper_child_run(k, id);
	c->pid = pid;
	log_info("%s started (pid %d)", keeper_child_name(id), (int)pid);
	if (c->died_ns != 0) {
		c->restarts++;
		tell_of_gap(k, id);
	}
	c->died_ns = 0;
	c->hung = false;
	return 0;
}

static int
on_restart(sd_event_source *s, uint64_t usec, void *arg)
{
	struct keeper *k = arg;

	(void)usec;
	for (int id = 0; id < CHILD_COUNT; id++)
		if (k->restart[id] == s) {
			k->restart[id] = sd_event_source_unref(s);
			return keeper_start(k, (enum child_id)id) < 0 ? 0 : 1;
		}
	return 0;
}

static void
plan_restart(struct keeper *k, enum child_id id)
{
	int64_t now = clock_ns(CLOCK_MONOTONIC) / 1000;
	const struct child *c = &k->children[id];
	bool healthy = now - c->started_us >= RESTART_HEALTHY_US ||
	    wants_taps(id, c->status);
	int r;

	if (k->stopping || k->restart[id] != NULL)
		return;
	r = sd_event_add_time(k->event, &k->restart[id], CLOCK_MONOTONIC,
	    (uint64_t)now + (healthy ? 0 : RESTART_PAUSE_US), 1000, on_restart, k);
	if (r < 0)
		log_warnx("keeper: cannot plan the start of the %s: %s",
		    keeper_child_name(id), strerror(-r));
}

void
keeper_start_soon(struct keeper *k, enum child_id id)
{
	plan_restart(k, id);
}

static void
note_death(struct keeper *k, enum child_id id, int status)
{
	struct child *c = &k->children[id];

	c->pid = 0;
	c->status = status;
	if (k->stopping)
		return;
	c->died_ns = clock_ns(CLOCK_REALTIME);
	/* Control may be waiting for its answer. */
	if (id == CHILD_WATCHER)
		(void)ipc_tell_death(k->watch[1]);
	if (id == CHILD_RECORDER)
		(void)ipc_tell_death(k->record[WRITER_CONTROL][1]);
	if (id == CHILD_FORWARDER)
		(void)ipc_tell_death(k->view[1]);
	if (clock_ns(CLOCK_MONOTONIC) / 1000 - c->started_us >= REOPEN_QUIET_US)
		c->reopened = 0;
	if (wants_taps(id, status)) {
		c->reopened++;
		log_info("the watcher ended to get its taps anew");
		plan_restart(k, id);
		return;
	}
	if (WIFSIGNALED(status))
		log_warnx("the %s was ended by signal %d", keeper_child_name(id),
		    WTERMSIG(status));
	else
		log_warnx("the %s ended with status %d", keeper_child_name(id),
		    WEXITSTATUS(status));
	plan_restart(k, id);
}

void
keeper_reap(struct keeper *k)
{
	int status;
	pid_t pid;

	keeper_starter_reap(k);
	/* Only our own: the loader is waited for by its own caller. */
	for (int id = 0; id < CHILD_COUNT; id++) {
		if (k->children[id].pid == 0)
			continue;
		pid = waitpid(k->children[id].pid, &status, WNOHANG);
		if (pid == k->children[id].pid)
			note_death(k, (enum child_id)id, status);
	}
}

void
keeper_signal(struct keeper *k, enum child_id id, int number)
{
	static const enum privilege_role roles[CHILD_COUNT] = {
		[CHILD_RECORDER] = ROLE_RECORDER,
		[CHILD_CONTROL] = ROLE_CONTROL,
		[CHILD_WATCHER] = ROLE_WATCHER,
		[CHILD_FORWARDER] = ROLE_FORWARDER,
		[CHILD_ALERTER] = ROLE_ALERTER,
	};
	int r = privilege_signal(roles[id], k->children[id].pid, number);

	if (r < 0)
		log_warnx("keeper: cannot end the %s: %s", keeper_child_name(id), strerror(-r));
}

/* Wait for one child, then insist. */
static void
end_child(struct keeper *k, enum child_id id)
{
	struct child *c = &k->children[id];
	int status;

	for (int ms = 0; c->pid != 0 && ms < STOP_WAIT_MS; ms += 5) {
		if (waitpid(c->pid, &status, WNOHANG) == c->pid)
			c->pid = 0;
		else
			usleep(5000);
		if (!k->stopping)
			(void)keeper_gate_look(k);
	}
	if (c->pid == 0)
		return;
	log_warnx("keeper: the %s does not finish; ending it", keeper_child_name(id));
	keeper_signal(k, id, SIGKILL);
	waitpid(c->pid, &status, 0);
	c->pid = 0;
}

int
keeper_restart_watcher(struct keeper *k)
{
	struct child *c = &k->children[CHILD_WATCHER];

	k->restart[CHILD_WATCHER] = sd_event_source_unref(k->restart[CHILD_WATCHER]);
	if (c->pid != 0) {
		(void)ipc_send(k->watch[0], IPC_STOP, NULL, 0, -1);
		end_child(k, CHILD_WATCHER);
		c->died_ns = 0;	/* a planned change is told by control, not as a death */
	}
	/* What the old one left unread (an older policy, the stop) is not for the new one. */
	ipc_drop_queued(k->watch[1]);
	return keeper_start(k, CHILD_WATCHER);
}

void
keeper_stop_children(struct keeper *k)
{
	k->stopping = true;
	if (k->children[CHILD_CONTROL].pid != 0) {
		/* Nobody answers from now on: control must not wait before it stops. */
		(void)shutdown(k->control[0], SHUT_RDWR);
		(void)ipc_send(k->tell[0], IPC_STOP, NULL, 0, -1);
	}
	if (k->children[CHILD_WATCHER].pid != 0)
		(void)ipc_send(k->watch[0], IPC_STOP, NULL, 0, -1);
	end_child(k, CHILD_CONTROL);
	end_child(k, CHILD_WATCHER);
	/* What it could not tell any more is a record. */
	if (k->children[CHILD_ALERTER].pid != 0)
		keeper_signal(k, CHILD_ALERTER, SIGTERM);
	end_child(k, CHILD_ALERTER);
	keeper_starter_end(k);
	/* Last, when nobody writes any more. */
	if (k->children[CHILD_RECORDER].pid != 0)
		(void)ipc_send(k->record[WRITER_KEEPER][0], IPC_STOP, NULL, 0, -1);
	end_child(k, CHILD_RECORDER);
	/* The recorder's last record is told too. */
	if (k->children[CHILD_FORWARDER].pid != 0)
		(void)ipc_send(k->view[0], IPC_STOP, NULL, 0, -1);
	end_child(k, CHILD_FORWARDER);
}
