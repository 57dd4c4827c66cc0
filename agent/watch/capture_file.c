/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens the file once, chooses the reader by its first bytes. */
#include "agent/watch/capture_file.h"

#include "agent/watch/capture_own.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Pages are mapped so far ahead of the reader in one go: a fault for every 16 pages
 * costs as much as reading what is in them. Behind it they are let go, so that a
 * capture larger than memory is read as well.
 */
#define AHEAD_BYTES (4u << 20)

struct capture_file {
	enum capture_reader reader;
	struct capture_own own;
	void *mapping;
	size_t mapped, ahead;	/* ahead: mapped pages end there */
	pcap_t *pcap;
	char error[PCAP_ERRBUF_SIZE];
};

const char *
capture_reader_name(enum capture_reader reader)
{
	switch (reader) {
	case CAPTURE_AUTO:
		return "auto";
	case CAPTURE_OWN:
		return "own";
	case CAPTURE_LIBPCAP:
		return "libpcap";
	}
	return "unknown";
}

int
capture_reader_parse(const char *text)
{
	for (int reader = CAPTURE_AUTO; reader <= CAPTURE_LIBPCAP; reader++)
		if (strcmp(text, capture_reader_name((enum capture_reader)reader)) == 0)
			return reader;
	return -1;
}

/* Magic numbers of gzip, bzip2, xz, zstd. */
static const char *
compression(const uint8_t *bytes, size_t size)
{
	static const struct { const char *magic, *name; size_t length; } kinds[] = {
		{ "\x1f\x8b", "gzip", 2 }, { "BZh", "bzip2", 3 },
		{ "\xfd" "7zXZ", "xz", 5 }, { "\x28\xb5\x2f\xfd", "zstd", 4 },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (size >= kinds[i].length &&
		    memcmp(bytes, kinds[i].magic, kinds[i].length) == 0)
			return kinds[i].name;
	return NULL;
}

/* 0 also when the file cannot be mapped (a pipe): then libpcap reads it. */
static int
map(struct capture_file *f, int fd, const char *path, char *why, size_t why_size)
{
	const char *packed;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -errno;
	if (S_ISDIR(st.st_mode)) {
		snprintf(why, why_size, "%s: is a folder", path);
		return -EISDIR;
	}
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	f->mapped = (size_t)st.st_size;
	f->mapping = mmap(NULL, f->mapped, PROT_READ, MAP_PRIVATE, fd, 0);
	if (f->mapping == MAP_FAILED) {
		f->mapping = NULL;
		return 0;
	}
	madvise(f->mapping, f->mapped, MADV_SEQUENTIAL);
	packed = compression(f->mapping, f->mapped);
	if (packed != NULL) {
		snprintf(why, why_size, "%s: is compressed with %s; unpack it first",
		    path, packed);
		return -ENOTSUP;
	}
	return 0;
}

/* Takes the descriptor over. */
static int
open_libpcap(struct capture_file *f, int fd, const char *path, char *why, size_t why_size)
{
	FILE *file = fdopen(fd, "rb");

	if (file == NULL) {
		close(fd);
		return -ENOMEM;
	}
	f->reader = CAPTURE_LIBPCAP;
	f->pcap = pcap_fopen_offline_with_tstamp_precision(file,
	    PCAP_TSTAMP_PRECISION_NANO, f->error);
	if (f->pcap == NULL) {
		snprintf(why, why_size, "%s: %s", path, f->error);
		fclose(file);
		return -EBADMSG;
	}
	return 0;
}

static int
choose(struct capture_file *f, int fd, const char *path, enum capture_reader reader,
    char *why, size_t why_size)
{
	int error = map(f, fd, path, why, why_size);
	bool ours = f->mapping != NULL && reader != CAPTURE_LIBPCAP &&
	    capture_own_open(&f->own, f->mapping, f->mapped);

	if (error == 0 && !ours && reader == CAPTURE_OWN) {
		snprintf(why, why_size,
		    "%s: is not a classic pcap file of a link type that "
		    "the own reader knows", path);
		error = -ENOTSUP;
	}
	if (error != 0 || ours) {
		close(fd);
		f->reader = CAPTURE_OWN;
		return error;
	}
	return open_libpcap(f, fd, path, why, why_size);
}

struct capture_file *
capture_file_open(const char *path, enum capture_reader reader, char *why,
    size_t why_size)
{
	struct capture_file *f = calloc(1, sizeof(*f));
	int fd, error;

	if (f == NULL) {
		snprintf(why, why_size, "out of memory");
		return NULL;
	}
	fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) :
	    open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		error = -errno;
		snprintf(why, why_size, "%s: %s", path, strerror(-error));
	} else {
		snprintf(why, why_size, "%s: cannot be read", path);
		error = choose(f, fd, path, reader, why, why_size);
	}
	if (error != 0) {
		capture_file_close(f);
		errno = -error;
		return NULL;
	}
	f->error[0] = '\0';
	return f;
}

