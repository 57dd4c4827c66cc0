/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kept versions of the policy that the records of the case name, if they still are it. */
#include "agent/control/control_versions.h"
#include "agent/evidence/evidence_case.h"
#include "rules/diag.h"
#include "rules/policy_parse.h"
#include "rules/policy_print.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define META_BYTES	8192u
#define FILES_MOST	10000u

/* A regular file, NUL behind it. NULL with errno. */
static char *
read_file(int folder, const char *name, size_t most, size_t *length)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	char *text = NULL;

	*length = 0;
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (size_t)st.st_size > most)
		errno = EINVAL;
	else
		text = malloc((size_t)st.st_size + 1);
	while (text != NULL && *length < (size_t)st.st_size) {
		ssize_t n = read(fd, text + *length, (size_t)st.st_size - *length);

		if (n <= 0)
			break;
		*length += (size_t)n;
	}
	close(fd);
	if (text != NULL)
		text[*length] = '\0';
	return text;
}

/* Without the last line, which is the sum of a state file (agent/state_file.h). */
static size_t
without_sum(const char *text, size_t length)
{
	const char *newline = length > 1 ? memrchr(text, '\n', length - 1) : NULL;

	return newline != NULL ? (size_t)(newline - text) + 1 : 0;
}

/* Does the text still say what has this digest? */
static bool
digest_holds(const char *text, size_t length, const char *digest)
{
	struct diag *diag = diag_new();
	struct policy *policy = diag != NULL ?
	    policy_parse_text(text, without_sum(text, length), "policy", diag) : NULL;
	char own[65] = "";
	bool holds = policy != NULL && policy_digest(policy, own) == 0 &&
	    strcmp(own, digest) == 0;

	policy_free(policy);
	diag_free(diag);
	return holds;
}

static bool
is_wanted(const struct evidence_case *c, const char *digest)
{
	for (size_t i = 0; i < c->n_versions; i++)
		if (strncmp(digest, c->versions[i], EVIDENCE_VERSION_SIZE - 1) == 0)
			return true;
	return false;
}

/* The same policy may have been in force more than once. */
static void
count_version(struct evidence_case *c, const char *digest)
{
	for (size_t i = 0; i < c->n_versions; i++) {
		if (c->has_version[i] ||
		    strncmp(digest, c->versions[i], EVIDENCE_VERSION_SIZE - 1) != 0)
			continue;
		c->has_version[i] = true;
		c->policies++;
	}
}

static int
put_version(struct evidence_case *c, int folder, const char *serial, const char *digest,
    const char *meta, size_t meta_length, struct bundle *b)
{
	char name[32], path[BUNDLE_NAME_SIZE];
	size_t length;
	char *text;
	int r;

	snprintf(name, sizeof(name), "%.10s.policy", serial);
	text = read_file(folder, name, VERSION_BYTES, &length);
	if (text == NULL) {
		c->policies_error = errno;
		return 0;
	}
	if (digest_holds(text, length, digest))
		count_version(c, digest);
	else
		c->policies_error = EBADMSG;
	snprintf(path, sizeof(path), "policy/%s", name);
	r = bundle_put(b, path, text, length);
	snprintf(path, sizeof(path), "policy/%.10s.json", serial);
	if (r == 0)
		r = bundle_put(b, path, meta, meta_length);
	free(text);
	return r;
}

static int
look(struct evidence_case *c, int folder, const char *name, struct bundle *b)
{
	size_t length;
	char *meta = read_file(folder, name, META_BYTES, &length);
	json_t *o = meta == NULL ? NULL : json_loadb(meta, without_sum(meta, length),
	    JSON_REJECT_DUPLICATES, NULL);
	const char *digest = json_string_value(json_object_get(o, "digest"));
	int r = 0;

	if (meta == NULL)
		c->policies_error = errno;
	else if (digest != NULL && is_wanted(c, digest))
		r = put_version(c, folder, name, digest, meta, length, b);
	json_decref(o);
	free(meta);
	return r;
}

int
evidence_policy(struct evidence_case *c, const char *state, struct bundle *b)
{
	char path[1024 + 16];
	const struct dirent *entry;
	unsigned int seen = 0;
	DIR *dir;
	int r = 0;

	snprintf(path, sizeof(path), "%s/versions", state);
	dir = opendir(path);
	if (dir == NULL) {
		c->policies_error = errno;
		return 0;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the command has one thread */
	while (r == 0 && seen++ < FILES_MOST && (entry = readdir(dir)) != NULL)
		if (strspn(entry->d_name, "0123456789") == 10 &&
		    strcmp(entry->d_name + 10, ".json") == 0)
			r = look(c, dirfd(dir), entry->d_name, b);
	closedir(dir);
	return r;
}
