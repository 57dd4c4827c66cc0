/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The keeper works off one ask at a time; a batch of a million elements takes seconds. */
#define ASK_TIMEOUT_MS 60000
/* Replies: a dump of a table with a million elements. */
#define REPLIES_MAX ((size_t)512 << 20)

static int
ask_meanwhile(const struct priv_asker *to, enum ipc_type type, const void *payload,
    size_t length, int send_fd, int *fd, char *why, size_t size)
{
	static struct ipc_message m;
	int r = ipc_ask_meanwhile(to->keeper_fd, type, payload, length, send_fd, &m,
	    ASK_TIMEOUT_MS, to->meanwhile, to->arg);

	*fd = -1;
	if (why != NULL && size > 0)
		snprintf(why, size, "%s", r < 0 ? strerror(-r) : "");
	if (r < 0)
		return r;
	if (m.length != sizeof(m.payload.result)) {
		if (m.fd >= 0)
			close(m.fd);
		return -EPROTO;
	}
	*fd = m.fd;
	m.payload.result.text[sizeof(m.payload.result.text) - 1] = '\0';
	if (why != NULL && size > 0)
		snprintf(why, size, "%s", m.payload.result.text);
	return m.payload.result.error;
}

/* Ask and take the result; *fd gets the answer's descriptor or -1. */
static int
ask(int keeper_fd, enum ipc_type type, const void *payload, size_t length, int send_fd,
    int *fd, char *why, size_t size)
{
	const struct priv_asker to = { .keeper_fd = keeper_fd };

	return ask_meanwhile(&to, type, payload, length, send_fd, fd, why, size);
}

static void
close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* What an answer brought along, whatever its result; the descriptor is closed. */
static int
take_replies(int r, int fd, struct nft_replies *replies)
{
	void *mapped = NULL;
	int mapping;

	mapping = fd < 0 ? -EPROTO : ipc_map(fd, REPLIES_MAX, &mapped, &replies->length);
	close_fd(fd);
	if (r < 0 && mapping < 0)
		return r;
	if (mapping < 0)
		return mapping;
	replies->bytes = malloc(replies->length > 0 ? replies->length : 1);
	if (replies->bytes == NULL)
		r = -ENOMEM;
	else if (mapped != NULL)
		memcpy(replies->bytes, mapped, replies->length);
	if (mapped != NULL)
		munmap(mapped, replies->length);
	return r;
}

static int
exchange(struct nft_channel *ch, const void *bytes, size_t length, struct nft_replies *replies)
{
	const struct priv_asker *to = ch->state;
	int batch = ipc_memfd("batch", bytes, length);
	int fd, r;

	*replies = (struct nft_replies){ 0 };
	if (batch < 0)
		return batch;
	/* Making the batch, and reading the replies, took and takes its time too. */
	to->meanwhile(to->arg);
	r = ask_meanwhile(to, IPC_PRIV_NFT, NULL, 0, batch, &fd, NULL, 0);
	close(batch);
	r = take_replies(r, fd, replies);
	to->meanwhile(to->arg);
	return r;
}

static void
close_channel(struct nft_channel *ch)
{
	free(ch->state);
}

struct nft_channel *
priv_nft_channel(const struct priv_asker *asker)
{
	struct nft_channel *ch = calloc(1, sizeof(*ch));
	struct priv_asker *state = malloc(sizeof(*state));

	if (ch == NULL || state == NULL) {
		free(ch);
		free(state);
		errno = ENOMEM;
		return NULL;
	}
	*state = *asker;
	ch->exchange = exchange;
	ch->close = close_channel;
	ch->state = state;
	return ch;
}

int
priv_forwarding(int keeper_fd, bool on, char *why, size_t size)
{
	uint32_t number = on ? 1 : 0;
	int fd;
	int r = ask(keeper_fd, IPC_PRIV_FORWARDING, &number, sizeof(number), -1, &fd, why, size);

	close_fd(fd);
	return r;
}

int
priv_watch(const struct priv_asker *asker, const struct ipc_watch *interfaces,
    int policy_fd, char *why, size_t size)
{
	int fd;
	int r = ask_meanwhile(asker, IPC_PRIV_WATCH, interfaces, sizeof(*interfaces),
	    policy_fd, &fd, why, size);

	close_fd(fd);
	return r;
}

int
priv_load(int keeper_fd, int *fd, char *why, size_t size)
{
	return ask(keeper_fd, IPC_PRIV_LOAD, NULL, 0, -1, fd, why, size);
}

