/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets at a given rate, and their count at the far side: the load under which
 * reloads must lose and leak nothing (PF-30).
 *
 *   flood send IFACE TEMPLATES PPS   round robin over the templates until SIGTERM
 *   flood count IFACE                until SIGTERM and silence, or SIGINT
 *
 * TEMPLATES holds frames, each behind its length as a little-endian 16-bit number:
 * UDP over IPv4 or IPv6 whose payload begins with MARK and the template's number as
 * a big-endian 32-bit number. Every round uses the next source port, so that every
 * packet opens a flow. Both print one JSON object, and outlive neither who started them
 * nor LONGEST seconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MARK		"skfl"
#define LONGEST		1800
#define MAX_TEMPLATES	16
#define MAX_FRAME	256
#define BATCH		64
#define PORT_FIRST	20000u
#define PORT_COUNT	16384u		/* flows alive at once; conntrack holds far more */
#define RECEIVE_BUFFER	(128 << 20)

struct template {
	uint8_t bytes[MAX_FRAME];
	uint16_t length;
	uint16_t udp;			/* offset of the UDP header */
	uint16_t sum, port;		/* as loaded: checksum and source port */
	uint64_t count;
};

struct flood {
	struct template templates[MAX_TEMPLATES];
	unsigned int n_templates;
	int socket;
};

static volatile sig_atomic_t stopped;

static void
on_signal(int number)
{
	stopped = number;
}

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void
put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* Offset of the UDP header in a frame; 0 when it has none. */
static uint16_t
find_udp(const uint8_t *frame, size_t length)
{
	if (length < 42)
		return 0;
	if (get16(frame + 12) == ETHERTYPE_IP && frame[14] == 0x45 && frame[23] == IPPROTO_UDP)
		return 34;
	if (get16(frame + 12) == ETHERTYPE_IPV6 && length >= 62 && frame[20] == IPPROTO_UDP)
		return 54;
	return 0;
}

/* Checksum after one 16-bit word changed: RFC 1624, equation 3. */
static uint16_t
adjust(uint16_t sum, uint16_t old, uint16_t new)
{
	uint32_t s = (uint16_t)~sum + (uint32_t)(uint16_t)~old + new;

	s = (s & 0xffff) + (s >> 16);
	s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s == 0 ? 0xffff : (uint16_t)~s;
}

static int
load(struct flood *f, const char *path)
{
	FILE *in = fopen(path, "rb");
	uint8_t head[2];

	if (in == NULL)
		return -errno;
	while (f->n_templates < MAX_TEMPLATES && fread(head, 1, 2, in) == 2) {
		struct template *t = &f->templates[f->n_templates];

		t->length = (uint16_t)(head[0] | head[1] << 8);
		if (t->length > MAX_FRAME || fread(t->bytes, 1, t->length, in) != t->length ||
		    (t->udp = find_udp(t->bytes, t->length)) == 0)
			break;
		t->port = get16(t->bytes + t->udp);
		t->sum = get16(t->bytes + t->udp + 6);
		f->n_templates++;
	}
	fclose(in);
	return f->n_templates > 0 ? 0 : -EINVAL;
}

