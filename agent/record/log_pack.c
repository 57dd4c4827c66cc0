/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/log_pack.h"

#include "agent/record/log_names.h"
#include "agent/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#define BLOCK	(128u << 10)
#define LEVEL	3
#define MODE	0640
#define ASIDE	".new-"
/* A hostile file may not ask for more memory than this window (2^27). */
#define WINDOW_LOG 27

bool
log_pack_named(const char *name)
{
	const size_t n = strlen(name), end = sizeof(LOG_PACK_END) - 1;

	return n > end && strcmp(name + n - end, LOG_PACK_END) == 0;
}

/* ---- packing -------------------------------------------------------------------- */

struct packing {
	int from, to;
	ZSTD_CCtx *zstd;
	char in[BLOCK], out[BLOCK];
	const atomic_bool *stop;	/* NULL: none */
};

static int
pack_block(struct packing *p, size_t length)
{
	const ZSTD_EndDirective mode = length == 0 ? ZSTD_e_end : ZSTD_e_continue;
	ZSTD_inBuffer in = { p->in, length, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { p->out, BLOCK, 0 };
		int r;

		left = ZSTD_compressStream2(p->zstd, &out, &in, mode);
		if (ZSTD_isError(left))
			return -EIO;
		r = write_all(p->to, p->out, out.pos);
		if (r < 0)
			return r;
	} while (in.pos < in.size || (mode == ZSTD_e_end && left > 0));
	return 0;
}

static int
pack_all(struct packing *p)
{
	ssize_t n;
	int r = 0;

	do {
		n = read(p->from, p->in, BLOCK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (p->stop != NULL && atomic_load(p->stop))
			return -ECANCELED;
		r = pack_block(p, (size_t)n);
	} while (r == 0 && n != 0);
	return r;
}

/* The packed copy, on the disk. */
static int
pack_file(int from, int to, const atomic_bool *stop)
{
	struct packing *p = malloc(sizeof(*p));
	struct stat st;
	int r = -ENOMEM;

	if (p == NULL)
		return r;
	p->from = from;
	p->to = to;
	p->stop = stop;
	p->zstd = ZSTD_createCCtx();
	if (p->zstd != NULL && fstat(from, &st) == 0 &&
	    !ZSTD_isError(ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel, LEVEL)) &&
	    !ZSTD_isError(ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_checksumFlag, 1)) &&
	    !ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(p->zstd,
	    (unsigned long long)st.st_size)))
		r = pack_all(p);
	ZSTD_freeCCtx(p->zstd);
	free(p);
	if (r == 0) {
		/* Its age is that of what is in it. */
		const struct timespec times[2] = { st.st_atim, st.st_mtim };

		if (fchmod(to, MODE) < 0 || futimens(to, times) < 0 || fsync(to) < 0)
			r = -errno;
	}
	return r;
}

static int
pack(int directory, const char *name, const atomic_bool *stop)
{
	char aside[sizeof(ASIDE) + LOG_NAME_SIZE], packed[LOG_NAME_SIZE];
	int from, to, r;

	if (strlen(name) + sizeof(LOG_PACK_END) > LOG_NAME_SIZE)
		return -ENAMETOOLONG;
	snprintf(packed, sizeof(packed), "%s" LOG_PACK_END, name);
	snprintf(aside, sizeof(aside), ASIDE "%s", packed);
	from = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (from < 0)
		return -errno;
	(void)unlinkat(directory, aside, 0);	/* what a crash left */
	to = openat(directory, aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    MODE);
	if (to < 0) {
		r = -errno;
		close(from);
		return r;
	}
	r = pack_file(from, to, stop);
	close(to);
	close(from);
	if (r == 0 && renameat(directory, aside, directory, packed) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(directory, aside, 0);
		return r;
	}
	/* The original stays until its copy would outlive a power cut. */
	if (fsync(directory) < 0 || unlinkat(directory, name, 0) < 0)
		return -errno;
	return 0;
}

int
log_pack(int directory, const char *name)
{
	return pack(directory, name, NULL);
}

/* ---- the thread ----------------------------------------------------------------- */

struct log_packer {
	int directory;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool work;
	atomic_bool stop;
};

