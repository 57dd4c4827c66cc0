/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of the other processes. */
#include "agent/keeper/keeper_internal.h"

#include "agent/control/control.h"
#include "agent/keeper/keeper_gate.h"
#include "agent/log.h"
#include "agent/privilege.h"
#include "agent/record/recorder.h"
#include "agent/version.h"
#include "agent/watch/watcher.h"
#include "agent/watch_start.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A child that dies at once is started again only so often. */
#define RESTART_PAUSE_US	1000000
/* One that lived this long is started again at once. */
#define RESTART_HEALTHY_US	2000000
/*
 * An interface that is there and not tapped: the watcher ends to get fresh taps.
 * One that comes and goes without end may only do so at growing intervals.
 */
#define REOPEN_SETTLE_NS	300000000ll
#define REOPEN_STEPS		7u	/* doubled so often: up to 38 s */
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

static int64_t
monotonic_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* What a child works with, of all that the keeper has open. Returns how many. */
static size_t
list_kept(const struct keeper *k, enum child_id id, int keep[KEEPER_KEPT_FDS])
{
	size_t n = 0;

	switch (id) {
	case CHILD_RECORDER:
		keep[n++] = k->log_fd;
		for (int w = 0; w < WRITER_COUNT; w++)
			keep[n++] = k->record[w][1];
		break;
	case CHILD_CONTROL:
		keep[n++] = k->listen_fd;
		keep[n++] = k->control[1];
		keep[n++] = k->tell[1];
		keep[n++] = k->watch[0];
		keep[n++] = k->view[0];
		keep[n++] = k->record[WRITER_CONTROL][0];
		keep[n++] = k->rtnl_fd;
		keep[n++] = k->rtnl_events_fd;
		break;
	case CHILD_WATCHER:
		keep[n++] = k->policy_fd;
		keep[n++] = k->watch[1];
		keep[n++] = k->record[WRITER_WATCHER][0];
		keep[n++] = k->record[WRITER_PACKETS][0];
		keep[n++] = k->canary[1];
		break;
	case CHILD_FORWARDER:
		keep[n++] = k->log_fd;
		keep[n++] = k->views_fd;
		keep[n++] = k->metrics_fd;
		keep[n++] = k->view[1];
		break;
	case CHILD_ALERTER:	/* keeper_starter.c */
	case CHILD_COUNT:
		break;
	}
	return n;
}