static int
open_socket(struct flood *f, const char *interface, int protocol)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons((uint16_t)protocol),
	    .sll_ifindex = (int)if_nametoindex(interface) };
	int size = RECEIVE_BUFFER, on = 1;

	f->socket = socket(AF_PACKET, SOCK_RAW, 0);
	if (f->socket < 0 || to.sll_ifindex == 0)
		return -errno;
	if (protocol == 0)
		setsockopt(f->socket, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	else
		setsockopt(f->socket, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(f->socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	return bind(f->socket, (const struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The n-th packet of all, written to "frame"; returns its template. */
static struct template *
next_packet(struct flood *f, uint64_t n, uint8_t *frame)
{
	struct template *t = &f->templates[n % f->n_templates];
	uint16_t port = (uint16_t)(PORT_FIRST + n / f->n_templates % PORT_COUNT);

	memcpy(frame, t->bytes, t->length);
	put16(frame + t->udp, port);
	put16(frame + t->udp + 6, adjust(t->sum, t->port, port));
	return t;
}

/* Send up to BATCH packets from number n on; how many the interface took. */
static unsigned int
send_batch(struct flood *f, uint64_t n, unsigned int want)
{
	static uint8_t frames[BATCH][MAX_FRAME];
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	int sent;

	memset(messages, 0, sizeof(messages));
	for (unsigned int i = 0; i < want; i++) {
		parts[i].iov_base = frames[i];
		parts[i].iov_len = next_packet(f, n + i, frames[i])->length;
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	sent = sendmmsg(f->socket, messages, want, 0);
	for (int i = 0; i < sent; i++)
		f->templates[(n + (unsigned int)i) % f->n_templates].count++;
	return sent > 0 ? (unsigned int)sent : 0;
}

static void
print_counts(const struct flood *f, const char *name, double since, unsigned int dropped)
{
	printf("{\"%s\": [", name);
	for (unsigned int i = 0; i < f->n_templates; i++)
		printf("%s%llu", i > 0 ? ", " : "", (unsigned long long)f->templates[i].count);
	printf("], \"seconds\": %.3f, \"dropped\": %u}\n", seconds() - since, dropped);
}

static int
run_send(struct flood *f, double rate)
{
	const struct timespec pause = { .tv_nsec = 200000 };
	double start = seconds();
	uint64_t n = 0;

	while (!stopped) {
		uint64_t due = (uint64_t)((seconds() - start) * rate);

		/* After a long pause of ours: no burst to make up for it. */
		if (due > n + rate / 100) {
			start += (double)(due - n) / rate;
			continue;
		}
		if (due <= n) {
			nanosleep(&pause, NULL);
			continue;
		}
		n += send_batch(f, n, due - n < BATCH ? (unsigned int)(due - n) : BATCH);
	}
	print_counts(f, "sent", start, 0);
	return 0;
}

static void
count_frame(struct flood *f, const uint8_t *frame, size_t length)
{
	uint16_t udp = find_udp(frame, length);
	uint32_t number;

	if (udp == 0 || length < udp + 16u || memcmp(frame + udp + 8, MARK, 4) != 0)
		return;
	memcpy(&number, frame + udp + 12, sizeof(number));
	number = ntohl(number);
	if (number < MAX_TEMPLATES)
		f->templates[number].count++;
}

static int
run_count(struct flood *f)
{
	static uint8_t frames[BATCH][MAX_FRAME];
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	struct tpacket_stats loss = { 0 };
	socklen_t size = sizeof(loss);
	struct timeval wait = { .tv_usec = 100000 };
	double start = seconds();

	memset(messages, 0, sizeof(messages));
	for (unsigned int i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){ .iov_base = frames[i], .iov_len = MAX_FRAME };
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	setsockopt(f->socket, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	for (;;) {
		int got = recvmmsg(f->socket, messages, BATCH, MSG_WAITFORONE, NULL);

		for (int i = 0; i < got; i++)
			count_frame(f, frames[i], messages[i].msg_len);
		if (stopped == SIGINT || (got <= 0 && stopped))
			break;
	}
	getsockopt(f->socket, SOL_PACKET, PACKET_STATISTICS, &loss, &size);
	f->n_templates = MAX_TEMPLATES;
	print_counts(f, "counted", start, loss.tp_drops);
	return 0;
}

int
main(int argc, char **argv)
{
	static struct flood f;
	const struct sigaction action = { .sa_handler = on_signal };
	bool sends = argc == 5 && strcmp(argv[1], "send") == 0;
	int r = 0;

	if (!sends && !(argc == 3 && strcmp(argv[1], "count") == 0)) {
		fputs("usage: flood send IFACE TEMPLATES PPS | flood count IFACE\n", stderr);
		return 64;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(LONGEST);
	if (sends)
		r = load(&f, argv[3]);
	if (r == 0)
		r = open_socket(&f, argv[2], sends ? 0 : ETH_P_ALL);
	if (r < 0) {
		fprintf(stderr, "flood: %s\n", strerror(-r));
		return 1;
	}
	if (!sends) {		/* tells the caller that counting has begun */
		puts("ready");
		fflush(stdout);
	}
	r = sends ? run_send(&f, atof(argv[4])) : run_count(&f);
	close(f.socket);
	return r;
}
