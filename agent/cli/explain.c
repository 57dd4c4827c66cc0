/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sekisho explain: what the policy says of one packet, and which line says so. */
#include "agent/cli/cli.h"
#include "agent/cli/options.h"

#include "rules/classifier.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <net/ethernet.h>
#include <netinet/ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool
parse_number(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*out = strtoul(text, &end, 10);
	return errno == 0 && *end == '\0' && *out <= max;
}

static bool
parse_protocol(const char *word, struct facts *f)
{
	static const struct { const char *name; uint8_t number; } names[] = {
		{ "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "sctp", IPPROTO_SCTP },
		{ "icmp", IPPROTO_ICMP }, { "icmpv6", IPPROTO_ICMPV6 }, { "gre", IPPROTO_GRE },
		{ "esp", IPPROTO_ESP }, { "ah", IPPROTO_AH }, { "ipip", IPPROTO_IPIP },
	};
	unsigned long n;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, word) == 0) {
			f->protocol = names[i].number;
			return true;
		}
	if (!parse_number(word, 255, &n))
		return false;
	f->protocol = (uint8_t)n;
	return true;
}

/* "8" or "3/4" behind icmp, a port behind the others. */
static bool
parse_detail(char *detail, struct facts *f)
{
	bool icmp = f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_ICMPV6;
	unsigned long n, code = 0;
	char *slash = strchr(detail, '/');

	if (!icmp) {
		if (!parse_number(detail, 65535, &n))
			return false;
		f->dport = (uint16_t)n;
		f->sport = 49152;	/* first ephemeral port, RFC 6335 */
	} else {
		if (slash != NULL)
			*slash++ = '\0';
		if (!parse_number(detail, 255, &n) ||
		    (slash != NULL && !parse_number(slash, 255, &code)))
			return false;
		f->sport = (uint16_t)(n << 8 | code);
	}
	f->flags |= FACT_HAS_PORTS;
	return true;
}

/* PROTO[/DPORT]; ICMP without a type means an echo request. */
static bool
parse_service(const char *word, struct facts *f)
{
	char copy[64];
	char *slash;

	if (strlen(word) >= sizeof(copy))
		return false;
	memcpy(copy, word, strlen(word) + 1);
	slash = strchr(copy, '/');
	if (slash != NULL)
		*slash++ = '\0';
	if (!parse_protocol(copy, f))
		return false;
	f->first_header = f->protocol;
	if (f->protocol == IPPROTO_TCP)
		f->tcp_flags = TCP_FLAG_SYN;
	if (slash != NULL)
		return parse_detail(slash, f);
	if (f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_ICMPV6) {
		f->sport = f->protocol == IPPROTO_ICMP ? 8 << 8 : 128 << 8;
		f->flags |= FACT_HAS_PORTS;
	}
	return true;
}

static const char *
zone_name(const struct checked *c, uint16_t segment)
{
	int zone = checked_zone_of(c, segment);

	if (segment == SEGMENT_SELF)
		return "self";
	return zone < 0 ? "-" : c->zones[zone].name;
}

static const char *
interface_name(const struct checked *c, uint16_t segment)
{
	return segment < c->n_segments ? c->segments[segment].interface : "-";
}

static json_t *
permit_json(const struct checked_permit *p)
{
	return json_pack("{s:s, s:s?, s:i, s:s?, s:s?, s:s?, s:b}",
	    "id", p->id, "file", p->origin.file, "line", (int)p->origin.line,
	    "purpose", p->purpose, "request", p->request, "approved_by", p->approved_by,
	    "enabled", !p->disabled);
}

static void
say_json(const struct checked *c, const struct judgement *j)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s}",
	    "verdict", j->verdict == VERDICT_PERMIT ? "permitted" :
	    j->verdict == VERDICT_LOCAL ? "local" : "denied",
	    "from", zone_name(c, j->in), "to", zone_name(c, j->out),
	    "in", interface_name(c, j->in), "out", interface_name(c, j->out));

	if (j->verdict == VERDICT_DENY) {
		json_object_set_new(o, "class", json_string(violation_class_id(j->zv)));
		json_object_set_new(o, "action", json_string(violation_action_name(j->action)));
	}
	if (j->permit != 0)
		json_object_set_new(o, "permit", permit_json(&c->permits[j->permit - 1]));
	cli_print_json(o);
}

