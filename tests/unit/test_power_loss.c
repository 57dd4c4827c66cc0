/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LG-08: the power fails behind every single write of the recorder. What it asks of the
 * kernel is written down by functions that stand in place of libc's, and played back up
 * to each call onto a disk that kept what was synced, and of the rest nothing, all, the
 * names only, the data only, or half of it.
 */
#include "agent/record/log_names.h"
#include "tests/unit/sealed_log.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_OPS		4096u
#define MAX_FILES	256u
#define MAX_NAMES	64u
#define NAME_SIZE	64u

enum what { CREATE, WRITE, CUT, RENAME, REMOVE, SYNC, SYNC_FOLDER };

struct op {
	enum what what;
	ino_t file;
	off_t at;
	size_t length;
	char *bytes;
	char name[NAME_SIZE], other[NAME_SIZE];
};

static struct op ops[MAX_OPS];
static size_t n_ops;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static ino_t traced;		/* the folder; 0: nothing is written down */

/* ---- in place of libc's --------------------------------------------------------- */

static ino_t
inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static struct op *
note(enum what what, ino_t file)
{
	struct op *o = &ops[n_ops];

	if (n_ops == MAX_OPS)
		abort();
	n_ops++;
	memset(o, 0, sizeof(*o));
	o->what = what;
	o->file = file;
	return o;
}

