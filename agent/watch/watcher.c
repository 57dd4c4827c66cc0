/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loop. Everything that needs memory in quantity is taken before it; in it
 * descriptors are read that were handed over, and two are written.
 */
#include "agent/watch/watcher.h"

#include "agent/beat.h"
#include "agent/clock.h"
#include "agent/log.h"
#include "agent/tick.h"
#include "agent/watch/watcher_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* Frames between two looks at the control socket and the clock. */
#define TAP_ROUND 8192
/*
 * The rest after rings were read to the end. The event ring wakes us for a frame that
 * finds it empty: in a flood that would be nearly every one, and the waking is paid
 * for by whoever brought the frame. So at most once in this time.
 */
#define TAP_REST_US 5000
/* A block that is not full is handed over when it is TAP_BLOCK_MS old: 10 ms. */
#define DRAIN_PAUSE_NS 5000000
#define DRAIN_PAUSES 20
/*
 * So long the recorder is waited for with one record for each violation that is
 * open: at a stop, and when interfaces wait for their taps. The keeper waits
 * longer than these together (STOP_WAIT_MS).
 */
#define FINALS_NS	5000000000ll
#define FINALS_REOPEN_NS 500000000ll
/* And then with the few records of what was left. */
#define REST_NS		1500000000ll
#define MAX_TAP_FDS (2 * LIMIT_SEGMENTS + 1)

