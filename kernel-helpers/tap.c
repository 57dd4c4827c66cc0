/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The set of taps: one event ring for all of them, and packet rings for what it
 * does not carry.
 * Opened with privilege by the keeper, read without by the watcher after the
 * fork; nothing below tap_set_open() asks for a privilege again.
 */
#include "kernel-helpers/tap.h"

#include "kernel-helpers/link.h"
#include "kernel-helpers/tap_bpf_internal.h"
#include "kernel-helpers/tap_internal.h"

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TAG_BYTES	4u
#define MAC_BYTES	12u	/* both addresses, before an 802.1Q tag */

/* What the callbacks of libpcap and of the event ring need. */
struct delivery {
	struct tap_set *set;
	struct tap *tap;
	struct tap_ring *ring;
	int64_t clock_offset_ns;	/* CLOCK_REALTIME - CLOCK_MONOTONIC */
	void (*frame)(void *arg, const struct tap_frame *f);
	void *arg;
};

static size_t
buffer_size(size_t n)
{
	size_t share = TAP_BUFFER_TOTAL / (2 * (n == 0 ? 1 : n));

	if (share > TAP_BUFFER_BYTES)
		return TAP_BUFFER_BYTES;
	return share < TAP_BUFFER_LEAST ? TAP_BUFFER_LEAST : share;
}

static void
tap_down(struct tap *t)
{
	tap_ring_close(&t->incoming);
	tap_ring_close(&t->outgoing);
	if (t->leaving >= 0)
		close(t->leaving);
	if (t->entering >= 0)
		close(t->entering);
	t->leaving = t->entering = HOOK_NONE;
}

