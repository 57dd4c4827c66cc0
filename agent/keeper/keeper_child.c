/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of a child as the child itself: what it keeps, becomes and runs. */
#include "agent/keeper/keeper_internal.h"

#include "agent/control/control.h"
#include "agent/log.h"
#include "agent/record/recorder.h"
#include "agent/version.h"
#include "agent/watch/watcher.h"
#include "agent/watch_start.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * An interface that is there and not tapped: the watcher ends to get fresh taps.
 * One that comes and goes without end may only do so at growing intervals.
 */
#define REOPEN_SETTLE_NS	300000000ll
#define REOPEN_STEPS		7u	/* doubled so often: up to 38 s */

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

void
keeper_child_run(struct keeper *k, enum child_id id)
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
