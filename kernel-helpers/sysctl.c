/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
	ROW(SYSCTL_IPV6_FORCE_FORWARD, "net.ipv6.conf.all.force_forwarding",
	    "ipv6/conf/all/force_forwarding", 0, 0),
	ROW(SYSCTL_IPV4_PROXY_ARP, "net.ipv4.conf.all.proxy_arp",
	    "ipv4/conf/all/proxy_arp", 1, 0),
	ROW(SYSCTL_IPV6_PROXY_NDP, "net.ipv6.conf.all.proxy_ndp",
	    "ipv6/conf/all/proxy_ndp", 1, 0),
	ROW(SYSCTL_BRIDGE_CALL_IPTABLES, "net.bridge.bridge-nf-call-iptables",
	    "bridge/bridge-nf-call-iptables", 1, 0),
	ROW(SYSCTL_BRIDGE_CALL_IP6TABLES, "net.bridge.bridge-nf-call-ip6tables",
	    "bridge/bridge-nf-call-ip6tables", 1, 0),
	ROW(SYSCTL_IF_IPV4_FORWARD, "net.ipv4.conf.%s.forwarding",
	    "ipv4/conf/%s/forwarding", 0, 1),
	ROW(SYSCTL_IF_IPV4_SEND_REDIRECTS, "net.ipv4.conf.%s.send_redirects",
	    "ipv4/conf/%s/send_redirects", 0, 1),
	ROW(SYSCTL_IF_IPV4_PROXY_ARP, "net.ipv4.conf.%s.proxy_arp",
	    "ipv4/conf/%s/proxy_arp", 1, 0),
	ROW(SYSCTL_IF_IPV4_RP_FILTER, "net.ipv4.conf.%s.rp_filter",
	    "ipv4/conf/%s/rp_filter", 1, 0),
	ROW(SYSCTL_IF_IPV6_FORCE_FORWARD, "net.ipv6.conf.%s.force_forwarding",
	    "ipv6/conf/%s/force_forwarding", 0, 0),
	ROW(SYSCTL_IF_IPV6_PROXY_NDP, "net.ipv6.conf.%s.proxy_ndp",
	    "ipv6/conf/%s/proxy_ndp", 1, 0),
#undef ROW
};

static bool
is_one(enum sysctl_id id)
{
	return id > SYSCTL_NONE && id < SYSCTL_ID_COUNT;
}

/* Room for every row with the longest name. */
#define PATH_ROOM 128

/*
 * The file of a switch. In a path the kernel takes an interface's name as one step:
 * what would leave it is refused (dev_valid_name() of net/core/dev.c refuses it too).
 */
static int
path_of(enum sysctl_id id, const char *interface, char path[PATH_ROOM])
{
	const char *place = is_one(id) ? strstr(table[id].path, "%s") : NULL;

	if (!is_one(id) || (place != NULL) != (interface != NULL))
		return -EINVAL;
	if (place == NULL) {
		snprintf(path, PATH_ROOM, "%s", table[id].path);
		return 0;
	}
	if (interface[0] == '\0' || strnlen(interface, 16) == 16 ||
	    strchr(interface, '/') != NULL || strcmp(interface, ".") == 0 ||
	    strcmp(interface, "..") == 0)
		return -EINVAL;
	snprintf(path, PATH_ROOM, "%.*s%s%s", (int)(place - table[id].path), table[id].path,
	    interface, place + 2);
	return 0;
}

static int
read_number(const char *path, int *value)
{
	char text[32], *end;
	long number;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

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
static int
write_number(const char *path, int value)
{
	char text[32];
	int length, fd, now = 0, error = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd == -1)
		return -errno;
	length = snprintf(text, sizeof(text), "%d", value);
	if (write(fd, text, (size_t)length) == -1)
		error = -errno;
	close(fd);
	if (error == 0)
		error = read_number(path, &now);
	return error != 0 || now == value ? error : -EIO;
}

int
sysctl_get_of(enum sysctl_id id, const char *interface, int *value)
{
	char path[PATH_ROOM];
	int r = path_of(id, interface, path);

	return r < 0 ? r : read_number(path, value);
}

int
sysctl_set_of(enum sysctl_id id, const char *interface, int value)
{
	char path[PATH_ROOM];
	int r = path_of(id, interface, path);

	if (r < 0)
		return r;
	if (table[id].lowest > table[id].highest)
		return -EPERM;
	if (value < table[id].lowest || value > table[id].highest)
		return -ERANGE;
	return write_number(path, value);
}

int
sysctl_get(enum sysctl_id id, int *value)
{
	return sysctl_get_of(id, NULL, value);
}

int
sysctl_set(enum sysctl_id id, int value)
{
	return sysctl_set_of(id, NULL, value);
}

int
sysctl_lower(enum sysctl_id id, const char *interface, int value)
{
	int now = 0;
	int r = sysctl_get_of(id, interface, &now);

	return r < 0 || now <= value ? r : sysctl_set_of(id, interface, value);
}

const char *
sysctl_name(enum sysctl_id id)
{
	return is_one(id) ? table[id].name : "";
}
