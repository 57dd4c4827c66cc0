/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The switches of the kernel that the gate may turn: these and no others, by
 * number, so that nobody can name a file. They belong to the network namespace
 * of the caller (Documentation/networking/ip-sysctl.rst, nf_conntrack-sysctl.rst).
 */
#ifndef KERNEL_HELPERS_SYSCTL_H
#define KERNEL_HELPERS_SYSCTL_H

/* Zero names none. */
enum sysctl_id {
	SYSCTL_NONE = 0,
	SYSCTL_IPV4_FORWARD,		/* net.ipv4.ip_forward */
	SYSCTL_IPV6_FORWARD,		/* net.ipv6.conf.all.forwarding */
	SYSCTL_CT_TCP_LOOSE,		/* 0: no flow is picked up in its middle */
	SYSCTL_CT_TCP_TIME_WAIT,	/* seconds a closed flow is still known as one */
	SYSCTL_CT_TCP_CLOSE,		/* the same after a reset */
	SYSCTL_CT_MAX,			/* entries of the connection table */
	SYSCTL_CT_COUNT,		/* read only: entries in use */
	SYSCTL_IPV4_ACCEPT_SOURCE_ROUTE,
	SYSCTL_IPV6_ACCEPT_SOURCE_ROUTE,
	SYSCTL_IPV4_ACCEPT_REDIRECTS,
	SYSCTL_IPV6_ACCEPT_REDIRECTS,
	SYSCTL_IPV4_SEND_REDIRECTS,
	SYSCTL_IPV4_RP_FILTER,		/* 0 off, 1 strict, 2 loose */
	SYSCTL_IPV4_LOG_MARTIANS,
	SYSCTL_IPV4_ICMP_ECHO_IGNORE_BROADCASTS,
	SYSCTL_IPV6_FORCE_FORWARD,	/* forwards although SYSCTL_IPV6_FORWARD is 0 (Linux 6.17) */
	SYSCTL_IPV4_PROXY_ARP,
	SYSCTL_IPV6_PROXY_NDP,
	SYSCTL_BRIDGE_CALL_IPTABLES,	/* bridged packets pass IP hooks (br_netfilter) */
	SYSCTL_BRIDGE_CALL_IP6TABLES,
	/* of one interface: sysctl_get_of() */
	SYSCTL_IF_IPV4_FORWARD,
	SYSCTL_IF_IPV4_SEND_REDIRECTS,
	SYSCTL_IF_IPV4_PROXY_ARP,
	SYSCTL_IF_IPV4_RP_FILTER,
	SYSCTL_IF_IPV6_FORCE_FORWARD,
	SYSCTL_IF_IPV6_PROXY_NDP,
	SYSCTL_ID_COUNT
};

/*
 * The value into *value. 0 or a negative errno: -EINVAL not one of these;
 * -ENOENT this kernel lacks it (or nf_conntrack is not loaded).
 */
int sysctl_get(enum sysctl_id id, int *value);

/* As above; -EPERM for a read only one, -ERANGE for a value it cannot have. */
int sysctl_set(enum sysctl_id id, int value);

/*
 * The same for one interface. The name must be one that the kernel takes: -EINVAL.
 * Lower: set it where it is above the value, and write nothing where it is not.
 */
int sysctl_get_of(enum sysctl_id id, const char *interface, int *value);
int sysctl_set_of(enum sysctl_id id, const char *interface, int value);
int sysctl_lower(enum sysctl_id id, const char *interface, int value);

/* "net.ipv4.ip_forward", as sysctl(8) says it; "" for none. One of an
 * interface has "%s" in the interface's place. */
const char *sysctl_name(enum sysctl_id id);

#endif /* KERNEL_HELPERS_SYSCTL_H */
