/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NFLOG datagrams: every pointer handed over must be readable to its length. */
#include "kernel-helpers/nflog.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
touch(void *arg, const struct nflog_packet *p)
{
	uint64_t *sum = arg;

	*sum += strlen(p->prefix);
	for (uint32_t i = 0; i < p->length; i++)
		*sum += p->bytes[i];
	if (p->time_ns < 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nflog_ledger ledger = { .received = 0 };
	/* Aligned as a socket's buffer is; as long as the datagram, so that a read
	 * behind it is seen. */
	uint8_t *copy = malloc(size == 0 ? 1 : size);
	uint64_t sum = 0;
	int n;

	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	n = nflog_parse(copy, size, &ledger, touch, &sum);
	if (n < 0 || ledger.received != (uint64_t)n)
		abort();
	free(copy);
	return 0;
}
