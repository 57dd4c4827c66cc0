/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports where the first packets of a flow tell what is spoken: TLS, what goes in the
 * clear, old file sharing. The tap's eBPF programs show these packets to user space,
 * and its flow table lets them through to the detectors: one list for both.
 */
#ifndef KERNEL_HELPERS_TAP_PORTS_H
#define KERNEL_HELPERS_TAP_PORTS_H

static inline int
tap_port_looked_into(unsigned int port)
{
	switch (port) {
	case 21: case 23: case 25: case 80: case 110: case 139: case 143: case 161:
	case 162: case 389: case 443: case 445: case 853: case 8080:
		return 1;
	}
	return 0;
}

#endif /* KERNEL_HELPERS_TAP_PORTS_H */
