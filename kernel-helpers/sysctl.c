/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct {
	const char *name, *path;
	int lowest, highest;		/* lowest > highest: read only */
} table[SYSCTL_ID_COUNT] = {
#define ROW(id, name, path, lowest, highest) \
	[id] = { name, "/proc/sys/net/" path, lowest, highest }
	[SYSCTL_NONE] = { "", NULL, 1, 0 },
	ROW(SYSCTL_IPV4_FORWARD, "net.ipv4.ip_forward", "ipv4/ip_forward", 0, 1),
	ROW(SYSCTL_IPV6_FORWARD, "net.ipv6.conf.all.forwarding",
	    "ipv6/conf/all/forwarding", 0, 1),
	ROW(SYSCTL_CT_TCP_LOOSE, "net.netfilter.nf_conntrack_tcp_loose",
	    "netfilter/nf_conntrack_tcp_loose", 0, 1),
	ROW(SYSCTL_CT_TCP_TIME_WAIT, "net.netfilter.nf_conntrack_tcp_timeout_time_wait",
	    "netfilter/nf_conntrack_tcp_timeout_time_wait", 0, 120),
	ROW(SYSCTL_CT_TCP_CLOSE, "net.netfilter.nf_conntrack_tcp_timeout_close",
	    "netfilter/nf_conntrack_tcp_timeout_close", 0, 120),
	ROW(SYSCTL_CT_MAX, "net.netfilter.nf_conntrack_max",
	    "netfilter/nf_conntrack_max", 1024, 1 << 26),
	ROW(SYSCTL_CT_COUNT, "net.netfilter.nf_conntrack_count",
	    "netfilter/nf_conntrack_count", 1, 0),
	ROW(SYSCTL_IPV4_ACCEPT_SOURCE_ROUTE, "net.ipv4.conf.all.accept_source_route",
	    "ipv4/conf/all/accept_source_route", 0, 1),
	ROW(SYSCTL_IPV6_ACCEPT_SOURCE_ROUTE, "net.ipv6.conf.all.accept_source_route",
	    "ipv6/conf/all/accept_source_route", -1, 0),
	ROW(SYSCTL_IPV4_ACCEPT_REDIRECTS, "net.ipv4.conf.all.accept_redirects",
	    "ipv4/conf/all/accept_redirects", 0, 1),
	ROW(SYSCTL_IPV6_ACCEPT_REDIRECTS, "net.ipv6.conf.all.accept_redirects",
	    "ipv6/conf/all/accept_redirects", 0, 1),
	ROW(SYSCTL_IPV4_SEND_REDIRECTS, "net.ipv4.conf.all.send_redirects",
	    "ipv4/conf/all/send_redirects", 0, 1),
	ROW(SYSCTL_IPV4_RP_FILTER, "net.ipv4.conf.all.rp_filter",
	    "ipv4/conf/all/rp_filter", 0, 2),
	ROW(SYSCTL_IPV4_LOG_MARTIANS, "net.ipv4.conf.all.log_martians",
	    "ipv4/conf/all/log_martians", 0, 1),
	ROW(SYSCTL_IPV4_ICMP_ECHO_IGNORE_BROADCASTS,
	    "net.ipv4.icmp_echo_ignore_broadcasts",
	    "ipv4/icmp_echo_ignore_broadcasts", 0, 1),
#undef ROW
};

static bool
is_one(enum sysctl_id id)
{
	return id > SYSCTL_NONE && id < SYSCTL_ID_COUNT;
}

int
sysctl_get(enum sysctl_id id, int *value)
{
	char text[32], *end;
	long number;
	ssize_t n;
	int fd;

	if (!is_one(id))
		return -EINVAL;
	fd = open(table[id].path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n == -1) {
		n = -errno;
		close(fd);
		return (int)n;
	}
	close(fd);
	text[n] = '\0';
	errno = 0;
	number = strtol(text, &end, 10);
	if (end == text || (*end != '\n' && *end != '\0') || errno != 0 ||
	    number < INT32_MIN || number > INT32_MAX)
		return -EPROTO;
	*value = (int)number;
	return 0;
}

/*
 * One write(2): the kernel takes the value or refuses it whole. How many bytes it says
 * it took is no proof: Debian's 6.1.0-50 leaves a newline behind for
 * net.ipv6.conf.all.forwarding. So the value is read back.
 */
int
sysctl_set(enum sysctl_id id, int value)
{
	char text[32];
	int length, fd, now = 0, error = 0;

	if (!is_one(id))
		return -EINVAL;
	if (table[id].lowest > table[id].highest)
		return -EPERM;
	if (value < table[id].lowest || value > table[id].highest)
		return -ERANGE;
	fd = open(table[id].path, O_WRONLY | O_CLOEXEC);
	if (fd == -1)
		return -errno;
	length = snprintf(text, sizeof(text), "%d", value);
	if (write(fd, text, (size_t)length) == -1)
		error = -errno;
	close(fd);
	if (error == 0)
		error = sysctl_get(id, &now);
	return error != 0 || now == value ? error : -EIO;
}

const char *
sysctl_name(enum sysctl_id id)
{
	return is_one(id) ? table[id].name : "";
}
