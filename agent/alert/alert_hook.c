/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/alert/alert_hook.h"

#include "agent/clock.h"
#include "agent/privilege.h"
#include "agent/record/record_text.h"
#include "rules/message.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND_NS	INT64_C(1000000000)
#define STATUS_NO_START	126		/* as a shell says it */

/* ---- which program ------------------------------------------------------------------------ */

static bool
is_roots_alone(const char *path, struct stat *st, const char **why)
{
	if (lstat(path, st) < 0) {
		*why = strerror(errno);
		return false;
	}
	if (st->st_uid != 0 || (st->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		*why = "somebody else than root may change it";
		return false;
	}
	return true;
}

int
alert_hook_check(const char *path, char *resolved, const char **why)
{
	struct stat st;

	*why = "not a path of a hook";
	if (!alert_hook_path(path))
		return -EINVAL;
	if (realpath(path, resolved) == NULL) {
		*why = strerror(errno);
		return -errno;
	}
	if (!is_roots_alone("/", &st, why))
		return -EPERM;
	for (char *end = strchr(resolved + 1, '/'); end != NULL; end = strchr(end + 1, '/')) {
		bool good;

		*end = '\0';
		good = is_roots_alone(resolved, &st, why);
		*end = '/';
		if (!good)
			return -EPERM;
	}
	if (!is_roots_alone(resolved, &st, why))
		return -EPERM;
	*why = "not a program";
	return S_ISREG(st.st_mode) && access(resolved, X_OK) == 0 ? 0 : -EACCES;
}

/* ---- what it reads -------------------------------------------------------------------------- */

static enum message_id
sentence_of(enum alert_why why)
{
	switch (why) {
	case ALERT_RECORD:
		break;
	case ALERT_FOLDED:
		return MSG_ALERT_FOLDED;
	case ALERT_QUIET:
		return MSG_ALERT_QUIET;
	}
	return MSG_ALERT_RECORD;
}

static char *
sentence(const char *name, const struct alert_alarm *alarm, enum message_language language)
{
	const struct alert_heap *h = &alarm->heap;
	char since[RECORD_TIME_SIZE], until[RECORD_TIME_SIZE];

	return message_text(sentence_of(alarm->why), language, name,
	    (unsigned long long)h->n, record_seconds(h->since_ns, since),
	    record_seconds(h->until_ns, until));
}

static json_t *
about(const char *name, const struct alert_alarm *alarm)
{
	const struct alert_heap *h = &alarm->heap;
	char since[RECORD_TIME_SIZE], until[RECORD_TIME_SIZE];
	char *english = sentence(name, alarm, MESSAGE_ENGLISH);
	char *japanese = sentence(name, alarm, MESSAGE_JAPANESE);
	json_t *o = json_pack("{s:s, s:s, s:I, s:i, s:s, s:s, s:s*, s:s*}", "alert", name,
	    "why", alert_why_name(alarm->why), "count", (json_int_t)h->n,
	    "severity", (int)h->severity, "since", record_time(h->since_ns, since),
	    "until", record_time(h->until_ns, until),
	    "message", english, "message_ja", japanese);

	free(english);
	free(japanese);
	return o;
}

size_t
alert_hook_input(const char *name, const struct alert_alarm *alarm,
    char input[ALERT_INPUT_MOST])
{
	const size_t length = alarm->heap.length;
	json_t *o = about(name, alarm);
	size_t n;

	memcpy(input, alarm->heap.line, length);
	n = o != NULL ? json_dumpb(o, input + length, ALERT_INPUT_MOST - length - 1,
	    JSON_COMPACT) : 0;
	json_decref(o);
	if (n == 0 || n > ALERT_INPUT_MOST - length - 1)
		return length;
	input[length + n] = '\n';
	return length + n + 1;
}

/* ---- in the new process --------------------------------------------------------------------- */

static void
limit(int what, rlim_t most)
{
	const struct rlimit l = { .rlim_cur = most, .rlim_max = most };

	if (setrlimit((__rlimit_resource_t)what, &l) < 0)
		_exit(STATUS_NO_START);
}

static void
set_limits(unsigned int timeout_s)
{
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, timeout_s);
	limit(RLIMIT_AS, (rlim_t)1 << 30);
	limit(RLIMIT_FSIZE, (rlim_t)1 << 20);
	limit(RLIMIT_NOFILE, 64);
	limit(RLIMIT_NPROC, 64);
	limit(RLIMIT_MEMLOCK, 0);
	limit(RLIMIT_MSGQUEUE, 0);
}

/* What was ignored here would be ignored there, too. */
static void
reset_signals(void)
{
	sigset_t none;

	for (int n = 1; n < NSIG; n++)
		(void)signal(n, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn))
