/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The recorder as it runs: a process of its own behind real socket pairs. */
#include "agent/ipc.h"
#include "agent/record/event.h"
#include "agent/record/log_names.h"
#include "agent/record/log_reader.h"
#include "agent/record/recorder.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NO_LIMIT 0u
#define ASK_MS 10000

/* Both ends stay open here, as the keeper keeps them: a new child finds its queue. */
struct bench {
	char directory[64];
	int watcher[2], control[2];	/* [0] ours, [1] the recorder's */
	pid_t pid;
	uint64_t reserve_bytes;
	unsigned int file_limit;	/* RLIMIT_FSIZE of the child */
};

static void
start(struct bench *b)
{
	const struct recorder_peer peers[] = {
		{ .socket = b->watcher[1], .name = "watcher" },
		{ .socket = b->control[1], .name = "control", .trusted = true },
	};
	struct recorder_setup setup = {
		.peers = peers, .n_peers = 2, .hostname = "gw1", .version = "0.1",
		.reserve_bytes = b->reserve_bytes,
	};

	b->pid = fork();
	CU_ASSERT_FATAL(b->pid >= 0);
	if (b->pid > 0)
		return;
	close(b->watcher[0]);
	close(b->control[0]);
	if (b->file_limit != NO_LIMIT) {
		/* The hard limit stays, so that the test can lift it again. */
		struct rlimit limit = {
		    .rlim_cur = b->file_limit, .rlim_max = RLIM_INFINITY};

		setrlimit(RLIMIT_FSIZE, &limit);
	}
	setup.directory = open(b->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_exit(recorder_run(&setup));
}

static void
set_up(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	strcpy(b->directory, "/tmp/sekisho-recorder-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(b->directory));
	CU_ASSERT_EQUAL_FATAL(ipc_pair(b->watcher), 0);
	CU_ASSERT_EQUAL_FATAL(ipc_pair(b->control), 0);
}

static void
stop(struct bench *b)
{
	int status = -1;

	CU_ASSERT_EQUAL(ipc_send(b->control[0], IPC_STOP, NULL, 0, -1), 0);
	CU_ASSERT_EQUAL(waitpid(b->pid, &status, 0), b->pid);
	CU_ASSERT_EQUAL(status, 0);
}

static void
shoot(struct bench *b)
{
	int status = 0;

	kill(b->pid, SIGKILL);
	CU_ASSERT_EQUAL(waitpid(b->pid, &status, 0), b->pid);
	CU_ASSERT_TRUE(WIFSIGNALED(status));
}

static void
path_of(const struct bench *b, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", b->directory, name);
}

static void
tear_down(struct bench *b)
{
	DIR *dir = opendir(b->directory);
	const struct dirent *entry;

	CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2)
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	CU_ASSERT_EQUAL(rmdir(b->directory), 0);
	for (int i = 0; i < 2; i++) {
		close(b->watcher[i]);
		close(b->control[i]);
	}
}

static void
send_violations(int socket, unsigned int n)
{
	struct event e = {
		.kind = EVENT_VIOLATION, .zv = ZV_02_NOT_PERMITTED, .severity = 3,
		.witness = WITNESS_GATE, .first_ns = 1795247696000000000,
		.last_ns = 1795247696000000000, .count = 1, .bytes = 60,
		.facts = { .protocol = 6, .dport = 443, .flags = FACT_HAS_PORTS },
		.from_zone = "lgwan", .to_zone = "internet", .in_interface = "lg0",
	};

	for (unsigned int i = 0; i < n; i++) {
		e.key = i;
		CU_ASSERT_EQUAL_FATAL(
		    ipc_send(socket, IPC_RECORD_EVENT, &e, sizeof(e), -1), 0);
	}
}

/* One number of the recorder's status. */
static json_int_t
ask(struct bench *b, const char *key)
{
	struct ipc_message *m = malloc(sizeof(*m));
	json_t *status = NULL;
	json_int_t value = -1;

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	if (ipc_ask(b->control[0], IPC_RECORD_STATUS, NULL, 0, -1, m, ASK_MS) == 0)
		status = json_loadb((const char *)m->payload.bytes, m->length, 0, NULL);
	if (status != NULL)
		value = json_integer_value(json_object_get(status, key));
	json_decref(status);
	free(m);
	return value;
}

/* Ask until the number has grown so far; bounded by ASK_MS. */
static void
wait_for(struct bench *b, const char *key, json_int_t at_least)
{
	for (int i = 0; i < ASK_MS / 5 && ask(b, key) < at_least; i++)
		usleep(5000);
	CU_ASSERT_TRUE(ask(b, key) >= at_least);
}

/* What the whole record says, every line checked for its number. */
struct tally {
	json_int_t last;		/* sequence */
	unsigned int records, bad, violations, gaps, life, gap_lost;
	bool gap_free;
	size_t rest;			/* bytes behind the last line */
	char gap_text[512];		/* message of the last gap */
};

static void
tally_one(struct tally *t, json_t *record)
{
	json_t *own = json_object_get(record, "sekisho");
	const char *kind = json_string_value(json_object_get(own, "kind"));
	json_int_t n = json_integer_value(
	    json_object_get(json_object_get(record, "event"), "sequence"));

	if (t->records > 0 && n != t->last + 1)
		t->gap_free = false;
	t->last = n;
	t->records++;
	t->violations += strcmp(kind, "violation") == 0;
	t->life += strcmp(kind, "life") == 0;
	if (strcmp(kind, "gap") != 0)
		return;
	t->gaps++;
	t->gap_lost += (unsigned int)json_integer_value(json_object_get(own, "lost"));
	snprintf(t->gap_text, sizeof(t->gap_text), "%s",
	    json_string_value(json_object_get(record, "message")));
}

static struct tally
tally(const struct bench *b)
{
	struct log_reader *r = log_reader_open(b->directory);
	struct tally t = { .gap_free = true };
	json_t *record;
	int e;

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	while ((e = log_reader_next(r, &record)) > 0) {
		if (e == LOG_READ_BAD) {
			t.bad++;
			continue;
		}
		tally_one(&t, record);
		json_decref(record);
	}
	CU_ASSERT_EQUAL(e, LOG_READ_END);
	t.rest = log_reader_rest(r);
	log_reader_close(r);
	return t;
}

static void
records_are_numbered_without_a_gap(void)
{
	struct bench b;
	struct stat st;
	struct tally t;
	char path[128];

	set_up(&b);
	start(&b);
	send_violations(b.watcher[0], 500);
	send_violations(b.control[0], 20);
	stop(&b);
	t = tally(&b);
	CU_ASSERT_TRUE(t.gap_free);
	CU_ASSERT_EQUAL(t.violations, 520);
	CU_ASSERT_EQUAL(t.life, 2);
	CU_ASSERT_EQUAL(t.gaps, 0);
	/* And the first record of the file, and the checkpoint at the end. */
	CU_ASSERT_EQUAL(t.last, 524);
	path_of(&b, LOG_NAME, path);
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0640);

	start(&b);
	send_violations(b.watcher[0], 3);
	stop(&b);
	t = tally(&b);
	CU_ASSERT_TRUE(t.gap_free);
	CU_ASSERT_EQUAL(t.last, 524 + 7);
	CU_ASSERT_EQUAL(t.gaps, 0);
	tear_down(&b);
}

