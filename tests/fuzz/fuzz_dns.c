/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a DNS message, over UDP and over TCP: never a read outside them,
 * and a question that keeps its promises. First byte: how much was not captured.
 */
#include "agent/watch/detect_dns.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check(const struct dns_question *q)
{
	char text[48];
	size_t at = 0, domain = dns_registered_domain(q);

	must(q->length < DNS_NAME_BYTES && q->n_labels < DNS_LABELS);
	for (size_t i = 0; i < q->n_labels; i++) {
		must(q->label[i] == at && q->name[at] > 0 && q->name[at] < 64);
		at += 1u + q->name[at];
	}
	must(at == q->length && domain <= q->length);
	for (size_t i = 0; i < q->length; i++)
		must(q->name[i] < 'A' || q->name[i] > 'Z');
	dns_print(q, domain, text, sizeof(text));
	must(strlen(text) < sizeof(text));
	for (const char *p = text; *p != '\0'; p++)
		must(*p > ' ' && *p < 0x7f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_question q;
	struct cursor c;

	if (size < 1)
		return 0;
	c = (struct cursor){ data + 1, (uint32_t)(size - 1), (uint32_t)(size - 1) +
	    data[0] };
	if (dns_read(c, &q))
		check(&q);
	if (dns_read_stream(c, &q))
		check(&q);
	return 0;
}
