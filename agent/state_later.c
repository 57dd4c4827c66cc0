/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/state_later.h"

#include "agent/state_file.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/* Owners: the loop and, while it writes, the thread. The last one frees it. */
struct state_later {
	_Atomic int owners;
	atomic_bool writing;
	int result;		/* the thread's until "writing" is false */
	int folder;
	const char *name;
	char *bytes;
	size_t length;
};

struct state_later *
state_later_new(void)
{
	struct state_later *l = calloc(1, sizeof(*l));

	if (l != NULL)
		l->owners = 1;
	return l;
}

void
state_later_free(struct state_later *l)
{
	if (l != NULL && atomic_fetch_sub(&l->owners, 1) == 1)
		free(l);
}

static void *
write_it(void *arg)
{
	struct state_later *l = arg;

	l->result = state_file_write(l->folder, l->name, l->bytes, l->length);
	free(l->bytes);
	atomic_store(&l->writing, false);
	state_later_free(l);
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
	r = pthread_create(&thread, &detached, write_it, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&detached);
	return r;
}

int
state_later_write(struct state_later *l, int folder, const char *name, char *bytes,
    size_t length, int *before)
{
	int r;

	if (atomic_load(&l->writing)) {
		free(bytes);
		return -EBUSY;
	}
	*before = l->result;
	l->folder = folder;
	l->name = name;
	l->bytes = bytes;
	l->length = length;
	l->result = 0;
	atomic_store(&l->writing, true);
	atomic_fetch_add(&l->owners, 1);
	r = start_thread(l);
	if (r != 0) {
		atomic_fetch_sub(&l->owners, 1);
		atomic_store(&l->writing, false);
		free(bytes);
	}
	return -r;
}
