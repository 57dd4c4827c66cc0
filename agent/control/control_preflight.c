/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_preflight.h"

#include "agent/control/control_internal.h"
#include "rules/classifier.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* More than any gateway is administered over at a time; what is beyond is not looked at. */
#define MAX_FLOWS	1024u
/* States of include/net/tcp_states.h as /proc/net/tcp prints them. */
#define STATE_ESTABLISHED	0x01u
#define STATE_LISTEN		0x0au

/* Four or sixteen bytes as the kernel prints them: words of 32 bits in its own order. */
static bool
parse_address(const char *hex, struct ip_addr *out)
{
	size_t digits = strspn(hex, "0123456789ABCDEF");
	uint8_t bytes[16];

	if (digits != 8 && digits != 32)
		return false;
	for (size_t i = 0; i < digits / 8; i++) {
		char word[9] = "";
		uint32_t value;

		memcpy(word, hex + i * 8, 8);
		value = (uint32_t)strtoul(word, NULL, 16);
		memcpy(bytes + i * 4, &value, 4);
	}
	*out = address_from_bytes(digits == 8 ? IP_V4 : IP_V6, bytes);
	/* A socket for both families shows IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2). */
	if (digits == 32 && out->value >> 32 == 0xffff)
		*out = (struct ip_addr){ .value = out->value & 0xffffffffu, .family = IP_V4 };
	return true;
}

struct tcp_line {
	struct ip_addr local, remote;
	uint16_t local_port, remote_port;
	unsigned int state;
};

static bool
parse_line(const char *line, struct tcp_line *out)
{
	char local[33], remote[33];
	unsigned int local_port, remote_port;

	/* NOLINTNEXTLINE(cert-err34-c): the kernel prints what fits */
	if (sscanf(line, " %*u: %32[0-9A-F]:%4x %32[0-9A-F]:%4x %2x", local, &local_port,
	    remote, &remote_port, &out->state) != 5)
		return false;
	out->local_port = (uint16_t)local_port;
	out->remote_port = (uint16_t)remote_port;
	return parse_address(local, &out->local) && parse_address(remote, &out->remote);
}

static bool
is_loopback(const struct ip_addr *a)
{
	return a->family == IP_V4 ? a->value >> 24 == 127 : a->value == 1;
}

size_t
preflight_read_tcp(FILE *in, struct preflight_flow *out, size_t max)
{
	static uint8_t listens[(UINT16_MAX + 1) / 8];
	char text[512];
	struct tcp_line l;
	size_t n = 0, kept = 0;

	memset(listens, 0, sizeof(listens));
	while (n < max && fgets(text, sizeof(text), in) != NULL) {
		if (!parse_line(text, &l))
			continue;
		if (l.state == STATE_LISTEN)
			listens[l.local_port / 8] |= (uint8_t)(1u << l.local_port % 8);
		if (l.state == STATE_ESTABLISHED && !is_loopback(&l.remote))
			out[n++] = (struct preflight_flow){ .src = l.remote, .dst = l.local,
			    .sport = l.remote_port, .dport = l.local_port };
	}
	/* Only what came in: the gateway's own questions manage nothing. */
	for (size_t i = 0; i < n; i++)
		if (listens[out[i].dport / 8] & 1u << out[i].dport % 8)
			out[kept++] = out[i];
	return kept;
}

static bool
parse_port(const char *text, uint16_t *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	*out = (uint16_t)n;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && n > 0 && n <= UINT16_MAX;
}

bool
preflight_parse_session(const char *text, struct preflight_flow *out)
{
	char copy[128], *words[4], *rest = copy;

	if (strlen(text) >= sizeof(copy))
		return false;
	memcpy(copy, text, strlen(text) + 1);
	for (size_t i = 0; i < 4; i++) {
		words[i] = strtok_r(i == 0 ? copy : NULL, " ", &rest);
		if (words[i] == NULL)
			return false;
	}
	return strtok_r(NULL, " ", &rest) == NULL &&
	    address_parse(words[0], &out->src) == ADDRESS_OK &&
	    address_parse(words[2], &out->dst) == ADDRESS_OK &&
	    out->src.family == out->dst.family && parse_port(words[1], &out->sport) &&
	    parse_port(words[3], &out->dport) && !is_loopback(&out->src);
}

/* May it open? */
static bool
opens(const struct classifier *c, const struct preflight_flow *f, int64_t now,
    uint32_t *permit)
{
	struct judgement j;
	struct facts facts;

	facts_clear(&facts);
	facts.src = f->src;
	facts.dst = f->dst;
	facts.sport = f->sport;
	facts.dport = f->dport;
	facts.ethertype = f->src.family == IP_V4 ? 0x0800 : 0x86dd;
	facts.protocol = facts.first_header = IPPROTO_TCP;
	facts.tcp_flags = TCP_FLAG_SYN;
	facts.flags = FACT_HAS_PORTS;
	facts.hop_limit = 64;
	classifier_judge(c, &facts, classifier_owner(c, &f->src), SEGMENT_SELF, now, &j);
	*permit = j.verdict == VERDICT_PERMIT ? j.permit : 0;
	return j.verdict != VERDICT_DENY;
}

size_t
preflight_first_cut(const struct checked *running, const struct checked *next,
    const struct preflight_flow *flows, size_t n, int64_t now, const char **permit)
{
	struct classifier *after = classifier_new(next);
	struct classifier *before = running != NULL ? classifier_new(running) : NULL;
	size_t i = 0;

	*permit = "";
	/* No memory to judge with: no change either. */
	for (; after != NULL && (running == NULL || before != NULL) && i < n; i++) {
		uint32_t by = 0, none;

		if (opens(after, &flows[i], now, &none))
			continue;
		if (before != NULL && !opens(before, &flows[i], now, &by))
			continue;
		if (by != 0)
			*permit = running->permits[by - 1].id;
		break;
	}
	classifier_free(after);
	classifier_free(before);
	return i;
}

static size_t
read_flows(struct preflight_flow *out, size_t max)
{
	static const char *const files[] = { "/proc/self/net/tcp", "/proc/self/net/tcp6" };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *in = fopen(files[i], "re");

		if (in == NULL)
			continue;
		n += preflight_read_tcp(in, out + n, max - n);
		fclose(in);
	}
	return n;
}

json_t *
control_preflight(struct control *c, const struct checked *next,
    const struct change_request *q)
{
	static struct preflight_flow flows[MAX_FLOWS + 1];
	char src[IP_RANGE_TEXT_SIZE], dst[IP_RANGE_TEXT_SIZE];
	const struct preflight_flow *f;
	const char *permit;
	size_t n = 0, i;

	/* At a start nobody is there whom it could cut off. */
	if (q->force_lockout || q->origin == VERSION_OF_START)
		return NULL;
	if (preflight_parse_session(q->session, &flows[0]))
		n = 1;
	n += read_flows(flows + n, MAX_FLOWS);
	if (n == 0)
		return NULL;
	i = preflight_first_cut(c->checked, next, flows, n, (int64_t)time(NULL), &permit);
	if (i == n)
		return NULL;
	f = &flows[i];
	return control_change_refusal(q->language, MSG_PREFLIGHT_CUT,
	    address_print(&f->src, src), f->sport, address_print(&f->dst, dst), f->dport,
	    permit[0] != '\0' ? permit : "-");
}
