/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the seal costs: processor time of this thread, without the disk's.
 *
 *   bench_seal write SECONDS RATE   so many violations a second through the writer, the
 *                                   seal alone and the writer without one beside it
 *   bench_seal recorder SECONDS RATE
 *                                   a whole recorder that is sent so many (LG-19), beside
 *                                   the bare BLAKE2b-256 of as many bytes
 *   bench_seal verify RECORDS       the verifier without and with the key, beside the
 *                                   bare BLAKE2b-256 of the same bytes
 *
 * "name value unit yardstick ratio", as all the benches.
 */
#include "agent/ipc.h"
#include "agent/record/log_names.h"
#include "agent/record/log_verify_files.h"
#include "agent/record/record_json.h"
#include "agent/record/recorder.h"
#include "agent/record/recorder_write.h"
#include "agent/record/seal_line.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS 1e9

static double
clock_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * NS + (double)t.tv_nsec;
}

static struct event
violation(void)
{
	struct event e = {
		.kind = EVENT_VIOLATION, .zv = ZV_01_ZONE_CROSSING, .severity = 9,
		.witness = WITNESS_GATE | WITNESS_TAP_INGRESS, .count = 1, .bytes = 60,
		.first_ns = 1795247696000000000, .last_ns = 1795247696000000000,
		.facts = { .protocol = 6, .sport = 40000, .dport = 443,
		    .flags = FACT_HAS_PORTS | FACT_HAS_MAC },
		.from_zone = "mynumber", .to_zone = "internet", .in_interface = "mn0",
		.out_interface = "in0", .reason = "no permit covers it",
	};

	memset(e.policy_digest, 'a', 64);
	e.facts.src = (struct ip_addr){ .family = IP_V4, .value = 0x0a0a0105 };
	e.facts.dst = (struct ip_addr){ .family = IP_V4, .value = 0xc6336407 };
	return e;
}

static void
open_writer(struct recorder_writer *w, char path[64])
{
	strcpy(path, "/tmp/sekisho-bench-seal-XXXXXX");
	if (mkdtemp(path) == NULL)
		err(1, "%s", path);
	memset(w, 0, sizeof(*w));
	w->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	w->hostname = "gateway-1";
	w->version = "0.1";
	w->rotate.size = LOG_ROTATE_SIZE;
	if (w->directory < 0 || recorder_writer_open(w) < 0)
		errx(1, "%s: no log", path);
}

