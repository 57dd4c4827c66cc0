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
	evidence_rules(w->evidence, &next->checked->record.evidence);
	aggregate_set_digest(w->aggregate, next->checked->digest);
	return 0;
}

static int
cut(struct watcher *w, const struct cut_parts *parts)
{
	int64_t since_ns = watcher_wall() + WATCHER_CUT_NS;
	int error = watch_policy_cut(w->policy, parts, since_ns);

	if (error == 0)
		error = inspect_set_cut(w->inspect, w->policy->cut, since_ns);
	if (error == 0 && w->before != NULL)
		error = watch_policy_cut(w->before, parts, since_ns);
	/* Without a policy the filter proves nothing permitted, so all is judged here. */
	if (error == 0)
		(void)watcher_filter_set(w, w->policy);
	return error;
}

int
watcher_cut_memfd(struct watcher *w, int fd, char *why, size_t why_size)
{
	struct cut_parts parts = { .all = false };
	void *bytes = NULL;
	size_t length = 0;
	int error = fd < 0 ? -EPROTO : ipc_map(fd, CUTOFF_TEXT_MAX, &bytes, &length);

	if (error == 0 && bytes != NULL)
		error = cut_parts_parse(bytes, length, &parts);
	if (error == 0)
		error = w->policy == NULL ? -ENOENT : cut(w, &parts);
	if (error != 0)
		snprintf(why, why_size, "the cut-offs are not watched: %s", strerror(-error));
	cut_parts_free(&parts);
	if (bytes != NULL)
		munmap(bytes, length);
	return error;
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
	error = ipc_map(fd, WATCHER_POLICY_BYTES, &bytes, &length);
	if (error != 0) {
		snprintf(why, why_size, "the policy cannot be mapped");
		return error;
	}
	error = watcher_load(w, bytes, length, why, why_size);
	if (bytes != NULL)
		munmap(bytes, length);
	return error;
}