static int
by_number(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int
keeper_close_others(int *keep, size_t n)
{
	unsigned int first = STDERR_FILENO + 1;

	qsort(keep, n, sizeof(*keep), by_number);
	for (size_t i = 0; i < n; i++) {
		unsigned int fd = (unsigned int)keep[i];

		if (keep[i] < (int)first)
			continue;
		if (fd > first && close_range(first, fd - 1, 0) < 0)
			return -errno;
		first = fd + 1;
	}
	return close_range(first, ~0U, 0) < 0 ? -errno : 0;
}

int
keeper_become(enum privilege_role role, const struct privilege_needs *needs, struct beat *beat)
{
	int r = privilege_become(role, needs);

	atomic_store(&beat->landlock, r);
	/* After the change of user, which clears it: nobody outlives the keeper. */
	if (r >= 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		r = -errno;
	if (r < 0)
		log_warnx("cannot give up privileges: %s", strerror(-r));
	return r;
}

static int
run_recorder(struct keeper *k)
{
	const struct recorder_peer peers[WRITER_COUNT] = {
		[WRITER_KEEPER] = { .socket = k->record[WRITER_KEEPER][1], .name = "keeper",
		    .trusted = true },
		[WRITER_CONTROL] = { .socket = k->record[WRITER_CONTROL][1], .name = "control",
		    .trusted = true },
		[WRITER_WATCHER] = { .socket = k->record[WRITER_WATCHER][1], .name = "watcher" },
		[WRITER_ALERTER] = { .socket = k->record[WRITER_ALERTER][1], .name = "alerter",
		    .alerter = true },
		[WRITER_PACKETS] = { .socket = k->record[WRITER_PACKETS][1], .name = "watcher",
		    .packets = true },
	};
	char hostname[HOST_NAME_MAX + 1] = "";
	struct recorder_setup setup = {
		.directory = k->log_fd, .peers = peers, .n_peers = WRITER_COUNT,
		.hostname = hostname, .version = SEKISHO_VERSION,
		.reserve_bytes = RECORDER_RESERVE_BYTES,
		.beat = k->beats[CHILD_RECORDER],
	};
	const struct privilege_needs needs = { .folders = { k->options->paths.log } };

	(void)gethostname(hostname, sizeof(hostname) - 1);
	/* Auditors read the record by its group. */
	umask(027);
	return keeper_become(ROLE_RECORDER, &needs, setup.beat) < 0 ? EXIT_FAILURE : recorder_run(&setup);
}

static int
run_control(struct keeper *k)
{
	struct control_setup setup = {
		.listen_fd = k->listen_fd, .keeper_fd = k->control[1],
		.tell_fd = k->tell[1], .watch_fd = k->watch[0],
		.view_fd = k->view[0],
		.rtnl_fd = k->rtnl_fd, .rtnl_events_fd = k->rtnl_events_fd,
		.record_fd = k->record[WRITER_CONTROL][0], .paths = k->options->paths,
		.policy = k->options->policy,
		.audit_gid = k->audit_gid, .admin_gid = k->admin_gid,
		.beat = k->beats[CHILD_CONTROL],
	};
	const struct privilege_needs needs = { .folders = { k->options->paths.state } };

	return keeper_become(ROLE_CONTROL, &needs, setup.beat) < 0 ? EXIT_FAILURE : control_run(&setup);
}

static int64_t
settle_ns(const struct child *watcher)
{
	unsigned int n = watcher->reopened;

	/* the first time at once */
	return n == 0 ? 0 : REOPEN_SETTLE_NS << (n < REOPEN_STEPS ? n : REOPEN_STEPS);
}

static int
run_watcher(struct keeper *k)
{
	struct watch_start start = {
		.interfaces = &k->interfaces, .policy_fd = k->policy_fd,
		.control_fd = k->watch[1], .recorder_fd = k->record[WRITER_WATCHER][0],
		.packets_fd = k->record[WRITER_PACKETS][0],
		.settle_ns = settle_ns(&k->children[CHILD_WATCHER]),
	};
	const int partners[] = { start.control_fd, start.recorder_fd, start.packets_fd,
		k->canary[1] };
	struct privilege_needs needs = { .send_fds = partners,
	    .n_send_fds = sizeof(partners) / sizeof(partners[0]) };
	struct watcher_setup setup;
	int r = watch_start_open(&start, &setup);

	if (r < 0) {
		log_warnx("watcher: cannot start: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	needs.ask_fd = setup.link_fd;
	setup.beat = k->beats[CHILD_WATCHER];
	setup.canary_key = &k->canary_key;
	setup.canaries = k->canaries;
	setup.canary_fd = k->canary[1];
	return keeper_become(ROLE_WATCHER, &needs, setup.beat) < 0 ? EXIT_FAILURE : watcher_run(&setup);
}

static void __attribute__((noreturn))
run_child(struct keeper *k, enum child_id id)
{
	int keep[KEEPER_KEPT_FDS];
	size_t n = list_kept(k, id, keep);
	sigset_t none;
	int status = EXIT_FAILURE;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* A signal to the whole group (a terminal's ^C) is the keeper's to act on. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (keeper_close_others(keep, n) < 0)
		_exit(EXIT_FAILURE);
	for (int other = 0; other < CHILD_COUNT; other++)
		if (other != (int)id)
			beat_forget(k->beats[other]);
	if (id != CHILD_WATCHER)
		keeper_canary_forget(k);
	switch (id) {
	case CHILD_RECORDER:
		status = run_recorder(k);
		break;
	case CHILD_CONTROL:
		status = run_control(k);
		break;
	case CHILD_WATCHER:
		status = run_watcher(k);
		break;
	case CHILD_FORWARDER:
		status = keeper_run_forwarder(k);
		break;
	case CHILD_ALERTER:
	case CHILD_COUNT:
		break;
	}
	fflush(NULL);
	_exit(status);
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
	    .until_ns = keeper_now_ns() };
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
	if ((id == CHILD_WATCHER && k->policy_fd < 0) || (id == CHILD_ALERTER && k->starter == 0))
		return 0;
	c->started_us = monotonic_us();
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
		run_child(k, id);
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
	int64_t now = monotonic_us();
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
	c->died_ns = keeper_now_ns();
	/* Control may be waiting for its answer. */
	if (id == CHILD_WATCHER)
		(void)ipc_tell_death(k->watch[1]);
	if (id == CHILD_RECORDER)
		(void)ipc_tell_death(k->record[WRITER_CONTROL][1]);
	if (id == CHILD_FORWARDER)
		(void)ipc_tell_death(k->view[1]);
	if (monotonic_us() - c->started_us >= REOPEN_QUIET_US)
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