/* What a watcher that is taken over may try; each is one bad message. */
static void
send_hostile(int socket)
{
	static uint8_t noise[IPC_MAX_PAYLOAD];
	struct event e = { .kind = EVENT_CHANGE, .reason = "policy approved" };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	memset(noise, 0xa5, sizeof(noise));
	ipc_send(socket, IPC_STOP, NULL, 0, -1);
	ipc_send(socket, IPC_RECORD_REOPEN, NULL, 0, -1);
	ipc_send(socket, IPC_RECORD_STATUS, NULL, 0, null);
	ipc_send(socket, IPC_RECORD_EVENT, &e, sizeof(e), null);
	ipc_send(socket, IPC_RECORD_EVENT, noise, sizeof(e), -1);
	ipc_send(socket, IPC_RECORD_EVENT, noise, sizeof(noise), -1);
	ipc_send(socket, IPC_RECORD_EVENT, NULL, 0, -1);
	ipc_send(socket, (enum ipc_type)9999, noise, 10, -1);
	send(socket, "", 0, 0);
	send(socket, noise, 3, 0);
	close(null);
}

static void
hostile_messages_are_counted_and_change_nothing(void)
{
	struct bench b;
	struct tally t;

	set_up(&b);
	start(&b);
	send_violations(b.watcher[0], 5);
	send_hostile(b.watcher[0]);
	send_violations(b.watcher[0], 5);
	wait_for(&b, "bad_messages", 10);
	stop(&b);
	t = tally(&b);
	CU_ASSERT_TRUE(t.gap_free);
	CU_ASSERT_EQUAL(t.violations, 10);
	CU_ASSERT_EQUAL(t.gap_lost, 10);
	CU_ASSERT_PTR_NOT_NULL(strstr(t.gap_text, "watcher"));
	tear_down(&b);
}

