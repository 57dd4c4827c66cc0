/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/views/view_follow.h"

#include "agent/log.h"
#include "agent/record/log_names.h"
#include "agent/record/log_reader.h"
#include "agent/record/log_tail.h"
#include "agent/record/seal_line.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Lines passed over in one call: a file of 64 MiB takes a few dozen calls. */
#define LINES_AT_ONCE	2048u
/*
 * When the log does not hold what was told (it lost its end with the power), its
 * numbers were given again: so many records are told a second time, which is more than
 * are ever written between two syncs.
 */
#define GO_BACK		1024u

void
view_follow_begin(struct view_follow *f, int directory, const struct view_cursor *from)
{
	memset(f, 0, sizeof(*f));
	f->directory = directory;
	f->at = *from;
}

static void
leave(struct view_follow *f)
{
	view_record_free(&f->record);
	log_reader_close(f->reader);
	f->reader = NULL;
	f->placed = f->rested = false;
}

void
view_follow_end(struct view_follow *f)
{
	leave(f);
}

void
view_follow_back(struct view_follow *f, const struct view_cursor *to)
{
	leave(f);
	f->at = *to;
}

int
view_follow_end_of_log(int directory, struct view_cursor *out)
{
	struct log_tail tail;
	int r = log_tail_find(directory, &tail);

	memset(out, 0, sizeof(*out));
	if (r < 0)
		return r;
	out->sequence = tail.sequence;
	if (tail.sequence > 0)
		seal_hex(tail.hash, out->hash);
	return 0;
}

static void
go_back(struct view_follow *f, uint64_t from)
{
	log_warnx("forwarder: the log does not hold record %" PRIu64 " as it was told; %u records "
	    "before it are told again", f->at.sequence, GO_BACK);
	leave(f);
	f->at.sequence = from > GO_BACK ? from - GO_BACK : 0;
	f->at.hash[0] = '\0';
}

/* The log must reach as far as what was told. */
static int
check_end(struct view_follow *f)
{
	struct view_cursor end;
	struct stat st;
	int r;

	/* Between two files nothing can be said. */
	if (fstatat(f->directory, LOG_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_size == 0)
		return 0;
	r = view_follow_end_of_log(f->directory, &end);
	if (r == 0 && end.sequence > 0 && end.sequence < f->at.sequence)
		go_back(f, end.sequence);
	return r;
}

static int
open_reader(struct view_follow *f)
{
	int r = check_end(f);

	if (r < 0)
		return r;
	f->reader = log_reader_open_at(f->directory);
	if (f->reader == NULL)
		return -errno;
	r = log_reader_begin_at(f->reader, f->at.sequence > 0 ? f->at.sequence : 1);
	if (r < 0)
		leave(f);
	return r;
}

/* Nothing was added since it was read to its end; saves the look at the folder. */
static bool
is_unchanged(struct view_follow *f)
{
	struct stat st;

	if (fstatat(f->directory, LOG_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (f->rested && st.st_ino == f->seen.st_ino && st.st_size == f->seen.st_size)
		return true;
	f->seen = st;
	f->rested = false;
	return false;
}

static bool
is_told(const struct view_follow *f, const char *line, size_t length)
{
	struct seal_line seal;

	return f->at.hash[0] == '\0' || (seal_line_split(line, length, &seal) &&
	    memcmp(seal.hash, f->at.hash, VIEW_HASH_SIZE - 1) == 0);
}

/* A line that stands before the wanted one. 0, or -EAGAIN: begin anew. */
static int
pass_over(struct view_follow *f, uint64_t sequence, const char *line, size_t length)
{
	if (f->placed || sequence != f->at.sequence)
		return 0;
	if (is_told(f, line, length)) {
		f->placed = true;
		return 0;
	}
	go_back(f, sequence);
	return -EAGAIN;
}

/* 1: it is the next; 0: it is none, or is left out. */
static int
give(struct view_follow *f, const char *line, size_t length)
{
	json_t *root = log_reader_parse(f->reader, line, length);
	struct view_record *r = &f->record;
	uint64_t before = f->at.sequence;

	view_record_free(r);
	if (root == NULL || !view_record_make(r, root, line, length)) {
		f->bad++;
		return 0;
	}
	if (before > 0 && r->sequence > before + 1)
		f->missed += r->sequence - before - 1;
	f->placed = true;
	f->at.sequence = r->sequence;
	snprintf(f->at.hash, sizeof(f->at.hash), "%s",
	    strlen(r->hash) == VIEW_HASH_SIZE - 1 ? r->hash : "");
	return 1;
}

static int
take_line(struct view_follow *f, const char *line, size_t length)
{
	uint64_t sequence = 0;

	if (!seal_line_number(line, length, "\"sequence\":", &sequence) || sequence == 0) {
		f->bad++;
		return 0;
	}
	return sequence <= f->at.sequence ? pass_over(f, sequence, line, length) :
	    give(f, line, length);
}

int
view_follow_next(struct view_follow *f, const struct view_record **record)
{
	int r = 0;

	if (f->reader == NULL)
		r = open_reader(f);
	else if (is_unchanged(f))
		return 0;
	for (unsigned int n = 0; r == 0 && n < LINES_AT_ONCE; n++) {
		const char *line;
		size_t length;
		int e = log_reader_next_line(f->reader, &line, &length);

		if (e == LOG_READ_END) {
			f->rested = true;
			return 0;
		}
		if (e == LOG_READ_BAD)
			f->bad++;
		r = e == LOG_READ_RECORD ? take_line(f, line, length) : e < 0 ? e : 0;
	}
	if (r < 0 && r != -EAGAIN)
		leave(f);
	*record = &f->record;
	return r == 0 ? -EAGAIN : r;
}