become_hook(const struct alert_run *run, int input, int output)
{
	char alert[sizeof("SEKISHO_ALERT=") + LIMIT_NAME], home[PATH_MAX + 8], program[PATH_MAX];
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", lang[] = "LANG=C.UTF-8";
	char *argv[] = { program, NULL };
	char *environment[] = { path, lang, home, alert, NULL };

	snprintf(program, sizeof(program), "%s", run->program);
	snprintf(alert, sizeof(alert), "SEKISHO_ALERT=%s", run->name);
	snprintf(home, sizeof(home), "HOME=%s", run->folder);
	/* A session of its own is a process group of its own; it ends with the alerter. */
	if (setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || chdir(run->folder) < 0 ||
	    dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(output, STDERR_FILENO) < 0 || close_range(STDERR_FILENO + 1, ~0U, 0) < 0)
		_exit(STATUS_NO_START);
	umask(077);
	reset_signals();
	set_limits(run->timeout_s);
	if (privilege_shut_in() < 0)
		_exit(STATUS_NO_START);
	execve(program, argv, environment);
	dprintf(STDERR_FILENO, "cannot be executed: %s", strerror(errno));
	_exit(STATUS_NO_START);
}

/* ---- from the alerter ------------------------------------------------------------------------ */

/* All of the input fits into a pipe (pipe(7): 64 KiB, at least one page of 4). */
static int
make_input(const struct alert_run *run)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	if (write(fds[1], run->input, run->length) != (ssize_t)run->length) {
		close(fds[0]);
		close(fds[1]);
		return -EIO;
	}
	close(fds[1]);
	/* Who reads it expects to wait. */
	(void)fcntl(fds[0], F_SETFL, 0);
	return fds[0];
}

int
alert_hook_start(struct alert_hook *h, const struct alert_run *run)
{
	int input = make_input(run), output[2];

	*h = (struct alert_hook){ .output_fd = -1 };
	if (input < 0)
		return input;
	if (pipe2(output, O_CLOEXEC) < 0) {
		close(input);
		return -errno;
	}
	(void)fcntl(output[0], F_SETFL, O_NONBLOCK);
	h->pid = fork();
	if (h->pid == 0)
		become_hook(run, input, output[1]);
	close(input);
	close(output[1]);
	if (h->pid < 0) {
		h->pid = 0;
		close(output[0]);
		return -EAGAIN;
	}
	h->output_fd = output[0];
	h->deadline_ns = clock_ns(CLOCK_BOOTTIME) + run->timeout_s * SECOND_NS;
	return 0;
}

void
alert_hook_kill(struct alert_hook *h)
{
	if (h->pid == 0)
		return;
	/* Its group may not be there yet, or not any more. */
	(void)kill(-h->pid, SIGKILL);
	(void)kill(h->pid, SIGKILL);
}

static void
keep(struct alert_hook *h, const char *bytes, size_t n)
{
	const size_t room = sizeof(h->said) - 1 - h->n_said;

	if (n > room)
		n = room;
	memcpy(h->said + h->n_said, bytes, n);
	h->n_said += n;
	for (size_t i = 0; i < h->n_said; i++)
		if (h->said[i] == '\0' || h->said[i] == '\n')
			h->said[i] = ' ';
}

bool
alert_hook_listen(struct alert_hook *h)
{
	char bytes[4096];
	ssize_t n = read(h->output_fd, bytes, sizeof(bytes));

	if (n > 0) {
		keep(h, bytes, (size_t)n);
		h->heard += (size_t)n;
	}
	if (h->heard > ALERT_OUTPUT_MOST && h->end == ALERT_RUNNING) {
		h->end = ALERT_TOO_LOUD;
		alert_hook_kill(h);
	}
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

void
alert_hook_look(struct alert_hook *h, int64_t boot_ns)
{
	if (h->pid == 0 || boot_ns < h->deadline_ns)
		return;
	if (h->end == ALERT_RUNNING)
		h->end = ALERT_TOO_LONG;
	alert_hook_kill(h);
}

static void
describe(const struct alert_hook *h, int status, char *why, size_t size)
{
	if (h->end == ALERT_TOO_LONG)
		snprintf(why, size, "it took too long and was ended");
	else if (h->end == ALERT_TOO_LOUD)
		snprintf(why, size, "it said more than %u bytes and was ended", ALERT_OUTPUT_MOST);
	else if (WIFSIGNALED(status))
		snprintf(why, size, "it was ended by signal %d", WTERMSIG(status));
	else
		snprintf(why, size, "it ended with status %d", WEXITSTATUS(status));
}

bool
alert_hook_ended(struct alert_hook *h, int status, char *why, size_t size)
{
	const bool good = h->end == ALERT_RUNNING && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0;
	size_t n;

	/* Last words may still be on their way. */
	for (int i = 0; i < 4 && h->n_said < sizeof(h->said) - 1 && alert_hook_listen(h); i++)
		;
	(void)kill(-h->pid, SIGKILL);
	close(h->output_fd);
	h->pid = 0;
	if (good)
		return true;
	describe(h, status, why, size);
	n = strlen(why);
	if (h->n_said > 0 && n < size)
		snprintf(why + n, size - n, " (said: %s)", h->said);
	return false;
}
