/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole frames of our own onto a wire. */
#ifndef KERNEL_HELPERS_FRAME_OUT_H
#define KERNEL_HELPERS_FRAME_OUT_H

#include <stddef.h>
#include <stdint.h>

/* An interface out of which a frame of Ethernet can go. */
struct frame_line {
	int ifindex;
	uint8_t mac[6];
};

/* A packet socket that hears nothing (needs CAP_NET_RAW). Negative errno. */
int frame_out_open(void);

/*
 * 0; -ENODEV: there is no such interface, -ENETDOWN: nothing leaves there,
 * -EAFNOSUPPORT: it is no Ethernet, or another negative errno.
 */
int frame_out_line(int fd, const char *interface, struct frame_line *out);

/* Without waiting; all taps of the interface see it leave. 0 or negative errno. */
int frame_out_send(int fd, const struct frame_line *line, const void *frame, size_t length);

#endif /* KERNEL_HELPERS_FRAME_OUT_H */
