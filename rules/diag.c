/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The collection of findings. It must stay useful when memory is out: then it
 * keeps no text, but still counts an error, so the policy is refused.
 */
#include "rules/diag.h"

#include "rules/limits.h"
#include "rules/utf8.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct diag {
	struct finding *findings;
	size_t n, room;
	size_t count[2];		/* by enum diag_severity, kept or not */
	size_t not_kept;
	unsigned int arrived;
	char **files;			/* copies of origins' file names */
	size_t n_files, files_room;
};

struct diag *
diag_new(void)
{
	return calloc(1, sizeof(struct diag));
}

static void
finding_clear(struct finding *f)
{
	free(f->text[MESSAGE_ENGLISH]);
	free(f->text[MESSAGE_JAPANESE]);
}

void
diag_free(struct diag *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->n; i++)
		finding_clear(&d->findings[i]);
	for (size_t i = 0; i < d->n_files; i++)
		free(d->files[i]);
	free(d->findings);
	free(d->files);
	free(d);
}

/* Room for one more in a doubling array; false when memory is out. */
static bool
make_room(void **array, size_t used, size_t *room, size_t item)
{
	size_t wanted = *room == 0 ? 16 : *room * 2;
	void *bigger;

	if (used < *room)
		return true;
	bigger = reallocarray(*array, wanted, item);
	if (bigger == NULL)
		return false;
	*array = bigger;
	*room = wanted;
	return true;
}

/* Our own copy of a file name, one per name; NULL when memory is out. */
static const char *
keep_file(struct diag *d, const char *file)
{
	void *array = d->files;

	/* The last one is the likely one: a policy is read file by file. */
	for (size_t i = d->n_files; i > 0; i--)
		if (strcmp(d->files[i - 1], file) == 0)
			return d->files[i - 1];

	if (!make_room(&array, d->n_files, &d->files_room, sizeof(d->files[0])))
		return NULL;
	d->files = array;
	d->files[d->n_files] = strdup(file);
	if (d->files[d->n_files] == NULL)
		return NULL;
	/* File names too come from the policy: by @include. */
	utf8_scrub(d->files[d->n_files]);
	return d->files[d->n_files++];
}

/* All or nothing; false when memory is out. */
static bool
keep_finding(struct diag *d, struct origin where, struct finding f)
{
	void *array = d->findings;

	if (f.text[MESSAGE_ENGLISH] == NULL || f.text[MESSAGE_JAPANESE] == NULL)
		return false;
	/* Findings quote the policy, and the policy may be hostile to a terminal. */
	utf8_scrub(f.text[MESSAGE_ENGLISH]);
	utf8_scrub(f.text[MESSAGE_JAPANESE]);

	f.origin = where;
	if (where.file != NULL) {
		f.origin.file = keep_file(d, where.file);
		if (f.origin.file == NULL)
			return false;
	}
	if (!make_room(&array, d->n, &d->room, sizeof(d->findings[0])))
		return false;
	d->findings = array;
	d->findings[d->n++] = f;
	return true;
}

void
diag_add(struct diag *d, struct origin where, enum diag_severity severity,
    enum message_id message, ...)
{
	struct finding f = { .severity = severity, .message = message };
	va_list ap;

	d->count[severity]++;
	if (d->n >= LIMIT_FINDINGS) {
		d->not_kept++;
		return;
	}

	f.order = d->arrived++;
	va_start(ap, message);
	f.text[MESSAGE_ENGLISH] = message_vtext(message, MESSAGE_ENGLISH, ap);
	va_end(ap);
	va_start(ap, message);
	f.text[MESSAGE_JAPANESE] = message_vtext(message, MESSAGE_JAPANESE, ap);
	va_end(ap);

	if (!keep_finding(d, where, f)) {
		finding_clear(&f);
		d->not_kept++;
		/* A lost warning must not let the policy pass unread. */
		if (severity != DIAG_ERROR)
			d->count[DIAG_ERROR]++;
	}
}

/* By what a reader sees; equal means an exact repetition. */
static int
compare_shown(const struct finding *a, const struct finding *b)
{
	const char *file_a = a->origin.file != NULL ? a->origin.file : "";
	const char *file_b = b->origin.file != NULL ? b->origin.file : "";
	int c = strcmp(file_a, file_b);

	if (c != 0)
		return c;
	if (a->origin.line != b->origin.line)
		return a->origin.line < b->origin.line ? -1 : 1;
	if (a->severity != b->severity)
		return a->severity < b->severity ? -1 : 1;
	return strcmp(a->text[MESSAGE_ENGLISH], b->text[MESSAGE_ENGLISH]);
}

static int
compare(const void *pa, const void *pb)
{
	const struct finding *a = pa, *b = pb;
	int c = compare_shown(a, b);

	if (c != 0)
		return c;
	return a->order < b->order ? -1 : a->order > b->order;
}

void
diag_sort(struct diag *d)
{
	size_t kept = 0;

	if (d->n == 0)
		return;
	qsort(d->findings, d->n, sizeof(d->findings[0]), compare);
	for (size_t i = 1; i < d->n; i++) {
		if (compare_shown(&d->findings[kept], &d->findings[i]) == 0) {
			d->count[d->findings[i].severity]--;
			finding_clear(&d->findings[i]);
			continue;
		}
		d->findings[++kept] = d->findings[i];
	}
	d->n = kept + 1;
}

size_t
diag_count(const struct diag *d, enum diag_severity severity)
{
	return d->count[severity];
}

size_t
diag_kept(const struct diag *d)
{
	return d->n;
}

const struct finding *
diag_at(const struct diag *d, size_t i)
{
	return i < d->n ? &d->findings[i] : NULL;
}

int
diag_exit_code(const struct diag *d)
{
	if (d->count[DIAG_ERROR] > 0)
		return 1;
	return d->count[DIAG_WARNING] > 0 ? 2 : 0;
}

static void
print_finding(const struct finding *f, FILE *out, enum message_language language)
{
	enum message_id word = f->severity == DIAG_ERROR ? MSG_FINDING_ERROR :
	    MSG_FINDING_WARNING;

	if (f->origin.file != NULL)
		fprintf(out, "%s:", f->origin.file);
	if (f->origin.file != NULL && f->origin.line > 0)
		fprintf(out, "%u:", f->origin.line);
	fprintf(out, "%s%s: %s\n", f->origin.file != NULL ? " " : "",
	    message_format(word, language), f->text[language]);
}

void
diag_print(struct diag *d, FILE *out, enum message_language language)
{
	char *text;

	diag_sort(d);
	for (size_t i = 0; i < d->n; i++)
		print_finding(&d->findings[i], out, language);
	if (d->not_kept == 0)
		return;

	text = message_text(MSG_FINDING_MORE, language, d->not_kept);
	fprintf(out, "%s\n", text != NULL ? text : "...");
	free(text);
}
