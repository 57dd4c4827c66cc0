/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long an apply takes, each time beside "nft -f" of the very same table.
 *
 *   bench_apply NAME POLICY WIDER OTHER ROUNDS
 *
 * In a network namespace of its own, ROUNDS times: load the printed table with
 * nft(8); take it away; apply by netlink, read back and compared; then a few times
 * the changes of one permit: WIDER (nothing is taken away), back to POLICY
 * (something is: judged again by one flip, looked for among running flows, and
 * out again by another), OTHER (the one for the other) and back.
 *
 * Prints "name value unit yardstick ratio" lines, medians. What a change costs the
 * kernel until it holds and was read back and compared, running flows included, stands
 * beside applying all; "cut" is what looking for flows that ended takes (of the connection
 * table, not of the policy), "settled" what is done behind the answer: old tables swept
 * away, flows looked for once more, running flows let be again. "whole" is from the text
 * of the policy on, with "cut", beside all of it.
 */
#include "kernel-helpers/conntrack.h"
#include "kernel-helpers/nft_apply_part.h"
#include "kernel-helpers/nft_commit.h"
#include "rules/checked.h"
#include "rules/compile.h"
#include "rules/revocation.h"
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
#define CHANGES 4		/* of each kind, in one round */

struct times {
	double check, compile, nft;
};

/* What one step costs: the kernel and what reads it back, and all from the text on. */
struct cost {
	double kernel[MAX_ROUNDS * CHANGES], whole[MAX_ROUNDS * CHANGES];
	double cut[MAX_ROUNDS * CHANGES], settled[MAX_ROUNDS * CHANGES];
	int n;
};

enum step { STEP_ALL = 0, STEP_ADD, STEP_REMOVE, STEP_CHANGE, STEPS };
static const char *const step_names[STEPS] = { "apply", "add-one", "remove-one",
	"change-one" };

