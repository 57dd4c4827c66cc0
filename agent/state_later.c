/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/state_later.h"

#include "agent/state_file.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

/* Owners: the loop and, while it writes, the thread. The last one frees it. */
struct state_later {
	pthread_mutex_t lock;
	int folder;
	const char *name;
	/* All below: of whoever holds the lock. */
	bool writing, abandoned;
	char *next;		/* what waits; NULL: nothing */
	size_t length;
	int result;
};

struct state_later *
state_later_new(int folder, const char *name)
{
	struct state_later *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	pthread_mutex_init(&l->lock, NULL);
	l->folder = folder;
	l->name = name;
	return l;
}

static void
discard(struct state_later *l)
{
	pthread_mutex_destroy(&l->lock);
	free(l->next);
	free(l);
}

void
state_later_free(struct state_later *l)
{
	bool writing;

	if (l == NULL)
		return;
	pthread_mutex_lock(&l->lock);
	writing = l->writing;
	l->abandoned = true;
	pthread_mutex_unlock(&l->lock);
	if (!writing)
		discard(l);
}

static void *
write_all_that_waits(void *arg)
{
	struct state_later *l = arg;
	bool abandoned;

	pthread_mutex_lock(&l->lock);
	while (l->next != NULL) {
		char *bytes = l->next;
		size_t length = l->length;
		int r;

		l->next = NULL;
		pthread_mutex_unlock(&l->lock);
		r = state_file_write(l->folder, l->name, bytes, length);
		free(bytes);
		pthread_mutex_lock(&l->lock);
		l->result = r;
	}
	l->writing = false;
	abandoned = l->abandoned;
	pthread_mutex_unlock(&l->lock);
	if (abandoned)
		discard(l);
	return NULL;
}

/* Nobody joins it; signals are the loop's. Positive errno, as pthreads say it. */
static int
start_thread(struct state_later *l)
{
	pthread_attr_t detached;
	sigset_t all, before;
	pthread_t thread;
	int r = pthread_attr_init(&detached);

	if (r != 0)
		return r;
	(void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, &detached, write_all_that_waits, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&detached);
	return r;
}

int
state_later_write(struct state_later *l, char *bytes, size_t length, int *before)
{
	int r;

	pthread_mutex_lock(&l->lock);
	*before = l->result;
	free(l->next);
	l->next = bytes;
	l->length = length;
	r = l->writing ? EBUSY : start_thread(l);
	if (r == 0) {
		l->writing = true;
	} else if (r != EBUSY) {
		free(l->next);
		l->next = NULL;
	}
	pthread_mutex_unlock(&l->lock);
	return -r;
}
