/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/seal_recover.h"

#include "agent/record/log_names.h"
#include "agent/record/log_pack.h"
#include "agent/record/seal_line.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK (64u << 10)
/*
 * The state is saved every second or so. Records of ten minutes behind it were not lost
 * by a crash: the state is one of long ago.
 */
#define OLD_NS (600 * (int64_t)1000000000)
/* Files that may have been begun since the state was saved: the disk was stuck. */
#define FILES_AHEAD 1000u

/* Lines of a file from an offset on. */
struct lines {
	int fd;
	off_t next;			/* to be read from */
	off_t at;			/* of the first byte of the buffer that is not used up */
	size_t start, end;
	char buffer[BLOCK];
};

/* What the lines behind the state tell of time. */
struct span {
	bool begun;
	uint64_t first, last;		/* monotonic_ns of one boot */
	bool old;
};

/* 1 with a line, 0 when no whole line of bearable length is left, negative errno. */
static int
next_line(struct lines *l, const char **line, size_t *length)
{
	for (;;) {
		const char *begin = l->buffer + l->start;
		const char *newline = memchr(begin, '\n', l->end - l->start);
		ssize_t n;

		if (newline != NULL) {
			*line = begin;
			*length = (size_t)(newline - begin);
			return 1;
		}
		if (l->end - l->start > SEAL_LINE_LONGEST)
			return 0;
		memmove(l->buffer, begin, l->end - l->start);
		l->end -= l->start;
		l->start = 0;
		n = pread(l->fd, l->buffer + l->end, BLOCK - l->end, l->next);
		if (n <= 0)
			return n < 0 ? -errno : 0;
		l->end += (size_t)n;
		l->next += n;
	}
}

static void
use_line(struct lines *l, size_t length)
{
	l->start += length + 1;
	l->at += (off_t)length + 1;
}

static struct lines *
lines_new(int fd, off_t from)
{
	struct lines *l = malloc(sizeof(*l));

	if (l == NULL)
		return NULL;
	l->fd = fd;
	l->next = l->at = from;
	l->start = l->end = 0;
	return l;
}

static void
look_at_time(struct span *t, const char *line, size_t length)
{
	uint64_t now;

	if (!seal_line_number(line, length, "\"monotonic_ns\":", &now))
		return;
	if (!t->begun || now < t->last)		/* the first one, or of another boot */
		t->first = now;
	t->begun = true;
	t->last = now;
	t->old |= now - t->first > (uint64_t)OLD_NS;
}

/* Follow the file from this offset; *end is behind the last good line. */
static int
follow(int fd, off_t from, struct seal_state *s, struct seal_recovery *out, off_t *end)
{
	struct lines *l = lines_new(fd, from);
	struct span span = { 0 };
	const char *line = "";
	size_t length = 0;
	int r;

	if (l == NULL)
		return -ENOMEM;
	while ((r = next_line(l, &line, &length)) == 1 && seal_follow(s, line, length)) {
		look_at_time(&span, line, length);
		out->beyond++;
		use_line(l, length);
	}
	*end = l->at;
	free(l);
	if (span.old)
		out->why = SEAL_WHY_OLD_STATE;
	return r < 0 ? r : 0;
}

/* Number of the file by its first line; 0: it is empty, or says none. */
static int
head_of(int fd, char line[SEAL_LINE_LONGEST], size_t *length, uint64_t *number)
{
	ssize_t n = pread(fd, line, SEAL_LINE_LONGEST, 0);
	const char *newline;

	*number = 0;
	*length = 0;
	if (n < 0)
		return -errno;
	newline = memchr(line, '\n', (size_t)n);
	if (newline == NULL)
		return 0;
	*length = (size_t)(newline - line);
	if (!seal_line_number(line, *length, "\"file\":{\"number\":", number))
		*number = 0;
	return 0;
}

/* Does a line with the state's hash end where the state says the file did? */
static bool
reaches(int fd, const struct seal_state *s)
{
	char tail[SEAL_LINE_SIZE + 2], hex[SEAL_HEX];
	const size_t hash_at = sizeof(",\"hash\":\"") - 1;

	if (s->size == 0)
		return true;
	if (s->size < sizeof(tail) || pread(fd, tail, sizeof(tail),
	    (off_t)(s->size - sizeof(tail))) != (ssize_t)sizeof(tail))
		return false;
	seal_hex(s->hash, hex);
	return tail[sizeof(tail) - 1] == '\n' && memcmp(tail + hash_at, hex, SEAL_HEX) == 0;
}

static void
found(struct seal_recovery *out, enum seal_found what, enum seal_why why)
{
	out->found = what;
	out->why = why;
}

/* The file of the state: good from there on, or it ends too early. */
static int
same_file(int fd, struct seal_state *s, struct seal_recovery *out, off_t *end)
{
	int r;

	*end = -1;
	if (!reaches(fd, s)) {
		found(out, SEAL_CUT, SEAL_WHY_SHORT);
		return 0;
	}
	found(out, SEAL_GOOD, SEAL_WHY_NONE);
	r = follow(fd, (off_t)s->size, s, out, end);
	if (r == 0 && out->why == SEAL_WHY_OLD_STATE)
		out->found = SEAL_BROKEN;
	return r;
}

