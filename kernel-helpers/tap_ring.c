/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libpcap opens the socket bound to a protocol that never comes; the filter is
 * attached; only then the socket is bound to all protocols, and only if it is
 * needed: one that is bound costs every packet, taken or not. So there is no
 * moment in which frames enter unfiltered. libpcap leaves foreign filters
 * alone as long as pcap_setfilter(3PCAP) is never called.
 *
 * Not in immediate mode: that would give up TPACKET_V3. A block is handed over
 * when it is full or TAP_BLOCK_MS old.
 */
#include "kernel-helpers/tap_ring.h"

#include "kernel-helpers/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define TAP_BLOCK_MS 10

/* linux/if_packet.h, since 4.20 */
#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

static int
set_options(pcap_t *p, size_t buffer_bytes)
{
	int buffer = buffer_bytes > INT_MAX ? INT_MAX : (int)buffer_bytes;

	/*
	 * ETH_P_LOCALTALK: a dummy of the kernel, on no wire. Microseconds: for
	 * nanoseconds libpcap sets SO_TIMESTAMPNS, and as long as a socket has that, the
	 * kernel reads the clock for every frame of the machine (net_enable_timestamp(),
	 * which clearing the option does not undo). The ring reads it for what it takes.
	 */
	if (pcap_set_snaplen(p, (int)TAP_SNAPLEN) != 0 || pcap_set_promisc(p, 0) != 0 ||
	    pcap_set_timeout(p, TAP_BLOCK_MS) != 0 ||
	    pcap_set_buffer_size(p, buffer) != 0 ||
	    pcap_set_protocol_linux(p, ETH_P_LOCALTALK) != 0 ||
	    pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_MICRO) != 0)
		return -EINVAL;
	return 0;
}

static int
attach_classic(int fd, bool outgoing)
{
	struct sock_filter outgoing_only[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
		    (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, TAP_SNAPLEN),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_filter incoming_only[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
		    (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OTHERHOST, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, TAP_SNAPLEN),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {
		.len = outgoing ? sizeof(outgoing_only) / sizeof(outgoing_only[0]) :
		    sizeof(incoming_only) / sizeof(incoming_only[0]),
		.filter = outgoing ? outgoing_only : incoming_only,
	};

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0)
		return -errno;
	return 0;
}

static int
attach_filter(int fd, bool outgoing, int program)
{
	int on = 1;

	/* Spares the kernel a run of the filter; the filter alone suffices. */
	if (!outgoing)
		setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	if (program < 0)
		return attach_classic(fd, outgoing);
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program)) != 0)
		return -errno;
	return 0;
}

static int
status_errno(int status)
{
	switch (status) {
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		return -EPERM;
	case PCAP_ERROR_NO_SUCH_DEVICE:
	case PCAP_ERROR_IFACE_NOT_UP:
		return -ENODEV;
	default:
		return -EIO;
	}
}

static int
start(struct tap_ring *r, const char *interface, bool outgoing, int program, char *why,
    size_t why_size)
{
	char text[PCAP_ERRBUF_SIZE];
	int error = pcap_activate(r->pcap);

	if (error < 0) {
		snprintf(why, why_size, "%s: %s", interface, pcap_geterr(r->pcap));
		return status_errno(error);
	}
	error = attach_filter(pcap_fileno(r->pcap), outgoing, program);
	if (error != 0) {
		snprintf(why, why_size, "%s: cannot set the filter: %s", interface,
		    strerror(-error));
		return error;
	}
	if (pcap_setnonblock(r->pcap, 1, text) != 0) {
		snprintf(why, why_size, "%s: %s", interface, text);
		return -EIO;
	}
	r->link_type = pcap_datalink(r->pcap);
	return 0;
}

int
tap_ring_open(struct tap_ring *r, const char *interface, bool outgoing, int program,
    size_t buffer_bytes, char *why, size_t why_size)
{
	char text[PCAP_ERRBUF_SIZE];
	int error;

	memset(r, 0, sizeof(*r));
	r->pcap = pcap_create(interface, text);
	if (r->pcap == NULL) {
		snprintf(why, why_size, "%s: %s", interface, text);
		return -ENOMEM;
	}
	error = set_options(r->pcap, buffer_bytes);
	if (error != 0)
		snprintf(why, why_size, "%s: libpcap refuses our settings", interface);
	else
		error = start(r, interface, outgoing, program, why, why_size);
	if (error != 0)
		tap_ring_close(r);
	return error;
}

int
tap_ring_listen(struct tap_ring *r)
{
	union {
		struct sockaddr any;
		struct sockaddr_ll link;
	} address;
	socklen_t length = sizeof(address);
	int fd = pcap_fileno(r->pcap);

	memset(&address, 0, sizeof(address));
	if (getsockname(fd, &address.any, &length) != 0)
		return -errno;
	address.link.sll_protocol = htons(ETH_P_ALL);
	if (bind(fd, &address.any, sizeof(address.link)) != 0)
		return -errno;
	return 0;
}

void
tap_ring_stop(struct tap_ring *r)
{
	struct sock_filter nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog program = { .len = 1, .filter = nothing };

	/* A socket takes another filter from whoever holds it: no privilege needed. */
	if (r->pcap != NULL)
		(void)setsockopt(pcap_fileno(r->pcap), SOL_SOCKET, SO_ATTACH_FILTER,
		    &program, sizeof(program));
}

void
tap_ring_ask(struct tap_ring *r)
{
	struct pcap_stat now;

	if (r->pcap == NULL || pcap_stats(r->pcap, &now) != 0)
		return;
	r->received += (uint32_t)(now.ps_recv - r->raw_received);
	r->dropped += (uint32_t)(now.ps_drop - r->raw_dropped);
	r->raw_received = now.ps_recv;
	r->raw_dropped = now.ps_drop;
}

void
tap_ring_close(struct tap_ring *r)
{
	if (r->pcap == NULL)
		return;
	pcap_close(r->pcap);
	r->pcap = NULL;
}