int64_t
watcher_clock(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int64_t
watcher_wall(void)
{
	return clock_ns(CLOCK_REALTIME);
}

static int
on_taps(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct watcher *w = arg;
	int error;

	(void)fd;
	(void)revents;
	/* An interface that went away is told by watcher_look_at_links(). */
	if (watcher_read_taps(w, TAP_ROUND) >= TAP_ROUND / 4)
		return 0;
	error = sd_event_source_set_time_relative(w->tap_rest, TAP_REST_US);
	if (error >= 0)
		error = sd_event_source_set_enabled(w->tap_rest, SD_EVENT_ONESHOT);
	/* without a rest it goes on at once */
	if (error >= 0)
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

static int
on_rested(sd_event_source *source, uint64_t usec, void *arg)
{
	struct watcher *w = arg;

	(void)source;
	(void)usec;
	return sd_event_source_set_enabled(w->taps, SD_EVENT_ON);
}

static int
on_gate(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	(void)source;
	(void)fd;
	(void)revents;
	(void)watcher_read_gate(arg);
	return 0;
}

static uint64_t
sweep(void *arg)
{
	struct watcher *w = arg;

	beat_strike(w->setup->beat);
	/* room in the rings, so that a canary is not the frame that is lost */
	(void)watcher_read_taps(w, TAP_ROUND);
	w->now_ns = watcher_clock();
	watcher_sweep_packets(w, false);
	aggregate_sweep(w->aggregate, w->now_ns);
	if (w->before != NULL && w->now_ns >= w->before_until_ns) {
		watch_policy_free(w->before);
		w->before = NULL;
	}
	if (w->now_ns - w->began_ns >= WATCHER_SEED_NS)
		watcher_seed_forget(w);
	watcher_look_at_links(w);
	if (w->now_ns >= w->next_loss_ns) {
		w->next_loss_ns = w->now_ns + WATCHER_LOSS_NS;
		watcher_filter_sweep(w);
		watcher_account(w);
		watcher_tell_ledger(w);
		watcher_weigh_taps(w);
	}
	return AGGREGATE_SWEEP_NS / 1000;
}

static void
answer_policy(struct watcher *w)
{
	struct ipc_result result = { 0 };

	result.error = watcher_load_memfd(w, w->message.fd, result.text,
	    sizeof(result.text));
	if (result.error == 0)
		watcher_seed(w);
	(void)ipc_answer(w->setup->control_fd, &w->message, &result, sizeof(result), -1);
}

static void
answer_cutoffs(struct watcher *w)
{
	struct ipc_result result = { 0 };

	result.error = watcher_cut_memfd(w, w->message.fd, result.text,
	    sizeof(result.text));
	(void)ipc_answer(w->setup->control_fd, &w->message, &result, sizeof(result), -1);
}

static void
answer_status(struct watcher *w)
{
	json_t *status = watcher_status(w);

	if (status != NULL)
		(void)ipc_answer_json(w->setup->control_fd, &w->message, status);
	json_decref(status);
}

static int
on_control(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct watcher *w = arg;
	int status = ipc_receive(fd, &w->message);

	(void)source;
	(void)revents;
	if (status == -EAGAIN || status == -EINTR || status == -EPROTO)
		return 0;
	if (status <= 0)
		return sd_event_exit(w->event, 0);
	if (w->message.type == IPC_WATCH_POLICY)
		answer_policy(w);
	else if (w->message.type == IPC_WATCH_CUTOFFS)
		answer_cutoffs(w);
	else if (w->message.type == IPC_WATCH_STATUS)
		answer_status(w);
	else if (w->message.type == IPC_STOP)
		sd_event_exit(w->event, 0);
	if (w->message.fd >= 0)
		close(w->message.fd);
	return 0;
}

/* One descriptor for all rings: one wake-up, one round over them. */
static int
gather_taps(struct watcher *w)
{
	int fds[MAX_TAP_FDS];
	size_t n = tap_set_fds(w->setup->taps, fds, MAX_TAP_FDS);

	w->tap_epoll = epoll_create1(EPOLL_CLOEXEC);
	if (w->tap_epoll < 0)
		return -errno;
	for (size_t i = 0; i < n && i < MAX_TAP_FDS; i++) {
		struct epoll_event event = { .events = EPOLLIN };

		if (epoll_ctl(w->tap_epoll, EPOLL_CTL_ADD, fds[i], &event) < 0)
			return -errno;
	}
	return 0;
}

static int
listen_to_all(struct watcher *w)
{
	int error = gather_taps(w);

	if (error == 0)
		error = sd_event_new(&w->event);
	if (error >= 0)
		error = sd_event_add_io(w->event, &w->taps, w->tap_epoll, EPOLLIN,
		    on_taps, w);
	if (error >= 0)
		error = sd_event_add_time_relative(w->event, &w->tap_rest,
		    CLOCK_MONOTONIC, TAP_REST_US, 1000, on_rested, w);
	if (error >= 0 && w->setup->nflog_fd >= 0)
		error = sd_event_add_io(w->event, NULL, w->setup->nflog_fd, EPOLLIN,
		    on_gate, w);
	if (error >= 0)
		error = sd_event_add_io(w->event, NULL, w->setup->control_fd, EPOLLIN,
		    on_control, w);
	if (error >= 0)
		error = tick_begin(w->event, &(struct tick){ .accuracy_us = 10000,
		    .first_us = AGGREGATE_SWEEP_NS / 1000, .act = sweep, .arg = w });
	return error < 0 ? error : 0;
}

/* What drivers lost before is no loss of ours. */
static void
begin_accounts(struct watcher *w)
{
	w->started_ns = w->links_ns = w->losses_ns = watcher_wall();
	w->began_ns = w->now_ns = watcher_clock();
	watcher_look_at_links(w);
	for (size_t i = 0; i < tap_set_count(w->setup->taps) && i < LIMIT_SEGMENTS; i++)
		w->losses[LOSS_DRIVER][i].total = link_lost(&w->links[i].state.count);
}

static int
prepare(struct watcher *w)
{
	char why[256] = "";
	int error, flags = fcntl(w->setup->recorder_fd, F_GETFL);

	/* A recorder that is away must never stop the reading of the rings. */
	if (flags < 0 || fcntl(w->setup->recorder_fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	w->places = places_new();
	if (w->places == NULL)
		return -ENOMEM;
	w->aggregate = aggregate_new(w->places, AGGREGATE_ENTRIES, watcher_emit, w);
	if (w->aggregate == NULL)
		return -ENOMEM;
	error = watcher_inspect(w);
	if (error == 0)
		error = watcher_evidence(w);
	if (error != 0)
		return error;
	error = watcher_load(w, w->setup->policy_text, w->setup->policy_length, why,
	    sizeof(why));
	if (error != 0) {
		log_warnx("watcher: %s", why);
		return error;
	}
	canary_init(&w->canary, w->setup->canary_key);
	begin_accounts(w);
	watcher_seed(w);
	if (w->setup->seed->why[0] == '\0')
		inspect_clear_sight(w->inspect);
	return listen_to_all(w);
}

static void
tell_start(struct watcher *w)
{
	const struct watcher_seed *seed = w->setup->seed;
	struct tap_set *taps = w->setup->taps;
	char text[256 + 128];
	size_t n = tap_set_count(taps);

	snprintf(text, sizeof(text),
	    "watching %zu of %zu interfaces, filter tier %s%s%s%s%s%s",
	    n - tap_set_missing(taps), n, tap_tier_name(tap_set_tier(taps)),
	    tap_set_tier_reason(taps)[0] != '\0' ? ": " : "", tap_set_tier_reason(taps),
	    w->setup->nflog_fd >= 0 ? "" : "; the gate's log is not heard",
	    seed->why[0] != '\0' ? "; at first any answer is taken for asked: " : "",
	    seed->why);
	watcher_tell_life(w, text);
}

/* Nothing comes in any more; what is in the rings is read to the last frame. */
static void
drain(struct watcher *w)
{
	const struct timespec pause = { .tv_nsec = DRAIN_PAUSE_NS };

	tap_set_stop(w->setup->taps);
	for (int pauses = 0; pauses < DRAIN_PAUSES; pauses++) {
		int n;

		do
			n = watcher_read_taps(w, TAP_ROUND);
		while (n > 0 || n == -ENETDOWN);
		if (w->setup->nflog_fd >= 0)
			(void)watcher_read_gate(w);
		if (pauses > 0 && watcher_waiting(w) == 0)
			return;
		nanosleep(&pause, NULL);
	}
}

static void
tell_end(struct watcher *w)
{
	const struct ledger_sample *s = &w->sample;
	char text[256];

	snprintf(text, sizeof(text), "watching ended: %llu frames came in, %llu proven "
	    "permitted in the kernel, %llu judged, %llu canaries, %llu lost, %llu unread; "
	    "the ledgers %s",
	    (unsigned long long)s->seen, (unsigned long long)s->proven,
	    (unsigned long long)s->frames, (unsigned long long)s->canaries,
	    (unsigned long long)s->dropped,
	    (unsigned long long)s->left, w->n_faults == 0 ? "balance" : "do not balance");
	watcher_tell_life(w, text);
}

/* Whatever is still wrong ends with this process: the next one looks anew. */
static void
end_alarms(struct watcher *w)
{
	int64_t wall = watcher_wall();

	for (size_t i = 0; i < tap_set_count(w->setup->taps) && i < LIMIT_SEGMENTS; i++) {
		struct watcher_link *link = &w->links[i];
		const char *name = tap_set_interface(w->setup->taps, i);

		if (link->away.why != AWAY_OTHER)
			continue;
		/* The next one begins with it: its own start closes the gap. */
		link->away.told = AWAY_OTHER;
		watcher_alarm_set(&link->away, WATCHED, 0, wall);
		watcher_alarm_tell(w, &link->away, name, "",
		    "the interface is there again; the watcher starts anew to tap it");
	}
}

/* What waits in the rings still counts; then every violation gets its final record. */
static void
wind_up(struct watcher *w)
{
	size_t lost;

	drain(w);
	watcher_sweep_packets(w, true);
	w->ending = true;
	w->wait_until_ns = watcher_clock() + (w->reopen ? FINALS_REOPEN_NS : FINALS_NS);
	lost = aggregate_finish(w->aggregate);
	w->wait_until_ns = watcher_clock() + REST_NS;
	if (lost > 0)
		lost = aggregate_fold(w->aggregate);
	watcher_account(w);
	tell_end(w);
	end_alarms(w);
	if (lost > 0)
		log_warnx("watcher: violations of %zu pairs of zones could not be "
		    "written at the end", lost);
}

static void
release(struct watcher *w)
{
	sd_event_source_unref(w->taps);
	sd_event_source_unref(w->tap_rest);
	sd_event_unref(w->event);
	if (w->tap_epoll >= 0)
		close(w->tap_epoll);
	watch_policy_free(w->policy);
	watch_policy_free(w->before);
	inspect_free(w->inspect);
	aggregate_free(w->aggregate);
	evidence_free(w->evidence);
	places_free(w->places);
	watcher_seed_forget(w);
	tap_set_close(w->setup->taps);
	free(w);
}

int
watcher_run(const struct watcher_setup *setup)
{
	struct watcher *w = calloc(1, sizeof(*w));
	bool reopen;
	int error;

	if (w == NULL)
		return EXIT_FAILURE;
	w->setup = setup;
	w->tap_epoll = -1;
	error = prepare(w);
	if (error == 0) {
		tell_start(w);
		error = sd_event_loop(w->event);
		wind_up(w);
	}
	if (error < 0)
		log_warnx("watcher: %s", strerror(-error));
	reopen = w->reopen;
	release(w);
	if (error < 0)
		return EXIT_FAILURE;
	return reopen ? WATCHER_REOPEN : EXIT_SUCCESS;
}