void
capture_file_close(struct capture_file *f)
{
	if (f == NULL)
		return;
	if (f->pcap != NULL)
		pcap_close(f->pcap);
	if (f->mapping != NULL)
		munmap(f->mapping, f->mapped);
	free(f);
}

int
capture_file_link_type(const struct capture_file *f)
{
	return f->pcap != NULL ? pcap_datalink(f->pcap) : f->own.link_type;
}

enum capture_reader
capture_file_reader(const struct capture_file *f)
{
	return f->reader;
}

const char *
capture_file_error(const struct capture_file *f)
{
	return f->error;
}

static int
next_of_libpcap(struct capture_file *f, struct capture_packet *p)
{
	struct pcap_pkthdr *h;
	const u_char *bytes;
	int status = pcap_next_ex(f->pcap, &h, &bytes);

	if (status == 1) {
		p->bytes = bytes;
		p->captured = h->caplen;
		p->length = h->len;
		/* nanosecond precision was asked for */
		p->time_ns = capture_time(h->ts.tv_sec, h->ts.tv_usec);
		return 1;
	}
	if (status == PCAP_ERROR_BREAK)
		return 0;
	snprintf(f->error, sizeof(f->error), "%s", pcap_geterr(f->pcap));
	return strncmp(f->error, "truncated dump file", 19) == 0 ? -ENODATA : -EBADMSG;
}

/* The reader has come to f->ahead: on with the window. Only advice: it may fail. */
static void
look_ahead(struct capture_file *f)
{
	uint8_t *base = f->mapping;
	size_t from = f->ahead, at = f->own.at & ~(size_t)4095, left = f->mapped - at;
	size_t size = left < AHEAD_BYTES ? left : AHEAD_BYTES;

	if (from > AHEAD_BYTES)
		(void)madvise(base + from - AHEAD_BYTES, AHEAD_BYTES & ~4095u,
		    MADV_DONTNEED);
	(void)madvise(base + at, size, MADV_POPULATE_READ);
	f->ahead = at + size;
}

int
capture_file_batch(struct capture_file *f, struct capture_packet *p, int max)
{
	const char *why = "";
	int n;

	if (f->pcap != NULL)
		return next_of_libpcap(f, p);
	if (f->own.at >= f->ahead)
		look_ahead(f);
	n = capture_own_batch(&f->own, p, max, &why);
	if (n < 0)
		snprintf(f->error, sizeof(f->error), "%s", why);
	return n;
}

int
capture_file_next(struct capture_file *f, struct capture_packet *p)
{
	return capture_file_batch(f, p, 1);
}

void
capture_file_progress(const struct capture_file *f, uint64_t *read, uint64_t *size)
{
	long at = f->pcap != NULL && f->mapped > 0 ? ftell(pcap_file(f->pcap)) : 0;

	*size = f->mapped;
	*read = f->pcap == NULL ? f->own.at : at > 0 ? (uint64_t)at : 0;
}
