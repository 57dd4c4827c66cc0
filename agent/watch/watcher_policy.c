/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A new policy is built whole before anything running is touched. */
#include "agent/watch/watcher_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

int
watcher_load(struct watcher *w, const char *text, size_t length, char *why,
    size_t why_size)
{
	struct watch_policy *next = watch_policy_new(text, length, w->setup->own,
	    w->setup->n_own, w->places, w->setup->taps, why, why_size);
	int error;

	if (next == NULL)
		return -errno;
	error = watcher_filter_set(w, next);
	if (error != 0)
		snprintf(why, why_size, "the kernel's filter has no policy: %s",
		    strerror(-error));

	error = watcher_inspect_policy(w, next);
	if (error != 0) {
		snprintf(why, why_size, "out of memory");
		watch_policy_free(next);
		return error;
	}
	watch_policy_free(w->before);
	w->before = w->policy;
	w->before_until_ns = watcher_clock() + WATCHER_GRACE_NS;
	w->policy = next;
	aggregate_set_digest(w->aggregate, next->checked->digest);
	return 0;
}

int
watcher_load_memfd(struct watcher *w, int fd, char *why, size_t why_size)
{
	void *bytes = NULL;
	size_t length = 0;
	int error;

	if (fd < 0) {
		snprintf(why, why_size, "no policy was handed over");
		return -EPROTO;
	}
	error = ipc_map(fd, LIMIT_POLICY_BYTES, &bytes, &length);
	if (error != 0) {
		snprintf(why, why_size, "the policy cannot be mapped");
		return error;
	}
	error = watcher_load(w, bytes, length, why, why_size);
	if (bytes != NULL)
		munmap(bytes, length);
	return error;
}
