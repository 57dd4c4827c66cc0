/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loop: one message a turn from whoever has one, of a flood a few, trusted peers first,
 * so a flood from the watcher never keeps control's records waiting.
 */
#include "agent/record/recorder.h"

#include "agent/beat.h"
#include "agent/clock.h"
#include "agent/ipc.h"
#include "agent/record/event_check.h"
#include "agent/record/packet_ring.h"
#include "agent/record/recorder_asks.h"
#include "agent/record/recorder_write.h"
#include "agent/tick.h"
#include "rules/record_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#define TICK_US 1000000u
/*
 * A turn of the loop costs as much as a record: of a flood so many are taken at once. They
 * take less than a millisecond, which is how long a trusted peer may have to wait.
 */
#define BURST 16u
/* In a row, 5 s of them, until another recorder takes over: the loop must not turn for ever. */
#define FAILURES_MOST 1000u
#define FAILURE_REST_NS 5000000
/* A sync that failed writes a record, which is synced: by then the next one has failed too. */
#define SYNC_DOUBT_NS (INT64_C(5) * 1000000000)

struct recorder;

struct peer {
	struct recorder *recorder;
	struct recorder_peer setup;
	sd_event_source *source;
	bool open;
	uint64_t bad;			/* messages not yet reported */
	int64_t bad_since_ns;
	const char *bad_why;		/* of the first of them */
	unsigned int failures;		/* of receiving, in a row */
};

struct recorder {
	sd_event *loop;
	struct recorder_writer writer;
	struct peer peers[RECORDER_PEERS];
	size_t n_peers;
	uint64_t bad_total;
	struct beat *beat;
	int clock_fd;			/* clock_watch_open(); negative: none */
	bool told;			/* to stop; else the keeper went without a word */
	struct ipc_message message;
};

static void
count_bad(struct peer *p, const char *why)
{
	if (p->bad == 0) {
		p->bad_since_ns = recorder_now_ns();
		p->bad_why = why;
	}
	p->bad++;
	p->recorder->bad_total++;
}

/* At most one record a tick and peer, whatever a taken-over process sends. */
static void
report_bad(struct peer *p)
{
	const unsigned long long bad = p->bad;

	if (bad == 0)
		return;
	p->bad = 0;
	recorder_writer_own(&p->recorder->writer, EVENT_GAP, p->bad_since_ns, bad,
	    MSG_RECORD_BAD_MESSAGES, bad, p->setup.name, p->bad_why);
}

static void
take_event(struct peer *p, const struct ipc_message *m)
{
	struct event e;
	const char *why;

	if (event_check(m->payload.bytes, m->length, p->setup.trusted, &e, &why) < 0) {
		count_bad(p, why);
		return;
	}
	if (p->setup.alerter && e.kind != EVENT_LIFE) {
		count_bad(p, "kind");
		return;
	}
	recorder_rate(&p->recorder->writer, &e);
	recorder_writer_event(&p->recorder->writer, &e, p->setup.name,
	    p->setup.trusted);
}

static void
take_packet(struct peer *p, const struct ipc_message *m)
{
	struct recorder_writer *w = &p->recorder->writer;
	struct packet packet;
	const char *why = "message type";

	if (m->type != IPC_RECORD_PACKET ||
	    packet_check(m->payload.bytes, m->length, &packet, &why) < 0)
		count_bad(p, why);
	else if (w->packets != NULL)
		packet_ring_add(w->packets, &packet, w->low_space, clock_ns(CLOCK_BOOTTIME));
}

/* Why records are being lost now, or may be; "" when they are written and synced. */
static const char *
failing(const struct recorder_writer *w)
{
	if (w->low_space)
		return "the disk is full but for the reserve";
	if (w->state.lost > 0)
		return strerror(w->lost_error);
	if (w->sync_error_ns != 0 &&
	    clock_ns(CLOCK_BOOTTIME) - w->sync_error_ns < SYNC_DOUBT_NS)
		return strerror(w->sync_error);
	return "";
}

static void
answer_status(struct peer *p, const struct ipc_message *question)
{
	const struct recorder *r = p->recorder;
	const struct recorder_writer *w = &r->writer;
	struct stat st = { 0 };
	struct clock_state clock;
	json_t *status;
	char *text;

	clock_state_read(&clock);
	(void)fstat(w->file.fd, &st);
	status = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:b,s:s,s:s,s:i,s:i,s:o,s:I,s:b}",
	    "sequence", (json_int_t)w->seal->sequence, "written", (json_int_t)w->written,
	    "lost", (json_int_t)w->lost_total, "unreported", (json_int_t)w->state.lost,
	    "bad_messages", (json_int_t)r->bad_total, "bytes", (json_int_t)st.st_size,
	    "free_bytes", (json_int_t)w->free_bytes, "low_space", w->low_space,
	    "sync_error", w->sync_error != 0 ? strerror(w->sync_error) : "",
	    "failing", failing(w), "used_percent", (int)w->used_percent, "mark",
	    w->marks > 0 ? (int)w->rules.marks[w->marks - 1] : 0,
	    "clock", clock_state_json(&clock), "file_number", (json_int_t)w->seal->file,
	    "key_waits", !w->key_shown);
	if (w->packets != NULL)
		json_object_set_new(status, "packets", packet_ring_json(w->packets));
	text = json_dumps(status, JSON_COMPACT);
	json_decref(status);
	/* Who does not read its answers goes without; the record does not wait. */
	if (text != NULL)
		(void)ipc_answer(p->setup.socket, question, text, strlen(text), -1);
	free(text);
}

