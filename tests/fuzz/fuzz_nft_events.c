/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of nf_tables, in the root process: nothing is read beyond a datagram's end. */
#include "kernel-helpers/nft_events.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nft_events_open open = { false, false };
	struct nft_events_seen seen = { 0 };
	uint8_t *copy = malloc(size == 0 ? 1 : size);

	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	nft_events_parse(copy, size, 7, &open, &seen);
	if (seen.changed > seen.transactions || seen.gone > seen.changed ||
	    memchr(seen.name, '\0', sizeof(seen.name)) == NULL)
		abort();
	free(copy);
	return 0;
}
