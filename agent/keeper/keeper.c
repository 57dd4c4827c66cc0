/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/keeper/keeper.h"

#include "agent/keeper/keeper_gate.h"
#include "agent/keeper/keeper_internal.h"
#include "agent/log.h"
#include "agent/privilege.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#define ASK_REST_NS	10000000

static int
on_child(sd_event_source *s, const struct signalfd_siginfo *si, void *arg)
{
	(void)s;
	(void)si;
	keeper_reap(arg);
	return 0;
}

static int
on_reload(sd_event_source *s, const struct signalfd_siginfo *si, void *arg)
{
	struct keeper *k = arg;

	(void)s;
	(void)si;
	(void)ipc_send(k->record[WRITER_KEEPER][0], IPC_RECORD_REOPEN, NULL, 0, -1);
	(void)ipc_send(k->tell[0], IPC_RELOAD, NULL, 0, -1);
	return 0;
}

static int
on_stop(sd_event_source *s, const struct signalfd_siginfo *si, void *arg)
{
	struct keeper *k = arg;

	(void)s;
	(void)si;
	return sd_event_exit(k->event, EXIT_SUCCESS);
}

/*
 * Told once. A request that cannot be received for want of memory stays where it is and
 * wakes the loop again and again.
 */
static void
note_trouble(struct keeper *k, int r)
{
	const struct timespec rest = { .tv_nsec = ASK_REST_NS };

	if (r != 0 && r != k->ask_trouble)
		log_warnx("keeper: a request of the control process is malformed or cannot be "
		    "received: %s", strerror(-r));
	k->ask_trouble = r;
	if (r != 0 && r != -EPROTO)
		nanosleep(&rest, NULL);
}

static int
on_ask(sd_event_source *s, int fd, uint32_t events, void *arg)
{
	static struct ipc_message m;
	int r = ipc_receive(fd, &m);

	(void)s;
	/* Shut by one end it stays so for the next control too: only new sockets help. */
	if (r == 0 && (events & EPOLLHUP) != 0)
		return sd_event_exit(((struct keeper *)arg)->event, EXIT_FAILURE);
	if (r == 1)
		keeper_answer(arg, &m);
	if (r != -EAGAIN)
		note_trouble(arg, r == 1 ? 0 : r);
	return 0;
}

static int
block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
}

static int
watch_events(struct keeper *k)
{
	int r = sd_event_new(&k->event);

	if (r >= 0)
		r = sd_event_add_signal(k->event, NULL, SIGCHLD, on_child, k);
	if (r >= 0)
		r = sd_event_add_signal(k->event, NULL, SIGHUP, on_reload, k);
	if (r >= 0)
		r = sd_event_add_signal(k->event, NULL, SIGTERM, on_stop, k);
	if (r >= 0)
		r = sd_event_add_signal(k->event, NULL, SIGINT, on_stop, k);
	if (r >= 0)
		r = sd_event_add_io(k->event, NULL, k->control[0], EPOLLIN, on_ask, k);
	if (r >= 0)
		r = keeper_gate_watch(k);
	if (r >= 0)
		r = keeper_health_begin(k);
	if (r >= 0)
		r = keeper_canary_begin(k);
	return r < 0 ? r : 0;
}

/*
 * The watcher is started by control's first request, once there is a policy to
 * judge by. The recorder comes first: whoever follows can write down.
 */
static int
start_processes(struct keeper *k)
{
	int r = keeper_start(k, CHILD_RECORDER);

	/* One that cannot be started now is tried again. */
	(void)keeper_start(k, CHILD_FORWARDER);
	if (r == 0)
		r = keeper_start(k, CHILD_CONTROL);
	if (r == 0)
		r = keeper_starter_begin(k);
	/* Nothing at the start needs it: it does not wait for that. */
	if (r == 0)
		keeper_start_soon(k, CHILD_ALERTER);
	return r;
}

/* After the children, which start with more than they keep. */
static int
become_keeper(struct keeper *k)
{
	const struct paths *p = &k->options->paths;
	/* State and log are the children's: one that is started again inherits our limits. */
	const struct privilege_needs needs = { .folders = { p->run, p->state, p->log,
	    p->views } };

	k->landlock = privilege_become(ROLE_KEEPER, &needs);
	if (k->landlock == 0)
		log_warnx("keeper: this kernel has no Landlock: file modes alone hold the "
		    "processes");
	return k->landlock < 0 ? k->landlock : 0;
}

int
keeper_run(const struct keeper_options *options)
{
	struct keeper k = { .options = options, .policy_fd = -1, .listen_fd = -1, .log_fd = -1,
	    .views_fd = -1, .metrics_fd = -1, .canary_fd = -1 };
	int r = block_signals();

	if (r == 0)
		r = keeper_setup(&k);
	if (r == 0)
		r = watch_events(&k);
	if (r == 0)
		r = start_processes(&k);
	if (r == 0)
		r = become_keeper(&k);
	if (r < 0) {
		log_warnx("keeper: cannot start: %s", strerror(-r));
		keeper_stop_children(&k);
		return EXIT_FAILURE;
	}
	r = sd_event_loop(k.event);
	k.stopping = true;
	(void)sd_notify(0, "STOPPING=1");
	keeper_stop_children(&k);
	nft_channel_close(k.nft);
	unlink(options->paths.socket);
	return r == EXIT_SUCCESS ? EXIT_SUCCESS : EXIT_FAILURE;
}