static void
a_torn_last_line_is_set_aside(void)
{
	static const char torn[] = "{\"@timestamp\":\"2026-11-21T";
	char path[128], aside[128] = "";
	struct bench b;
	struct tally t;
	ssize_t n;
	int fd;

	set_up(&b);
	start(&b);
	send_violations(b.watcher[0], 7);
	stop(&b);
	path_of(&b, LOG_NAME, path);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	CU_ASSERT_EQUAL(write(fd, torn, sizeof(torn) - 1), sizeof(torn) - 1);
	close(fd);

	start(&b);
	send_violations(b.watcher[0], 1);
	stop(&b);
	t = tally(&b);
	CU_ASSERT_EQUAL(t.bad, 0);
	CU_ASSERT_EQUAL(t.rest, 0);
	CU_ASSERT_TRUE(t.gap_free);
	CU_ASSERT_EQUAL(t.violations, 8);
	CU_ASSERT_EQUAL(t.gaps, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(t.gap_text, "26 bytes"));
	path_of(&b, LOG_TORN_NAME, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, aside, sizeof(aside) - 1);
	close(fd);
	CU_ASSERT_EQUAL(n, (ssize_t)sizeof(torn));
	CU_ASSERT_NSTRING_EQUAL(aside, torn, sizeof(torn) - 1);
	tear_down(&b);
}

static void
killed_while_writing_it_continues(void)
{
	struct bench b;
	struct tally t;

	set_up(&b);
	for (int i = 0; i < 20; i++) {
		start(&b);
		send_violations(b.watcher[0], 50);
		/* Somewhere in the middle; what is queued waits for the next one. */
		usleep((useconds_t)(rand() % 3000));
		shoot(&b);
	}
	start(&b);
	stop(&b);
	t = tally(&b);
	CU_ASSERT_EQUAL(t.bad, 0);
	CU_ASSERT_EQUAL(t.rest, 0);
	CU_ASSERT_TRUE(t.gap_free);
	/* At most the one message in hand is lost with the process. */
	CU_ASSERT_TRUE(t.violations <= 1000 && t.violations >= 1000 - 20);
	CU_ASSERT_TRUE(t.gaps >= 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(t.gap_text, "recorder was away"));
	tear_down(&b);
}

static void
rotation_loses_nothing(void)
{
	char path[128], first[128], second[128];
	struct bench b;
	struct tally t;

	set_up(&b);
	path_of(&b, LOG_NAME, path);
	path_of(&b, LOG_NAME ".1", first);
	path_of(&b, LOG_NAME ".2", second);
	start(&b);
	send_violations(b.watcher[0], 300);
	wait_for(&b, "written", 1);
	CU_ASSERT_EQUAL(rename(path, second), 0);
	send_violations(b.watcher[0], 300);
	CU_ASSERT_EQUAL(ipc_send(b.control[0], IPC_RECORD_REOPEN, NULL, 0, -1), 0);
	send_violations(b.watcher[0], 300);
	wait_for(&b, "written", 902);
	CU_ASSERT_EQUAL(rename(path, first), 0);
	CU_ASSERT_EQUAL(kill(b.pid, SIGHUP), 0);
	send_violations(b.watcher[0], 300);
	stop(&b);
	t = tally(&b);
	CU_ASSERT_TRUE(t.gap_free);
	CU_ASSERT_EQUAL(t.violations, 1200);
	/* Started, two new files, stopped. */
	CU_ASSERT_EQUAL(t.life, 4);
	CU_ASSERT_EQUAL(access(path, F_OK), 0);
	tear_down(&b);
}

/*
 * The loss once everything that was sent is worked off. The file cannot tell while
 * the recorder writes lines that do not fit and cuts them off again: a reader in
 * between may count one twice.
 */
static unsigned int
settled_loss(struct bench *b)
{
	unsigned int lost = (unsigned int)ask(b, "lost"), same = 0;

	while (same < 40) {
		unsigned int now = (unsigned int)ask(b, "lost");

		same = now == lost ? same + 1 : 0;
		lost = now;
		usleep(5000);
	}
	return lost;
}

/* Sent = written + lost, and the loss is told before anything else. */
static void
check_loss(struct bench *b, unsigned int sent, unsigned int lost)
{
	struct tally t = tally(b);

	CU_ASSERT_EQUAL(t.bad, 0);
	CU_ASSERT_EQUAL(t.rest, 0);
	CU_ASSERT_TRUE(t.gap_free);
	CU_ASSERT_TRUE(lost > 0);
	CU_ASSERT_EQUAL(t.gap_lost, lost);
	CU_ASSERT_EQUAL(t.violations + lost, sent);
}

static void
a_file_size_limit_tears_no_line(void)
{
	struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	struct bench b;
	unsigned int lost;

	set_up(&b);
	/* No multiple of a line's length: the last write is a short one. */
	b.file_limit = 20011;
	start(&b);
	send_violations(b.watcher[0], 100);
	wait_for(&b, "lost", 10);
	lost = settled_loss(&b);
	CU_ASSERT_EQUAL(prlimit(b.pid, RLIMIT_FSIZE, &none, NULL), 0);
	send_violations(b.watcher[0], 10);
	stop(&b);
	check_loss(&b, 110, lost);
	tear_down(&b);
}

