/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alarms that wait, hooks that run. */
#include "agent/alert/alerter_internal.h"

#include "agent/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t
n_running(const struct alerter *a)
{
	size_t n = 0;

	for (size_t i = 0; i < ALERT_HOOKS; i++)
		n += a->running[i].hook.pid != 0;
	return n;
}

static int
on_output(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct running *r = arg;

	(void)source, (void)fd, (void)events;
	/* Before it is closed: the loop knows it by its number. */
	if (!alert_hook_listen(&r->hook))
		r->output = sd_event_source_disable_unref(r->output);
	return 0;
}

static int
start_hook(struct alerter *a, struct running *r, const struct waiting *w, const char **why)
{
	const struct alert_rule *rule = &a->rules.rules[w->rule];
	char program[PATH_MAX], input[ALERT_INPUT_MOST];
	struct alert_run run = { .program = program, .name = rule->name,
		.folder = a->setup->folder, .input = input, .timeout_s = rule->timeout_s };
	int e = alert_hook_check(rule->hook, program, why);

	if (e < 0)
		return e;
	run.length = alert_hook_input(rule->name, &w->alarm, input);
	e = alert_hook_start(&r->hook, &run);
	*why = e < 0 ? strerror(-e) : "";
	if (e < 0)
		return e;
	r->rule = w->rule;
	if (sd_event_add_io(a->loop, &r->output, r->hook.output_fd, EPOLLIN, on_output, r) < 0)
		r->output = NULL;
	a->numbers[ALERTER_RUNS]++;
	return 0;
}

static struct running *
find_free(struct alerter *a)
{
	for (size_t i = 0; i < ALERT_HOOKS; i++)
		if (a->running[i].hook.pid == 0)
			return &a->running[i];
	return NULL;
}

/* As many as may run at once. */
static void
start_hooks(struct alerter *a)
{
	struct running *r;

	while (a->n_waiting > 0 && (r = find_free(a)) != NULL) {
		const struct waiting *w = &a->queue[a->first];
		char sentence[160];
		const char *why;

		if (start_hook(a, r, w, &why) < 0) {
			snprintf(sentence, sizeof(sentence), "it cannot be run: %s", why);
			alerter_fail(a, w->rule, 1, sentence);
		}
		a->first = (a->first + 1) % ALERT_QUEUE;
		a->n_waiting--;
	}
}

void
alerter_put(struct alerter *a, uint32_t rule, const struct alert_alarm *alarm)
{
	struct waiting *w = &a->queue[(a->first + a->n_waiting) % ALERT_QUEUE];

	a->numbers[ALERTER_ALARMS]++;
	if (a->n_waiting == ALERT_QUEUE) {
		a->numbers[ALERTER_DROPPED]++;
		alerter_fail(a, rule, 1, "too many alarms wait already, and this one is not told");
		return;
	}
	w->rule = rule;
	w->alarm = *alarm;
	a->n_waiting++;
	start_hooks(a);
}

/*
 * What a hook left behind in a session of its own has become our child: it ends with the
 * last hook that runs. Known by /proc/PID/task/PID/children (proc(5)).
 */
static void
end_strays(const struct alerter *a)
{
	char path[64], text[1024];
	ssize_t n = 0;
	int fd;

	if (n_running(a) > 0)
		return;
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	for (char *at = text, *end; ; at = end) {
		const long pid = strtol(at, &end, 10);

		if (end == at)
			return;
		if (pid > 1)
			(void)kill((pid_t)pid, SIGKILL);
	}
}

static void
ended(struct alerter *a, struct running *r, int status)
{
	char why[256];

	r->output = sd_event_source_disable_unref(r->output);
	if (!alert_hook_ended(&r->hook, status, why, sizeof(why)))
		alerter_fail(a, r->rule, 1, why);
	end_strays(a);
}

void
alerter_reap(struct alerter *a)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < ALERT_HOOKS; i++)
			if (a->running[i].hook.pid == pid)
				ended(a, &a->running[i], status);
	start_hooks(a);
}

bool
alerter_look(struct alerter *a)
{
	const int64_t now = clock_ns(CLOCK_BOOTTIME);

	for (size_t i = 0; i < ALERT_HOOKS; i++)
		alert_hook_look(&a->running[i].hook, now);
	return n_running(a) + a->n_waiting > 0;
}

void
alerter_end_hooks(struct alerter *a)
{
	char sentence[128];

	for (size_t i = 0; i < ALERT_HOOKS; i++) {
		struct running *r = &a->running[i];
		int status = 0;

		if (r->hook.pid == 0)
			continue;
		alert_hook_kill(&r->hook);
		(void)waitpid(r->hook.pid, &status, 0);
		ended(a, r, status);
	}
	if (a->n_waiting == 0)
		return;
	snprintf(sentence, sizeof(sentence), "%zu alarms that waited for a hook are not told: "
	    "the alerter was stopped", a->n_waiting);
	(void)alerter_record(a, sentence);
}
