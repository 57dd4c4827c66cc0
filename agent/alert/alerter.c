/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/alert/alerter.h"

#include "agent/alert/alert_message.h"
#include "agent/alert/alerter_internal.h"
#include "agent/beat.h"
#include "agent/clock.h"
#include "agent/tick.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#define TICK_US		200000u
/* At a stop the hooks that run, and those that wait, get so long. */
#define STOP_NS		(INT64_C(1500) * 1000000)

static struct alert_moment
moment(void)
{
	struct alert_moment now = { .boot_ns = clock_ns(CLOCK_BOOTTIME),
		.wall_ns = clock_ns(CLOCK_REALTIME) };
	const time_t t = (time_t)(now.wall_ns / 1000000000);
	struct tm tm = { 0 };

	if (localtime_r(&t, &tm) != NULL) {
		now.weekday = tm.tm_wday;
		now.minute = (unsigned int)(tm.tm_hour * 60 + tm.tm_min);
	}
	return now;
}

/* ---- from the recorder ---------------------------------------------------------------------- */

static void
take(struct alerter *a, uint32_t rule, uint64_t n, uint8_t severity, const char *line,
    size_t length)
{
	const struct alert_moment now = moment();

	a->numbers[ALERTER_PICKED] += n;
	if (alert_fold_take(&a->states[rule], &a->rules.rules[rule], &now, n, severity, line,
	    length, &a->alarm))
		alerter_put(a, rule, &a->alarm);
}

static void
take_record(struct alerter *a, const struct ipc_message *m)
{
	struct alert_record r;
	const size_t length = m->length - ALERT_RECORD_HEAD;

	if (m->length < ALERT_RECORD_HEAD || m->length > sizeof(r))
		return;
	memcpy(&r, m->payload.bytes, m->length);
	for (uint32_t i = 0; i < a->rules.n; i++)
		if ((r.rules & (1u << i)) != 0)
			take(a, i, 1, r.severity, r.line, length);
}

static void
take_counts(struct alerter *a, const struct ipc_message *m)
{
	struct alert_counts counts;

	if (m->length != sizeof(counts))
		return;
	memcpy(&counts, m->payload.bytes, sizeof(counts));
	for (uint32_t i = 0; i < a->rules.n; i++)
		take(a, i, counts.n[i], counts.severity[i], NULL, 0);
}

/* The rule of this name in other rules; ALERT_RULES_MOST when there is none. */
static uint32_t
find(const struct alert_rules *rules, const char *name)
{
	for (uint32_t i = 0; i < rules->n; i++)
		if (strcmp(rules->rules[i].name, name) == 0)
			return i;
	return ALERT_RULES_MOST;
}

/* What is kept and what waits goes on with the rule of the same name. */
static void
renumber(struct alerter *a, const struct alert_rules *next)
{
	struct alert_state *states = calloc(ALERT_RULES_MOST, sizeof(*states));
	struct alert_failure failures[ALERT_RULES_MOST] = { 0 };
	size_t n = 0;

	for (uint32_t i = 0; states != NULL && i < a->rules.n; i++) {
		const uint32_t to = find(next, a->rules.rules[i].name);

		if (to == ALERT_RULES_MOST) {
			alerter_tell_forgotten(a, i, "the policy has no such alert any more");
			continue;
		}
		states[to] = a->states[i];
		failures[to] = a->failures[i];
	}
	for (size_t i = 0; i < a->n_waiting; i++) {
		struct waiting w = a->queue[(a->first + i) % ALERT_QUEUE];

		w.rule = find(next, a->rules.rules[w.rule].name);
		if (w.rule < ALERT_RULES_MOST)
			a->queue[(a->first + n++) % ALERT_QUEUE] = w;
	}
	for (size_t i = 0; i < ALERT_HOOKS; i++)
		if (a->running[i].rule < a->rules.n)
			a->running[i].rule = find(next, a->rules.rules[a->running[i].rule].name);
	a->n_waiting = n;
	if (states != NULL)
		memcpy(a->states, states, sizeof(a->states));
	memcpy(a->failures, failures, sizeof(failures));
	free(states);
}

