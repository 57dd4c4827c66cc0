/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every capture of the corpora four times: by our own reader and by libpcap, with the
 * flow table and without. All four must give the same judgements, to the letter, and
 * the same violations.
 *
 * Captures lie in SEKISHO_CORPORA, or in corpora/ of a folder "shared" beside the tree.
 */
#include "agent/watch/replay.h"
#include "tests/unit/unit.h"

#include <ftw.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define POLICY		"tests/corpora/policy.conf"
#define EXIT_SKIP	77

/* What one replay said, as two digests. */
struct said {
	crypto_generichash_state judgements, violations;
	uint8_t judged[32], violated[32];
	uint64_t packets, by_table;
	int code;
};

static struct checked *checked;
static uint64_t captures, packets, by_table, wrong;

static void
judged(void *arg, const struct replay_judged *j)
{
	struct said *s = arg;
	char *line = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&line, &size);

	replay_print_json(j, out);
	fclose(out);
	crypto_generichash_update(&s->judgements, (const uint8_t *)line, size);
	free(line);
}

/* The key of an event is a hash with a secret: another one each time. */
static void
violated(void *arg, const struct event *e)
{
	struct said *s = arg;
	char line[512];
	int n = snprintf(line, sizeof(line), "%s %s %s %s %llu %llu %s\n",
	    violation_class_id((enum violation_class)e->zv),
	    violation_action_name((enum violation_action)e->action), e->from_zone,
	    e->to_zone, (unsigned long long)e->count, (unsigned long long)e->bytes,
	    e->reason);

	crypto_generichash_update(&s->violations, (const uint8_t *)line, (size_t)n);
}

static void
replay(const char *name, enum capture_reader reader, bool no_table, struct said *s)
{
	const struct replay_options o = { .capture = name, .reader = reader,
	    .now = REPLAY_PACKET_TIME, .no_flow_table = no_table, .judged = judged,
	    .violation = violated, .arg = s };
	struct replay_stats stats = { 0 };
	char why[256] = "";

	memset(s, 0, sizeof(*s));
	crypto_generichash_init(&s->judgements, NULL, 0, sizeof(s->judged));
	crypto_generichash_init(&s->violations, NULL, 0, sizeof(s->violated));
	s->code = replay_run(checked, &o, &stats, why, sizeof(why));
	crypto_generichash_final(&s->judgements, s->judged, sizeof(s->judged));
	crypto_generichash_final(&s->violations, s->violated, sizeof(s->violated));
	s->packets = stats.packets;
	s->by_table = stats.by_table;
	if (stats.packets != stats.permitted + stats.local + stats.violations)
		s->code = -1000;
}

static bool
same(const struct said *a, const struct said *b)
{
	return a->code == b->code && a->packets == b->packets &&
	    memcmp(a->judged, b->judged, sizeof(a->judged)) == 0 &&
	    memcmp(a->violated, b->violated, sizeof(a->violated)) == 0;
}

static int
one_file(const char *name, const struct stat *st, int kind, struct FTW *at)
{
	static const struct { enum capture_reader reader; bool no_table; } ways[] = {
		{ CAPTURE_AUTO, true }, { CAPTURE_LIBPCAP, false },
		{ CAPTURE_LIBPCAP, true },
	};
	const char *dot = strrchr(name, '.');
	struct said first, other;

	(void)st;
	(void)at;
	if (kind != FTW_F || dot == NULL ||
	    (strcmp(dot, ".pcap") != 0 && strcmp(dot, ".pcapng") != 0))
		return 0;
	replay(name, CAPTURE_AUTO, false, &first);
	captures++;
	packets += first.packets;
	by_table += first.by_table;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		replay(name, ways[i].reader, ways[i].no_table, &other);
		if (same(&first, &other))
			continue;
		fprintf(stderr, "%s: %s%s says something else (%d, %d)\n", name,
		    capture_reader_name(ways[i].reader),
		    ways[i].no_table ? " without a table" : "", first.code, other.code);
		wrong++;
	}
	return 0;
}

static void
every_way_says_the_same(void)
{
	const char *corpora = getenv("SEKISHO_CORPORA");

	if (corpora == NULL)
		corpora = "../shared/corpora";
	CU_ASSERT_EQUAL(nftw(corpora, one_file, 16, FTW_PHYS), 0);
	fprintf(stderr, "%llu captures, %llu packets, %llu by the table ",
	    (unsigned long long)captures, (unsigned long long)packets,
	    (unsigned long long)by_table);
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT(packets > 0 && by_table > 0);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "readers and flow table say the same", every_way_says_the_same },
		CU_TEST_INFO_NULL,
	};
	const char *corpora = getenv("SEKISHO_CORPORA");
	struct diag *diag = diag_new();
	struct stat st;
	int code;

	if (stat(corpora != NULL ? corpora : "../shared/corpora", &st) != 0 ||
	    stat(POLICY, &st) != 0) {
		printf("no captures here\n");
		return EXIT_SKIP;
	}
	checked = diag != NULL && sodium_init() >= 0 ?
	    checked_from_file(POLICY, 0, diag) : NULL;
	if (checked == NULL)
		return EXIT_FAILURE;
	code = unit_main("replay_corpora", tests);
	checked_free(checked);
	diag_free(diag);
	return code;
}
