/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What "sekisho replay --stats" does behind reading its policy: nanoseconds a packet.
 * Also says on standard error what became of the packets, so that nobody measures
 * something else than he thinks.
 *
 *   bench_replay POLICY CAPTURE [TIMES [auto|libpcap [no-table]]]
 */
#include "agent/watch/replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int
measure(const struct checked *checked, const struct replay_options *o, bool last)
{
	struct replay_stats s;
	char why[256] = "";
	double began = now();
	int code = replay_run(checked, o, &s, why, sizeof(why));

	if (code < 0 || s.packets == 0) {
		fprintf(stderr, "%s\n", why);
		return -1;
	}
	printf("%.2f\n", (now() - began) / (double)s.packets);
	if (last)
		fprintf(stderr, "%" PRIu64 " packets: %" PRIu64 " permitted, %" PRIu64
		    " violations, %" PRIu64 " by the flow table\n", s.packets, s.permitted,
		    s.violations, s.by_table);
	return 0;
}

int
main(int argc, char **argv)
{
	int times = argc > 3 ? atoi(argv[3]) : 1;	/* NOLINT(cert-err34-c) */
	struct replay_options o = { .now = REPLAY_PACKET_TIME };
	struct diag *diag = diag_new();
	struct checked *checked;

	if (argc < 3 || diag == NULL) {
		fprintf(stderr, "bench_replay POLICY CAPTURE "
		    "[TIMES [auto|libpcap [no-table]]]\n");
		return EXIT_FAILURE;
	}
	o.capture = argv[2];
	if (argc > 4)
		o.reader = (enum capture_reader)capture_reader_parse(argv[4]);
	o.no_flow_table = argc > 5 && strcmp(argv[5], "no-table") == 0;
	checked = checked_from_file(argv[1], (int64_t)time(NULL), diag);
	if (checked == NULL) {
		diag_print(diag, stderr, MESSAGE_ENGLISH);
		return EXIT_FAILURE;
	}
	while (times-- > 0)
		if (measure(checked, &o, times == 0) != 0)
			return EXIT_FAILURE;
	checked_free(checked);
	diag_free(diag);
	return EXIT_SUCCESS;
}