static void
remove_log(struct recorder_writer *w, const char *path)
{
	DIR *dir = fdopendir(w->directory);
	const struct dirent *entry;

	if (dir == NULL)
		err(1, "%s", path);
	rewinddir(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	(void)rmdir(path);
}

/* Nanoseconds a record for the same lines without writing, and without a seal. */
static double
only_json(unsigned int n)
{
	struct event e = violation();
	struct record_context c = { .boot = "123e4567-e89b-12d3-a456-426614174000",
		.hostname = "gateway-1", .version = "0.1", .sender = "watch" };
	char line[RECORD_LINE_MAX];
	double begin = clock_of(CLOCK_THREAD_CPUTIME_ID);
	size_t length;

	for (unsigned int i = 0; i < n; i++) {
		c.sequence = i;
		if (record_json_line(&e, &c, line, &length) < 0)
			errx(1, "no line");
	}
	return (clock_of(CLOCK_THREAD_CPUTIME_ID) - begin) / n;
}

static double
only_seal(unsigned int n)
{
	struct event e = violation();
	struct record_context c = { .boot = "123e4567-e89b-12d3-a456-426614174000",
		.hostname = "gateway-1", .version = "0.1", .sender = "watch" };
	struct seal_state *s = seal_state_new();
	char plain[RECORD_LINE_MAX], line[RECORD_LINE_MAX];
	size_t length, sealed;
	uint8_t hash[SEAL_SIZE];
	double begin;

	if (s == NULL || record_json_line(&e, &c, plain, &length) < 0)
		errx(1, "no line");
	begin = clock_of(CLOCK_THREAD_CPUTIME_ID);
	for (unsigned int i = 0; i < n; i++) {
		memcpy(line, plain, length);
		sealed = length;
		seal_line(s, line, &sealed, hash);
		seal_written(s, sealed, hash);
	}
	begin = (clock_of(CLOCK_THREAD_CPUTIME_ID) - begin) / n;
	seal_state_free(s);
	return begin;
}

/* So many a second for so long; each second's share is written and then waited out. */
static void
bench_write(unsigned int seconds, unsigned int rate)
{
	struct recorder_writer w;
	struct event e = violation();
	char path[64];
	double begin, wall, used, late = 0, json, seal;
	const unsigned int slice = rate / 100;

	open_writer(&w, path);
	begin = clock_of(CLOCK_THREAD_CPUTIME_ID);
	wall = clock_of(CLOCK_MONOTONIC);
	for (unsigned int i = 0; i < seconds * 100; i++) {
		double due;

		for (unsigned int j = 0; j < slice; j++) {
			e.key = (uint64_t)i * slice + j;
			recorder_writer_event(&w, &e, "watch", false);
		}
		if (i % 100 == 99)
			recorder_writer_tick(&w);
		due = wall + (i + 1) * (NS / 100) - clock_of(CLOCK_MONOTONIC);
		if (due > 0)
			usleep((useconds_t)(due / 1e3));
		else if (-due > late)
			late = -due;
	}
	used = clock_of(CLOCK_THREAD_CPUTIME_ID) - begin;
	wall = clock_of(CLOCK_MONOTONIC) - wall;
	printf("# %u records a second for %u s: %lu written, %lu lost, at most %.0f ms late\n",
	    rate, seconds, (unsigned long)w.written, (unsigned long)w.lost_total, late / 1e6);
	recorder_writer_close(&w, true);
	json = only_json(100000);
	seal = only_seal(100000);
	printf("record-core-share %.1f %% %.1f %.2f\n", used / wall * 100,
	    json * rate * seconds / wall * 100, used / (json * rate * seconds));
	printf("record-cost %.0f ns %.0f %.2f\n", used / ((double)rate * seconds), json,
	    used / ((double)rate * seconds) / json);
	printf("record-seal-cost %.0f ns %.0f %.2f\n", seal, json, seal / json);
	remove_log(&w, path);
}

static double
bare(const char *bytes, size_t length)
{
	double begin = clock_of(CLOCK_THREAD_CPUTIME_ID);
	uint8_t hash[32];

	crypto_generichash(hash, sizeof(hash), (const uint8_t *)bytes, length, NULL, 0);
	return (double)length / (clock_of(CLOCK_THREAD_CPUTIME_ID) - begin) * 1e3;
}

/* Nanoseconds that the first thread of a process has run: the loop, not the sync beside it. */
static double
ran(pid_t pid)
{
	char path[64];
	double ns = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", (int)pid, (int)pid);
	f = fopen(path, "re");
	if (f == NULL || fscanf(f, "%lf", &ns) != 1)
		err(1, "%s", path);
	fclose(f);
	return ns;
}

static pid_t
start_recorder(const char *path, const int ends[2])
{
	const struct recorder_peer peers[] = {
		{ .socket = ends[1], .name = "watcher" },
	};
	struct recorder_setup setup = { .peers = peers, .n_peers = 1, .hostname = "gateway-1",
		.version = "0.1" };
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid > 0)
		return pid;
	close(ends[0]);
	setup.directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_exit(recorder_run(&setup));
}

/* Each hundredth of a second its share, as a watcher tells what it found. */
static void
send_all(int socket, unsigned int seconds, unsigned int rate)
{
	const double begin = clock_of(CLOCK_MONOTONIC);
	struct event e = violation();

	for (unsigned int i = 0; i < seconds * 100; i++) {
		double due;

		for (unsigned int j = 0; j < rate / 100; j++) {
			e.key = (uint64_t)i * rate + j;
			while (ipc_send(socket, IPC_RECORD_EVENT, &e, sizeof(e), -1) == -EAGAIN)
				usleep(200);
		}
		due = begin + (i + 1) * (NS / 100) - clock_of(CLOCK_MONOTONIC);
		if (due > 0)
			usleep((useconds_t)(due / 1e3));
	}
}

static struct log_verify *
prepare(void *arg)
{
	(void)arg;
	return log_verify_new();
}

