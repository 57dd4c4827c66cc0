/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any file: our reader never leaves the file, ends, and as long as it goes on
 * says exactly what libpcap says.
 */
#include "agent/watch/capture_own.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* The input as libpcap sees it; NULL when it is no capture. */
static pcap_t *
open_oracle(const uint8_t *data, size_t size)
{
	char why[PCAP_ERRBUF_SIZE];
	union { const void *in; void *out; } bytes = { .in = data };
	FILE *file = size > 0 ? fmemopen(bytes.out, size, "rb") : NULL;
	pcap_t *p;

	if (file == NULL)
		return NULL;
	p = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO,
	    why);
	if (p == NULL)
		fclose(file);
	return p;
}

static bool
same_next(struct capture_own *own, pcap_t *oracle)
{
	struct capture_packet p;
	struct pcap_pkthdr *h;
	const u_char *bytes;
	const char *why = NULL;
	int ours = capture_own_next(own, &p, &why);
	int theirs = pcap_next_ex(oracle, &h, &bytes);

	if (ours <= 0) {
		must(theirs != 1);
		must(ours == 0 ? theirs == PCAP_ERROR_BREAK : why != NULL);
		return false;
	}
	must(theirs == 1);
	must(p.captured == h->caplen && p.length == h->len);
	must(p.time_ns == capture_time(h->ts.tv_sec, h->ts.tv_usec));
	must(p.captured == 0 || memcmp(p.bytes, bytes, p.captured) == 0);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct capture_own own;
	pcap_t *oracle;

	if (!capture_own_open(&own, data, size))
		return 0;
	oracle = open_oracle(data, size);
	must(oracle != NULL);
	must(pcap_datalink(oracle) == own.link_type);
	while (same_next(&own, oracle))
		;
	pcap_close(oracle);
	return 0;
}
