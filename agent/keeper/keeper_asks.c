/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The requests of the control process, one row each. Control parses policies
 * and talks to clients; what it asks for is checked here as if it came from an
 * enemy. An unknown request is answered with -EPERM and told to the journal.
 */
#include "agent/keeper/keeper_internal.h"

#include "agent/drift/drift_look.h"
#include "agent/keeper/keeper_gate.h"
#include "agent/log.h"
#include "kernel-helpers/link_release.h"
#include "kernel-helpers/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* The batch of a million elements is about 100 MB (reference: 62.9 MB measured). */
#define BATCH_MAX ((size_t)256 << 20)

#define ANSWER_TRIES	50
#define ANSWER_PAUSE_US	10000

/* The answer, with the descriptor in *fd (closed by the caller). */
typedef void ask_fn(struct keeper *k, struct ipc_message *m, struct ipc_result *result, int *fd);

static void
fail(struct ipc_result *result, int error, const char *text)
{
	result->error = error;
	snprintf(result->text, sizeof(result->text), "%s", text);
}

static void
asroot_nft(struct keeper *k, struct ipc_message *m, struct ipc_result *result, int *fd)
{
	struct nft_replies replies = { 0 };
	void *bytes = NULL;
	size_t length = 0;
	char why[200] = "";
	int r = m->fd < 0 ? -EBADF : ipc_map(m->fd, BATCH_MAX, &bytes, &length);

	if (r < 0) {
		fail(result, r, "the batch cannot be read");
		return;
	}
	r = nft_channel_allowed(bytes, length, why, sizeof(why));
	if (r < 0) {
		log_warnx("keeper: refused a batch: %s", why);
		fail(result, -EPERM, why);
	} else {
		result->error = k->nft->exchange(k->nft, bytes, length, &replies);
		*fd = ipc_memfd("replies", replies.bytes, replies.length);
		if (*fd < 0)
			fail(result, *fd, "the replies cannot be handed over");
		nft_replies_free(&replies);
	}
	if (bytes != NULL)
		munmap(bytes, length);
}

static int
forwarding_on(void)
{
	int r4 = sysctl_set(SYSCTL_IPV4_FORWARD, 1);
	int r6 = sysctl_set(SYSCTL_IPV6_FORWARD, 1);

	return r4 < 0 ? r4 : r6;
}

static void
asroot_forwarding(struct keeper *k, struct ipc_message *m, struct ipc_result *result, int *fd)
{
	char why[96];
	int r;

	(void)fd;
	if (m->length != sizeof(uint32_t) || m->payload.number > 1) {
		fail(result, -EINVAL, "forwarding is 0 or 1");
		return;
	}
	if (m->payload.number == 0) {
		r = keeper_gate_shut(k);
		if (r < 0) {
			snprintf(why, sizeof(why), "forwarding cannot be switched off: %s",
			    strerror(-r));
			fail(result, r, why);
		}
		return;
	}
	/* What control has compared may have changed since. */
	if (keeper_gate_look(k)) {
		fail(result, -EAGAIN, "somebody changed the table just now");
	} else if (!keeper_gate_stands(k)) {
		fail(result, -ENOENT, "the table is not there");
	} else {
		keeper_harden(k);
		r = forwarding_on();
		if (r < 0) {
			snprintf(why, sizeof(why), "forwarding cannot be switched on: %s",
			    strerror(-r));
			fail(result, r, why);
		}
	}
}

/*
 * The start is over, well or badly: a gateway that stays shut because its
 * policy is bad is up, and says so, rather than holding up the boot.
 */
static void
asroot_ready(struct keeper *k, struct ipc_message *m, struct ipc_result *result, int *fd)
{
	char text[256];
	size_t n = m->length < sizeof(text) - 1 ? m->length : sizeof(text) - 1;

	(void)k;
	(void)result;
	(void)fd;
	memcpy(text, m->payload.bytes, n);
	text[n] = '\0';
	/* A newline would begin another assignment of sd_notify(3). */
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	(void)sd_notifyf(0, "READY=1\nSTATUS=%s", text);
}

