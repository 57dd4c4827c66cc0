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
#include <sys/stat.h>
#include <unistd.h>

/*
 * Read in pieces that leave room in the processor's cache for what packets are looked
 * up in: on a file in memory this costs about as much as a mapping, which pays for
 * every page; and a file that somebody cuts off meanwhile just ends. The largest
 * packet must fit.
 */
#define PIECE_BYTES	(128u << 10)
#define BUFFER_BYTES	(512u << 10)
_Static_assert(BUFFER_BYTES > CAPTURE_LARGEST + 64u, "a packet fits");

struct capture_file {
	enum capture_reader reader;
	struct capture_own own;		/* over the buffer */
	uint8_t *buffer;
	int fd;				/* of our own reader; -1 */
	uint64_t read, size;		/* size: when it was opened; 0: no file */
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

/* What is left of the buffer, and more of the file behind it. False: there is none. */
static bool
refill(struct capture_file *f)
{
	struct capture_own *o = &f->own;
	size_t left = o->size - o->at, room = BUFFER_BYTES - left;
	ssize_t n;

	memmove(f->buffer, f->buffer + o->at, left);
	o->at = 0;
	o->size = left;
	if (room > PIECE_BYTES)
		room = PIECE_BYTES;
	if (room > f->size - f->read)
		room = f->size - f->read;
	n = pread(f->fd, f->buffer + left, room, (off_t)f->read);
	if (n <= 0)
		return false;
	o->size += (size_t)n;
	f->read += (size_t)n;
	return true;
}

/* 0 also when it is no regular file (a pipe): then libpcap reads it. */
static int
begin(struct capture_file *f, const char *path, char *why, size_t why_size)
{
	const char *packed;
	struct stat st;

	if (fstat(f->fd, &st) != 0)
		return -errno;
	if (S_ISDIR(st.st_mode)) {
		snprintf(why, why_size, "%s: is a folder", path);
		return -EISDIR;
	}
	if (!S_ISREG(st.st_mode))
		return 0;
	f->size = (uint64_t)st.st_size;
	f->buffer = malloc(BUFFER_BYTES);
	if (f->buffer == NULL)
		return -ENOMEM;
	(void)posix_fadvise(f->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	if (!refill(f))
		return 0;
	packed = compression(f->buffer, f->own.size);
	if (packed != NULL) {
		snprintf(why, why_size, "%s: is compressed with %s; unpack it first",
		    path, packed);
		return -ENOTSUP;
	}
	return 0;
}

/* Takes the descriptor over. */
static int
open_libpcap(struct capture_file *f, const char *path, char *why, size_t why_size)
{
	FILE *file = fdopen(f->fd, "rb");

	if (file == NULL)
		return -ENOMEM;
	f->fd = -1;
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
choose(struct capture_file *f, const char *path, enum capture_reader reader, char *why,
    size_t why_size)
{
	int error = begin(f, path, why, why_size);
	bool ours;

	if (error != 0)
		return error;
	ours = reader != CAPTURE_LIBPCAP && f->read > 0 &&
	    capture_own_open(&f->own, f->buffer, f->own.size);
	f->reader = CAPTURE_OWN;
	if (ours)
		return 0;
	if (reader == CAPTURE_OWN) {
		snprintf(why, why_size,
		    "%s: is not a classic pcap file of a link type that "
		    "the own reader knows", path);
		return -ENOTSUP;
	}
	return open_libpcap(f, path, why, why_size);
}

struct capture_file *
capture_file_open(const char *path, enum capture_reader reader, char *why,
    size_t why_size)
{
	struct capture_file *f = calloc(1, sizeof(*f));
	int error;

	if (f == NULL) {
		snprintf(why, why_size, "out of memory");
		return NULL;
	}
	f->fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) :
	    open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0) {
		error = -errno;
		snprintf(why, why_size, "%s: %s", path, strerror(-error));
	} else {
		snprintf(why, why_size, "%s: cannot be read", path);
		error = choose(f, path, reader, why, why_size);
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
	if (f->fd >= 0)
		close(f->fd);
	free(f->buffer);
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

int
capture_file_batch(struct capture_file *f, struct capture_packet *p, int max)
{
	const char *why = "";
	int n;

	if (f->pcap != NULL)
		return next_of_libpcap(f, p);
	n = capture_own_batch(&f->own, p, max, &why);
	/* at the end of what was read, not of the file; a packet may be some pieces long */
	while ((n == 0 || n == -ENODATA) && f->read < f->size && refill(f))
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
	long at = f->pcap != NULL && f->size > 0 ? ftell(pcap_file(f->pcap)) : 0;

	*size = f->size;
	*read = f->pcap == NULL ? f->read : at > 0 ? (uint64_t)at : 0;
}