static void
take_rules(struct peer *p, const struct ipc_message *m)
{
	struct record_rules rules;

	if (m->length != sizeof(rules)) {
		count_bad(p, "length");
		return;
	}
	memcpy(&rules, m->payload.bytes, sizeof(rules));
	recorder_take_rules(&p->recorder->writer, &rules);
}

static void
take_ledger(struct peer *p, const struct ipc_message *m)
{
	if (!record_ledgers_take(&p->recorder->writer.ledgers, p->setup.name,
	    m->payload.bytes, m->length))
		count_bad(p, "length");
}

static void
stop(struct recorder *r)
{
	r->told = true;
	sd_event_exit(r->loop, EXIT_SUCCESS);
}

static void
take_message(struct peer *p, struct ipc_message *m)
{
	struct recorder *r = p->recorder;

	if (m->fd >= 0)
		close(m->fd);
	if (p->setup.packets)
		take_packet(p, m);
	else if (m->type == IPC_RECORD_EVENT)
		take_event(p, m);
	else if (m->type == IPC_RECORD_LEDGER)
		take_ledger(p, m);
	else if (m->type == IPC_ALERT_BEGUN && p->setup.alerter)
		alert_feed_again(&r->writer.alerts);
	else if (!p->setup.trusted)
		count_bad(p, "message type");
	else if (m->type == IPC_RECORD_STATUS)
		answer_status(p, m);
	else if (m->type == IPC_RECORD_REOPEN)
		recorder_writer_reopen(&r->writer);
	else if (m->type == IPC_RECORD_POLICY)
		take_rules(p, m);
	else if (m->type == IPC_RECORD_HOLD)
		recorder_ask_hold(r->writer.directory, p->setup.socket, m);
	else if (m->type == IPC_RECORD_SIGN)
		recorder_ask_sign(&r->writer, p->setup.socket, m);
	else if (m->type == IPC_STOP)
		stop(r);
	else
		count_bad(p, "message type");
}

/* Without a trusted peer nobody could stop or ask us: the keeper is gone. */
static void
close_peer(struct peer *p)
{
	struct recorder *r = p->recorder;
	bool trusted_left = false;

	p->source = sd_event_source_disable_unref(p->source);
	close(p->setup.socket);
	p->open = false;
	if (p->setup.alerter)
		r->writer.alerts.socket = 0;
	for (size_t i = 0; i < r->n_peers; i++)
		trusted_left |= r->peers[i].open && r->peers[i].setup.trusted;
	if (!trusted_left)
		sd_event_exit(r->loop, EXIT_SUCCESS);
}

static bool
has_hung_up(int socket)
{
	struct pollfd p = { .fd = socket };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

/*
 * Want of memory passes, and the message stays in the queue meanwhile. A peer given up
 * for it would never be heard again: rather another recorder hears them all.
 */
static void
wait_for_memory(struct peer *p)
{
	const struct timespec rest = { .tv_nsec = FAILURE_REST_NS };

	count_bad(p, "receive");
	nanosleep(&rest, NULL);
	if (++p->failures == FAILURES_MOST)
		sd_event_exit(p->recorder->loop, EXIT_FAILURE);
}

/* True when a message was there, good or bad. */
static bool
receive_one(struct peer *p)
{
	struct ipc_message *m = &p->recorder->message;
	int r = ipc_receive(p->setup.socket, m);

	if (r == 1) {
		p->failures = 0;
		take_message(p, m);
		return true;
	}
	/* An empty packet looks like the end and is not. */
	if (r == -EPROTO || (r == 0 && !has_hung_up(p->setup.socket))) {
		count_bad(p, "head");
		return true;
	}
	if (r == -EAGAIN || r == -EINTR)
		return false;
	if (r == 0 || has_hung_up(p->setup.socket))
		close_peer(p);
	else
		wait_for_memory(p);
	return false;
}

static int
on_message(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	const struct peer *p = arg;
	unsigned int most = p->setup.trusted ? 1 : BURST;

	(void)source, (void)fd, (void)events;
	while (most-- > 0 && receive_one(arg) && p->open)
		;
	return 0;
}

static uint64_t
tick(void *arg)
{
	struct recorder *r = arg;

	beat_strike(r->beat);
	for (size_t i = 0; i < r->n_peers; i++)
		report_bad(&r->peers[i]);
	recorder_writer_tick(&r->writer);
	return TICK_US;
}

/* At once, not with the next tick: what is written from here on has the new time. */
static int
on_clock(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct recorder *r = arg;

	(void)source, (void)events;
	if (clock_watch_heard(fd)) {
		r->writer.clock.set = true;
		(void)recorder_look_at_clock(&r->writer);
	}
	return 0;
}

/* Without it a step is seen by looking, each second and at each record. */
static int
watch_clock(struct recorder *r)
{
	sd_event_source *source = NULL;
	int e;

	r->clock_fd = clock_watch_open();
	if (r->clock_fd < 0)
		return 0;
	e = sd_event_add_io(r->loop, &source, r->clock_fd, EPOLLIN, on_clock, r);
	if (e < 0)
		return e;
	sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IMPORTANT - 1);
	e = sd_event_source_set_floating(source, 1);
	sd_event_source_unref(source);
	return e;
}

