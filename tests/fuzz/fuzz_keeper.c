/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks of a control process that was taken over. Everything that the keeper would do as
 * root is played here, and each play says what it must never be asked: an interface that
 * no policy names, a batch for a table that is not ours, forwarding without a gate.
 */
#include "agent/drift/drift_look.h"
#include "agent/keeper/keeper_gate.h"
#include "agent/keeper/keeper_internal.h"
#include "kernel-helpers/link_release.h"
#include "kernel-helpers/sysctl.h"
#include "rules/ruleset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define N_FLOWS	8u

struct link_kept {
	char name[16];
};

/* What was in force when the ask came: the plays have no other argument. */
static struct keeper keeper;
static bool stands;
static struct conntrack_flow flows[N_FLOWS];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static bool
is_watched(const char *name)
{
	for (uint32_t i = 0; i < keeper.interfaces.n_interfaces; i++)
		if (strcmp(keeper.interfaces.interfaces[i], name) == 0)
			return true;
	return false;
}

/* ---- what is played ------------------------------------------------------------- */

static int
exchange(struct nft_channel *ch, const void *bytes, size_t length, struct nft_replies *out)
{
	char why[200];

	must(ch == keeper.nft);
	must(nft_channel_allowed(bytes, length, why, sizeof(why)) == 0);
	*out = (struct nft_replies){ malloc(length + 1), length };
	must(out->bytes != NULL);
	if (length > 0)
		memcpy(out->bytes, bytes, length);
	return length % 2 == 0 ? 0 : -ENOBUFS;
}

bool
keeper_gate_look(struct keeper *k)
{
	return k->interfaces.n_interfaces == 3;
}

bool
keeper_gate_stands(struct keeper *k)
{
	(void)k;
	return stands;
}

int
keeper_gate_shut(struct keeper *k)
{
	(void)k;
	return 0;
}

void
keeper_harden(struct keeper *k)
{
	must(k == &keeper && stands);
}

void
keeper_harden_interfaces(struct keeper *k)
{
	must(k->interfaces.n_interfaces <= IPC_MAX_INTERFACES);
	for (uint32_t i = 0; i < k->interfaces.n_interfaces; i++) {
		const char *name = k->interfaces.interfaces[i];

		must(name[0] != '\0' && memchr(name, '\0', 16) != NULL);
		must(strchr(name, '/') == NULL && strcmp(name, "..") != 0);
	}
}

void
keeper_heard(struct keeper *k, enum child_id id)
{
	must(k == &keeper && id == CHILD_CONTROL);
}

void
keeper_describe(struct keeper *k, struct ipc_processes *out)
{
	(void)k;
	memset(out, 0, sizeof(*out));
}

int
keeper_load_policy(struct keeper *k, int *fd)
{
	(void)k;
	*fd = ipc_memfd("policy", "x", 1);
	return *fd < 0 ? *fd : 0;
}

int
keeper_restart_watcher(struct keeper *k)
{
	must(k->policy_fd >= 0 && fcntl(k->policy_fd, F_GETFD) >= 0);
	return 0;
}

int
sysctl_set(enum sysctl_id id, int value)
{
	must((id == SYSCTL_IPV4_FORWARD || id == SYSCTL_IPV6_FORWARD) && value == 1 && stands);
	return 0;
}

int
link_release_from_bridge(const char *name)
{
	must(is_watched(name));
	return 0;
}

int
link_take_down(const char *name, struct link_kept **kept)
{
	must(is_watched(name));
	*kept = calloc(1, sizeof(**kept));
	must(*kept != NULL);
	memcpy((*kept)->name, name, strlen(name) + 1);
	return 0;
}

int
link_bring_up(const char *name, struct link_kept *kept)
{
	must(kept != NULL ? strcmp(kept->name, name) == 0 : is_watched(name));
	free(kept);
	return 0;
}

void
link_kept_free(struct link_kept *kept)
{
	free(kept);
}

int
drift_look(struct nft_channel *ch, const struct ipc_watch *interfaces, enum drift_look what,
    struct nft_replies *out)
{
	(void)ch;
	must(interfaces == &keeper.interfaces && what < DRIFT_LOOK_COUNT);
	*out = (struct nft_replies){ 0 };
	return 0;
}

int
sd_notifyf(int unset, const char *format, ...)
{
	return unset + (format == NULL);
}

