/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/view_sample.h"

#include <string.h>

const char *const view_hostile[] = {
	"\"", "\\", "\\\"", "|", "=", "]", "\n", "\r\n", "\x1b[2J", "\t", "\x7f", "\xc2\x9b[31m",
	"\xe2\x80\xa8", "\xe2\x80\xae", "\xef\xbb\xbf", "a=b|c]d\"e\\f\ng", "\\n", "{\"a\":1}",
	" src=10.9.9.9 act=permitted", "\nMESSAGE=forged\nPRIORITY=0", "\",\"event_type\":\"stats",
	"\"} 1\nsekisho_info{version=\"x", "<0>1 - - - - - - x", "%s%n", "\xf0\x9f\x98\x80",
	"\xe9\x96\xa2\xe6\x89\x80", "[sekisho@32473 sequence=\"1\"]", "", NULL
};

const char *
view_hostile_long(void)
{
	static char text[(64 << 10) + 1];

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = "\"]=|\\\n\x1b""a"[i % 8];
	return text;
}

json_t *
view_sample(uint64_t sequence, const char *text)
{
	const char *hash = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	json_t *event = json_pack("{s:s, s:s, s:s, s:s, s:I, s:i, s:s, s:s, s:s}",
	    "kind", "alert", "action", "attempt", "outcome", text, "id", text,
	    "sequence", (json_int_t)sequence, "severity", 7, "reason", text,
	    "start", "2026-11-21T03:14:00.000000000Z", "end", "2026-11-21T03:14:56.123456789Z");
	json_t *observer = json_pack("{s:s, s:s, s:s, s:{s:s, s:{s:s}}, s:{s:s, s:{s:s}}}",
	    "hostname", text, "product", "sekisho", "version", "0.1.0",
	    "ingress", "zone", text, "interface", "name", text,
	    "egress", "zone", text, "interface", "name", text);
	json_t *own = json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s}",
	    "kind", "violation", "agg", "final", "key", "00000000000000ff", "count",
	    (json_int_t)42, "permit", text, "actor", text, "person", text, "note", text,
	    "message_ja", text);

	return json_pack("{s:s, s:s, s:o, s:{s:s, s:s}, s:{s:s, s:i, s:s}, s:{s:s, s:i, s:s}, "
	    "s:{s:s, s:s, s:I}, s:o, s:o, s:s}",
	    "@timestamp", "2026-11-21T03:14:56.123456789Z", "message", text, "event", event,
	    "rule", "id", "ZV-01", "name", text,
	    "source", "ip", "10.1.2.3", "port", 40000, "mac", "02-00-00-00-00-0A",
	    "destination", "ip", "2001:db8::1", "port", 443, "mac", text,
	    "network", "transport", text, "iana_number", "6", "bytes", (json_int_t)4200,
	    "observer", observer, "sekisho", own, "hash", hash);
}