static void
learn_mac(struct tap *t, int fd)
{
	struct ifreq request;

	memset(&request, 0, sizeof(request));
	memcpy(request.ifr_name, t->name, sizeof(t->name));
	if (ioctl(fd, SIOCGIFHWADDR, &request) != 0 ||
	    request.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return;
	memcpy(t->mac, request.ifr_hwaddr.sa_data, sizeof(t->mac));
	t->has_mac = true;
}

static int
listen_to(const struct tap *t, struct tap_ring *r, char *why, size_t why_size)
{
	int error = tap_ring_listen(r);

	if (error != 0)
		snprintf(why, why_size, "%s: cannot listen: %s", t->name, strerror(-error));
	return error;
}

/* A tcx link, or HOOK_NONE with the reason in the tier's. */
static int
open_hook(struct tap_set *s, const struct tap *t, enum tap_program program)
{
	const char *frames = program == TAP_PROGRAM_ENTERING ? "arriving" : "leaving";
	int link;

	if (s->bpf == NULL || s->best < TAP_TIER_TCX)
		return HOOK_NONE;
	link = tap_bpf_attach(s->bpf, program, t->ifindex);
	if (link >= 0)
		return link;
	s->tier = TAP_TIER_EBPF;
	snprintf(s->tier_reason, sizeof(s->tier_reason),
	    "%s: no tcx hook, %s frames take a packet socket: %s", t->name, frames,
	    strerror(-link));
	return HOOK_NONE;
}

/*
 * The way in. Where there is a hook the ring stands by, small and without a frame: its
 * socket sends, and tells what the link is and when the interface went down.
 */
static int
open_incoming(struct tap_set *s, struct tap *t, char *why, size_t why_size)
{
	int program = s->bpf == NULL ? -1 :
	    tap_bpf_program(s->bpf, TAP_PROGRAM_INCOMING);
	int error;

	t->entering = open_hook(s, t, TAP_PROGRAM_ENTERING);
	error = tap_ring_open(&t->incoming, t->name, false, program,
	    t->entering >= 0 ? TAP_BUFFER_LEAST : buffer_size(s->n), why, why_size);
	if (error == 0 && t->entering < 0)
		error = listen_to(t, &t->incoming, why, why_size);
	return error;
}

/* The way out: before all tc programs, or where that cannot be, with the ring. */
static int
open_outgoing(struct tap_set *s, struct tap *t, char *why, size_t why_size)
{
	int program = s->bpf == NULL ? -1 :
	    tap_bpf_program(s->bpf, TAP_PROGRAM_OUTGOING);
	int error;

	t->leaving = open_hook(s, t, TAP_PROGRAM_LEAVING);
	if (t->leaving >= 0)
		return 0;
	error = tap_ring_open(&t->outgoing, t->name, true, program, buffer_size(s->n), why,
	    why_size);
	return error != 0 ? error : listen_to(t, &t->outgoing, why, why_size);
}

static int
name_tap(struct tap_set *s, const struct tap *t, bool provable, char *why,
    size_t why_size)
{
	int error = 0;

	if (s->bpf != NULL)
		error = tap_bpf_set_tap(s->bpf, (size_t)(t - s->taps), t->ifindex,
		    provable);
	if (error != 0)
		snprintf(why, why_size, "%s: %s", t->name, strerror(-error));
	return error;
}

/* An interface that is not there is no error: its tap stays down. */
static int
tap_open(struct tap_set *s, struct tap *t, char *why, size_t why_size)
{
	int error;

	t->ifindex = if_nametoindex(t->name);
	if (t->ifindex == 0)
		return 0;
	/* known to the filter before its first frame; provable once its link is known */
	error = name_tap(s, t, false, why, why_size);
	if (error == 0)
		error = open_incoming(s, t, why, why_size);
	if (error == 0) {
		learn_mac(t, pcap_fileno(t->incoming.pcap));
		error = open_outgoing(s, t, why, why_size);
	}
	if (error == 0)
		error = name_tap(s, t, t->incoming.link_type == DLT_EN10MB, why,
		    why_size);
	if (error != 0)
		tap_down(t);
	return error == -ENODEV ? 0 : error;
}

/* Without an answer every tag is foreign until one comes: told of, never passed over. */
static void
learn_vlans(struct tap_set *s)
{
	int fd = link_open();

	if (fd < 0)
		return;
	(void)tap_set_learn_vlans(s, fd);
	close(fd);
}

struct tap_set *
tap_set_open_tier(const char *const *interfaces, size_t n, enum tap_tier best, char *why,
    size_t why_size)
{
	struct tap_set *s = calloc(1, sizeof(*s) + n * sizeof(s->taps[0]));

	if (s == NULL) {
		snprintf(why, why_size, "out of memory");
		return NULL;
	}
	s->n = n;
	s->best = best;
	s->tier = TAP_TIER_CLASSIC;
	for (size_t i = 0; i < n; i++)
		s->taps[i].entering = s->taps[i].leaving = HOOK_NONE;
	if (best >= TAP_TIER_EBPF)
		s->bpf = tap_bpf_open(s->tier_reason, sizeof(s->tier_reason));
	else
		snprintf(s->tier_reason, sizeof(s->tier_reason),
		    "eBPF was not asked for");
	if (s->bpf != NULL)
		s->tier = best;

	for (size_t i = 0; i < n; i++) {
		int error;

		snprintf(s->taps[i].name, sizeof(s->taps[i].name), "%s", interfaces[i]);
		error = tap_open(s, &s->taps[i], why, why_size);
		if (error != 0) {
			tap_set_close(s);
			errno = -error;
			return NULL;
		}
	}
	memcpy(s->open_reason, s->tier_reason, sizeof(s->open_reason));
	learn_vlans(s);
	return s;
}

struct tap_set *
tap_set_open(const char *const *interfaces, size_t n, char *why, size_t why_size)
{
	return tap_set_open_tier(interfaces, n, TAP_TIER_TCX, why, why_size);
}

void
tap_set_close(struct tap_set *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++)
		tap_down(&s->taps[i]);
	tap_bpf_close(s->bpf);
	free(s);
}

size_t
tap_set_fds(const struct tap_set *s, int *fds, size_t max)
{
	size_t n = 0;

	if (s->bpf != NULL && n++ < max)
		fds[0] = tap_bpf_fd(s->bpf);
	for (size_t i = 0; i < s->n; i++) {
		if (!tap_up(&s->taps[i]))
			continue;
		if (n++ < max)
			fds[n - 1] = pcap_get_selectable_fd(s->taps[i].incoming.pcap);
		if (s->taps[i].outgoing.pcap != NULL && n++ < max)
			fds[n - 1] = pcap_get_selectable_fd(s->taps[i].outgoing.pcap);
	}
	return n;
}

static void
on_packet(u_char *context, const struct pcap_pkthdr *h, const u_char *bytes)
{
	struct delivery *d = (struct delivery *)(void *)context;
	struct tap_frame f = {
		.bytes = bytes,
		.captured = h->caplen,
		.length = h->len,
		.time_ns = (int64_t)h->ts.tv_sec * 1000000000 + h->ts.tv_usec * 1000,
		.interface = (int)(d->tap - d->set->taps),
		.outgoing = d->ring == &d->tap->outgoing,
		.ingress = TAP_INGRESS_BY_SOURCE,
		.link_type = d->ring->link_type,
	};

	d->ring->delivered++;
	d->frame(d->arg, &f);
}

