/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/sealed_log.h"

#include "agent/record/log_verify_files.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
sealed_log_make(struct sealed_log *l)
{
	memset(l, 0, sizeof(*l));
	/* In memory where there is such a place: these tests start the recorder very often. */
	strcpy(l->path, access("/dev/shm", W_OK) == 0 ? "/dev/shm/sekisho-sealed-XXXXXX" :
	    "/tmp/sekisho-sealed-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(l->path));
	l->directory = open(l->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CU_ASSERT_FATAL(l->directory >= 0);
}

static void
take_key(struct sealed_log *l)
{
	size_t length;
	char *text = sealed_log_read(l, SEAL_KEY_NAME, &length), *newline;

	newline = strchr(text, '\n');
	if (newline != NULL)
		*newline = '\0';
	/* The last line of a state file is its checksum; the key stands before it. */
	newline = strstr(text, "sha256 ");
	if (newline != NULL)
		*newline = '\0';
	CU_ASSERT_TRUE(seal_key_parse(text, l->key));
	free(text);
}

void
sealed_log_start(struct sealed_log *l)
{
	struct stat st;
	const bool first = fstatat(l->directory, SEAL_KEY_NAME, &st, 0) < 0 &&
	    fstatat(l->directory, SEAL_STATE_NAME, &st, 0) < 0;

	memset(&l->writer, 0, sizeof(l->writer));
	l->writer.directory = l->directory;
	l->writer.hostname = "gw1";
	l->writer.version = "0.1";
	CU_ASSERT_EQUAL_FATAL(recorder_writer_open(&l->writer), 0);
	if (first)
		take_key(l);
}

void
sealed_log_write(struct sealed_log *l, unsigned int n)
{
	struct event e = {
		.kind = EVENT_VIOLATION, .zv = ZV_02_NOT_PERMITTED, .severity = 3,
		.witness = WITNESS_GATE, .first_ns = 1795247696000000000,
		.last_ns = 1795247696000000000, .count = 1, .bytes = 60,
		.facts = { .protocol = 6, .dport = 443, .flags = FACT_HAS_PORTS },
		.from_zone = "lgwan", .to_zone = "internet", .in_interface = "lg0",
	};

	for (unsigned int i = 0; i < n; i++) {
		e.key = i;
		recorder_writer_event(&l->writer, &e, "watch", false);
	}
}

void
sealed_log_stop(struct sealed_log *l)
{
	recorder_writer_close(&l->writer, true);
}

void
sealed_log_remove(struct sealed_log *l)
{
	DIR *dir = fdopendir(l->directory);
	const struct dirent *entry;

	CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
	rewinddir(dir);
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			CU_ASSERT_EQUAL(unlinkat(l->directory, entry->d_name, 0), 0);
	closedir(dir);
	CU_ASSERT_EQUAL(rmdir(l->path), 0);
}

char *
sealed_log_read(const struct sealed_log *l, const char *name, size_t *length)
{
	int fd = openat(l->directory, name, O_RDONLY | O_CLOEXEC);
	struct stat st = { 0 };
	char *bytes;

	CU_ASSERT_FATAL(fd >= 0 && fstat(fd, &st) == 0);
	bytes = calloc(1, (size_t)st.st_size + 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
	CU_ASSERT_EQUAL_FATAL(read(fd, bytes, (size_t)st.st_size), st.st_size);
	close(fd);
	*length = (size_t)st.st_size;
	return bytes;
}

void
sealed_log_put(const struct sealed_log *l, const char *name, const char *bytes, size_t length)
{
	int fd = openat(l->directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL_FATAL(write(fd, bytes, length), (ssize_t)length);
	close(fd);
}

struct wanted {
	const uint8_t *key;
	const struct checkpoint *outside;
	size_t n;
};

static struct log_verify *
prepare(void *arg)
{
	const struct wanted *w = arg;
	struct log_verify *v = log_verify_new();

	CU_ASSERT_PTR_NOT_NULL_FATAL(v);
	if (w->key != NULL)
		CU_ASSERT_EQUAL_FATAL(log_verify_add_key(v, w->key), 0);
	for (size_t i = 0; i < w->n; i++)
		CU_ASSERT_EQUAL_FATAL(log_verify_add_checkpoint(v, &w->outside[i]), 0);
	return v;
}

struct verify_report
sealed_log_verify(const struct sealed_log *l, bool with_key, const struct checkpoint *outside,
    size_t n)
{
	struct wanted w = { with_key ? l->key : NULL, outside, n };
	struct verify_report report;

	CU_ASSERT_EQUAL(log_verify_folder(l->path, prepare, &w, &report), 0);
	return report;
}
