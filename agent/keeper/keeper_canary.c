/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The canaries of the taps (agent/watch/canary.h) are sent here. The watcher says when:
 * it has just made room in its rings. What goes out, and where, the keeper alone knows,
 * and it hears of no more than one word in a while.
 */
#include "agent/keeper/keeper_internal.h"
#include "agent/log.h"

#include "kernel-helpers/frame_out.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define REST_US		500000u	/* the watcher asks once a second */
#define ACCURACY_US	10000u
#define WORDS_MOST	64u

int
keeper_canary_open(struct keeper *k)
{
	void *page = mmap(NULL, sizeof(*k->canaries), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return -errno;
	k->canaries = page;
	if (sodium_init() < 0)
		return -ENOMEM;
	k->canary_fd = frame_out_open();
	if (k->canary_fd < 0)
		return k->canary_fd;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    k->canary) < 0 ? -errno : 0;
}

void
keeper_canary_renew(struct keeper *k)
{
	crypto_shorthash_keygen(k->canary_key.secret);
	memset(k->n_canaries, 0, sizeof(k->n_canaries));
	k->canary_lines = k->interfaces;
	for (size_t i = 0; i < LIMIT_SEGMENTS; i++)
		atomic_store(&k->canaries->sent[i], 0);
}

void
keeper_canary_forget(struct keeper *k)
{
	munmap(k->canaries, sizeof(*k->canaries));
	k->canaries = NULL;
	explicit_bzero(&k->canary_key, sizeof(k->canary_key));
}

static void
send_one(struct keeper *k, size_t tap)
{
	struct frame_line line;
	uint8_t frame[CANARY_BYTES];

	if (frame_out_line(k->canary_fd, k->canary_lines.interfaces[tap], &line) != 0)
		return;
	canary_frame(&k->canary_key, tap, ++k->n_canaries[tap], line.mac, frame);
	/* One that cannot be sent is one that does not come back. */
	atomic_store(&k->canaries->sent[tap], k->n_canaries[tap]);
	(void)frame_out_send(k->canary_fd, &line, frame, sizeof(frame));
}

static int
on_wanted(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct keeper *k = arg;
	uint8_t byte;
	int r;

	(void)revents;
	/* Nobody looks at what it says. */
	for (unsigned int i = 0; i < WORDS_MOST && recv(fd, &byte, 1, MSG_DONTWAIT) >= 0; i++)
		;
	if (k->children[CHILD_WATCHER].pid != 0)
		for (size_t i = 0; i < k->canary_lines.n_interfaces && i < LIMIT_SEGMENTS; i++)
			send_one(k, i);
	/* Whoever calls all the time is heard now and then. */
	r = sd_event_source_set_time_relative(k->canary_rest, REST_US);
	if (r >= 0)
		r = sd_event_source_set_enabled(k->canary_rest, SD_EVENT_ONESHOT);
	if (r >= 0)
		r = sd_event_source_set_enabled(s, SD_EVENT_OFF);
	/* Said on, the loop would drop this source without a word. */
	if (r < 0)
		log_warnx("keeper: canaries go without a rest: %s", strerror(-r));
	return 0;
}

static int
on_rested(sd_event_source *s, uint64_t usec, void *arg)
{
	struct keeper *k = arg;

	(void)s;
	(void)usec;
	return sd_event_source_set_enabled(k->canary_wanted, SD_EVENT_ON);
}

int
keeper_canary_begin(struct keeper *k)
{
	int r = sd_event_add_io(k->event, &k->canary_wanted, k->canary[0], EPOLLIN, on_wanted, k);

	if (r >= 0)
		r = sd_event_add_time_relative(k->event, &k->canary_rest, CLOCK_MONOTONIC,
		    REST_US, ACCURACY_US, on_rested, k);
	return r < 0 ? r : 0;
}
