/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The quick scanner of the record on any bytes: what it takes, jansson takes, and reads
 * the same fields.
 */
#include "tests/unit/scan_oracle.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!scan_agrees((const char *)data, size))
		abort();
	return 0;
}