/* Long before that record was written, or in another boot and files ago. */
static bool
is_old(const struct seal_state *s, const char *head, size_t length)
{
	const size_t n = strlen(s->boot);
	uint64_t number, now;
	const char *id;
	size_t id_length;

	if (!seal_line_text(head, length, "\"id\":", &id, &id_length) ||
	    !seal_line_number(head, length, "\"monotonic_ns\":", &now) ||
	    !seal_line_number(head, length, "\"file\":{\"number\":", &number))
		return true;
	if (id_length <= n || memcmp(id, s->boot, n) != 0)
		return number > s->file + 1;
	return now > s->monotonic_ns && now - s->monotonic_ns > (uint64_t)OLD_NS;
}

/* The state did not reach the disk after the file was begun: its first record tells the rest. */
static int
later_file(int fd, const char *head, size_t length, uint64_t number, struct seal_state *s,
    struct seal_recovery *out, off_t *end)
{
	static const char hash_word[] = "\"previous\":{\"hash\":";
	const char *text;
	size_t n;
	int r;

	*end = -1;
	if (!seal_line_text(head, length, hash_word, &text, &n) || n != SEAL_HEX ||
	    !seal_unhex(text, s->hash) ||
	    !seal_line_number(head, length, "\"sequence\":", &s->sequence)) {
		found(out, SEAL_CUT, SEAL_WHY_OTHER);
		return 0;
	}
	s->sequence--;
	if (is_old(s, head, length)) {
		found(out, SEAL_BROKEN, SEAL_WHY_OLD_STATE);
		return 0;
	}
	if (!seal_line_number(head, length, "\"size\":", &s->size))
		s->size = 0;
	while (s->file < number)
		seal_next_file(s);
	found(out, SEAL_GOOD, SEAL_WHY_NONE);
	r = follow(fd, 0, s, out, end);
	if (r == 0 && out->beyond == 0)
		found(out, SEAL_BROKEN, SEAL_WHY_OLD_STATE);
	else if (r == 0 && out->why == SEAL_WHY_OLD_STATE)
		out->found = SEAL_BROKEN;
	return r;
}

