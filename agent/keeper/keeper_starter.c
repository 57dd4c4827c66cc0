/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The alerter must be able to execute, the keeper must not, and whoever the keeper starts
 * later inherits its limits. So a process that was started before them waits for the
 * keeper's word and starts alerters: as children of the keeper (CLONE_PARENT), which waits
 * for them as for the others. It takes no argument and reads nothing else.
 *
 * For the same reason the keeper cannot start it again. There are two; when one dies the
 * other one starts its successor in the same way.
 */
#include "agent/keeper/keeper_internal.h"

#include "agent/alert/alerter.h"
#include "agent/clock.h"
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
/* One that lived this long is started again at once, else after a pause. */
#define HEALTHY_US	INT64_C(2000000)
#define PAUSE_US	UINT64_C(1000000)
/* The keeper's words: an alerter, or the starter of this number. */
#define WORD_ALERTER	'a'
#define WORD_STARTER	'0'
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

	for (size_t i = 0; i < STARTERS; i++)
		close(k->starters[i].ends[1]);
	if (keeper_become(ROLE_ALERTER, &needs, setup.beat) >= 0)
		status = alerter_run(&setup);
	fflush(NULL);
	_exit(status);
}

/* The keeper becomes its parent. The raw call: there is one thread here, and no atfork. */
static long
clone_beside(void)
{
	return syscall(SYS_clone, (unsigned long)CLONE_PARENT | SIGCHLD, NULL, NULL, NULL,
	    0ul);
}

static int
start_alerter(struct keeper *k, const char *folder, int landlock)
{
	long pid;

	sweep(landlock);
	pid = clone_beside();
	if (pid == 0)
		run_alerter(k, folder);
	return pid < 0 ? -errno : (int)pid;
}

static void __attribute__((noreturn))
serve(struct keeper *k, size_t own, const char *folder, int landlock);

/* It has all limits of ours from its first step on. */
static int
start_starter(struct keeper *k, size_t n, const char *folder, int landlock)
{
	long pid = clone_beside();

	if (pid == 0)
		serve(k, n, folder, landlock);
	return pid < 0 ? -errno : (int)pid;
}