/* Put back the tag that the kernel keeps beside the frame, as libpcap does. */
static void
put_tag_back(const struct tap_event *e, uint8_t *room, struct tap_frame *f)
{
	uint32_t rest = f->captured - MAC_BYTES;

	memcpy(room, e->head, MAC_BYTES);
	memcpy(room + MAC_BYTES, &e->vlan_proto, 2);
	room[MAC_BYTES + 2] = (uint8_t)(e->vlan_tci >> 8);
	room[MAC_BYTES + 3] = (uint8_t)e->vlan_tci;
	memcpy(room + MAC_BYTES + TAG_BYTES, e->head + MAC_BYTES, rest);
	f->bytes = room;
	f->captured += TAG_BYTES;
	f->length += TAG_BYTES;
}

/* Index of a tap, or who else it is. */
static int
ingress_of(const struct tap_set *s, uint32_t ifindex)
{
	int at = tap_set_find(s, ifindex);

	if (ifindex == 0)
		return TAP_INGRESS_SELF;
	return at < 0 ? TAP_INGRESS_FOREIGN : at;
}

static void
on_event(void *context, const struct tap_event *e)
{
	struct delivery *d = context;
	uint8_t room[TAP_HEAD_BYTES + TAG_BYTES];
	bool leaving = e->egress != 0, cooked;
	int at = tap_set_find(d->set, leaving ? e->egress : e->ingress);
	struct tap *t;

	if (at < 0)
		return;
	t = &d->set->taps[at];
	cooked = t->incoming.link_type == DLT_LINUX_SLL ||
	    t->incoming.link_type == DLT_LINUX_SLL2;
	struct tap_frame f = {
		.bytes = e->head,
		.captured = e->captured,
		.length = e->length,
		.time_ns = (int64_t)e->time_ns + d->clock_offset_ns,
		.interface = at,
		.outgoing = leaving,
		.ingress = leaving ? ingress_of(d->set, e->ingress) :
		    TAP_INGRESS_BY_SOURCE,
		/* a cooked socket sees the frame without its link header */
		.link_type = cooked ? DLT_RAW : t->incoming.link_type,
	};
	if (e->vlan_present && f.link_type == DLT_EN10MB && f.captured > MAC_BYTES)
		put_tag_back(e, room, &f);
	t->events++;
	d->frame(d->arg, &f);
}

static int64_t
clock_offset(void)
{
	struct timespec real, monotonic;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	return (int64_t)(real.tv_sec - monotonic.tv_sec) * 1000000000 +
	    (real.tv_nsec - monotonic.tv_nsec);
}

/* Frames handed over; -ENETDOWN: the interface is gone, its tap is closed. */
static int
dispatch_tap(struct delivery *d, struct tap *t, int max)
{
	struct tap_ring *rings[] = { &t->incoming, &t->outgoing };
	int total = 0;

	d->tap = t;
	for (size_t i = 0; i < 2; i++) {
		int n;

		if (total >= max)
			break;
		if (rings[i]->pcap == NULL)
			continue;
		d->ring = rings[i];
		n = pcap_dispatch(rings[i]->pcap, max - total, on_packet, (u_char *)d);
		if (n < 0) {
			tap_ring_ask(&t->incoming);
			tap_ring_ask(&t->outgoing);
			tap_down(t);
			return -ENETDOWN;
		}
		total += n;
	}
	return total;
}

int
tap_set_dispatch(struct tap_set *s, int max_frames,
    void (*frame)(void *arg, const struct tap_frame *f), void *arg)
{
	struct delivery d = { .set = s, .frame = frame, .arg = arg };
	int total = 0, error = 0;

	d.clock_offset_ns = clock_offset();
	if (s->bpf != NULL)
		total = tap_bpf_dispatch(s->bpf, max_frames / 2 + 1, on_event, &d);
	if (total < 0)
		return total;
	for (size_t i = 0; i < s->n && total < max_frames; i++) {
		struct tap *t = &s->taps[s->next];
		int n = tap_up(t) ? dispatch_tap(&d, t, max_frames - total) : 0;

		s->next = (s->next + 1) % s->n;
		if (n < 0)
			error = n;
		else
			total += n;
	}
	return error != 0 ? error : total;
}

static void
stop_hook(int *link)
{
	if (*link < 0)
		return;
	close(*link);
	*link = HOOK_STOPPED;
}

void
tap_set_stop(struct tap_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		tap_ring_stop(&s->taps[i].incoming);
		tap_ring_stop(&s->taps[i].outgoing);
		stop_hook(&s->taps[i].entering);
		stop_hook(&s->taps[i].leaving);
	}
}

void
tap_set_programs(const struct tap_set *s, uint32_t *leaving, uint32_t *entering)
{
	*leaving = s->bpf == NULL ? 0 : s->bpf->leaving_number;
	*entering = s->bpf == NULL ? 0 : s->bpf->entering_number;
}