static void
pack_closed(struct log_packer *p)
{
	struct log_names names;

	if (log_names_list(p->directory, &names) < 0)
		return;
	for (size_t i = 0; i < names.count && !atomic_load(&p->stop); i++) {
		unsigned long day, number;

		/* What cannot be packed stays as it is; the next time tries again. */
		if (log_names_closed(names.names[i], &day, &number) &&
		    !log_pack_named(names.names[i]))
			(void)pack(p->directory, names.names[i], &p->stop);
	}
	log_names_free(&names);
}

static void *
packer_loop(void *arg)
{
	struct log_packer *p = arg;

	pthread_mutex_lock(&p->lock);
	while (!atomic_load(&p->stop)) {
		if (!p->work) {
			pthread_cond_wait(&p->wake, &p->lock);
			continue;
		}
		p->work = false;
		pthread_mutex_unlock(&p->lock);
		pack_closed(p);
		pthread_mutex_lock(&p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

struct log_packer *
log_packer_new(int directory)
{
	struct log_packer *p = calloc(1, sizeof(*p));
	sigset_t all, before;

	if (p == NULL)
		return NULL;
	p->directory = directory;
	p->work = true;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wake, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&p->thread, NULL, packer_loop, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (errno != 0) {
		free(p);
		return NULL;
	}
	return p;
}

void
log_packer_wake(struct log_packer *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->work = true;
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
}

void
log_packer_free(struct log_packer *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	atomic_store(&p->stop, true);
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* ---- reading -------------------------------------------------------------------- */

struct log_unpack {
	int fd;
	ZSTD_DCtx *zstd;
	ZSTD_inBuffer in;
	size_t left;		/* not 0: inside of a frame */
	char block[BLOCK];
};

struct log_unpack *
log_unpack_new(int fd)
{
	struct log_unpack *u = malloc(sizeof(*u));

	if (u == NULL)
		return NULL;
	u->fd = fd;
	u->in = (ZSTD_inBuffer){ u->block, 0, 0 };
	u->left = 1;
	u->zstd = ZSTD_createDCtx();
	if (u->zstd == NULL || ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd,
	    ZSTD_d_windowLogMax, WINDOW_LOG))) {
		log_unpack_free(u);
		return NULL;
	}
	return u;
}

void
log_unpack_free(struct log_unpack *u)
{
	if (u == NULL)
		return;
	ZSTD_freeDCtx(u->zstd);
	free(u);
}

ssize_t
log_unpack_read(struct log_unpack *u, void *bytes, size_t size)
{
	ZSTD_outBuffer out = { bytes, size, 0 };
	bool ended = false;

	while (out.pos == 0) {
		size_t taken = u->in.pos;

		if (u->in.pos == u->in.size) {
			ssize_t n = read(u->fd, u->block, BLOCK);

			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0)
				return -errno;
			/* The end stands between frames; else the last bytes are still inside. */
			if (n == 0 && u->left == 0)
				return 0;
			ended = n == 0;
			u->in = (ZSTD_inBuffer){ u->block, (size_t)n, 0 };
			taken = 0;
		}
		u->left = ZSTD_decompressStream(u->zstd, &out, &u->in);
		if (ZSTD_isError(u->left))
			return -EBADMSG;
		/* Cut, or of no use. */
		if (out.pos == 0 && (ended || (u->in.pos == taken && u->in.pos < u->in.size)))
			return -EBADMSG;
	}
	return (ssize_t)out.pos;
}

static int
unpack_all(int from, int to)
{
	struct log_unpack *u = log_unpack_new(from);
	char *block = malloc(BLOCK);
	off_t total = 0;
	ssize_t n = -ENOMEM;
	int r = 0;

	while (u != NULL && block != NULL && r == 0 &&
	    (n = log_unpack_read(u, block, BLOCK)) > 0) {
		total += n;
		r = total > LOG_UNPACK_MAX ? -EFBIG : write_all(to, block, (size_t)n);
	}
	log_unpack_free(u);
	free(block);
	if (r == 0 && n < 0)
		r = (int)n;
	if (r == 0 && lseek(to, 0, SEEK_SET) < 0)
		r = -errno;
	return r;
}

int
log_unpack_file(int fd)
{
	int to = memfd_create("sekisho-log", MFD_CLOEXEC);
	int r = to < 0 ? -errno : unpack_all(fd, to);

	close(fd);
	if (r == 0)
		return to;
	if (to >= 0)
		close(to);
	return r;
}
