/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The watcher gets the policy in force, and is started where it does not watch for it. */
#include "agent/control/control_internal.h"
#include "agent/control/priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Building a classifier of 100,000 boxes takes a fraction of a second. */
#define POLICY_TIMEOUT_MS 10000

static void
list_interfaces(const struct checked *checked, struct ipc_watch *w)
{
	memset(w, 0, sizeof(*w));
	for (size_t i = 0; i < checked->n_segments && i < IPC_MAX_INTERFACES; i++)
		snprintf(w->interfaces[w->n_interfaces++], sizeof(w->interfaces[0]), "%s",
		    checked->segments[i].interface);
}

/* A watcher that runs already may have been started by an earlier control process. */
static bool
watches_these(struct control *c, const struct ipc_watch *w)
{
	json_t *account, *tap;
	size_t i;
	bool same;

	if (c->watching)
		return memcmp(w, &c->interfaces, sizeof(*w)) == 0;
	account = control_ask_json(c, c->setup->watch_fd, IPC_WATCH_STATUS);
	same = json_array_size(json_object_get(account, "taps")) == w->n_interfaces &&
	    account != NULL;
	json_array_foreach(json_object_get(account, "taps"), i, tap) {
		const char *name = json_string_value(json_object_get(tap, "interface"));

		same = same && name != NULL && strcmp(name, w->interfaces[i]) == 0 &&
		    !json_is_true(json_object_get(tap, "missing"));
	}
	json_decref(account);
	return same;
}

static int
hand_policy(struct control *c, int policy_fd)
{
	int r;

	r = ipc_ask_meanwhile(c->setup->watch_fd, IPC_WATCH_POLICY, NULL, 0, policy_fd,
	    &c->answer, POLICY_TIMEOUT_MS, c->asker.meanwhile, c->asker.arg);
	if (r < 0)
		return r;
	if (c->answer.fd >= 0)
		close(c->answer.fd);
	return c->answer.length == sizeof(c->answer.payload.result) ?
	    c->answer.payload.result.error : -EPROTO;
}

int
control_watch(struct control *c, const struct checked *checked)
{
	static struct ipc_watch wanted;
	char why[256] = "";
	int fd = control_cutoff_memfd(c, checked);
	int r;

	if (fd < 0)
		return fd;
	list_interfaces(checked, &wanted);
	if (watches_these(c, &wanted))
		r = hand_policy(c, fd);
	else
		r = priv_watch(&c->asker, &wanted, fd, why, sizeof(why));
	close(fd);
	/* One that died meanwhile has a successor, which is told of next and gets it then. */
	c->watching = r == 0 || r == -ECONNRESET;
	c->interfaces = wanted;
	control_matrix_begin(c);
	return r;
}
