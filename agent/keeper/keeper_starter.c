/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The alerter must be able to execute, the keeper must not, and whoever the keeper starts
 * later inherits its limits. So a process that was started before them waits for the
 * keeper's word and starts alerters: as children of the keeper (CLONE_PARENT), which waits
 * for them as for the others. It takes no argument and reads nothing else.
 */
#include "agent/keeper/keeper_internal.h"

#include "agent/alert/alerter.h"
#include "agent/log.h"
#include "agent/privilege.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* To fork takes microseconds; a starter that does not answer is dead. */
#define ANSWER_MS 2000
/* Landlock's version from which on it holds signals back. */
#define SCOPES 6

int
keeper_alerts_folder(const struct paths *p, char *out, size_t size)
{
	int n = snprintf(out, size, "%s/alerts", p->run);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/*
 * What the hooks of an alerter that was killed have left running ends before there is
 * another one: as their user, from here, where the signal reaches all of them and (by
 * Landlock, from version 6 on) nobody else. Users of others are left alone.
 */
static void
sweep(int landlock)
{
	const struct privilege_user u = privilege_user_of(ROLE_ALERTER);
	pid_t pid;

	if (u.uid == 0 || (u.fallback && landlock < SCOPES))
		return;
	pid = fork();
	if (pid == 0) {
		if (setgroups(0, NULL) == 0 && setresgid(u.gid, u.gid, u.gid) == 0 &&
		    setresuid(u.uid, u.uid, u.uid) == 0)
			(void)kill(-1, SIGKILL);
		_exit(EXIT_SUCCESS);
	}
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
}

static void __attribute__((noreturn))
run_alerter(struct keeper *k, const char *folder)
{
	const struct alerter_setup setup = { .recorder_fd = k->record[WRITER_ALERTER][0],
		.folder = folder, .beat = k->beats[CHILD_ALERTER] };
	const struct privilege_needs needs = { .folders = { folder } };
	int status = EXIT_FAILURE;

	close(k->starter_fd);
	if (keeper_become(ROLE_ALERTER, &needs, setup.beat) >= 0)
		status = alerter_run(&setup);
	fflush(NULL);
	_exit(status);
}

/* The keeper becomes its parent. The raw call: there is one thread here, and no atfork. */
static int
start_alerter(struct keeper *k, const char *folder, int landlock)
{
	long pid;

	sweep(landlock);
	pid = syscall(SYS_clone, (unsigned long)CLONE_PARENT | SIGCHLD, NULL, NULL, NULL,
	    0ul);

	if (pid == 0)
		run_alerter(k, folder);
	return pid < 0 ? -errno : (int)pid;
}

static void __attribute__((noreturn))
run_starter(struct keeper *k)
{
	int keep[] = { k->starter_fd, k->record[WRITER_ALERTER][0] };
	char folder[PATHS_SIZE], word;
	const struct privilege_needs needs = { .folders = { folder } };
	sigset_t none;
	int landlock;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (keeper_close_others(keep, 2) < 0 ||
	    keeper_alerts_folder(&k->options->paths, folder, sizeof(folder)) < 0)
		_exit(EXIT_FAILURE);
	for (int other = 0; other < CHILD_COUNT; other++)
		if (other != CHILD_ALERTER)
			beat_forget(k->beats[other]);
	keeper_canary_forget(k);
	landlock = privilege_become(ROLE_STARTER, &needs);
	if (landlock < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
		log_warnx("the starter of the alerter cannot give up privileges");
		_exit(EXIT_FAILURE);
	}
	(void)send(k->starter_fd, &landlock, sizeof(landlock), MSG_NOSIGNAL);
	while (recv(k->starter_fd, &word, 1, 0) == 1) {
		int pid = start_alerter(k, folder, landlock);

		(void)send(k->starter_fd, &pid, sizeof(pid), MSG_NOSIGNAL);
	}
	_exit(EXIT_SUCCESS);
}

/* 0, or -EPIPE when it says nothing in time. */
static int
hear(struct keeper *k, int *word)
{
	struct pollfd p = { .fd = k->starter_fd, .events = POLLIN };

	if (poll(&p, 1, ANSWER_MS) != 1 ||
	    recv(k->starter_fd, word, sizeof(*word), MSG_DONTWAIT) != (ssize_t)sizeof(*word))
		return -EPIPE;
	return 0;
}

int
keeper_starter_begin(struct keeper *k)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		k->starter_fd = pair[1];
		run_starter(k);
	}
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return -EAGAIN;
	}
	k->starter_fd = pair[0];
	k->starter = pid;
	return 0;
}

pid_t
keeper_starter_fork(struct keeper *k)
{
	const char word = 'a';
	int pid = -EPIPE;

	if (k->starter_landlock < 0 && hear(k, &k->starter_landlock) < 0) {
		errno = EPIPE;
		return -1;
	}
	if (send(k->starter_fd, &word, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1 ||
	    hear(k, &pid) < 0 || pid <= 0) {
		errno = pid < 0 ? -pid : EPIPE;
		return -1;
	}
	return pid;
}

void
keeper_starter_reap(struct keeper *k)
{
	struct event e = { .kind = EVENT_GAP, .zv = ZV_14_WATCH_GAP, .action = ACTION_GAP,
	    .severity = SEVERITY_HIGH, .count = 1 };
	int status;

	if (k->starter == 0 || waitpid(k->starter, &status, WNOHANG) != k->starter)
		return;
	k->starter = 0;
	if (k->stopping)
		return;
	log_warnx("the starter of the alerter is gone: an alerter that dies stays away");
	e.first_ns = e.last_ns = keeper_now_ns();
	snprintf(e.reason, sizeof(e.reason), "the process that starts the alerter was ended: "
	    "alerts are not sent any more when the alerter dies, until sekishod is restarted");
	(void)ipc_send(k->record[WRITER_KEEPER][0], IPC_RECORD_EVENT, &e, sizeof(e), -1);
}

void
keeper_starter_end(struct keeper *k)
{
	if (k->starter == 0)
		return;
	(void)kill(k->starter, SIGKILL);
	(void)waitpid(k->starter, NULL, 0);
	k->starter = 0;
}
