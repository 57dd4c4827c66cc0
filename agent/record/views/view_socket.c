/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/views/view_socket.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int
view_socket_begin(struct view_socket *s, const char *path)
{
	const size_t n = strlen(path);

	memset(s, 0, sizeof(*s));
	s->fd = -1;
	if (n >= sizeof(s->path))
		return -ENAMETOOLONG;
	memcpy(s->path, path, n);
	return 0;
}

void
view_socket_end(struct view_socket *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* A descriptor or negative errno. */
static int
connect_to(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return -errno;
	memcpy(sun.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	r = -errno;
	close(fd);
	return r;
}

/* Looked up before: a reader that comes in between is taken for the next one, and heard. */
static int
begin(struct view_socket *s)
{
	int fd;

	if (stat(s->path, &s->peer) < 0)
		return -errno;
	fd = connect_to(s->path);
	if (fd < 0)
		return fd;
	s->fd = fd;
	return 0;
}

/*
 * The name still leads to the socket that we are connected to, and it is open. A new one
 * may get the same inode, but not the same time; a chmod(2) changes neither.
 */
static bool
is_same_peer(const struct view_socket *s)
{
	struct stat st;
	int fd;

	if (stat(s->path, &st) < 0 || st.st_dev != s->peer.st_dev ||
	    st.st_ino != s->peer.st_ino || st.st_mtim.tv_sec != s->peer.st_mtim.tv_sec ||
	    st.st_mtim.tv_nsec != s->peer.st_mtim.tv_nsec)
		return false;
	fd = connect_to(s->path);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

int
view_socket_send(struct view_socket *s, const char *bytes, size_t n)
{
	int r = s->fd < 0 ? begin(s) : 0;

	if (r == 0 && send(s->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		r = -errno;
	if (r == -ENOBUFS || r == -ENOMEM || r == -EINTR)
		r = -EAGAIN;
	if (r < 0 && r != -EAGAIN && r != -EMSGSIZE)
		view_socket_end(s);
	return r;
}

int
view_socket_was_read(struct view_socket *s)
{
	int unread = 0;

	if (s->fd < 0)
		return -ENOTCONN;
	/* unix_outq_len() of net/unix/af_unix.c: bytes that the other side has not taken. */
	if (ioctl(s->fd, SIOCOUTQ, &unread) < 0)
		return -errno;
	/* A socket that is closed takes its queue along, and nothing is unread then too. */
	if (unread > 0)
		return 0;
	if (is_same_peer(s))
		return 1;
	view_socket_end(s);
	return -ECONNRESET;
}
