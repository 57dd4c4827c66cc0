/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record of so many violations, for the bench of the queries: lines of the real
 * writer, of which times and keys are changed from line to line.
 *
 *   bench_query RECORDS > violations.jsonl
 */
#include "agent/record/record_json.h"
#include "agent/record/record_text.h"
#include "agent/record/seal_line.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines that are really made; three of one violation each. */
#define KINDS 510u
/* 2026-11-01T00:00:00Z; records come every 2.5 seconds: a million in 29 days. */
#define BEGIN_NS ((int64_t)1793491200 * 1000000000)
#define STEP_NS ((int64_t)2500000000)

struct kind {
	char line[RECORD_LINE_MAX];
	size_t length;
};

static void
make(struct kind *k, unsigned int i, enum event_phase phase)
{
	static const char *const zones[] = { "mynumber", "lgwan", "internet", "dmz" };
	static const uint8_t zeros[SEAL_SIZE];
	const struct record_context context = { .sequence = 100000000 + i,
		.created_ns = BEGIN_NS, .monotonic_ns = 1000000000000, .boot = "b00t0000",
		.hostname = "gateway1", .version = "1.0", .sender = "watcher" };
	struct event e = { .kind = EVENT_VIOLATION, .phase = (uint8_t)phase,
		.zv = (uint8_t)(1 + i % 9), .action = i % 7 == 0 ? ACTION_LEAK : ACTION_ATTEMPT,
		.severity = (uint8_t)(3 + i % 7), .witness = WITNESS_GATE, .from_class = 1,
		.to_class = 2, .first_ns = BEGIN_NS, .last_ns = BEGIN_NS, .key = 1,
		.count = 1 + (uint64_t)phase * 10, .bytes = 640 };

	e.facts.flags = FACT_HAS_PORTS | FACT_HAS_MAC;
	e.facts.protocol = IPPROTO_TCP;
	e.facts.src = (struct ip_addr){ .family = IP_V4, .value = 0x0a010000 + i };
	e.facts.dst = (struct ip_addr){ .family = IP_V4, .value = 0x0a020000 + i % 31 };
	e.facts.sport = 40000;
	e.facts.dport = (uint16_t)(i % 3 == 0 ? 443 : 445);
	snprintf(e.from_zone, sizeof(e.from_zone), "%s", zones[i % 3]);
	snprintf(e.to_zone, sizeof(e.to_zone), "%s", zones[i % 3 + 1]);
	snprintf(e.in_interface, sizeof(e.in_interface), "eth%u", i % 3);
	snprintf(e.out_interface, sizeof(e.out_interface), "eth%u", i % 3 + 1);
	if (i % 5 == 0)
		snprintf(e.permit, sizeof(e.permit), "T%03u", i % 40);
	if (record_json_line(&e, &context, k->line, &k->length) < 0)
		abort();
	seal_line_join(k->line, &k->length, zeros, zeros);
}

/* Every time in the line, and the key. */
static void
change(struct kind *k, const char *time, const char *key)
{
	static const char *const names[] = { "\"@timestamp\":\"", "\"end\":\"", "\"created\":\"" };
	char *at;

	k->line[k->length] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		at = strstr(k->line, names[i]);
		if (at == NULL)
			abort();
		memcpy(at + strlen(names[i]), time, strlen(time));
	}
	at = strstr(k->line, "\"key\":\"");
	if (at == NULL)
		abort();
	memcpy(at + 7, key, 16);
}

int
main(int argc, char **argv)
{
	struct kind *kinds = calloc(KINDS, sizeof(*kinds));
	unsigned long n = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;

	if (kinds == NULL || n == 0) {
		fprintf(stderr, "bench_query RECORDS\n");
		return EXIT_FAILURE;
	}
	for (unsigned int i = 0; i < KINDS; i++)
		make(&kinds[i], i / PHASE_COUNT, (enum event_phase)(i % PHASE_COUNT));
	for (unsigned long i = 0; i < n; i++) {
		struct kind *k = &kinds[i % KINDS];
		char time[RECORD_TIME_SIZE], key[17];

		record_time(BEGIN_NS + (int64_t)i * STEP_NS, time);
		/* First, update and final follow each other. */
		snprintf(key, sizeof(key), "%016" PRIx64, (uint64_t)(i / PHASE_COUNT) *
		    UINT64_C(0x9e3779b97f4a7c15));
		change(k, time, key);
		fwrite(k->line, 1, k->length, stdout);
	}
	free(kinds);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
