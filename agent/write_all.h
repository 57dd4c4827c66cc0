/* SPDX-License-Identifier: GPL-2.0-or-later */
/* write(2) until all is written: it may be interrupted, or take less than it was given. */
#ifndef AGENT_WRITE_ALL_H
#define AGENT_WRITE_ALL_H

#include <stddef.h>

/* 0 or a negative errno: then the first part of it may be written. */
int write_all(int fd, const void *bytes, size_t length);

#endif /* AGENT_WRITE_ALL_H */