struct bench {
	struct nft_channel *channel;
	struct nft_known known;
	int conntrack;
	struct checked *checked;	/* of what is known: its origins point there */
	struct cost costs[STEPS];
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

static struct checked *
check(const char *policy)
{
	struct diag *diag = diag_new();
	struct checked *checked = checked_from_file(policy, 0, diag);

	if (checked == NULL) {
		diag_print(diag, stderr, MESSAGE_ENGLISH);
		exit(EXIT_FAILURE);
	}
	diag_free(diag);
	return checked;
}

static struct ruleset *
make(const struct checked *checked, const uint32_t *revoked, size_t n)
{
	const struct compile_moment moment = { .now = 1, .horizon = 1,
		.revoked = revoked, .n_revoked = n };
	struct diag *diag = diag_new();
	struct ruleset *r = compile_at(checked, &moment, diag);

	if (r == NULL)
		die("compile", errno);
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

static double
apply_ruleset(struct bench *b, struct ruleset *target)
{
	struct nft_refusal refusal;
	double start = seconds();
	bool changed;
	int r = nft_apply_known(b->channel, &b->known, target, &changed, &refusal);

	if (r < 0 || !changed)
		die(refusal.what, -r);
	return seconds() - start;
}

static int
unrevoke(struct ruleset *part, const void *arg)
{
	(void)arg;
	return compile_unrevoke(part);
}

static double
cut(struct bench *b, const uint32_t *marks, size_t n)
{
	double start = seconds();
	size_t deleted;

	if (n > 0 && conntrack_delete_marks(b->conntrack, marks, n, &deleted) < 0)
		die("conntrack", errno);
	return seconds() - start;
}

/* As control_settle() does it. */
static double
settle(struct bench *b, const uint32_t *marks, size_t n, bool added, struct ruleset *target)
{
	struct nft_refusal refusal;
	double start = seconds();

	if (nft_known_settle(b->channel, &b->known, &refusal) < 0)
		die(refusal.what, EIO);
	if (n > 0) {
		nft_wait_for_packets();
		(void)cut(b, marks, n);
	}
	if (added && nft_apply_part(b->channel, &b->known, compile_revoke_concerns, unrevoke,
	    NULL, &refusal) < 0)
		die(refusal.what, EIO);
	if (target != NULL)
		(void)apply_ruleset(b, target);
	if (nft_known_settle(b->channel, &b->known, &refusal) < 0)
		die(refusal.what, EIO);
	return seconds() - start;
}

/* As control_commit() does it. */
static void
apply_checked(struct bench *b, const struct checked *checked, struct cost *cost, double start)
{
	struct ruleset *target = make(checked, NULL, 0), *later = NULL;
	uint32_t *marks = NULL;
	size_t n = 0;
	bool added = false;

	if (b->known.ruleset != NULL
	    && revocation_marks(b->known.ruleset, target, &marks, &n) < 0)
		die("marks", ENOMEM);
	if (n > 0)
		added = compile_revoke(target, checked, marks, n) == 0;
	if (n > 0 && !added) {
		later = make(checked, NULL, 0);
		ruleset_free(target);
		target = make(checked, marks, n);
	}
	cost->kernel[cost->n] = apply_ruleset(b, target);
	cost->cut[cost->n] = cut(b, marks, n);
	cost->whole[cost->n] = seconds() - start;
	cost->settled[cost->n++] = settle(b, marks, n, added, later);
	free(marks);
}

static void
apply_policy(struct bench *b, enum step step, const char *policy)
{
	struct cost *cost = &b->costs[step];
	double start = seconds();
	struct checked *checked = check(policy);

	apply_checked(b, checked, cost, start);
	checked_free(b->checked);
	b->checked = checked;
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
	double start = seconds();
	struct checked *checked = check(policy);
	struct ruleset *r;
	FILE *out = fopen(path, "we");

	t->check = seconds() - start;
	start = seconds();
	r = make(checked, NULL, 0);
	t->compile = seconds() - start;
	if (out == NULL)
		die(path, errno);
	ruleset_settle(r, NULL);
	ruleset_print(r, out);
	fclose(out);
	ruleset_free(r);
	checked_free(checked);
}

static void
one_round(struct bench *b, char **policies)
{
	apply_policy(b, STEP_ALL, policies[0]);
	for (int i = 0; i < CHANGES; i++) {
		apply_policy(b, STEP_ADD, policies[1]);
		apply_policy(b, STEP_REMOVE, policies[0]);
	}
	for (int i = 0; i < CHANGES; i++)
		apply_policy(b, STEP_CHANGE, policies[(i + 1) % 2 * 2]);
	nft_known_forget(&b->known);
	run_nft("delete", "table", "inet", "sekisho");
}

static void
print_costs(struct bench *b, const char *name, double nft)
{
	double all[2] = { 0, 0 };

	for (int s = 0; s < STEPS; s++) {
		struct cost *c = &b->costs[s];
		double kernel = median(c->kernel, c->n), whole = median(c->whole, c->n);

		if (s == STEP_ALL) {
			all[0] = kernel;
			all[1] = whole;
			printf("apply-%s %.1f ms nft-f:%.1f %.3f\n", name, kernel * 1e3,
			    nft * 1e3, kernel / nft);
			continue;
		}
		printf("%s-%s %.2f ms apply-all:%.1f %.4f\n", step_names[s], name,
		    kernel * 1e3, all[0] * 1e3, kernel / all[0]);
		printf("%s-whole-%s %.2f ms apply-all:%.1f %.4f\n", step_names[s], name,
		    whole * 1e3, all[1] * 1e3, whole / all[1]);
		printf("%s-cut-%s %.2f ms - -\n", step_names[s], name,
		    median(c->cut, c->n) * 1e3);
		printf("%s-settled-%s %.2f ms - -\n", step_names[s], name,
		    median(c->settled, c->n) * 1e3);
	}
}

int
main(int argc, char **argv)
{
	static struct bench b;
	double nft[MAX_ROUNDS];
	char path[] = "/tmp/bench_apply.XXXXXX";
	struct times t = { 0 };
	int fd, rounds = argc == 6 ? atoi(argv[5]) : 0;

	if (rounds < 1 || rounds > MAX_ROUNDS) {
		fprintf(stderr, "bench_apply NAME POLICY WIDER OTHER ROUNDS\n");
		return 64;
	}
	if (unshare(CLONE_NEWNET) < 0 || (fd = mkstemp(path)) < 0)
		die("unshare", errno);
	close(fd);
	b.channel = nft_channel_open();
	b.conntrack = conntrack_open();
	if (b.channel == NULL || b.conntrack < 0)
		die("nf_tables", errno);
	print_text(argv[2], path, &t);
	for (int i = 0; i < rounds; i++) {
		nft[i] = time_nft(path);
		one_round(&b, argv + 2);
	}
	unlink(path);
	printf("check-%s %.1f ms - -\n", argv[1], t.check * 1e3);
	printf("compile-%s %.1f ms - -\n", argv[1], t.compile * 1e3);
	print_costs(&b, argv[1], median(nft, rounds));
	nft_channel_close(b.channel);
	close(b.conntrack);
	return EXIT_SUCCESS;
}
