/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UDP frames as fast as one processor sends them, for the forwarding benches:
 * with veth pairs the send, the forwarding and the delivery of a packet run one
 * after the other in the sender's context, so time per packet is the cost of
 * the whole chain.
 *
 *   bench_blast IFACE GATEWAY-MAC TUPLES PACKETS PORT-STEP [reverse] [rate=N]
 *
 * Walks the tuples ("source destination port" a line) round and round. After
 * each round the source port grows by PORT-STEP: 0 keeps the flows, 1 makes
 * every packet the first of a flow. "reverse" swaps the ends, for replies; rate:
 * packets a second instead of as many as go. Prints nanoseconds per packet, of
 * this process's time on the processor, which it may share.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME		60u	/* the smallest Ethernet frame without its FCS */
#define BATCH		64u
#define MAX_TUPLES	65536u
#define FIRST_PORT	10000u

struct tuple {
	uint32_t src, dst;	/* network order */
	uint16_t port;		/* host order */
};

struct blast {
	struct tuple *tuples;
	size_t n;
	uint8_t gateway[6], own[6];
	int socket;
	bool reverse;
	double rate;		/* 0: no limit */
};

static void __attribute__((noreturn))
die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void
read_tuples(struct blast *b, const char *path)
{
	FILE *f = fopen(path, "re");
	char src[64], dst[64];
	unsigned int port;

	b->tuples = calloc(MAX_TUPLES, sizeof(*b->tuples));
	if (f == NULL || b->tuples == NULL)
		die(path);
	while (b->n < MAX_TUPLES && fscanf(f, "%63s %63s %u", src, dst, &port) == 3) {
		struct tuple *t = &b->tuples[b->n++];

		t->port = (uint16_t)port;
		if (inet_pton(AF_INET, src, &t->src) != 1 || inet_pton(AF_INET, dst, &t->dst) != 1)
			die(path);
	}
	fclose(f);
	if (b->n == 0)
		die(path);
}

static void
open_socket(struct blast *b, const char *interface)
{
	struct sockaddr_ll sll = { .sll_family = AF_PACKET };
	socklen_t size = sizeof(sll);
	const int one = 1;

	b->socket = socket(AF_PACKET, SOCK_RAW, 0);
	sll.sll_ifindex = (int)if_nametoindex(interface);
	if (b->socket < 0 || sll.sll_ifindex == 0 ||
	    bind(b->socket, (const struct sockaddr *)&sll, sizeof(sll)) < 0 ||
	    getsockname(b->socket, (struct sockaddr *)&sll, &size) < 0)
		die(interface);
	memcpy(b->own, sll.sll_addr, sizeof(b->own));
	if (setsockopt(b->socket, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) < 0)
		die("PACKET_QDISC_BYPASS");
}

/* RFC 1071. */
static uint16_t
checksum(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void
put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* The UDP checksum stays 0: none (RFC 768), so the cost is the gateway's. */
static void
build(const struct blast *b, const struct tuple *t, uint16_t port, uint8_t frame[FRAME])
{
	const uint16_t length = FRAME - ETH_HLEN;
	uint16_t sum;

	memset(frame, 0, FRAME);
	memcpy(frame, b->gateway, 6);
	memcpy(frame + 6, b->own, 6);
	put16(frame + 12, ETHERTYPE_IP);
	frame[14] = 0x45;
	put16(frame + 16, length);
	frame[22] = 64;
	frame[23] = IPPROTO_UDP;
	memcpy(frame + 26, b->reverse ? &t->dst : &t->src, 4);
	memcpy(frame + 30, b->reverse ? &t->src : &t->dst, 4);
	sum = checksum(frame + 14, 20);
	memcpy(frame + 24, &sum, 2);
	put16(frame + 34, b->reverse ? t->port : port);
	put16(frame + 36, b->reverse ? port : t->port);
	put16(frame + 38, length - 20);
}

static double
seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
send_batch(int fd, struct mmsghdr *messages, unsigned int n)
{
	for (unsigned int done = 0; done < n;) {
		int r = sendmmsg(fd, messages + done, n - done, 0);

		if (r < 0 && errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
			die("sendmmsg");
		done += r > 0 ? (unsigned int)r : 0;
	}
}

static double
blast(const struct blast *b, size_t packets, unsigned int step)
{
	static uint8_t frames[BATCH][FRAME];
	struct iovec iov[BATCH];
	struct mmsghdr messages[BATCH];
	double start = seconds(CLOCK_MONOTONIC), spent = seconds(CLOCK_PROCESS_CPUTIME_ID);
	size_t sent = 0;

	memset(messages, 0, sizeof(messages));
	for (unsigned int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ .iov_base = frames[i], .iov_len = FRAME };
		messages[i].msg_hdr.msg_iov = &iov[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	while (sent < packets) {
		unsigned int n = 0;

		for (; n < BATCH && sent + n < packets; n++) {
			size_t k = sent + n;

			build(b, &b->tuples[k % b->n],
			    (uint16_t)(FIRST_PORT + k / b->n * step), frames[n]);
		}
		while (b->rate > 0 && (double)sent / b->rate > seconds(CLOCK_MONOTONIC) - start)
			usleep(200);
		send_batch(b->socket, messages, n);
		sent += n;
	}
	return (seconds(CLOCK_PROCESS_CPUTIME_ID) - spent) * 1e9 / (double)packets;
}

int
main(int argc, char **argv)
{
	struct blast b = { .socket = -1 };
	struct ether_addr gateway;

	if (argc < 6 || ether_aton_r(argv[2], &gateway) == NULL) {
		fprintf(stderr, "bench_blast IFACE GATEWAY-MAC TUPLES PACKETS PORT-STEP [reverse]\n");
		return 64;
	}
	memcpy(b.gateway, gateway.ether_addr_octet, sizeof(b.gateway));
	for (int i = 6; i < argc; i++) {
		b.reverse |= strcmp(argv[i], "reverse") == 0;
		if (strncmp(argv[i], "rate=", 5) == 0)
			b.rate = strtod(argv[i] + 5, NULL);
	}
	read_tuples(&b, argv[3]);
	open_socket(&b, argv[1]);
	printf("%.1f\n", blast(&b, strtoull(argv[4], NULL, 10),
	    (unsigned int)strtoul(argv[5], NULL, 10)));
	free(b.tuples);
	close(b.socket);
	return EXIT_SUCCESS;
}