static bool
rules_fit(struct alert_rules *rules)
{
	if (rules->n > ALERT_RULES_MOST)
		return false;
	for (uint32_t i = 0; i < rules->n; i++) {
		struct alert_rule *r = &rules->rules[i];

		r->name[sizeof(r->name) - 1] = '\0';
		r->hook[sizeof(r->hook) - 1] = '\0';
		if (r->threshold == 0 || r->threshold > ALERT_THRESHOLD_MOST)
			return false;
	}
	return true;
}

static void
take_rules(struct alerter *a, const struct ipc_message *m)
{
	struct alert_rules rules;

	if (m->length != sizeof(rules))
		return;
	memcpy(&rules, m->payload.bytes, sizeof(rules));
	if (!rules_fit(&rules))
		return;
	alerter_tell_failures(a, true);
	renumber(a, &rules);
	a->rules = rules;
}

static int
on_message(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct alerter *a = arg;
	struct ipc_message *m = &a->message;
	int r = ipc_receive(fd, m);

	(void)source;
	if (r == 0 && (events & (EPOLLHUP | EPOLLERR)) != 0)
		return sd_event_exit(a->loop, EXIT_SUCCESS);
	if (r != 1)
		return 0;
	if (m->fd >= 0)
		close(m->fd);
	if (m->type == IPC_ALERT_RULES)
		take_rules(a, m);
	else if (m->type == IPC_ALERT_RECORD)
		take_record(a, m);
	else if (m->type == IPC_ALERT_COUNTS)
		take_counts(a, m);
	return 0;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static uint64_t
tick(void *arg)
{
	struct alerter *a = arg;
	const struct alert_moment now = moment();
	bool busy;

	beat_strike(a->setup->beat);
	for (uint32_t i = 0; i < a->rules.n; i++)
		while (alert_fold_tick(&a->states[i], &a->rules.rules[i], &now, &a->alarm))
			alerter_put(a, i, &a->alarm);
	alerter_reap(a);
	busy = alerter_look(a);
	alerter_tell_failures(a, false);
	alerter_tell_ledger(a);
	if (a->stop_ns != 0 && (!busy || now.boot_ns >= a->stop_ns))
		(void)sd_event_exit(a->loop, EXIT_SUCCESS);
	return TICK_US;
}

static int
on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	struct alerter *a = arg;

	(void)source;
	if (info->ssi_signo == SIGCHLD)
		alerter_reap(a);
	else if (a->stop_ns == 0)
		a->stop_ns = clock_ns(CLOCK_BOOTTIME) + STOP_NS;
	return 0;
}

static int
watch_signals(struct alerter *a)
{
	static const int numbers[] = { SIGCHLD, SIGTERM };
	sigset_t set;
	int r = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	for (size_t i = 0; r >= 0 && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		r = sd_event_add_signal(a->loop, NULL, numbers[i], on_signal, a);
	return r;
}

static int
prepare(struct alerter *a)
{
	int r = sd_event_new(&a->loop);

	if (r >= 0)
		r = watch_signals(a);
	if (r >= 0)
		r = sd_event_add_io(a->loop, NULL, a->setup->recorder_fd, EPOLLIN, on_message, a);
	if (r >= 0)
		r = tick_begin(a->loop, &(struct tick){ .first_us = TICK_US, .act = tick,
		    .arg = a });
	/* What a hook leaves behind comes to us. */
	if (r >= 0 && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		r = -errno;
	return r;
}

static void
finish(struct alerter *a)
{
	alerter_end_hooks(a);
	for (uint32_t i = 0; i < a->rules.n; i++)
		alerter_tell_forgotten(a, i, "the alerter was stopped");
	alerter_tell_failures(a, true);
	sd_event_unref(a->loop);
}

int
alerter_run(const struct alerter_setup *setup)
{
	struct alerter *a = calloc(1, sizeof(*a));
	int status = EXIT_FAILURE;

	if (a == NULL)
		return status;
	a->setup = setup;
	if (prepare(a) >= 0) {
		(void)ipc_send(setup->recorder_fd, IPC_ALERT_BEGUN, NULL, 0, -1);
		if (sd_event_loop(a->loop) >= 0)
			status = EXIT_SUCCESS;
	}
	finish(a);
	free(a);
	return status;
}