static int
on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	struct recorder *r = arg;

	(void)source;
	if (info->ssi_signo == SIGHUP)
		recorder_writer_reopen(&r->writer);
	else
		stop(r);
	return 0;
}

static int
add_peer(struct recorder *r, const struct recorder_peer *setup)
{
	struct peer *p = &r->peers[r->n_peers++];
	int flags = fcntl(setup->socket, F_GETFL);
	int e;

	*p = (struct peer){ .recorder = r, .setup = *setup, .open = true };
	if (flags < 0 || fcntl(setup->socket, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	if (setup->alerter)
		r->writer.alerts.socket = setup->socket;
	e = sd_event_add_io(r->loop, &p->source, setup->socket, EPOLLIN, on_message, p);
	if (e < 0)
		return e;
	/* Packets wait for every record. */
	return sd_event_source_set_priority(p->source, setup->trusted ?
	    SD_EVENT_PRIORITY_IMPORTANT : setup->packets ? SD_EVENT_PRIORITY_IDLE :
	    SD_EVENT_PRIORITY_NORMAL);
}

static int
watch_signals(struct recorder *r)
{
	static const int numbers[] = { SIGHUP, SIGTERM, SIGINT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(&set, numbers[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	/* A limit on the size of files is an ordinary EFBIG. */
	signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		sd_event_source *source = NULL;
		int e = sd_event_add_signal(r->loop, &source, numbers[i], on_signal, r);

		if (e < 0)
			return e;
		/* A rotation that was told before a stop is done before it. */
		sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IMPORTANT - 1);
		sd_event_source_set_floating(source, 1);
		sd_event_source_unref(source);
	}
	return 0;
}

static int
prepare(struct recorder *r, const struct recorder_setup *setup)
{
	int e = sd_event_new(&r->loop);

	if (e < 0)
		return e;
	if (setup->n_peers > RECORDER_PEERS)
		return -E2BIG;
	e = watch_signals(r);
	if (e >= 0)
		e = watch_clock(r);
	for (size_t i = 0; e >= 0 && i < setup->n_peers; i++)
		e = add_peer(r, &setup->peers[i]);
	if (e < 0)
		return e;
	/* Reports come even under a flood. */
	return tick_begin(r->loop, &(struct tick){ .first_us = TICK_US, .act = tick,
	    .arg = r, .priority = SD_EVENT_PRIORITY_IMPORTANT });
}

/* What was sent before the end is written before the end. */
static void
drain(struct recorder *r)
{
	for (size_t i = 0; i < r->n_peers; i++) {
		struct peer *p = &r->peers[i];

		while (p->open && receive_one(p))
			;
		report_bad(p);
	}
}

static void
finish(struct recorder *r)
{
	for (size_t i = 0; i < r->n_peers; i++) {
		sd_event_source_disable_unref(r->peers[i].source);
		if (r->peers[i].open)
			close(r->peers[i].setup.socket);
	}
	sd_event_unref(r->loop);
	if (r->clock_fd >= 0)
		close(r->clock_fd);
}

int
recorder_run(const struct recorder_setup *setup)
{
	struct recorder *r = calloc(1, sizeof(*r));
	int status = EXIT_FAILURE;
	int e;

	if (r == NULL)
		return status;
	r->beat = setup->beat;
	r->clock_fd = -1;
	r->writer.directory = setup->directory;
	r->writer.hostname = setup->hostname;
	r->writer.version = setup->version;
	r->writer.reserve_bytes = setup->reserve_bytes;
	r->writer.rotate = (struct log_rotate){ .size = LOG_ROTATE_SIZE, .daily = true };
	r->writer.pack = true;
	/* Without it records are written all the same, and status shows no packets. */
	r->writer.packets = packet_ring_new(setup->directory, setup->version);
	e = prepare(r, setup);
	if (e >= 0)
		e = recorder_writer_open(&r->writer);
	if (e >= 0) {
		if (sd_event_loop(r->loop) >= 0)
			status = EXIT_SUCCESS;
		drain(r);
		recorder_writer_close(&r->writer, r->told);
	}
	finish(r);
	packet_ring_free(r->writer.packets);
	close(setup->directory);
	free(r);
	return status;
}
