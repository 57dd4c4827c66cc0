/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datagrams to a program of this machine (rsyslog, the journal), and whether it has
 * read them. A local datagram socket loses nothing while its reader lives: it is full
 * then, and says so. What stands unread when the reader dies is gone, without a word
 * to the sender; so what was sent counts only once it was read, by a reader that is
 * still there.
 */
#ifndef AGENT_RECORD_VIEWS_VIEW_SOCKET_H
#define AGENT_RECORD_VIEWS_VIEW_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/un.h>

struct view_socket {
	int fd;				/* -1: not connected */
	struct stat peer;		/* the socket's name, as it was when we connected */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* Connected by the first message. -ENAMETOOLONG. */
int view_socket_begin(struct view_socket *s, const char *path);
void view_socket_end(struct view_socket *s);

/*
 * 0: queued. -EAGAIN: full, ask again. -EMSGSIZE: never, this one is too long. Any other
 * negative errno: nobody listens; what had not been read yet is lost.
 */
int view_socket_send(struct view_socket *s, const char *bytes, size_t n);

/* 1: all that was sent was read. 0: not yet. Negative errno: it was lost. */
int view_socket_was_read(struct view_socket *s);

#endif /* AGENT_RECORD_VIEWS_VIEW_SOCKET_H */
