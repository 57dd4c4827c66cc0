/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files of the record a case needs, a copy of each of them whole, and out of the
 * copies the lines of the case. So what is shown is what the chain in the bundle vouches
 * for, whatever the recorder does meanwhile.
 */
#include "agent/evidence/evidence_case.h"
#include "agent/evidence/evidence_check.h"
#include "agent/evidence/evidence_rows.h"
#include "agent/evidence/line_walk.h"
#include "agent/record/log_names.h"
#include "agent/record/log_verify_files.h"
#include "agent/record/record_query.h"
#include "agent/record/seal_line.h"
#include "agent/watch/aggregate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CHAIN		"chain/"
#define COPY_BYTES	((size_t)64 << 10)
#define CHECKPOINT_LINE	512
/* What line_walk() says when the rest is of no interest. */
#define ENOUGH		1

struct search {
	struct evidence_case *c;
	struct record_query query;	/* the time */
	char key[2][17];		/* of a violation and of its other face */
	bool wanted;			/* something of this file is */
	bool later;			/* this file begins after all that is asked for */
	bool any;			/* its first line was seen */
	char first[RECORD_TIME_SIZE], last[RECORD_TIME_SIZE];	/* of the key's records */
	struct bundle_file *out;
};

/* The fields of a line, by the quick way or the long one. *parsed is the caller's. */
static bool
fields_of(const char *line, size_t length, struct line_fields *f, json_t **parsed)
{
	*parsed = NULL;
	if (line_scan(line, length, f) && !f->escaped)
		return true;
	*parsed = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(*parsed))
		return false;
	line_fields_of(*parsed, f);
	return true;
}

static bool
is_of_key(const struct search *s, const struct line_fields *f)
{
	return line_text_is(&f->kind, "violation") && (line_text_is(&f->key, s->key[0]) ||
	    line_text_is(&f->key, s->key[1]));
}

static void
keep_time(const struct line_text *t, char out[RECORD_TIME_SIZE], bool later)
{
	char text[RECORD_TIME_SIZE];

	snprintf(text, sizeof(text), "%.*s", (int)t->length, t->text != NULL ? t->text : "");
	if (out[0] == '\0' || (strcmp(text, out) > 0) == later)
		memcpy(out, text, sizeof(text));
}

/* ---- which files ----------------------------------------------------------------- */

static int
look(void *arg, const char *line, size_t length)
{
	struct search *s = arg;
	struct line_fields f;
	json_t *parsed;

	if (!fields_of(line, length, &f, &parsed)) {
		json_decref(parsed);
		return 0;
	}
	/* Records stand in the order in which they were written. */
	if (!s->any && s->query.until[0] != '\0' && f.start.text != NULL &&
	    f.start.length + 1 < RECORD_TIME_SIZE && line_text_is(&f.kind, "file"))
		s->later = memcmp(f.start.text, s->query.until, f.start.length) >= 0;
	s->any = true;
	if (s->c->has_key && is_of_key(s, &f)) {
		keep_time(&f.start, s->first, false);
		keep_time(&f.end, s->last, true);
		s->wanted = true;
	} else if (!s->c->has_key && record_query_in_time(&s->query, &f)) {
		s->wanted = true;
	}
	json_decref(parsed);
	/* Of a key the whole time is wanted. */
	return s->later || (s->wanted && !s->c->has_key) ? ENOUGH : 0;
}

/* Closed more than a day before the time begins: nothing of it can be in there. */
static bool
is_before(const struct search *s, const char *name)
{
	unsigned long day, number;
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	return log_names_closed(name, &day, &number) &&
	    strptime(s->query.since, "%Y-%m-%d", &tm) != NULL &&
	    (long)day < (tm.tm_year + 1900) * 10000L + (tm.tm_mon + 1) * 100L + tm.tm_mday - 1;
}

/* The files first..last of the list; false in *any: there is none. */
static int
choose(struct search *s, int folder, const struct log_names *names, size_t *first,
    size_t *last, bool *any)
{
	*any = false;
	for (size_t i = 0; i < names->count && !s->later; i++) {
		int r;

		if (is_before(s, names->names[i]))
			continue;
		s->wanted = s->any = false;
		r = line_walk(folder, names->names[i], look, s);
		if (r < 0 && r != -EBADMSG)
			return r;
		if (!s->wanted)
			continue;
		if (!*any)
			*first = i;
		*last = i;
		*any = true;
	}
	return 0;
}

