/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of a policy: reading, @include, and the plain text made of them. */
#include "rules/policy_parse_source.h"

#include "rules/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
policy_source_free(struct policy_source *s)
{
	free(s->text);
	free(s->lines);
}

/* Make "wanted" items fit; false, remembered, when memory is out. */
static bool
fit(struct policy_source *s, void **array, size_t *room, size_t wanted, size_t item)
{
	size_t bigger = *room < 64 ? 64 : *room;
	void *moved;

	if (wanted <= *room)
		return true;
	while (bigger < wanted)
		bigger *= 2;
	moved = s->no_memory ? NULL : reallocarray(*array, bigger, item);
	if (moved == NULL) {
		s->no_memory = true;
		return false;
	}
	*array = moved;
	*room = bigger;
	return true;
}

void
policy_source_append(struct policy_source *s, const char *bytes, size_t length,
    struct origin origin, bool at_line_start)
{
	void *text = s->text, *lines = s->lines;

	if (++s->n_tokens > LIMIT_POLICY_TOKENS) {
		policy_source_fault(
		    s, origin, MSG_PARSE_TOO_MANY_TOKENS, LIMIT_POLICY_TOKENS);
		s->stop = true;
		return;
	}
	/* One sign before the word, and room for the final NUL. */
	if (!fit(s, &text, &s->room, s->length + length + 2, 1))
		return;
	s->text = text;
	if (at_line_start || s->n_lines == 0) {
		if (!fit(s, &lines, &s->lines_room, s->n_lines + 1, sizeof(s->lines[0])))
			return;
		s->lines = lines;
		if (s->n_lines > 0)
			s->text[s->length++] = '\n';
		s->lines[s->n_lines++] = origin;
	} else {
		s->text[s->length++] = ' ';
	}
	memcpy(s->text + s->length, bytes, length);
	s->length += length;
	s->text[s->length] = '\0';
}

struct origin
policy_source_origin(const struct policy_source *s, unsigned int line)
{
	if (line == 0 || line > s->n_lines)
		return (struct origin){ .file = s->policy->files[0] };
	return s->lines[line - 1];
}

const char *
policy_source_shown(const char *text, size_t length, char buf[POLICY_SOURCE_SHOWN])
{
	size_t cut = utf8_cut(text, length, POLICY_SOURCE_SHOWN - sizeof("..."));

	memcpy(buf, text, cut);
	memcpy(buf + cut, cut < length ? "..." : "", cut < length ? sizeof("...") : 1);
	return buf;
}

const char *
policy_source_line(
    const struct policy_source *s, unsigned int line, char buf[POLICY_SOURCE_SHOWN])
{
	const char *at = s->text != NULL ? s->text : "";
	const char *newline;

	while (line > 1 && (newline = strchr(at, '\n')) != NULL) {
		at = newline + 1;
		line--;
	}
	return policy_source_shown(at, strcspn(at, "\n"), buf);
}

const char *
policy_source_name(struct policy_source *s, const char *name)
{
	struct policy *p = s->policy;
	void *array = p->files;

	/* From the end: mostly it is the same file as just before. */
	for (size_t i = p->n_files; i > 0; i--)
		if (strcmp(p->files[i - 1], name) == 0)
			return p->files[i - 1];

	if (!fit(s, &array, &s->files_room, p->n_files + 1, sizeof(p->files[0])))
		return NULL;
	p->files = array;
	p->files[p->n_files] = strdup(name);
	if (p->files[p->n_files] == NULL) {
		s->no_memory = true;
		return NULL;
	}
	return p->files[p->n_files++];
}

/* All of an open file; NULL with a finding. *length is what was read. */
static char *
read_all(
    struct policy_source *s, int fd, size_t size, struct origin where, size_t *length)
{
	char *text = malloc(size + 1);
	size_t used = 0;
	ssize_t n = 1;

	if (text == NULL) {
		s->no_memory = true;
		return NULL;
	}
	/* A file that grows meanwhile is read up to the size it was admitted with. */
	while (used < size && n != 0) {
		n = read(fd, text + used, size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			policy_source_fault(
			    s, where, MSG_PARSE_FILE, where.file, strerror(errno));
			free(text);
			return NULL;
		}
		used += (size_t)n;
	}
	text[used] = '\0';
	*length = used;
	return text;
}

