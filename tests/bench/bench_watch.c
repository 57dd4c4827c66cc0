/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watcher as the live bench runs it, and the taps it is measured against.
 *
 *   bench_watch watch POLICY IFACE...   the real watcher, with the gate's log
 *   bench_watch reject in:IFACE out:IFACE enter:IFACE leave:IFACE...   packet sockets
 *       that take nothing, and programs at the tcx hooks of both ways that do nothing
 *
 * Says "ready", then answers every line on its input: "status" with one line of
 * JSON. At the end of the input the watcher stops; one more line tells the
 * violations as a recorder would have written them, class by class: "recorded
 * ZV-02:PACKETS ...". A packet may stand in several: what detectors make of packets
 * (ZV-10, a scan; ZV-11, a beacon) is told beside the judgement of each (ZV-02).
 */
#include "agent/ipc.h"
#include "agent/record/event.h"
#include "agent/watch/canary.h"
#include "agent/watch/watcher.h"
#include "agent/watch_start.h"
#include "kernel-helpers/nflog.h"
#include "rules/compile.h"
#include "rules/violation_class.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_OWN 64

/* linux/if_packet.h, since 4.20 */
#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

static void __attribute__((noreturn))
die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

/* The cheapest packet socket there is: a filter that rejects everything. */
static void
reject(const char *word)
{
	struct sock_filter nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog program = { .len = 1, .filter = nothing };
	struct sockaddr_ll sll = { .sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL) };
	union { const struct sockaddr_ll *ll; const struct sockaddr *any; } at = { &sll };
	int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1;
	const char *name = strchr(word, ':');

	if (fd < 0 || name == NULL)
		die(word);
	sll.sll_ifindex = (int)if_nametoindex(name + 1);
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ||
	    (word[0] == 'i' && setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one,
	    sizeof(one)) < 0) ||
	    bind(fd, at.any, sizeof(sll)) < 0)
		die(word);
}

/* linux/bpf.h since 6.6 */
#define TCX_INGRESS 46u
#define TCX_EGRESS 47u

/* "return TCX_NEXT": what any program at that hook costs. */
static void
pass(const char *interface, uint32_t hook)
{
	const struct bpf_insn next[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = -1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	/* union bpf_attr, link_create with its tcx member (Linux 6.6) */
	const uint32_t link[8] = {
		(uint32_t)bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "pass", "GPL", next, 2,
		    NULL),
		if_nametoindex(interface), hook,
	};

	if (syscall(SYS_bpf, BPF_LINK_CREATE, link, sizeof(link)) < 0)
		die(interface);
}

static char *
read_policy(const char *path, size_t *length)
{
	FILE *f = fopen(path, "re");
	char *text;
	long size;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0)
		die(path);
	rewind(f);
	text = calloc(1, (size_t)size + 1);
	if (text == NULL || fread(text, 1, (size_t)size, f) != (size_t)size)
		die(path);
	fclose(f);
	*length = (size_t)size;
	return text;
}

static pid_t
start_watcher(char **argv, int control, int recorder, int others[2])
{
	static struct ip_addr own[MAX_OWN];
	static struct softnet softnet;
	static struct watcher_seed seed;
	/* No keeper sends canaries here: after half a minute the watcher misses them, once. */
	static const struct canary_key key;
	static const struct canary_page none;
	struct watcher_setup setup = { .control_fd = control, .recorder_fd = recorder,
		.link_fd = link_open(), .softnet = &softnet, .seed = &seed,
		.canary_key = &key, .canaries = &none, .canary_fd = -1 };
	char why[256] = "";
	size_t n = 0;
	pid_t child;

	while (argv[1 + n] != NULL)
		n++;
	setup.policy_text = read_policy(argv[0], &setup.policy_length);
	setup.taps = tap_set_open((const char *const *)&argv[1], n, why, sizeof(why));
	if (setup.taps == NULL) {
		fprintf(stderr, "%s\n", why);
		exit(EXIT_FAILURE);
	}
	setup.own = own;
	setup.n_own = watch_own_addresses(own, MAX_OWN);
	setup.nflog_fd = nflog_open(COMPILE_LOG_GROUP);
	softnet_open(&softnet);
	child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		close(others[0]);
		close(others[1]);
		_exit(watcher_run(&setup));
	}
	tap_set_close(setup.taps);
	close(control);
	close(recorder);
	return child;
}

struct tally {
	uint64_t packets[ZV_COUNT];
};

/* False: nothing more comes. */
static bool
take_event(int fd, struct ipc_message *m, struct tally *t)
{
	const struct event *e = (const void *)m->payload.bytes;
	int r = ipc_receive(fd, m);

	if (r <= 0)
		return r != 0;
	if (m->type == IPC_RECORD_EVENT && m->length >= sizeof(*e) &&
	    e->kind == EVENT_VIOLATION && e->phase == PHASE_FINAL && e->zv < ZV_COUNT)
		t->packets[e->zv] += e->count;
	return true;
}

static void
print_status(int control, struct ipc_message *m)
{
	json_t *status = NULL;
	char *text;

	if (ipc_ask(control, IPC_WATCH_STATUS, NULL, 0, -1, m, 10000) < 0 ||
	    ipc_json(m, &status) < 0)
		die("status");
	text = json_dumps(status, JSON_COMPACT);
	printf("%s\n", text != NULL ? text : "");
	fflush(stdout);
	free(text);
	json_decref(status);
}

static void
print_tally(const struct tally *t)
{
	printf("recorded");
	for (int zv = 0; zv < ZV_COUNT; zv++)
		if (t->packets[zv] > 0)
			printf(" %s:%" PRIu64, violation_class_id((enum violation_class)zv),
			    t->packets[zv]);
	printf("\n");
}

static void
serve(int control, int recorder, struct ipc_message *m)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = recorder, .events = POLLIN } };
	struct tally tally = { { 0 } };
	char line[64];
	bool stopping = false;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			die("poll");
		if (fds[1].revents != 0 && !take_event(recorder, m, &tally))
			break;
		if (fds[0].revents == 0 || stopping)
			continue;
		if (read(STDIN_FILENO, line, sizeof(line)) > 0) {
			print_status(control, m);
			continue;
		}
		stopping = true;
		fds[0].fd = -1;
		if (ipc_send(control, IPC_STOP, NULL, 0, -1) < 0)
			die("stop");
	}
	print_tally(&tally);
}

static int
watch(char **argv)
{
	struct ipc_message *m = calloc(1, sizeof(*m));
	int control[2], recorder[2], status;
	pid_t child;

	if (m == NULL || ipc_pair(control) < 0 || ipc_pair(recorder) < 0)
		die("socket pair");
	child = start_watcher(argv, control[1], recorder[1],
	    (int[2]){ control[0], recorder[0] });
	print_status(control[0], m);
	serve(control[0], recorder[0], m);
	waitpid(child, &status, 0);
	free(m);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	char byte;

	if (argc >= 4 && strcmp(argv[1], "watch") == 0)
		return watch(&argv[2]);
	if (argc < 3 || strcmp(argv[1], "reject") != 0) {
		fprintf(stderr, "bench_watch watch POLICY IFACE... | reject WORD...\n");
		return 64;
	}
	for (int i = 2; i < argc; i++)
		if (strncmp(argv[i], "enter:", 6) == 0)
			pass(argv[i] + 6, TCX_INGRESS);
		else if (strncmp(argv[i], "leave:", 6) == 0)
			pass(argv[i] + 6, TCX_EGRESS);
		else
			reject(argv[i]);
	printf("ready\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	return EXIT_SUCCESS;
}
