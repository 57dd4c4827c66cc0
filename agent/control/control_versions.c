/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_versions.h"

#include "agent/state_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The meta data of one: its texts are bounded, JSON may write a character in six. */
#define META_BYTES 8192u
#define BOOT_BYTES 1024u
/* Ten digits keep the order of numbers when names are sorted. */
#define NAME_SIZE sizeof("0123456789.policy")
/* A folder with more files than we ever leave there is not read to its end. */
#define MAX_FILES 10000u

static void
file_name(uint32_t serial, const char *ending, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "%010u.%s", serial, ending);
}

/* The serial of NUMBER.json; 0: it is none. */
static uint32_t
serial_of(const char *name)
{
	char again[NAME_SIZE];
	unsigned long n = strspn(name, "0123456789") == 10 ? strtoul(name, NULL, 10) : 0;

	if (n == 0 || n >= UINT32_MAX)
		return 0;
	file_name((uint32_t)n, "json", again);
	return strcmp(name, again) == 0 ? (uint32_t)n : 0;
}

static int
by_serial(const void *a, const void *b)
{
	const struct version *x = a, *y = b;

	return x->serial < y->serial ? -1 : x->serial > y->serial;
}

static int
append(struct versions *v, const struct version *w)
{
	struct version *grown = reallocarray(v->list, v->n + 1, sizeof(*grown));

	if (grown == NULL)
		return -ENOMEM;
	v->list = grown;
	v->list[v->n++] = *w;
	return 0;
}

static int
read_one(struct versions *v, uint32_t serial, const char *name)
{
	struct version w;
	json_t *o = NULL;
	int r = state_file_read_json(v->folder, name, META_BYTES, &o);

	/* Even of a damaged one the number is not given again. */
	if (serial > v->last)
		v->last = serial;
	if (r == -ENOMEM)
		return r;
	if (r < 0 || !version_from_json(o, &w) || w.serial != serial)
		v->damaged++;
	else
		r = append(v, &w);
	json_decref(o);
	return r == -ENOMEM ? r : 0;
}

static int
read_list(struct versions *v)
{
	int fd = openat(v->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	unsigned int seen = 0;
	struct dirent *entry;
	int r = 0;

	if (dir == NULL) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread, our own stream */
	while (r == 0 && seen++ < MAX_FILES && (entry = readdir(dir)) != NULL) {
		uint32_t serial = serial_of(entry->d_name);

		if (serial != 0)
			r = read_one(v, serial, entry->d_name);
	}
	closedir(dir);
	if (v->n > 0)
		qsort(v->list, v->n, sizeof(*v->list), by_serial);
	return r;
}

static void
read_boot(struct versions *v)
{
	json_t *o = NULL;
	json_int_t serial;

	v->boot = 0;
	v->boot_error = state_file_read_json(v->state, "boot", BOOT_BYTES, &o);
	serial = json_integer_value(json_object_get(o, "serial"));
	if (v->boot_error == 0 && (serial < 1 || serial >= UINT32_MAX))
		v->boot_error = -EBADMSG;
	if (v->boot_error == 0)
		v->boot = (uint32_t)serial;
	if (v->boot > v->last)
		v->last = v->boot;
	json_decref(o);
}

/* A crash came between the two files: "boot" has the last word. */
static void
make_good(struct versions *v)
{
	struct version *w = versions_find(v, v->boot);

	if (w == NULL || (w->confirmed && w->result == VERSION_APPLIED))
		return;
	w->confirmed = true;
	w->result = VERSION_APPLIED;
	(void)versions_save(v, w);
}

int
versions_open(struct versions *v, const char *state)
{
	int r;

	*v = (struct versions){ .state = -1, .folder = -1, .boot_error = -ENOENT };
	v->state = state_folder_open(state);
	if (v->state < 0)
		return v->state;
	v->folder = state_folder_open_at(v->state, "versions");
	if (v->folder < 0)
		return v->folder;
	r = read_list(v);
	if (r == 0) {
		read_boot(v);
		make_good(v);
	}
	return r;
}

int
versions_look(struct versions *v, const char *state)
{
	int r;

	*v = (struct versions){ .state = -1, .folder = -1, .boot_error = -ENOENT };
	v->state = state_folder_look(state);
	if (v->state < 0)
		return v->state;
	v->folder = state_folder_look_at(v->state, "versions");
	if (v->folder < 0)
		return v->folder;
	r = read_list(v);
	if (r == 0)
		read_boot(v);
	return r;
}

void
versions_close(struct versions *v)
{
	if (v->state >= 0)
		close(v->state);
	if (v->folder >= 0)
		close(v->folder);
	free(v->list);
	*v = (struct versions){ .state = -1, .folder = -1 };
}

struct version *
versions_find(struct versions *v, uint32_t serial)
{
	const struct version key = { .serial = serial };

	return v->n == 0 ? NULL :
	    bsearch(&key, v->list, v->n, sizeof(*v->list), by_serial);
}

int
versions_save(struct versions *v, const struct version *w)
{
	char name[NAME_SIZE];
	json_t *o = version_json(w);
	int r;

	/* A text that is no UTF-8: the caller's fault. */
	if (o == NULL)
		return -EINVAL;
	file_name(w->serial, "json", name);
	r = state_file_write_json(v->folder, name, o);
	json_decref(o);
	/* What may not outlive a power cut says no more than that it was begun. */
	return r == -EUCLEAN ? 0 : r;
}

static void
take_away(struct versions *v, size_t i)
{
	char name[NAME_SIZE];

	/* The text last: a crash leaves no entry that cannot be gone back to. */
	file_name(v->list[i].serial, "json", name);
	if (state_file_remove(v->folder, name) < 0)
		return;
	file_name(v->list[i].serial, "policy", name);
	(void)state_file_remove(v->folder, name);
	memmove(&v->list[i], &v->list[i + 1], (v->n - i - 1) * sizeof(*v->list));
	v->n--;
}

/* The oldest that may go; n: none. */
static size_t
oldest(const struct versions *v, uint32_t also)
{
	size_t i = 0;

	/* The newest is what is being applied. */
	while (i + 1 < v->n && (v->list[i].serial == v->boot || v->list[i].serial == also))
		i++;
	return i + 1 < v->n ? i : v->n;
}

static void
prune(struct versions *v, uint32_t also)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < v->n; i++)
		bytes += v->list[i].bytes;
	/* The boot one and "also" have places of their own. */
	while (v->n > VERSIONS_KEPT + 2 || bytes > VERSIONS_BYTES) {
		size_t i = oldest(v, also), n = v->n;
		uint64_t freed = i < n ? v->list[i].bytes : 0;

		if (i < n)
			take_away(v, i);
		if (v->n == n)
			return;
		bytes -= freed;
	}
}