/* The first word says how it is confined; then the keeper asks. */
static void
serve(struct keeper *k, size_t own, const char *folder, int landlock)
{
	const int fd = k->starters[own].ends[1];
	char word;

	/* After the change of user, which clears it, and not passed on to who is started. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		_exit(EXIT_FAILURE);
	(void)send(fd, &landlock, sizeof(landlock), MSG_NOSIGNAL);
	while (recv(fd, &word, 1, 0) == 1) {
		int pid = -EINVAL;

		if (word == WORD_ALERTER)
			pid = start_alerter(k, folder, landlock);
		else if (word >= WORD_STARTER && word < WORD_STARTER + (int)STARTERS)
			pid = start_starter(k, (size_t)(word - WORD_STARTER), folder, landlock);
		(void)send(fd, &pid, sizeof(pid), MSG_NOSIGNAL);
	}
	_exit(EXIT_SUCCESS);
}

static void __attribute__((noreturn))
run_starter(struct keeper *k, size_t own)
{
	int keep[] = { k->starters[0].ends[1], k->starters[1].ends[1],
		k->record[WRITER_ALERTER][0] };
	char folder[PATHS_SIZE];
	const struct privilege_needs needs = { .folders = { folder } };
	sigset_t none;
	int landlock;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (keeper_close_others(keep, sizeof(keep) / sizeof(keep[0])) < 0 ||
	    keeper_alerts_folder(&k->options->paths, folder, sizeof(folder)) < 0)
		_exit(EXIT_FAILURE);
	for (int other = 0; other < CHILD_COUNT; other++)
		if (other != CHILD_ALERTER)
			beat_forget(k->beats[other]);
	keeper_canary_forget(k);
	landlock = privilege_become(ROLE_STARTER, &needs);
	if (landlock < 0) {
		log_warnx("the starter of the alerter cannot give up privileges");
		_exit(EXIT_FAILURE);
	}
	serve(k, own, folder, landlock);
}

/* ---- the keeper's side ------------------------------------------------------------------ */

const char *
keeper_starter_name(size_t n)
{
	return n == 0 ? "starter" : "starter2";
}

bool
keeper_starter_lives(const struct keeper *k)
{
	return k->starters[0].pid != 0 || k->starters[1].pid != 0;
}

/* 0, or -EPIPE when it says nothing in time. */
static int
hear(const struct starter *s, int *word)
{
	struct pollfd p = { .fd = s->ends[0], .events = POLLIN };

	if (poll(&p, 1, ANSWER_MS) != 1 ||
	    recv(s->ends[0], word, sizeof(*word), MSG_DONTWAIT) != (ssize_t)sizeof(*word))
		return -EPIPE;
	return 0;
}

/*
 * The process that was asked for, or negative errno. One that is silent is ended: its
 * answer would be taken for the next one's.
 */
static int
ask(struct starter *s, char word)
{
	int pid = -EPIPE, r = 0;

	if (s->pid == 0)
		return -EPIPE;
	if (s->landlock < 0)
		r = hear(s, &s->landlock);
	if (r == 0 && send(s->ends[0], &word, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
		return -errno;
	if (r == 0)
		r = hear(s, &pid);
	if (r < 0)
		(void)kill(s->pid, SIGKILL);
	else if (pid == 0)
		pid = -EPIPE;
	return r < 0 ? r : pid;
}

int
keeper_starter_begin(struct keeper *k)
{
	for (size_t i = 0; i < STARTERS; i++) {
		struct starter *s = &k->starters[i];

		s->landlock = -1;
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s->ends) < 0)
			return -errno;
	}
	fflush(NULL);
	for (size_t i = 0; i < STARTERS; i++) {
		struct starter *s = &k->starters[i];
		pid_t pid = fork();

		if (pid == 0)
			run_starter(k, i);
		if (pid < 0)
			return -EAGAIN;
		s->pid = pid;
		s->started_us = clock_ns(CLOCK_MONOTONIC) / 1000;
	}
	return 0;
}

pid_t
keeper_starter_fork(struct keeper *k)
{
	int pid = -EPIPE;

	for (size_t i = 0; i < STARTERS && pid < 0; i++)
		pid = ask(&k->starters[i], WORD_ALERTER);
	if (pid < 0)
		errno = -pid;
	return pid < 0 ? -1 : pid;
}

static void
tell(struct keeper *k, const struct starter *s, size_t n)
{
	struct event e = { .kind = EVENT_GAP, .zv = ZV_14_WATCH_GAP, .action = ACTION_GAP,
	    .severity = SEVERITY_HIGH, .count = 1, .first_ns = s->died_ns,
	    .last_ns = clock_ns(CLOCK_REALTIME) };

	if (s->pid != 0)
		snprintf(e.reason, sizeof(e.reason), "the %s process was ended and was started "
		    "again", keeper_starter_name(n));
	else
		snprintf(e.reason, sizeof(e.reason), "the processes that start the alerter were "
		    "ended: alerts are not sent any more when the alerter dies, until sekishod "
		    "is restarted");
	(void)ipc_send(k->record[WRITER_KEEPER][0], IPC_RECORD_EVENT, &e, sizeof(e), -1);
}

static void start_dead_soon(struct keeper *k, uint64_t us);

/* By the other one. What was left unread is for nobody. */
static void
start_again(struct keeper *k, size_t n)
{
	struct starter *s = &k->starters[n];
	int pid;

	ipc_drop_queued(s->ends[0]);
	ipc_drop_queued(s->ends[1]);
	pid = ask(&k->starters[STARTERS - 1 - n], (char)(WORD_STARTER + (int)n));
	if (pid < 0) {
		log_warnx("keeper: cannot start the %s: %s", keeper_starter_name(n), strerror(-pid));
		start_dead_soon(k, PAUSE_US);
		return;
	}
	s->pid = pid;
	s->landlock = -1;
	s->started_us = clock_ns(CLOCK_MONOTONIC) / 1000;
	s->restarts++;
	log_info("%s started (pid %d)", keeper_starter_name(n), pid);
	tell(k, s, n);
}

static int
on_start_again(sd_event_source *source, uint64_t usec, void *arg)
{
	struct keeper *k = arg;

	(void)source, (void)usec;
	k->starter_timer = sd_event_source_unref(k->starter_timer);
	for (size_t i = 0; i < STARTERS && keeper_starter_lives(k); i++)
		if (k->starters[i].pid == 0)
			start_again(k, i);
	return 0;
}

static void
start_dead_soon(struct keeper *k, uint64_t us)
{
	int r = 0;

	if (k->stopping || k->starter_timer != NULL)
		return;
	r = sd_event_add_time_relative(k->event, &k->starter_timer, CLOCK_MONOTONIC, us, 1000,
	    on_start_again, k);
	if (r < 0)
		log_warnx("keeper: cannot plan the start of a starter: %s", strerror(-r));
}

void
keeper_starter_reap(struct keeper *k)
{
	for (size_t i = 0; i < STARTERS; i++) {
		struct starter *s = &k->starters[i];
		const int64_t lived = clock_ns(CLOCK_MONOTONIC) / 1000 - s->started_us;

		if (s->pid == 0 || waitpid(s->pid, NULL, WNOHANG) != s->pid)
			continue;
		s->pid = 0;
		s->died_ns = clock_ns(CLOCK_REALTIME);
		if (k->stopping)
			continue;
		log_warnx("the %s was ended", keeper_starter_name(i));
		if (keeper_starter_lives(k))
			start_dead_soon(k, lived >= HEALTHY_US ? 0 : PAUSE_US);
		else
			tell(k, s, i);
	}
}

void
keeper_starter_end(struct keeper *k)
{
	for (size_t i = 0; i < STARTERS; i++) {
		struct starter *s = &k->starters[i];

		if (s->pid == 0)
			continue;
		(void)kill(s->pid, SIGKILL);
		(void)waitpid(s->pid, NULL, 0);
		s->pid = 0;
	}
}
