/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch_start.h"

#include "agent/log.h"
#include "agent/watch_seed.h"
#include "kernel-helpers/link.h"
#include "kernel-helpers/nflog.h"
#include "kernel-helpers/softnet.h"
#include "rules/compile.h"
#include "rules/cutoff_text.h"
#include "rules/limits.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OWN 4096u

static bool
own_address(const struct ifaddrs *i, struct ip_addr *out)
{
	if (i->ifa_addr == NULL || (i->ifa_flags & IFF_LOOPBACK) != 0)
		return false;
	if (i->ifa_addr->sa_family == AF_INET) {
		struct sockaddr_in sin;

		memcpy(&sin, i->ifa_addr, sizeof(sin));
		*out = address_from_bytes(IP_V4, (const uint8_t *)&sin.sin_addr);
		return true;
	}
	if (i->ifa_addr->sa_family == AF_INET6) {
		struct sockaddr_in6 sin6;

		memcpy(&sin6, i->ifa_addr, sizeof(sin6));
		*out = address_from_bytes(IP_V6, sin6.sin6_addr.s6_addr);
		return true;
	}
	return false;
}

size_t
watch_own_addresses(struct ip_addr *out, size_t max)
{
	struct ifaddrs *list = NULL;
	size_t n = 0;

	if (getifaddrs(&list) < 0)
		return 0;
	for (const struct ifaddrs *i = list; i != NULL && n < max; i = i->ifa_next)
		if (own_address(i, &out[n]))
			n++;
	freeifaddrs(list);
	return n;
}

static int
open_taps(const struct ipc_watch *w, struct watcher_setup *setup)
{
	const char *names[IPC_MAX_INTERFACES];
	char why[256] = "";

	for (uint32_t i = 0; i < w->n_interfaces; i++)
		names[i] = w->interfaces[i];
	setup->taps = tap_set_open(names, w->n_interfaces, why, sizeof(why));
	if (setup->taps == NULL) {
		log_warnx("watcher: cannot open the taps: %s", why);
		return errno != 0 ? -errno : -EIO;
	}
	return 0;
}

int
watch_start_open(const struct watch_start *start, struct watcher_setup *setup)
{
	struct ip_addr *own = calloc(MAX_OWN, sizeof(*own));
	struct softnet *softnet = calloc(1, sizeof(*softnet));
	struct watcher_seed *seed = calloc(1, sizeof(*seed));
	void *text = NULL;
	size_t length = 0;
	int r = own == NULL || softnet == NULL || seed == NULL ? -ENOMEM :
	    ipc_map(start->policy_fd, LIMIT_POLICY_BYTES + CUTOFF_TEXT_MAX, &text, &length);

	*setup = (struct watcher_setup){ .control_fd = start->control_fd,
	    .recorder_fd = start->recorder_fd,
	    .packets_fd = start->packets_fd, .policy_text = text, .policy_length = length,
	    .own = own, .nflog_fd = -1, .link_fd = -1, .softnet = softnet,
	    .seed = seed, .settle_ns = start->settle_ns };
	if (r == 0)
		r = open_taps(start->interfaces, setup);
	if (r < 0) {
		free(own);
		free(softnet);
		free(seed);
		return r;
	}
	softnet_open(softnet);
	setup->link_fd = link_open();
	if (setup->link_fd < 0)
		log_warnx("watcher: the interfaces cannot be looked after: %s",
		    strerror(-setup->link_fd));
	setup->n_own = watch_own_addresses(own, MAX_OWN);
	setup->nflog_fd = nflog_open(COMPILE_LOG_GROUP);
	if (setup->nflog_fd < 0)
		log_warnx("watcher: the gate's log cannot be heard: %s",
		    strerror(-setup->nflog_fd));
	/* Last: it takes a while where the table is large, and taps and log hear already. */
	watch_seed_collect(seed);
	return 0;
}
