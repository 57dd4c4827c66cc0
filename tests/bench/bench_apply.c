/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long an apply takes, each time beside "nft -f" of the very same table.
 *
 *   bench_apply NAME POLICY CHANGED ROUNDS
 *
 * In a network namespace of its own, ROUNDS times: load the printed table with
 * nft(8); take it away; apply by netlink, read back and compared; apply CHANGED
 * (one permit more), read back and compared. Prints "name value unit yardstick
 * ratio" lines, medians.
 */
#include "kernel-helpers/nft_commit.h"
#include "rules/checked.h"
#include "rules/compile.h"
#include "rules/ruleset_diff.h"
#include "rules/ruleset_print.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_ROUNDS 101

struct times {
	double check, compile, nft, apply, change;
};

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void __attribute__((noreturn))
die(const char *what, int error)
{
	fprintf(stderr, "bench_apply: %s: %s\n", what, strerror(error));
	exit(EXIT_FAILURE);
}

static struct ruleset *
build(const char *policy, struct times *t)
{
	struct diag *diag = diag_new();
	double start = seconds(), checked_at;
	struct checked *checked = checked_from_file(policy, 0, diag);
	struct ruleset *r;

	checked_at = seconds();
	if (checked == NULL) {
		diag_print(diag, stderr, MESSAGE_ENGLISH);
		exit(EXIT_FAILURE);
	}
	r = compile(checked, diag);
	if (r == NULL)
		die("compile", errno);
	if (t != NULL) {
		t->check = checked_at - start;
		t->compile = seconds() - checked_at;
	}
	/* Origins point into the policy: both live as long as the bench. */
	diag_free(diag);
	return r;
}

static void
run_nft(const char *a, const char *b, const char *c, const char *d)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execlp("nft", "nft", a, b, c, d, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		die("nft", errno);
}

static double
time_nft(const char *path)
{
	double start = seconds();

	run_nft("-f", path, NULL, NULL);
	start = seconds() - start;
	run_nft("delete", "table", "inet", "sekisho");
	return start;
}

/* From the policy's ruleset to the kernel's, read back and compared. */
static double
time_apply(struct nft_channel *ch, struct nft_known *known, const char *policy)
{
	struct ruleset *target = build(policy, NULL);
	struct nft_refusal refusal;
	bool changed;
	double start = seconds();
	int r = nft_apply_known(ch, known, target, &changed, &refusal);

	if (r < 0 || !changed)
		die(refusal.what, -r);
	return seconds() - start;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
median(double *values, int n)
{
	qsort(values, (size_t)n, sizeof(*values), by_value);
	return values[n / 2];
}

static void
print_text(const char *policy, const char *path, struct times *t)
{
	struct ruleset *r = build(policy, t);
	FILE *out = fopen(path, "we");

	if (out == NULL)
		die(path, errno);
	ruleset_settle(r, NULL);
	ruleset_print(r, out);
	fclose(out);
	ruleset_free(r);
}

int
main(int argc, char **argv)
{
	double nft[MAX_ROUNDS], apply[MAX_ROUNDS], change[MAX_ROUNDS];
	char path[] = "/tmp/bench_apply.XXXXXX";
	struct nft_known known = { 0 };
	struct nft_channel *ch;
	struct times t = { 0 };
	int fd, rounds = argc == 5 ? atoi(argv[4]) : 0;

	if (rounds < 1 || rounds > MAX_ROUNDS) {
		fprintf(stderr, "bench_apply NAME POLICY CHANGED ROUNDS\n");
		return 64;
	}
	if (unshare(CLONE_NEWNET) < 0 || (fd = mkstemp(path)) < 0)
		die("unshare", errno);
	close(fd);
	ch = nft_channel_open();
	if (ch == NULL)
		die("nf_tables", errno);
	print_text(argv[2], path, &t);
	for (int i = 0; i < rounds; i++) {
		nft[i] = time_nft(path);
		apply[i] = time_apply(ch, &known, argv[2]);
		change[i] = time_apply(ch, &known, argv[3]);
		nft_known_forget(&known);
		run_nft("delete", "table", "inet", "sekisho");
	}
	unlink(path);
	t.nft = median(nft, rounds);
	t.apply = median(apply, rounds);
	t.change = median(change, rounds);
	printf("check-%s %.1f ms - -\n", argv[1], t.check * 1e3);
	printf("compile-%s %.1f ms - -\n", argv[1], t.compile * 1e3);
	printf("apply-%s %.1f ms nft-f:%.1f %.3f\n", argv[1], t.apply * 1e3, t.nft * 1e3,
	    t.apply / t.nft);
	printf("change-one-%s %.2f ms apply-all:%.1f %.4f\n", argv[1], t.change * 1e3,
	    t.apply * 1e3, t.change / t.apply);
	nft_channel_close(ch);
	return EXIT_SUCCESS;
}