static int
open_one(int directory, const char *name)
{
	const bool packed = log_pack_named(name);
	int fd = openat(directory, name,
	    (packed ? O_RDONLY : O_RDWR) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd >= 0 && packed ? log_unpack_file(fd) : fd;
}

/*
 * The closed file with the highest number, by what the files themselves say; of packed
 * ones only the last is looked into. -1: there is none.
 */
static int
open_newest(int directory, uint64_t *number, bool *is_packed)
{
	char head[SEAL_LINE_LONGEST];
	struct log_names names;
	bool packed = false;
	int newest = -1;

	*number = 0;
	*is_packed = false;
	if (log_names_list_packed(directory, &names) < 0)
		return -1;
	for (size_t i = names.count; i > 0; i--) {
		const char *name = names.names[i - 1];
		uint64_t n = 0;
		size_t length;
		int fd = -1;

		if (strcmp(name, LOG_NAME) != 0 && (!log_pack_named(name) || !packed))
			fd = open_one(directory, name);
		packed |= log_pack_named(name);
		if (fd < 0)
			continue;
		if (head_of(fd, head, &length, &n) < 0 || n <= *number) {
			close(fd);
			continue;
		}
		if (newest >= 0)
			close(newest);
		newest = fd;
		*number = n;
		*is_packed = log_pack_named(name);
	}
	log_names_free(&names);
	return newest;
}

/* Everything behind the last good record of a file is set aside. "end" < 0: leave it. */
static int
cut_behind(struct log_file *f, int fd, off_t end, struct seal_recovery *out)
{
	struct log_file one = { .directory = f->directory, .fd = fd };
	struct stat st;
	int r;

	if (end < 0)
		return 0;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (end >= st.st_size)
		return 0;
	r = log_file_cut(&one, end);
	if (r == 0) {
		out->set_aside += one.set_aside;
		f->set_aside += one.set_aside;
	}
	return r;
}

/* The file in use is empty, or not there: it ended between two files, or somebody ended it. */
static int
between_files(struct log_file *f, struct seal_state *s, struct seal_recovery *out)
{
	char head[SEAL_LINE_LONGEST];
	uint64_t number;
	size_t length;
	off_t end = -1;
	bool packed;
	int fd = open_newest(f->directory, &number, &packed);
	int r = fd < 0 ? 0 : head_of(fd, head, &length, &number);

	out->last_file = number;
	if (number < s->file || fd < 0) {
		/* The very first record was not written yet. */
		if (s->records == 0)
			found(out, SEAL_GOOD, SEAL_WHY_NONE);
		else
			found(out, SEAL_CUT, SEAL_WHY_GONE);
	} else if (number == s->file) {
		r = same_file(fd, s, out, &end);
	} else if (number - s->file <= FILES_AHEAD) {
		r = later_file(fd, head, length, number, s, out, &end);
	} else {
		found(out, SEAL_BROKEN, SEAL_WHY_OLD_STATE);
	}
	if (r == 0 && out->found == SEAL_GOOD && number >= s->file)
		out->found = SEAL_CLOSED;
	if (r == 0 && out->found == SEAL_CLOSED && !packed)
		r = cut_behind(f, fd, end, out);
	if (fd >= 0)
		close(fd);
	return r;
}

/*
 * The file in use was begun behind the state, and of the one before not all had reached
 * the disk: then nothing in the newer one had been promised either. It is set aside, and
 * begun again behind what is left. *out is not touched when the two meet.
 */
static int
drop_unsynced(struct log_file *f, const char *head, size_t length, struct seal_state *s,
    struct seal_recovery *out)
{
	struct seal_recovery before = { .state_sequence = out->state_sequence };
	struct seal_state *ahead = seal_state_new();
	uint8_t stated[SEAL_SIZE];
	const char *text;
	uint64_t number;
	off_t end = -1;
	bool packed;
	size_t n;
	int fd = open_newest(f->directory, &number, &packed), r = 0;

	if (ahead != NULL)
		*ahead = *s;
	if (ahead != NULL && fd >= 0 && !packed && number == s->file)
		r = same_file(fd, ahead, &before, &end);
	if (r == 0 && before.found == SEAL_GOOD && seal_line_text(head, length,
	    "\"previous\":{\"hash\":", &text, &n) && n == SEAL_HEX && seal_unhex(text, stated) &&
	    memcmp(stated, ahead->hash, SEAL_SIZE) != 0) {
		*out = before;
		out->found = SEAL_CLOSED;
		*s = *ahead;
		r = cut_behind(f, fd, end, out);
		if (r == 0)
			r = cut_behind(f, f->fd, 0, out);
	}
	if (fd >= 0)
		close(fd);
	seal_state_free(ahead);
	return r;
}

static int
with_state(struct log_file *f, struct seal_state *s, struct seal_recovery *out)
{
	char head[SEAL_LINE_LONGEST];
	uint64_t number;
	struct stat st;
	size_t length;
	off_t end = -1;
	int r;

	if (fstat(f->fd, &st) < 0)
		return -errno;
	r = head_of(f->fd, head, &length, &number);
	if (r < 0)
		return r;
	if (st.st_size == 0)
		return between_files(f, s, out);
	out->last_file = number;
	if (number == s->file + 1) {
		r = drop_unsynced(f, head, length, s, out);
		if (r < 0 || out->found == SEAL_CLOSED)
			return r;
	}
	if (number == s->file) {
		r = same_file(f->fd, s, out, &end);
	} else if (number > s->file && number - s->file <= FILES_AHEAD) {
		r = later_file(f->fd, head, length, number, s, out, &end);
	} else if (number > s->file) {
		found(out, SEAL_BROKEN, SEAL_WHY_OLD_STATE);
	} else {
		found(out, SEAL_CUT, SEAL_WHY_OTHER);
	}
	return r == 0 && out->found == SEAL_GOOD ? cut_behind(f, f->fd, end, out) : r;
}

int
seal_recover(int directory, struct log_file *f, struct seal_state *s,
    struct seal_recovery *out)
{
	struct stat st;
	int r = seal_state_load(directory, s);

	memset(out, 0, sizeof(*out));
	out->state_sequence = s->sequence;
	if (r == 0)
		r = with_state(f, s, out);
	else {
		const bool none = r == -ENOENT;
		bool packed;
		int fd = open_newest(directory, &out->last_file, &packed);

		if (fd >= 0)
			close(fd);
		if (fstat(f->fd, &st) < 0)
			return -errno;
		r = 0;
		if (none && st.st_size == 0 && out->last_file == 0)
			found(out, SEAL_FIRST, SEAL_WHY_NONE);
		else
			found(out, SEAL_BROKEN, none ? SEAL_WHY_NO_STATE : SEAL_WHY_BAD_STATE);
	}
	if (r == 0 && out->found == SEAL_BROKEN)
		sodium_memzero(s, sizeof(*s));
	return r;
}

const char *
seal_why_name(enum seal_why why)
{
	switch (why) {
	case SEAL_WHY_NONE:
	case SEAL_WHY_COUNT:
		break;
	case SEAL_WHY_NO_STATE:
		return "key-state-missing";
	case SEAL_WHY_BAD_STATE:
		return "key-state-damaged";
	case SEAL_WHY_OLD_STATE:
		return "key-state-old";
	case SEAL_WHY_SHORT:
		return "file-cut";
	case SEAL_WHY_OTHER:
		return "file-replaced";
	case SEAL_WHY_GONE:
		return "file-missing";
	}
	return "";
}