/* A disk of our own, in a mount namespace of our own; false without the right to. */
static bool
small_disk(const char *directory)
{
	return unshare(CLONE_NEWNS) == 0 &&
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("none", directory, "tmpfs", 0, "size=64k") == 0;
}

static void
a_full_disk_tears_no_line(void)
{
	char ballast[128];
	struct bench b;
	unsigned int lost;
	int fd;

	set_up(&b);
	if (!small_disk(b.directory)) {
		puts(" (no right to mount, only the file size limit is tested)");
		tear_down(&b);
		return;
	}
	path_of(&b, "ballast", ballast);
	fd = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CU_ASSERT_EQUAL(posix_fallocate(fd, 0, 32768), 0);
	close(fd);
	start(&b);
	send_violations(b.watcher[0], 200);
	wait_for(&b, "lost", 10);
	lost = settled_loss(&b);
	CU_ASSERT_EQUAL(unlink(ballast), 0);
	send_violations(b.watcher[0], 1);
	stop(&b);
	check_loss(&b, 201, lost);
	CU_ASSERT_EQUAL(umount(b.directory), 0);
	tear_down(&b);
}

static void
the_last_free_bytes_are_kept_for_the_gateway(void)
{
	struct bench b;
	struct tally t;

	set_up(&b);
	b.reserve_bytes = UINT64_MAX;
	start(&b);
	send_violations(b.watcher[0], 40);
	wait_for(&b, "unreported", 40);
	send_violations(b.control[0], 2);
	stop(&b);
	t = tally(&b);
	CU_ASSERT_TRUE(t.gap_free);
	CU_ASSERT_EQUAL(t.violations, 2);
	CU_ASSERT_EQUAL(t.gap_lost, 40);
	tear_down(&b);
}

static void
a_log_that_lost_its_end_is_told(void)
{
	struct bench b;
	struct tally t;
	char path[128];

	set_up(&b);
	start(&b);
	send_violations(b.watcher[0], 30);
	stop(&b);
	path_of(&b, LOG_NAME, path);
	CU_ASSERT_EQUAL(truncate(path, 0), 0);
	start(&b);
	stop(&b);
	t = tally(&b);
	CU_ASSERT_EQUAL(t.gaps, 1);
	CU_ASSERT_EQUAL(t.gap_lost, 34);
	CU_ASSERT_EQUAL(t.last, 34 + 5);
	tear_down(&b);
}

static void
it_ends_when_the_keeper_is_gone(void)
{
	struct bench b;
	int status = -1;

	set_up(&b);
	start(&b);
	send_violations(b.watcher[0], 3);
	close(b.control[0]);
	close(b.control[1]);
	CU_ASSERT_EQUAL(waitpid(b.pid, &status, 0), b.pid);
	CU_ASSERT_EQUAL(status, 0);
	CU_ASSERT_EQUAL(tally(&b).violations, 3);
	CU_ASSERT_EQUAL(ipc_pair(b.control), 0);
	/* Nobody told it to stop: the time until the next start is a gap. */
	start(&b);
	stop(&b);
	CU_ASSERT_EQUAL(tally(&b).gaps, 1);
	start(&b);
	stop(&b);
	CU_ASSERT_EQUAL(tally(&b).gaps, 1);
	tear_down(&b);
}

static void
a_link_in_place_of_the_log_is_refused(void)
{
	struct bench b;
	int status = 0;
	char path[128];

	set_up(&b);
	path_of(&b, LOG_NAME, path);
	CU_ASSERT_EQUAL(symlink("/dev/null", path), 0);
	start(&b);
	CU_ASSERT_EQUAL(waitpid(b.pid, &status, 0), b.pid);
	CU_ASSERT_NOT_EQUAL(status, 0);
	tear_down(&b);
}

int
main(void)
{
	CU_TestInfo tests[] = {
	    {"records are numbered without a gap", records_are_numbered_without_a_gap},
	    {"hostile messages are counted and change nothing",
		hostile_messages_are_counted_and_change_nothing},
	    {"a torn last line is set aside", a_torn_last_line_is_set_aside},
	    {"killed while writing it continues", killed_while_writing_it_continues},
	    {"rotation loses nothing", rotation_loses_nothing},
	    {"a file size limit tears no line", a_file_size_limit_tears_no_line},
	    {"a full disk tears no line", a_full_disk_tears_no_line},
	    {"the last free bytes are kept for the gateway",
		the_last_free_bytes_are_kept_for_the_gateway},
	    {"a log that lost its end is told", a_log_that_lost_its_end_is_told},
	    {"it ends when the keeper is gone", it_ends_when_the_keeper_is_gone},
	    {"a link in place of the log is refused",
		a_link_in_place_of_the_log_is_refused},
	    CU_TEST_INFO_NULL,
	};

	return unit_main("recorder", tests);
}