static void
sum_of(const char *text, size_t length, char out[65])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, (const unsigned char *)text, length);
	sodium_bin2hex(out, 65, hash, sizeof(hash));
}

int
versions_add(struct versions *v, struct version *w, const char *text, size_t length,
    uint32_t also)
{
	char name[NAME_SIZE];
	int r;

	if (length > VERSION_BYTES)
		return -EFBIG;
	if (v->last >= UINT32_MAX - 1)
		return -EOVERFLOW;
	w->serial = v->last + 1;
	w->bytes = length;
	sum_of(text, length, w->sum);
	file_name(w->serial, "policy", name);
	r = state_file_write(v->folder, name, text, length);
	if (r == 0)
		r = versions_save(v, w);
	if (r == 0)
		r = append(v, w);
	if (r < 0) {
		char meta[NAME_SIZE];

		file_name(w->serial, "json", meta);
		(void)state_file_remove(v->folder, meta);
		(void)state_file_remove(v->folder, name);
		return r;
	}
	v->last = w->serial;
	prune(v, also);
	return 0;
}

int
versions_text(const struct versions *v, const struct version *w, char **text, size_t *length)
{
	char name[NAME_SIZE], sum[65];
	int r;

	file_name(w->serial, "policy", name);
	r = state_file_read(v->folder, name, VERSION_BYTES, text, length);
	if (r < 0)
		return r;
	sum_of(*text, *length, sum);
	if (strcmp(sum, w->sum) == 0)
		return 0;
	free(*text);
	*text = NULL;
	return -EBADMSG;
}

int
versions_confirm(struct versions *v, uint32_t serial, int64_t now)
{
	struct version *w = versions_find(v, serial);
	json_t *o;
	int r;

	if (w == NULL)
		return -ENOENT;
	if (w->confirmed && v->boot == serial)
		return 0;
	o = json_pack("{s:I, s:s}", "serial", (json_int_t)serial, "digest", w->digest);
	r = o == NULL ? -ENOMEM : state_file_write_json(v->state, "boot", o);
	json_decref(o);
	if (r < 0 && r != -EUCLEAN)
		return r;
	v->boot = serial;
	v->boot_error = 0;
	w->confirmed = true;
	w->confirmed_at = now;
	/* "boot" has the last word, so a failure here takes nothing back. */
	(void)versions_save(v, w);
	return 0;
}

struct version *
versions_newest_confirmed(struct versions *v, uint32_t below)
{
	for (size_t i = v->n; i-- > 0;)
		if (v->list[i].confirmed && v->list[i].result == VERSION_APPLIED &&
		    (below == 0 || v->list[i].serial < below))
			return &v->list[i];
	return NULL;
}

struct version *
versions_before(struct versions *v, uint32_t serial)
{
	for (size_t i = v->n; i-- > 0;)
		if (v->list[i].serial < serial && v->list[i].result == VERSION_APPLIED)
			return &v->list[i];
	return NULL;
}
