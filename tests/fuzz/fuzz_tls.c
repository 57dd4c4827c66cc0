/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the beginning of a TLS connection: never a read outside them, and
 * a name that is one. First byte: how much was not captured.
 */
#include "agent/watch/detect_resolvers.h"
#include "agent/watch/detect_tls.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[TLS_NAME_SIZE];
	struct cursor c;

	if (size < 1)
		return 0;
	c = (struct cursor){ data + 1, (uint32_t)(size - 1), (uint32_t)(size - 1) +
	    data[0] };
	if (!tls_server_name(c, name)) {
		must(name[0] == '\0');
		return 0;
	}
	must(tls_is_handshake(&c));
	must(strlen(name) > 0 && strlen(name) < TLS_NAME_SIZE);
	for (const char *p = name; *p != '\0'; p++)
		must((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') ||
		    strchr("-_.", *p) != NULL);
	(void)resolver_name(name);
	return 0;
}