static void
bench_recorder(unsigned int seconds, unsigned int rate)
{
	const double records = (double)seconds * rate;
	char path[] = "/tmp/sekisho-bench-seal-XXXXXX";
	struct recorder_writer w = { 0 };
	struct verify_report r;
	double used, wall, hash;
	struct stat st;
	char *bytes;
	int ends[2];
	pid_t pid;

	if (mkdtemp(path) == NULL || ipc_pair(ends) < 0)
		err(1, "%s", path);
	pid = start_recorder(path, ends);
	close(ends[1]);
	w.directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (fstatat(w.directory, LOG_NAME, &st, 0) < 0 || st.st_size == 0)
		usleep(1000);
	used = ran(pid);
	wall = clock_of(CLOCK_MONOTONIC);
	send_all(ends[0], seconds, rate);
	wall = clock_of(CLOCK_MONOTONIC) - wall;
	usleep(100000);
	used = ran(pid) - used;
	close(ends[0]);
	(void)waitpid(pid, NULL, 0);
	if (log_verify_folder(path, prepare, NULL, &r) < 0 || r.faults > 0 ||
	    (double)r.records < records)
		errx(1, "%s: %lu records, %lu faults", path, (unsigned long)r.records,
		    (unsigned long)r.faults);
	bytes = calloc(1, 1u << 20);
	if (bytes == NULL)
		err(1, "memory");
	hash = 1e3 / bare(bytes, 1u << 20) * (double)r.bytes / (double)r.records;
	free(bytes);
	printf("# %u records a second for %u s, %lu on record, %lu bytes each\n", rate, seconds,
	    (unsigned long)r.records, (unsigned long)(r.bytes / r.records));
	printf("recorder-core-share %.1f %% %.1f %.2f\n", used / wall * 100,
	    hash * records / wall * 100, used / records / hash);
	printf("recorder-cost %.0f ns %.0f %.2f\n", used / records, hash, used / records / hash);
	remove_log(&w, path);
}

static double
verified(const char *bytes, size_t length, const uint8_t *key)
{
	struct log_verify *v = log_verify_new();
	struct verify_report r;
	double used;

	if (v == NULL || (key != NULL && log_verify_add_key(v, key) < 0))
		errx(1, "no verifier");
	used = clock_of(CLOCK_THREAD_CPUTIME_ID);
	log_verify_begin(v, LOG_NAME);
	for (size_t at = 0; at < length; at += 256u << 10)
		log_verify_bytes(v, bytes + at,
		    length - at < 256u << 10 ? length - at : 256u << 10);
	log_verify_end(v);
	used = clock_of(CLOCK_THREAD_CPUTIME_ID) - used;
	log_verify_finish(v, &r);
	log_verify_free(v);
	if (r.faults > 0 || (key != NULL && r.macs != r.records))
		errx(1, "does not hold");
	return (double)length / used * 1e3;
}

static char *
read_all(int directory, const char *name, size_t *length)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *bytes;

	if (fd < 0 || fstat(fd, &st) < 0)
		err(1, "%s", name);
	bytes = malloc((size_t)st.st_size + 1);
	if (bytes == NULL || read(fd, bytes, (size_t)st.st_size) != st.st_size)
		err(1, "%s", name);
	bytes[st.st_size] = '\0';
	close(fd);
	*length = (size_t)st.st_size;
	return bytes;
}

/* The best of some rounds: the others were somebody else's time. */
static void
bench_verify(unsigned int records)
{
	struct recorder_writer w;
	struct event e = violation();
	uint8_t key[SEAL_SIZE];
	double best[3] = { 0 };
	char path[64], *text, *bytes;
	size_t length;

	open_writer(&w, path);
	w.rotate.size = 0;
	for (unsigned int i = 0; i < records; i++)
		recorder_writer_event(&w, &e, "watch", false);
	recorder_writer_close(&w, true);
	text = read_all(w.directory, SEAL_KEY_NAME, &length);
	text[strcspn(text, "\n")] = '\0';
	if (!seal_key_parse(text, key))
		errx(1, "no key");
	bytes = read_all(w.directory, LOG_NAME, &length);
	for (int i = 0; i < 7; i++) {
		const double now[3] = { bare(bytes, length), verified(bytes, length, NULL),
			verified(bytes, length, key) };

		for (int j = 0; j < 3; j++)
			if (now[j] > best[j])
				best[j] = now[j];
	}
	printf("# %u records, %zu bytes\n", records, length);
	printf("verify-chain %.0f MB/s %.0f %.2f\n", best[1], best[0], best[1] / best[0]);
	printf("verify-with-key %.0f MB/s %.0f %.2f\n", best[2], best[0], best[2] / best[0]);
	free(text);
	free(bytes);
	remove_log(&w, path);
}

int
main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "write") == 0)
		bench_write((unsigned int)atoi(argv[2]), (unsigned int)atoi(argv[3]));
	else if (argc == 4 && strcmp(argv[1], "recorder") == 0)
		bench_recorder((unsigned int)atoi(argv[2]), (unsigned int)atoi(argv[3]));
	else if (argc == 3 && strcmp(argv[1], "verify") == 0)
		bench_verify((unsigned int)atoi(argv[2]));
	else
		errx(2, "bench_seal write SECONDS RATE | recorder SECONDS RATE | verify RECORDS");
	return 0;
}
