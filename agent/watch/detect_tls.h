/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server name of a TLS ClientHello (RFC 8446 4.1.2, RFC 6066 3): hostile bytes. */
#ifndef AGENT_WATCH_DETECT_TLS_H
#define AGENT_WATCH_DETECT_TLS_H

#include "agent/watch/cursor.h"

#include <stdbool.h>
#include <stdint.h>

#define TLS_NAME_SIZE 256u	/* a host name of 255 bytes, and NUL */

/* True for a record of a handshake at the beginning of a TCP payload. */
bool tls_is_handshake(const struct cursor *c);

/*
 * The name in lower case. False: no ClientHello, none in it, or not as far as
 * was captured. c: behind the TCP header. A name that holds anything but
 * letters, digits, '-', '_' and '.' is none.
 */
bool tls_server_name(struct cursor c, char name[TLS_NAME_SIZE]);

#endif /* AGENT_WATCH_DETECT_TLS_H */
