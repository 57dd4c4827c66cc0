/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of a capture file. Two readers give the identical stream: our own
 * (classic pcap files, either byte order, micro- or nanoseconds), and libpcap,
 * which reads everything else and is the oracle.
 *
 * Of a file that still grows the packets present at opening are read.
 */
#ifndef AGENT_WATCH_CAPTURE_FILE_H
#define AGENT_WATCH_CAPTURE_FILE_H

#include <stddef.h>
#include <stdint.h>

enum capture_reader {
	CAPTURE_AUTO = 0,	/* ours where it can, else libpcap */
	CAPTURE_OWN,		/* ours or nothing */
	CAPTURE_LIBPCAP,
};

struct capture_packet {
	const uint8_t *bytes;	/* valid until the next packet is asked for */
	uint32_t captured, length;
	int64_t time_ns;
};

struct capture_file;

/*
 * "-" is standard input. NULL with errno and a sentence in why: no such file,
 * no capture, compressed (unpack it first), not for this reader (ENOTSUP).
 */
struct capture_file *capture_file_open(const char *path, enum capture_reader reader,
    char *why, size_t why_size);
void capture_file_close(struct capture_file *f);	/* accepts NULL */

/* DLT_* */
int capture_file_link_type(const struct capture_file *f);

/* The reader at work: CAPTURE_OWN or CAPTURE_LIBPCAP. */
enum capture_reader capture_file_reader(const struct capture_file *f);

/*
 * 1: *p is filled; 0: end of file; -ENODATA: the last packet was cut off;
 * -EBADMSG: the rest of the file cannot be read (capture_file_error() says why).
 */
int capture_file_next(struct capture_file *f, struct capture_packet *p);

/*
 * Up to max packets at once; how many, or as above when there is none. All are
 * valid until the next are asked for. libpcap's reader gives one at a time.
 */
int capture_file_batch(struct capture_file *f, struct capture_packet *p, int max);

/* Bytes of the file and how many of them were read; 0 of 0 for what is no file. */
void capture_file_progress(const struct capture_file *f, uint64_t *read, uint64_t *size);

/* Sentence about the last negative result; "" before. */
const char *capture_file_error(const struct capture_file *f);

/* "auto", "own", "libpcap"; -1 for another word. */
int capture_reader_parse(const char *word);
const char *capture_reader_name(enum capture_reader reader);

#endif /* AGENT_WATCH_CAPTURE_FILE_H */