int
priv_processes(int keeper_fd, struct ipc_processes *out)
{
	void *bytes = NULL;
	size_t length = 0;
	int fd;
	int r = ask(keeper_fd, IPC_PRIV_PROCESSES, NULL, 0, -1, &fd, NULL, 0);

	if (r == 0)
		r = fd < 0 ? -EPROTO : ipc_map(fd, sizeof(*out), &bytes, &length);
	if (r == 0 && (length != sizeof(*out) ||
	    ((const struct ipc_processes *)bytes)->n > IPC_MAX_PROCESSES))
		r = -EPROTO;
	if (r == 0)
		memcpy(out, bytes, sizeof(*out));
	if (bytes != NULL)
		munmap(bytes, length);
	close_fd(fd);
	return r;
}

int
priv_ready(int keeper_fd, const char *status)
{
	int fd;
	int r = ask(keeper_fd, IPC_PRIV_READY, status, strlen(status), -1, &fd, NULL, 0);

	close_fd(fd);
	return r;
}

int
priv_look(int keeper_fd, enum drift_look what, struct nft_replies *out)
{
	uint32_t number = (uint32_t)what;
	int fd, r;

	*out = (struct nft_replies){ 0 };
	r = ask(keeper_fd, IPC_PRIV_LOOK, &number, sizeof(number), -1, &fd, NULL, 0);
	return take_replies(r, fd, out);
}

int
priv_release(int keeper_fd, const char *interface)
{
	int fd;
	int r = ask(keeper_fd, IPC_PRIV_RELEASE, interface, strlen(interface), -1, &fd, NULL, 0);

	close_fd(fd);
	return r;
}

/* What an answer brings, copied; *length of it in bytes. */
static int
take(int fd, size_t max, void **bytes, size_t *length)
{
	void *mapped = NULL;
	int r = fd < 0 ? -EPROTO : ipc_map(fd, max, &mapped, length);

	*bytes = NULL;
	close_fd(fd);
	if (r < 0)
		return r;
	*bytes = malloc(*length + 1);
	if (*bytes != NULL && mapped != NULL)
		memcpy(*bytes, mapped, *length);
	if (mapped != NULL)
		munmap(mapped, *length);
	return *bytes == NULL ? -ENOMEM : 0;
}

static int
ask_with(const struct priv_asker *asker, enum ipc_type type, const void *bytes,
    size_t length, int *fd, char *why, size_t size)
{
	int sent = ipc_memfd("ask", bytes, length);
	int r = sent < 0 ? sent :
	    ask_meanwhile(asker, type, NULL, 0, sent, fd, why, size);

	close_fd(sent);
	return r;
}

int
priv_flows(const struct priv_asker *asker, const uint32_t *marks, size_t n,
    struct running_flow **entries, size_t *count, char *why, size_t size)
{
	size_t length = 0;
	void *bytes = NULL;
	int fd = -1;
	int r = ask_with(asker, IPC_PRIV_FLOWS, marks, n * sizeof(*marks), &fd, why, size);

	*entries = NULL;
	*count = 0;
	if (r == 0)
		r = take(fd, (size_t)IPC_MAX_FLOWS * sizeof(**entries), &bytes, &length);
	else
		close_fd(fd);
	if (r == 0 && length % sizeof(**entries) != 0)
		r = -EPROTO;
	if (r < 0) {
		free(bytes);
		return r;
	}
	*entries = bytes;
	*count = length / sizeof(**entries);
	return 0;
}

int
priv_flows_change(const struct priv_asker *asker, const struct running_flow *entries,
    size_t count, struct flow_changes *changes, char *why, size_t size)
{
	size_t length = 0;
	void *bytes = NULL;
	int fd = -1;
	int r = ask_with(asker, IPC_PRIV_FLOWS_CHANGE, entries, count * sizeof(*entries),
	    &fd, why, size);

	*changes = (struct flow_changes){ 0 };
	if (r == 0)
		r = take(fd, sizeof(*changes), &bytes, &length);
	else
		close_fd(fd);
	if (r == 0 && length != sizeof(*changes))
		r = -EPROTO;
	if (r == 0)
		memcpy(changes, bytes, sizeof(*changes));
	free(bytes);
	return r;
}

int
priv_cut_flows(int keeper_fd, int cut_fd, uint64_t *flows, char *why, size_t size)
{
	int fd;
	int r = ask(keeper_fd, IPC_PRIV_CUT_FLOWS, NULL, 0, cut_fd, &fd, why, size);

	close_fd(fd);
	*flows = r == 0 ? strtoull(why, NULL, 10) : 0;
	return r;
}

int
priv_link(int keeper_fd, const char *interface, bool up, char *why, size_t size)
{
	struct ipc_link link = { .up = up ? 1 : 0 };
	int fd, r;

	if (strlen(interface) >= sizeof(link.name))
		return -ENAMETOOLONG;
	memcpy(link.name, interface, strlen(interface));
	r = ask(keeper_fd, IPC_PRIV_LINK, &link, sizeof(link), -1, &fd, why, size);
	close_fd(fd);
	return r;
}