static bool
is_ours(int fd)
{
	struct stat st;

	return traced != 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static void
note_bytes(int fd, const void *bytes, ssize_t n, off_t at)
{
	struct op *o = note(WRITE, inode_of(fd));

	o->at = at;
	o->length = (size_t)n;
	o->bytes = malloc((size_t)n);
	if (o->bytes == NULL)
		abort();
	memcpy(o->bytes, bytes, (size_t)n);
}

ssize_t
write(int fd, const void *bytes, size_t length)
{
	struct stat st;
	ssize_t n;

	if (!is_ours(fd))
		return syscall(SYS_write, fd, bytes, length);
	pthread_mutex_lock(&lock);
	/* All of them append: to the log by its flag, to a new file from its begin. */
	(void)fstat(fd, &st);
	n = syscall(SYS_write, fd, bytes, length);
	if (n > 0)
		note_bytes(fd, bytes, n, st.st_size);
	pthread_mutex_unlock(&lock);
	return n;
}

ssize_t
pwrite(int fd, const void *bytes, size_t length, off_t at)
{
	ssize_t n;

	pthread_mutex_lock(&lock);
	n = syscall(SYS_pwrite64, fd, bytes, length, at);
	if (n > 0 && is_ours(fd))
		note_bytes(fd, bytes, n, at);
	pthread_mutex_unlock(&lock);
	return n;
}

int
ftruncate(int fd, off_t length)
{
	int r;

	pthread_mutex_lock(&lock);
	r = (int)syscall(SYS_ftruncate, fd, length);
	if (r == 0 && is_ours(fd))
		note(CUT, inode_of(fd))->at = length;
	pthread_mutex_unlock(&lock);
	return r;
}

static int
sync_one(int fd)
{
	pthread_mutex_lock(&lock);
	if (traced != 0)
		note(inode_of(fd) == traced ? SYNC_FOLDER : SYNC, inode_of(fd));
	pthread_mutex_unlock(&lock);
	return 0;
}

int
fsync(int fd)
{
	return sync_one(fd);
}

int
fdatasync(int fd)
{
	return sync_one(fd);
}

int
openat(int at, const char *name, int flags, ...)
{
	struct stat st;
	mode_t mode = 0;
	va_list ap;
	bool fresh;
	int fd;

	if ((flags & O_CREAT) == 0)
		return (int)syscall(SYS_openat, at, name, flags, 0);
	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	pthread_mutex_lock(&lock);
	fresh = traced != 0 && fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0;
	fd = (int)syscall(SYS_openat, at, name, flags, mode);
	if (fresh && fd >= 0 && inode_of(at) == traced)
		snprintf(note(CREATE, inode_of(fd))->name, NAME_SIZE, "%s", name);
	pthread_mutex_unlock(&lock);
	return fd;
}

int
renameat2(int from_at, const char *from, int to_at, const char *to, unsigned int flags)
{
	int r;

	pthread_mutex_lock(&lock);
	r = (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
	if (r == 0 && traced != 0) {
		struct op *o = note(RENAME, 0);

		snprintf(o->name, NAME_SIZE, "%s", from);
		snprintf(o->other, NAME_SIZE, "%s", to);
	}
	pthread_mutex_unlock(&lock);
	return r;
}

int
renameat(int from_at, const char *from, int to_at, const char *to)
{
	return renameat2(from_at, from, to_at, to, 0);
}

int
unlinkat(int at, const char *name, int flags)
{
	int r;

	pthread_mutex_lock(&lock);
	r = (int)syscall(SYS_unlinkat, at, name, flags);
	if (r == 0 && traced != 0)
		snprintf(note(REMOVE, 0)->name, NAME_SIZE, "%s", name);
	pthread_mutex_unlock(&lock);
	return r;
}

/* ---- the disk ------------------------------------------------------------------- */

struct content {
	char *bytes;
	size_t length;
};

struct inode {
	ino_t number;
	struct content now, synced;
};

struct entry {
	char name[NAME_SIZE];
	size_t file;			/* index */
};

struct names {
	struct entry entry[MAX_NAMES];
	size_t n;
};

struct disk {
	struct inode file[MAX_FILES];
	size_t n_files;
	struct names now, synced;
};

enum loss { NOTHING_UNSYNCED, ALL_UNSYNCED, NAMES_ONLY, DATA_ONLY, HALF, LOSSES };

/* A number of an inode may come again once its file is gone: the newest one counts. */
static struct inode *
file_of(struct disk *d, ino_t number, bool fresh)
{
	for (size_t i = d->n_files; !fresh && i > 0; i--)
		if (d->file[i - 1].number == number)
			return &d->file[i - 1];
	CU_ASSERT_FATAL(d->n_files < MAX_FILES);
	d->file[d->n_files].number = number;
	return &d->file[d->n_files++];
}

static void
remove_name(struct names *n, const char *name)
{
	for (size_t i = 0; i < n->n; i++)
		if (strcmp(n->entry[i].name, name) == 0) {
			n->entry[i] = n->entry[--n->n];
			return;
		}
}

static void
add_name(struct names *n, const char *name, size_t file)
{
	remove_name(n, name);
	CU_ASSERT_FATAL(n->n < MAX_NAMES);
	memcpy(n->entry[n->n].name, name, NAME_SIZE);
	n->entry[n->n++].file = file;
}

static void
set_content(struct content *c, size_t at, const char *bytes, size_t length)
{
	if (at + length > c->length) {
		c->bytes = realloc(c->bytes, at + length);
		CU_ASSERT_PTR_NOT_NULL_FATAL(c->bytes);
		if (at > c->length)
			memset(c->bytes + c->length, 0, at - c->length);
		c->length = at + length;
	}
	memcpy(c->bytes + at, bytes, length);
}

static void
rename_in(struct names *n, const char *from, const char *to)
{
	for (size_t i = 0; i < n->n; i++)
		if (strcmp(n->entry[i].name, from) == 0) {
			const size_t file = n->entry[i].file;

			remove_name(n, from);
			add_name(n, to, file);
			return;
		}
}

static void
play(struct disk *d, const struct op *o)
{
	struct inode *f;

	switch (o->what) {
	case CREATE:
		f = file_of(d, o->file, true);
		add_name(&d->now, o->name, (size_t)(f - d->file));
		break;
	case WRITE:
		set_content(&file_of(d, o->file, false)->now, (size_t)o->at, o->bytes, o->length);
		break;
	case CUT:
		file_of(d, o->file, false)->now.length = (size_t)o->at;
		break;
	case RENAME:
		rename_in(&d->now, o->name, o->other);
		break;
	case REMOVE:
		remove_name(&d->now, o->name);
		break;
	case SYNC:
		f = file_of(d, o->file, false);
		f->synced.length = 0;
		if (f->now.length > 0)
			set_content(&f->synced, 0, f->now.bytes, f->now.length);
		break;
	case SYNC_FOLDER:
		d->synced = d->now;
		break;
	}
}

/* What is found after the power comes back. */
static void
put_image(const struct sealed_log *l, const struct disk *d, enum loss loss)
{
	const struct names *n =
	    loss == NOTHING_UNSYNCED || loss == DATA_ONLY ? &d->synced : &d->now;

	for (size_t i = 0; i < n->n; i++) {
		const struct inode *f = &d->file[n->entry[i].file];
		const bool data = loss == ALL_UNSYNCED || loss == DATA_ONLY || loss == HALF;
		const struct content *c = data ? &f->now : &f->synced;
		size_t length = c->length;

		if (loss == HALF && f->now.length > f->synced.length)
			length = f->synced.length + (f->now.length - f->synced.length) / 2;
		sealed_log_put(l, n->entry[i].name, c->bytes, length);
	}
}

/* Highest number in the synced files that a synced name leads to. */
static uint64_t
synced_sequence(const struct disk *d)
{
	uint64_t highest = 0;

	for (size_t i = 0; i < d->synced.n; i++) {
		const struct content *c = &d->file[d->synced.entry[i].file].synced;
		const char *p = c->bytes, *end = c->bytes + c->length;

		if (strncmp(d->synced.entry[i].name, "violations", 10) != 0)
			continue;
		while (p != NULL && p < end &&
		    (p = memmem(p, (size_t)(end - p), "\"sequence\":", 11)) != NULL) {
			uint64_t n = strtoull(p + 11, NULL, 10);

			/* A file's own first record repeats a number of before. */
			if (n > highest)
				highest = n;
			p += 11;
		}
	}
	return highest;
}

static void
empty_folder(const struct sealed_log *l)
{
	int fd = openat(l->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;

	CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			(void)unlinkat(l->directory, entry->d_name, 0);
	closedir(dir);
}

/* It starts on this disk, goes on, and everything holds, with the key. */
static bool
goes_on(struct sealed_log *l, uint64_t synced, char why[128])
{
	struct verify_report r;
	size_t length;
	char *text;

	sealed_log_start(l);
	sealed_log_write(l, 2);
	sealed_log_stop(l);
	text = sealed_log_read(l, SEAL_KEY_NAME, &length);
	text[strcspn(text, "\n")] = '\0';
	CU_ASSERT_TRUE(seal_key_parse(text, l->key));
	free(text);
	r = sealed_log_verify(l, true, NULL, 0);
	snprintf(why, 128, "%s at %lu, last %lu of %lu", verify_fault_name(r.findings[0].fault),
	    (unsigned long)r.findings[0].sequence, (unsigned long)r.last,
	    (unsigned long)synced);
	return r.faults == 0 && r.first == 1 && r.last >= synced + 2;
}

/* ---- what is written down ------------------------------------------------------- */

static void
pause_for_a_sync(void)
{
	usleep(1100000);
}

static void
trace(struct sealed_log *l)
{
	traced = inode_of(l->directory);
	sealed_log_start(l);
	sealed_log_write(l, 4);
	pause_for_a_sync();
	sealed_log_write(l, 3);
	recorder_rotate(&l->writer);
	sealed_log_write(l, 2);
	pause_for_a_sync();
	sealed_log_write(l, 2);
	recorder_rotate(&l->writer);
	recorder_writer_tick(&l->writer);
	sealed_log_stop(l);
	/* And the next start. */
	sealed_log_start(l);
	sealed_log_write(l, 2);
	sealed_log_stop(l);
	traced = 0;
}

static void
no_synced_record_is_lost_at_any_write(void)
{
	static struct disk d;
	struct sealed_log l;
	size_t bad = 0, points = 0;
	char why[128];

	sealed_log_make(&l);
	trace(&l);
	for (size_t i = 0; i < n_ops; i++) {
		play(&d, &ops[i]);
		for (int loss = 0; loss < LOSSES; loss++) {
			empty_folder(&l);
			put_image(&l, &d, (enum loss)loss);
			points++;
			if (goes_on(&l, synced_sequence(&d), why))
				continue;
			bad++;
			if (bad < 10)
				printf(" [behind call %zu (%d %s), loss %d: %s]", i,
				    ops[i].what, ops[i].name, loss, why);
		}
	}
	printf(" (%zu calls, %zu disks)", n_ops, points);
	CU_ASSERT_EQUAL(bad, 0);
	CU_ASSERT_TRUE(n_ops > 60);
	for (size_t i = 0; i < n_ops; i++)
		free(ops[i].bytes);
	for (size_t i = 0; i < d.n_files; i++) {
		free(d.file[i].now.bytes);
		free(d.file[i].synced.bytes);
	}
	sealed_log_remove(&l);
}

int
main(void)
{
	CU_TestInfo tests[] = {
	    {"LG-08 no synced record is lost at any write",
		no_synced_record_is_lost_at_any_write},
	    CU_TEST_INFO_NULL,
	};

	return unit_main("power_loss", tests);
}