int
conntrack_open(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int
conntrack_compare(const struct conntrack_flow *a, const struct conntrack_flow *b)
{
	return a->mark != b->mark ? (a->mark > b->mark) - (a->mark < b->mark) :
	    (a->sport > b->sport) - (a->sport < b->sport);
}

int
conntrack_count(int fd, bool (*select)(void *arg, const struct conntrack_flow *f), void *arg,
    size_t *count)
{
	must(fd >= 0);
	*count = 0;
	for (size_t i = 0; i < N_FLOWS; i++) {
		bool chosen = select(arg, &flows[i]);

		must(!chosen || flows[i].mark != 0);
		*count += chosen;
	}
	return 0;
}

int
conntrack_change(int fd, enum conntrack_choice (*choose)(void *arg,
    const struct conntrack_flow *f, uint32_t *mark), void *arg, size_t *deleted, size_t *marked)
{
	must(fd >= 0);
	for (size_t i = 0; i < N_FLOWS; i++) {
		uint32_t mark = 0;
		enum conntrack_choice choice = choose(arg, &flows[i], &mark);

		must(choice == CONNTRACK_LEAVE || (flows[i].mark & MARK_PERMIT_MASK) != 0);
		must(choice != CONNTRACK_MARK || (mark & MARK_PERMIT_MASK) != 0);
		*deleted += choice == CONNTRACK_DELETE;
		*marked += choice == CONNTRACK_MARK;
	}
	return 0;
}

int
conntrack_delete(int fd, bool (*select)(void *arg, const struct conntrack_flow *f), void *arg,
    size_t *seen, size_t *deleted)
{
	must(fd >= 0);
	*seen = N_FLOWS;
	*deleted = 0;
	for (size_t i = 0; i < N_FLOWS; i++)
		(void)select(arg, &flows[i]);
	return 0;
}

/* ---- asks ------------------------------------------------------------------------ */

#define HEAD 6u			/* type, how, length of the payload, of the descriptor's bytes */
#define SEALED 1u
#define UNSEALED 2u
#define WHOLE_WATCH 4u		/* zeros behind the payload, to the length of a list */

static int
descriptor(unsigned int how, const uint8_t *bytes, size_t length)
{
	int fd = -1;

	if ((how & SEALED) != 0)
		return ipc_memfd("ask", bytes, length);
	if ((how & UNSEALED) != 0) {
		fd = memfd_create("ask", MFD_CLOEXEC);
		must(fd < 0 || write(fd, bytes, length) == (ssize_t)length);
	}
	return fd;
}

static void
take_answer(const struct ipc_message *asked)
{
	static struct ipc_message m;

	must(ipc_receive(keeper.control[1], &m) == 1);
	must(m.type == asked->type && m.number == asked->number);
	must(m.length == sizeof(m.payload.result) && m.payload.result.error <= 0);
	must(memchr(m.payload.result.text, '\0', sizeof(m.payload.result.text)) != NULL);
	if (m.fd >= 0)
		close(m.fd);
}

/* Returns the bytes used, 0 at the end. */
static size_t
one_ask(const uint8_t *data, size_t size)
{
	static struct ipc_message m;
	size_t length, behind;

	if (size < HEAD)
		return 0;
	length = (size_t)(data[2] | data[3] << 8);
	behind = (size_t)(data[4] | data[5] << 8);
	length = length < size - HEAD ? length : size - HEAD;
	behind = behind < size - HEAD - length ? behind : size - HEAD - length;
	memset(&m, 0, sizeof(m));
	m.type = (enum ipc_type)(1 + data[0] % (IPC_TYPE_COUNT - 1));
	m.length = length < IPC_MAX_PAYLOAD ? length : IPC_MAX_PAYLOAD;
	m.number = size;
	memcpy(m.payload.bytes, data + HEAD, m.length);
	if ((data[1] & WHOLE_WATCH) != 0 && m.length < sizeof(m.payload.watch))
		m.length = sizeof(m.payload.watch);
	m.fd = descriptor(data[1], data + HEAD + length, behind);
	stands = (data[1] & 8) != 0;
	keeper_answer(&keeper, &m);
	must(m.fd == -1);
	take_answer(&m);
	return HEAD + length + behind;
}

static void
forget(void)
{
	while (keeper.n_lines > 0)
		link_kept_free(keeper.lines[--keeper.n_lines].kept);
	if (keeper.policy_fd >= 0)
		close(keeper.policy_fd);
	close(keeper.control[0]);
	close(keeper.control[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct keeper_options options = { .policy = "policy.conf" };
	struct nft_channel channel = { .exchange = exchange };
	int before = dup(0);
	size_t used;

	close(before);
	keeper = (struct keeper){ .options = &options, .nft = &channel, .policy_fd = -1 };
	must(ipc_pair(keeper.control) == 0);
	for (size_t i = 0; i < N_FLOWS; i++)
		flows[i] = (struct conntrack_flow){ .sport = (uint16_t)i,
		    .mark = i < 4 ? (uint32_t)i : (uint32_t)i << 16 | (uint32_t)(i % 2) };
	while ((used = one_ask(data, size)) > 0) {
		data += used;
		size -= used;
	}
	forget();
	used = (size_t)dup(0);
	close((int)used);
	must((int)used == before);
	return 0;
}