/* ---- copies ---------------------------------------------------------------------- */

/* As far as the last whole line; a packed file as it is. */
static int
copy_bytes(int fd, struct bundle_file *out, bool lines)
{
	char *bytes = malloc(2 * COPY_BYTES);
	size_t kept = 0;
	int r = bytes == NULL ? -ENOMEM : 0;

	while (r == 0) {
		ssize_t n = read(fd, bytes + kept, COPY_BYTES);
		const char *newline;
		size_t whole, have;

		if (n <= 0) {
			r = n < 0 ? -errno : 0;
			break;
		}
		have = kept + (size_t)n;
		newline = lines ? memrchr(bytes, '\n', have) : bytes + have - 1;
		whole = newline != NULL ? (size_t)(newline - bytes) + 1 : 0;
		/* What has no end for so long is no line of ours. */
		if (have - whole > COPY_BYTES)
			whole = have;
		bundle_write(out, bytes, whole);
		kept = have - whole;
		memmove(bytes, bytes + whole, kept);
	}
	free(bytes);
	return r;
}

/* The recorder may just have packed it. */
static int
open_file(int folder, const char *name, char found[LOG_NAME_SIZE + 8])
{
	static const char *const endings[] = { "", ".zst" };

	for (size_t i = 0; i < 2; i++) {
		int fd;

		snprintf(found, LOG_NAME_SIZE + 8, "%s%s", name, endings[i]);
		fd = openat(folder, found, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
		    O_CLOEXEC);
		if (fd >= 0 || errno != ENOENT)
			return fd < 0 ? -errno : fd;
	}
	return -ENOENT;
}

static int
copy_file(int folder, const char *name, struct bundle *b, char copied[LOG_NAME_SIZE + 8])
{
	char path[BUNDLE_NAME_SIZE];
	struct bundle_file *out;
	int fd = open_file(folder, name, copied), r, e;

	if (fd < 0)
		return fd;
	snprintf(path, sizeof(path), CHAIN "%s", copied);
	out = bundle_begin(b, path);
	if (out == NULL) {
		r = -errno;
		close(fd);
		return r;
	}
	r = copy_bytes(fd, out, strchr(copied, '.') != NULL &&
	    strcmp(copied + strlen(copied) - strlen(LOG_CLOSED_END), LOG_CLOSED_END) == 0);
	close(fd);
	e = bundle_end(out);
	return r < 0 ? r : e;
}

/* ---- out of the copies ----------------------------------------------------------- */

/* What belongs to the case: of a key its own records, and what else happened meanwhile. */
static bool
belongs(const struct search *s, const struct line_fields *f)
{
	if (s->c->has_key && line_text_is(&f->kind, "violation"))
		return is_of_key(s, f) && record_query_in_time(&s->query, f);
	return record_query_in_time(&s->query, f) && record_query_match(&s->query, f);
}

static int
take_line(void *arg, const char *line, size_t length)
{
	struct search *s = arg;
	struct line_fields f;
	json_t *parsed;
	int r = 0;

	if (!fields_of(line, length, &f, &parsed)) {
		s->c->bad_lines++;
	} else if (line_text_is(&f.kind, "heartbeat")) {
		if (record_query_in_time(&s->query, &f))
			evidence_rows_clock(s->c, line, length);
	} else if (belongs(s, &f)) {
		r = evidence_rows_add(s->c, &f, line, length);
		bundle_write(s->out, line, length);
		bundle_write(s->out, "\n", 1);
	}
	json_decref(parsed);
	return r;
}

/* ---- the chain ------------------------------------------------------------------- */

struct copies {
	char (*names)[LOG_NAME_SIZE + 8];
	size_t n;
};

/* Checkpoints about records first..last, into the bundle and to the verifier. */
static int
take_checkpoints(int folder, struct bundle *b, uint64_t first, uint64_t last,
    struct log_verify *v)
{
	int fd = openat(folder, LOG_CHECKPOINTS_NAME,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), r = 0;
	FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;
	struct bundle_file *out = bundle_begin(b, CHAIN LOG_CHECKPOINTS_NAME);
	char line[CHECKPOINT_LINE];
	struct checkpoint c;