/* True when the file is one that may be read; its identity goes to *file. */
static bool
admit(struct policy_source *s, int fd, struct policy_file *file, struct origin where,
    size_t *size)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		policy_source_fault(
		    s, where, MSG_PARSE_FILE, file->name, strerror(errno));
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		policy_source_fault(s, where, MSG_PARSE_FILE_KIND, file->name);
		return false;
	}
	if ((unsigned long long)st.st_size > LIMIT_POLICY_BYTES - s->bytes_read) {
		policy_source_fault(s, where, MSG_PARSE_TOO_LARGE, LIMIT_POLICY_BYTES);
		return false;
	}
	file->device = st.st_dev;
	file->inode = st.st_ino;
	for (const struct policy_file *f = file->parent; f != NULL; f = f->parent)
		if (f->device == file->device && f->inode == file->inode) {
			policy_source_fault(
			    s, where, MSG_PARSE_INCLUDE_CYCLE, file->name);
			return false;
		}
	*size = (size_t)st.st_size;
	return true;
}

/* where: who asked for the file. */
static void
read_file(struct policy_source *s, struct policy_file *file, struct origin where)
{
	/* Not to hang on a FIFO or take a terminal, whatever the name turns out to be. */
	int fd = open(file->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text;
	size_t size;

	if (fd < 0) {
		policy_source_fault(
		    s, where, MSG_PARSE_FILE, file->name, strerror(errno));
		return;
	}
	if (!admit(s, fd, file, where, &size)) {
		close(fd);
		return;
	}
	text = read_all(s, fd, size, where, &file->length);
	close(fd);
	if (text == NULL)
		return;

	s->bytes_read += file->length;
	file->text = text;
	policy_scan(s, file);
	free(text);
	file->text = NULL;
}

void
policy_source_file(struct policy_source *s, const char *path)
{
	struct policy_file file = { .name = policy_source_name(s, path) };

	if (file.name == NULL)
		return;
	s->from_files = true;
	read_file(s, &file, (struct origin){ .file = file.name });
}

void
policy_source_text(
    struct policy_source *s, const char *text, size_t length, const char *name)
{
	struct policy_file file = {
		.name = policy_source_name(s, name),
		.text = text,
		.length = length,
	};

	if (file.name == NULL)
		return;
	if (length > LIMIT_POLICY_BYTES) {
		policy_source_fault(s, ((struct origin){ .file = file.name }),
		    MSG_PARSE_TOO_LARGE, LIMIT_POLICY_BYTES);
		return;
	}
	policy_scan(s, &file);
}

/* "name" beside the including file, unless it is absolute. False when too long. */
static bool
beside(const char *including, const char *name, size_t length, char path[PATH_MAX])
{
	const char *slash = strrchr(including, '/');
	size_t folder =
	    slash != NULL && name[0] != '/' ? (size_t)(slash - including) + 1 : 0;

	if (folder + length >= PATH_MAX)
		return false;
	memcpy(path, including, folder);
	memcpy(path + folder, name, length);
	path[folder + length] = '\0';
	return true;
}

void
policy_source_include(struct policy_source *s, const struct policy_file *from,
    const char *name, size_t length, struct origin where)
{
	struct policy_file file = { .parent = from, .nesting = from->nesting + 1 };
	char path[PATH_MAX];

	if (!s->from_files) {
		policy_source_fault(s, where, MSG_PARSE_INCLUDE_TEXT);
		return;
	}
	if (file.nesting > LIMIT_INCLUDE_DEPTH) {
		policy_source_fault(
		    s, where, MSG_PARSE_INCLUDE_DEPTH, LIMIT_INCLUDE_DEPTH);
		return;
	}
	if (++s->n_includes >= LIMIT_POLICY_FILES) {
		s->stop = true;
		policy_source_fault(
		    s, where, MSG_PARSE_TOO_MANY_FILES, LIMIT_POLICY_FILES);
		return;
	}
	if (!beside(from->name, name, length, path)) {
		policy_source_fault(s, where, MSG_PARSE_INCLUDE_FORM);
		return;
	}
	file.name = policy_source_name(s, path);
	if (file.name != NULL)
		read_file(s, &file, where);
}