static void
say_text(const struct cli *cli, const struct checked *c, const struct judgement *j)
{
	const struct checked_permit *p = j->permit != 0 ? &c->permits[j->permit - 1] : NULL;

	cli_say(cli, MSG_CLI_EXPLAIN_PATH, zone_name(c, j->in), interface_name(c, j->in),
	    zone_name(c, j->out), interface_name(c, j->out));
	if (j->verdict == VERDICT_LOCAL)
		cli_say(cli, MSG_CLI_EXPLAIN_LOCAL);
	else if (j->verdict == VERDICT_DENY)
		cli_say(cli, MSG_CLI_EXPLAIN_DENIED, violation_class_id(j->zv),
		    violation_class_name(j->zv, cli->language));
	else if (p != NULL)
		cli_say(cli, MSG_CLI_EXPLAIN_PERMITTED, p->id);
	if (p == NULL)
		return;
	if (j->verdict == VERDICT_DENY)
		cli_say(cli, p->disabled ? MSG_CLI_EXPLAIN_DISABLED : MSG_CLI_EXPLAIN_EXPIRED,
		    p->id);
	cli_say(cli, MSG_CLI_EXPLAIN_PERMIT, p->id, p->origin.file != NULL ? p->origin.file : "-",
	    p->origin.line, p->purpose != NULL ? p->purpose : "-",
	    p->request != NULL ? p->request : "-", p->approved_by != NULL ? p->approved_by : "-");
}

static int
explain(const struct cli *cli, const struct checked *checked, struct facts *f, uint16_t in)
{
	struct classifier *classifier = classifier_new(checked);
	struct judgement j = { 0 };

	if (classifier == NULL) {
		cli_complain(cli, MSG_CLI_NO_MEMORY);
		return CLI_ERROR;
	}
	classifier_judge(classifier, f, in, SEGMENT_NONE, (int64_t)time(NULL), &j);
	if (cli->json)
		say_json(checked, &j);
	else
		say_text(cli, checked, &j);
	classifier_free(classifier);
	return j.verdict == VERDICT_DENY ? CLI_DENIED : CLI_OK;
}

/* The words behind the options: SRC DST PROTO[/DPORT], and --mac. */
static bool
parse_packet(char **argv, const char *mac, struct facts *f)
{
	struct ether_addr ether;

	if (address_parse(argv[1], &f->src) != ADDRESS_OK ||
	    address_parse(argv[2], &f->dst) != ADDRESS_OK ||
	    f->src.family != f->dst.family || !parse_service(argv[3], f))
		return false;
	f->ethertype = f->src.family == IP_V4 ? ETHERTYPE_IP : ETHERTYPE_IPV6;
	f->hop_limit = 64;
	if (mac == NULL)
		return true;
	if (ether_aton_r(mac, &ether) == NULL)
		return false;
	memcpy(f->src_mac, ether.ether_addr_octet, sizeof(f->src_mac));
	f->flags |= FACT_HAS_MAC;
	return true;
}

int
cli_explain(int argc, char **argv, const struct cli *cli)
{
	const char *file = cli->paths.policy, *in = NULL, *mac = NULL;
	const struct option_row rows[] = {
		{ "-f", &file, NULL }, { "--in", &in, NULL }, { "--mac", &mac, NULL },
		{ NULL, NULL, NULL },
	};
	struct facts f = { 0 };
	struct checked *checked;
	int code, segment;

	if (options_take(argc, argv, rows) != 3 || in == NULL || !parse_packet(argv, mac, &f))
		return cli_usage(cli, "explain", MSG_CLI_BAD_ARGUMENTS);
	checked = cli_load_policy(cli, file, false);
	if (checked == NULL)
		return CLI_ERROR;
	segment = checked_segment_by_interface(checked, in);
	if (strcmp(in, "self") == 0)
		segment = SEGMENT_SELF;
	if (segment < 0) {
		cli_complain(cli, MSG_CLI_NO_INTERFACE, in, file);
		code = CLI_ERROR;
	} else {
		code = explain(cli, checked, &f, (uint16_t)segment);
	}
	checked_free(checked);
	return code;
}
