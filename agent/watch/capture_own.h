/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The classic pcap format over bytes in memory, for capture_file.c and its
 * fuzzer. Accepts exactly what libpcap would read the same way; everything
 * rarer (older versions, other link types, pcapng) is left to libpcap.
 */
#ifndef AGENT_WATCH_CAPTURE_OWN_H
#define AGENT_WATCH_CAPTURE_OWN_H

#include "agent/watch/capture_file.h"

#include <stdbool.h>

/* Largest captured length that libpcap believes for the link types we read. */
#define CAPTURE_LARGEST 262144u

struct capture_own {
	const uint8_t *bytes;	/* borrowed */
	size_t size, at;
	uint32_t snapshot;	/* longer packets are cut to this */
	int link_type;		/* DLT_* */
	bool swapped, nanoseconds;
};

/* False: not a file for this reader. */
bool capture_own_open(struct capture_own *o, const uint8_t *bytes, size_t size);

/*
 * One time from the two numbers of a packet, the second in nanoseconds. Seconds
 * count from 1970 to 2106 (libpcap takes them as signed or not by the byte order
 * of the file); an impossible fraction is none.
 */
static inline int64_t
capture_time(int64_t seconds, int64_t nanoseconds)
{
	if (nanoseconds < 0 || nanoseconds >= 1000000000)
		nanoseconds = 0;
	return (int64_t)(uint32_t)seconds * 1000000000 + nanoseconds;
}

/* As capture_file_next(); *why is set to a static sentence on a negative result. */
int capture_own_next(struct capture_own *o, struct capture_packet *p, const char **why);

/* As capture_file_batch(). */
int capture_own_batch(struct capture_own *o, struct capture_packet *p, int max,
    const char **why);

#endif /* AGENT_WATCH_CAPTURE_OWN_H */
