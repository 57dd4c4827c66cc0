/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/log_sync.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SYNC_INTERVAL_S 1
/* Files that may wait for one slow sync: one in use, the others rotated away. */
#define SYNC_FILES 8

struct log_sync {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	int files[SYNC_FILES];	/* our duplicates, the one in use last */
	size_t n_files;
	int newest;		/* the caller's number of the last one */
	bool dirty, stop;
	int failed;
	int directory;		/* borrowed */
	struct seal_state *wanted, *saving;
	uint64_t doubtful;	/* file whose sync failed */
};

/*
 * The names of new files first, then what vouches for them. A full disk takes no more
 * of the log either, so the state that stands is near enough.
 */
static int
save_state(struct log_sync *s)
{
	int r;

	if (s->saving->records == 0 || s->saving->file <= s->doubtful)
		return 0;
	if (fsync(s->directory) < 0)
		return errno;
	r = seal_state_save(s->directory, s->saving);
	if (r == -ENOSPC || r == -EDQUOT)
		return 0;
	return r == -EUCLEAN ? EIO : -r;
}

/*
 * Every file but the newest gets its last sync and is closed. Called with the
 * lock held, which is let go while the disk works.
 */
static void
sync_all(struct log_sync *s)
{
	int files[SYNC_FILES], error = 0;
	size_t n = s->n_files;

	memcpy(files, s->files, n * sizeof(files[0]));
	*s->saving = *s->wanted;
	s->dirty = false;
	pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < n; i++)
		if (fdatasync(files[i]) < 0)
			error = errno;
	if (error != 0)
		s->doubtful = s->saving->file;
	else
		error = save_state(s);
	pthread_mutex_lock(&s->lock);
	if (error != 0)
		s->failed = error;
	for (size_t i = 0; i + 1 < n; i++)
		close(files[i]);
	memmove(s->files, s->files + n - 1, (s->n_files - n + 1) * sizeof(s->files[0]));
	s->n_files -= n - 1;
}

static void *
sync_loop(void *arg)
{
	struct log_sync *s = arg;

	pthread_mutex_lock(&s->lock);
	while (!s->stop || s->dirty) {
		struct timespec until;

		if (!s->dirty) {
			pthread_cond_wait(&s->wake, &s->lock);
			continue;
		}
		sync_all(s);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += SYNC_INTERVAL_S;
		while (!s->stop &&
		    pthread_cond_timedwait(&s->wake, &s->lock, &until) != ETIMEDOUT)
			;
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static int
start_thread(struct log_sync *s)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&s->thread, NULL, sync_loop, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

static void
discard(struct log_sync *s)
{
	seal_state_free(s->wanted);
	seal_state_free(s->saving);
	free(s);
}

struct log_sync *
log_sync_new(int directory)
{
	struct log_sync *s = calloc(1, sizeof(*s));
	pthread_condattr_t attributes;

	if (s == NULL)
		return NULL;
	s->directory = directory;
	s->wanted = seal_state_new();
	s->saving = seal_state_new();
	if (s->wanted == NULL || s->saving == NULL) {
		discard(s);
		errno = ENOMEM;
		return NULL;
	}
	s->newest = -1;
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	errno = start_thread(s);
	if (errno != 0) {
		const int error = errno;

		discard(s);
		errno = error;
		return NULL;
	}
	return s;
}

void
log_sync_free(struct log_sync *s)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	for (size_t i = 0; i < s->n_files; i++)
		close(s->files[i]);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	discard(s);
}

/* With the lock held. */
static int
take_file(struct log_sync *s, int fd)
{
	int own;

	if (s->n_files > 0 && s->newest == fd)
		return 0;
	if (s->n_files == SYNC_FILES)
		return -EAGAIN;
	own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		return -errno;
	s->files[s->n_files++] = own;
	s->newest = fd;
	return 0;
}

int
log_sync_request(struct log_sync *s, int fd, const struct seal_state *state)
{
	int r;

	pthread_mutex_lock(&s->lock);
	r = take_file(s, fd);
	if (r == 0) {
		*s->wanted = *state;
		/* Once a round: a thread woken for each record costs more than the record. */
		if (!s->dirty)
			pthread_cond_signal(&s->wake);
		s->dirty = true;
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

bool
log_sync_has_room(struct log_sync *s)
{
	bool room;

	pthread_mutex_lock(&s->lock);
	room = s->n_files < SYNC_FILES;
	pthread_mutex_unlock(&s->lock);
	return room;
}

int
log_sync_failed(struct log_sync *s)
{
	int error;

	pthread_mutex_lock(&s->lock);
	error = s->failed;
	s->failed = 0;
	pthread_mutex_unlock(&s->lock);
	return error;
}