/* An interface name as the kernel takes it: dev_valid_name() of net/core/dev.c. */
static bool
good_interface(const char name[16])
{
	size_t n = strnlen(name, 16);

	if (n == 0 || n == 16 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (name[i] == '/' || name[i] == ':' || name[i] <= ' ' || name[i] == 0x7f)
			return false;
	return true;
}

static void
asroot_watch(struct keeper *k, struct ipc_message *m, struct ipc_result *result, int *fd)
{
	const struct ipc_watch *w = &m->payload.watch;
	int r;

	(void)fd;
	if (m->length != sizeof(*w) || m->fd < 0 || w->n_interfaces > IPC_MAX_INTERFACES) {
		fail(result, -EINVAL, "a list of interfaces and a policy are needed");
		return;
	}
	for (uint32_t i = 0; i < w->n_interfaces; i++)
		if (!good_interface(w->interfaces[i])) {
			fail(result, -EINVAL, "a name is no interface name");
			return;
		}
	if (k->policy_fd >= 0)
		close(k->policy_fd);
	k->policy_fd = m->fd;
	m->fd = -1;
	k->interfaces = *w;
	keeper_harden_interfaces(k);
	r = keeper_restart_watcher(k);
	if (r < 0)
		fail(result, r, "the watcher cannot be started");
}

static void
asroot_load(struct keeper *k, struct ipc_message *m, struct ipc_result *result, int *fd)
{
	(void)m;
	result->error = keeper_load_policy(k, fd);
	if (result->error < 0)
		snprintf(result->text, sizeof(result->text), "%s cannot be loaded: %s",
		    k->options->policy, strerror(-result->error));
}

/* What stands around the gate; looks only. */
static void
asroot_look(struct keeper *k, struct ipc_message *m, struct ipc_result *result, int *fd)
{
	struct nft_replies replies = { 0 };

	if (m->length != sizeof(uint32_t) || m->payload.number >= DRIFT_LOOK_COUNT) {
		fail(result, -EINVAL, "no such look");
		return;
	}
	result->error = drift_look(k->nft, &k->interfaces, (enum drift_look)m->payload.number,
	    &replies);
	*fd = ipc_memfd("look", replies.bytes, replies.length);
	if (*fd < 0)
		fail(result, *fd, "what was seen cannot be handed over");
	nft_replies_free(&replies);
}

/* An interface of ours out of somebody's bridge, where frames would pass the gate by. */
static void
asroot_release(struct keeper *k, struct ipc_message *m, struct ipc_result *result, int *fd)
{
	char name[16] = "";
	bool ours = false;

	(void)fd;
	if (m->length < sizeof(name))
		memcpy(name, m->payload.bytes, m->length);
	for (uint32_t i = 0; i < k->interfaces.n_interfaces; i++)
		ours |= strcmp(k->interfaces.interfaces[i], name) == 0;
	if (name[0] == '\0' || !ours) {
		fail(result, -EPERM, "no interface of a segment");
		return;
	}
	result->error = link_release_from_bridge(name);
}

static void
asroot_processes(struct keeper *k, struct ipc_message *m, struct ipc_result *result, int *fd)
{
	struct ipc_processes all;

	(void)m;
	keeper_describe(k, &all);
	*fd = ipc_memfd("processes", &all, sizeof(all));
	if (*fd < 0)
		fail(result, *fd, "the account cannot be handed over");
}

static const struct {
	enum ipc_type type;
	ask_fn *answer;
} asks[] = {
	{ IPC_PRIV_NFT, asroot_nft },
	{ IPC_PRIV_FORWARDING, asroot_forwarding },
	{ IPC_PRIV_WATCH, asroot_watch },
	{ IPC_PRIV_LOAD, asroot_load },
	{ IPC_PRIV_FLOWS, asroot_flows },
	{ IPC_PRIV_FLOWS_CHANGE, asroot_flows_change },
	{ IPC_PRIV_READY, asroot_ready },
	{ IPC_PRIV_CUT_FLOWS, keeper_cut_flows },
	{ IPC_PRIV_LINK, keeper_link },
	{ IPC_PRIV_LOOK, asroot_look },
	{ IPC_PRIV_RELEASE, asroot_release },
	{ IPC_PRIV_PROCESSES, asroot_processes },
};

/*
 * Control does nothing but wait for it, a minute long: what stands in the way of an
 * answer (memory, a full queue) may pass. Without its descriptor if that is in the way.
 */
static int
answer_control(struct keeper *k, const struct ipc_message *m, struct ipc_result *result, int fd)
{
	int r = ipc_answer(k->control[0], m, result, sizeof(*result), fd);

	for (int i = 0; r < 0 && r != -EPIPE && i < ANSWER_TRIES; i++) {
		usleep(ANSWER_PAUSE_US);
		if (i == ANSWER_TRIES / 2 && result->error == 0)
			result->error = r;
		r = ipc_answer(k->control[0], m, result, sizeof(*result),
		    i < ANSWER_TRIES / 2 ? fd : -1);
	}
	return r;
}

void
keeper_answer(struct keeper *k, struct ipc_message *m)
{
	struct ipc_result result = { 0 };
	int fd = -1;
	size_t i = 0;
	int r;

	/* It waits for us, however long the answer takes. */
	keeper_heard(k, CHILD_CONTROL);
	while (i < sizeof(asks) / sizeof(asks[0]) && asks[i].type != m->type)
		i++;
	if (i < sizeof(asks) / sizeof(asks[0])) {
		asks[i].answer(k, m, &result, &fd);
	} else {
		log_warnx("keeper: control asked for something unknown (%d)", (int)m->type);
		fail(&result, -EPERM, "no such request");
	}
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
	keeper_heard(k, CHILD_CONTROL);
	r = answer_control(k, m, &result, fd);
	if (r < 0)
		log_warnx("keeper: cannot answer control: %s", strerror(-r));
	if (fd >= 0)
		close(fd);
}
