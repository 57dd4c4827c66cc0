/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many packets the kernel has forwarded so far, permitted or not, of both families. */
#ifndef KERNEL_HELPERS_FORWARDED_H
#define KERNEL_HELPERS_FORWARDED_H

#include <stdint.h>

/*
 * ForwDatagrams of /proc/net/snmp and Ip6OutForwDatagrams of snmp6 (RFC 4293), of the
 * network namespace of the caller. 0 or a negative errno.
 */
int forwarded_packets(uint64_t *packets);

#endif /* KERNEL_HELPERS_FORWARDED_H */