	if (out == NULL)
		r = -errno;
	while (r == 0 && in != NULL && fgets(line, sizeof(line), in) != NULL) {
		const size_t n = strcspn(line, "\n");

		if (!checkpoint_parse(line, n, &c) || c.sequence < first || c.sequence > last)
			continue;
		bundle_write(out, line, n);
		bundle_write(out, "\n", 1);
		r = log_verify_add_checkpoint(v, &c);
	}
	if (in != NULL)
		fclose(in);
	else if (fd >= 0)
		close(fd);
	if (out != NULL && bundle_end(out) < 0 && r == 0)
		r = -EIO;
	return r;
}

static struct log_verify *
verify(const struct copies *copies, int chain, struct log_verify *v,
    struct verify_report *report)
{
	log_verify_some(v);
	for (size_t i = 0; i < copies->n; i++)
		log_verify_file(v, chain, copies->names[i]);
	log_verify_finish(v, report);
	return v;
}

/* Twice: first to learn which checkpoints are about these records. */
static int
prove(struct evidence_case *c, int folder, struct bundle *b, const struct copies *copies)
{
	int chain = openat(bundle_folder(b), "chain", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct log_verify *v = log_verify_new();
	int r = chain < 0 ? -errno : v == NULL ? -ENOMEM : 0;

	if (r == 0) {
		log_verify_free(verify(copies, chain, v, &c->verify));
		v = log_verify_new();
		r = v == NULL ? -ENOMEM : take_checkpoints(folder, b, c->verify.first,
		    c->verify.last, v);
	}
	if (r == 0)
		(void)verify(copies, chain, v, &c->verify);
	log_verify_free(v);
	if (chain >= 0)
		close(chain);
	return r;
}

static int
write_records(struct search *s, struct bundle *b, const struct copies *copies)
{
	int chain = openat(bundle_folder(b), "chain", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = chain < 0 ? -errno : 0, e;

	s->out = chain >= 0 ? bundle_begin(b, EVIDENCE_RECORDS) : NULL;
	if (r == 0 && s->out == NULL)
		r = -errno;
	for (size_t i = 0; r == 0 && i < copies->n; i++)
		r = line_walk(chain, copies->names[i], take_line, s);
	if (s->out != NULL) {
		e = bundle_end(s->out);
		r = r < 0 ? r : e;
	}
	if (chain >= 0)
		close(chain);
	evidence_rows_finish(s->c);
	return r;
}

/* ---- all of it ------------------------------------------------------------------- */

/* A second behind the last packet of the key: the end is not included. */
static void
take_time_of_key(struct search *s)
{
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	if (s->c->since[0] == '\0')
		memcpy(s->c->since, s->first, sizeof(s->first));
	if (s->c->until[0] == '\0' && strptime(s->last, "%Y-%m-%dT%H:%M:%S", &tm) != NULL)
		record_time(((int64_t)timegm(&tm) + 1) * 1000000000, s->c->until);
	memcpy(s->query.since, s->c->since, sizeof(s->query.since));
	memcpy(s->query.until, s->c->until, sizeof(s->query.until));
}

static int
gather(struct search *s, int folder, const struct log_names *names, struct bundle *b)
{
	struct copies copies = { .n = 0 };
	size_t first = 0, last = 0;
	bool any;
	int r = choose(s, folder, names, &first, &last, &any);

	if (r < 0)
		return r;
	if (!any)
		return -ENOENT;
	if (s->c->has_key)
		take_time_of_key(s);
	copies.names = calloc(last - first + 1, sizeof(*copies.names));
	if (copies.names == NULL)
		return -ENOMEM;
	for (size_t i = first; r == 0 && i <= last; i++)
		r = copy_file(folder, names->names[i], b, copies.names[copies.n++]);
	s->c->files = copies.n;
	if (r == 0)
		r = write_records(s, b, &copies);
	if (r == 0)
		r = prove(s->c, folder, b, &copies);
	free(copies.names);
	return r;
}

int
evidence_records(struct evidence_case *c, const char *log, struct bundle *b)
{
	struct search s = { .c = c };
	struct log_names names = { 0 };
	int folder = open(log, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = folder < 0 ? -errno : log_names_list_packed(folder, &names);

	if (r == 0) {
		memcpy(s.query.since, c->since, sizeof(s.query.since));
		memcpy(s.query.until, c->until, sizeof(s.query.until));
		snprintf(s.key[0], sizeof(s.key[0]), "%016llx", (unsigned long long)c->key);
		snprintf(s.key[1], sizeof(s.key[1]), "%016llx",
		    (unsigned long long)aggregate_other_key(c->key));
		r = gather(&s, folder, &names, b);
		log_names_free(&names);
	}
	if (folder >= 0)
		close(folder);
	return r;
}
