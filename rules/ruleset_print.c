/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft(8) text. Only spellings that nft 1.0.6 reads and lists back with the same
 * meaning: protocols as nft's own keywords or as numbers (no /etc/protocols
 * needed), times as seconds since the epoch (a date would mean the local zone
 * of whoever loads it).
 */
#include "rules/ruleset_print.h"

#include "rules/address.h"

#include <inttypes.h>
#include <string.h>

#define NAME_BUFFER (LIMIT_OBJECT_NAME + 16)

static void
print_name(const struct object_name *n, FILE *out)
{
	char buf[NAME_BUFFER];

	fputs(object_name_text(n, buf), out);
}

/* Between quotes; nft has no escape for a quote inside. */
static void
print_quoted(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == '"' || *text == '\\')
			fputc('?', out);
		else
			fputc(*text, out);
	fputc('"', out);
}

static const char *
protocol_word(unsigned int protocol)
{
	static const struct {
		unsigned int number;
		const char *word;
	} words[] = {
		{ 1, "icmp" }, { 6, "tcp" }, { 17, "udp" }, { 50, "esp" }, { 51, "ah" },
		{ 58, "icmpv6" }, { 132, "sctp" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].number == protocol)
			return words[i].word;
	return NULL;
}

static void
print_addresses(enum ip_family family, const uint8_t *first, const uint8_t *last,
    FILE *out)
{
	char buf[IP_RANGE_TEXT_SIZE];
	struct ip_range range = {
		.first = address_from_bytes(family, first).value,
		.last = address_from_bytes(family, last).value,
		.family = family,
	};

	fputs(address_print_range(&range, buf), out);
}

static void
print_interface(const uint8_t *name, FILE *out)
{
	char text[17] = "";

	memcpy(text, name, 16);
	print_quoted(text, out);
}

static void
print_protocols(uint8_t first, uint8_t last, FILE *out)
{
	const char *word = first == last ? protocol_word(first) : NULL;

	if (word != NULL)
		fputs(word, out);
	else if (first == last)
		fprintf(out, "%u", first);
	else
		fprintf(out, "%u-%u", first, last);
}

static void
print_ports(const uint8_t *first, const uint8_t *last, FILE *out)
{
	unsigned int from = (unsigned int)first[0] << 8 | first[1];
	unsigned int to = (unsigned int)last[0] << 8 | last[1];

	if (from == to)
		fprintf(out, "%u", from);
	else
		fprintf(out, "%u-%u", from, to);
}

static void
print_field(enum field f, const uint8_t *first, const uint8_t *last, FILE *out)
{
	uint32_t number;

	switch (f) {
	case FIELD_IIFNAME:
	case FIELD_OIFNAME:
		print_interface(first, out);
		break;
	case FIELD_ETHER_SADDR:
		fprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x",
		    first[0], first[1], first[2], first[3], first[4], first[5]);
		break;
	case FIELD_IP_SADDR:
	case FIELD_IP_DADDR:
	case FIELD_FLOW_SADDR:
	case FIELD_FLOW_DADDR:
		print_addresses(IP_V4, first, last, out);
		break;
	case FIELD_IP6_SADDR:
	case FIELD_IP6_DADDR:
	case FIELD_FLOW6_SADDR:
	case FIELD_FLOW6_DADDR:
		print_addresses(IP_V6, first, last, out);
		break;
	case FIELD_IP_PROTOCOL:
	case FIELD_IP6_NEXTHDR:
	case FIELD_L4PROTO:
		print_protocols(first[0], last[0], out);
		break;
	case FIELD_TH_SPORT:
	case FIELD_TH_DPORT:
	case FIELD_FLOW_SPORT:
	case FIELD_FLOW_DPORT:
	case FIELD_FLOW_ICMP:
		print_ports(first, last, out);
		break;
	case FIELD_IIF:
	case FIELD_OIF:
	case FIELD_CT_MARK:
		memcpy(&number, first, sizeof(number));
		fprintf(out, f == FIELD_CT_MARK ? "0x%08" PRIx32 : "%" PRIu32, number);
		break;
	case FIELD_NONE:
	case FIELD_COUNT:
		break;
	}
}

void
ruleset_print_key(const struct ruleset_set *s, const uint8_t *first, const uint8_t *last,
    FILE *out)
{
	unsigned int at = 0;

	if (last == NULL)
		last = first;
	for (unsigned int i = 0; i < s->n_fields; i++) {
		if (i > 0)
			fputs(" . ", out);
		print_field(s->key[i], first + at, last + at, out);
		at += ruleset_key_length(&s->key[i], 1);
	}
}

static void
print_key_fields(const struct stmt *s, FILE *out)
{
	for (unsigned int i = 0; i < s->n_fields; i++)
		fprintf(out, "%s%s", i > 0 ? " . " : "", field_info(s->key[i])->text);
}

static void
print_ct_states(uint64_t mask, FILE *out)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} states[] = {
		{ CT_STATE_INVALID, "invalid" }, { CT_STATE_ESTABLISHED, "established" },
		{ CT_STATE_RELATED, "related" }, { CT_STATE_NEW, "new" },
		{ CT_STATE_UNTRACKED, "untracked" },
	};
	const char *separator = "";

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (mask & states[i].bit) {
			fprintf(out, "%s%s", separator, states[i].word);
			separator = ",";
		}
}

static void
print_time(const struct stmt *s, FILE *out)
{
	if (s->since != INT64_MIN)
		fprintf(out, "meta time >= %" PRId64, s->since);
	if (s->since != INT64_MIN && s->until != INT64_MAX)
		fputc(' ', out);
	if (s->until != INT64_MAX)
		fprintf(out, "meta time < %" PRId64, s->until);
}

/*
 * One statement a row. In a template %k are the key fields, %t the target,
 * %n the number, %b the burst, %q the name in quotes, %! says "!= " of an
 * inverted match, %s are conntrack states, %T the times, %f a TCP flag, and %w is a
 * word that the number stands for.
 */
static const char *const templates[STMT_KIND_COUNT] = {
	[STMT_NONE] = "",
	[STMT_CT_STATE] = "ct state %!%s",
	[STMT_CT_DIRECTION_ORIGINAL] = "ct direction %w",
	[STMT_NFPROTO] = "meta nfproto %w",
	[STMT_L4PROTO] = "meta l4proto %!%n",
	[STMT_IFNAME] = "%k %!%q",
	[STMT_IPV4_PLAIN] = "@nh,0,8 0x45",
	[STMT_IPV4_OPTIONS] = "ip hdrlength != 5",
	[STMT_ROUTING_MISSING] = "exthdr rt missing",
	[STMT_FIB_NOT_UNICAST] = "fib saddr type != unicast",
	[STMT_FIB_LOCAL_GROUP] = "fib daddr type %w",
	[STMT_TCP_NOT_OPENING] = "tcp flags & (fin | syn | rst | ack) != syn",
	[STMT_TCP_FLAG] = "tcp flags %f",
	[STMT_ICMP_TYPE] = "%w type %n",
	[STMT_TIME] = "%T",
	[STMT_IN_SET] = "%k %!@%t",
	[STMT_VERDICT_MAP] = "%k vmap @%t",
	[STMT_VERDICT_BY_PAIR] = "ct mark & 0xffff0000 vmap @%t",
	[STMT_MARK_FROM_MAP] = "ct mark set %k map @%t",
	[STMT_MARK_HALF_OPEN] = "ct mark set ct mark %w",
	[STMT_COUNT] = "counter name \"%t\"",
	[STMT_COUNT_BY_PERMIT] = "counter name ct mark & 0x0000ffff map @%t",
	[STMT_UPDATE] = "update @%t { %k }",
	[STMT_ADD] = "add @%t { %k }",
	[STMT_REMOVE] = "delete @%t { %k }",
	[STMT_LIMIT] = "limit rate %n/second burst %b packets",
	[STMT_LOG] = "log prefix %q group %n",
	[STMT_REJECT] = "reject with icmpx admin-prohibited",
	[STMT_ACCEPT] = "accept",
	[STMT_DROP] = "drop",
	[STMT_JUMP] = "jump %t",
	[STMT_GOTO] = "goto %t",
	[STMT_RETURN] = "return",
};

/* Numbers that nft writes as a word. */
static const char *
word_of(const struct stmt *s)
{
	if (s->kind == STMT_FIB_LOCAL_GROUP)
		return s->number == 3 ? "broadcast" : "multicast";
	if (s->kind == STMT_ICMP_TYPE)
		return s->family == 10 ? "icmpv6" : "icmp";
	if (s->kind == STMT_CT_DIRECTION_ORIGINAL)
		return s->invert ? "reply" : "original";
	if (s->kind == STMT_MARK_HALF_OPEN)
		return s->invert ? "& 0x7fffffff" : "| 0x80000000";
	return s->number == 10 ? "ipv6" : "ipv4";
}

static void
print_part(char what, const struct stmt *s, FILE *out)
{
	switch (what) {
	case 'k':
		print_key_fields(s, out);
		break;
	case 't':
		print_name(&s->target, out);
		break;
	case 'n':
		fprintf(out, "%" PRIu64, s->number);
		break;
	case 'b':
		fprintf(out, "%" PRIu32, s->burst);
		break;
	case 'q':
		print_quoted(s->name, out);
		break;
	case '!':
		fputs(s->invert ? "!= " : "", out);
		break;
	case 's':
		print_ct_states(s->number, out);
		break;
	case 'T':
		print_time(s, out);
		break;
	case 'f':
		fprintf(out, "%s%s", s->invert ? "! " : "",
		    s->number == TCP_RST ? "rst" : "syn");
		break;
	case 'w':
		fputs(word_of(s), out);
		break;
	}
}

static void
print_stmt(const struct stmt *s, FILE *out)
{
	const char *at =
	    (unsigned int)s->kind < STMT_KIND_COUNT ? templates[s->kind] : "";

	for (; *at != '\0'; at++)
		if (*at == '%')
			print_part(*++at, s, out);
		else
			fputc(*at, out);
	if (s->kind == STMT_LOG)
		fprintf(out, " snaplen %u queue-threshold %u", RULESET_LOG_SNAPLEN,
		    RULESET_LOG_QTHRESHOLD);
}

void
ruleset_print_rule(const struct ruleset_rule *rule, FILE *out)
{
	for (unsigned int i = 0; i < rule->n_stmts; i++) {
		if (i > 0)
			fputc(' ', out);
		print_stmt(&rule->stmts[i], out);
	}
	if (rule->comment[0] != '\0') {
		fputs(" comment ", out);
		print_quoted(rule->comment, out);
	}
}

static void
print_counter(const struct ruleset_counter *c, FILE *out)
{
	fputs("\tcounter ", out);
	print_name(&c->name, out);
	fputs(" {\n", out);
	if (c->comment[0] != '\0') {
		fputs("\t\tcomment ", out);
		print_quoted(c->comment, out);
		fputc('\n', out);
	}
	fprintf(out, "\t\tpackets %" PRIu64 " bytes %" PRIu64 "\n\t}\n\n", c->packets,
	    c->bytes);
}

static void
print_set_type(const struct ruleset_set *s, FILE *out)
{
	static const char *const values[] = {
		[SET_PLAIN] = "", [SET_VERDICT_MAP] = " : verdict",
		[SET_MARK_MAP] = " : mark", [SET_COUNTER_MAP] = " : counter",
	};

	fputs("\t\ttype ", out);
	for (unsigned int i = 0; i < s->n_fields; i++)
		fprintf(out, "%s%s", i > 0 ? " . " : "", field_info(s->key[i])->type);
	fprintf(out, "%s\n", values[s->kind]);

	if (s->size != 0)
		fprintf(out, "\t\tsize %" PRIu32 "\n", s->size);
	if (s->interval)
		fputs("\t\tflags interval\n", out);
	if (s->dynamic)
		fprintf(out, "\t\tflags dynamic%s\n",
		    s->timeout_ms != 0 ? ",timeout" : "");
	if (s->counted)
		fputs("\t\tcounter\n", out);
	if (s->timeout_ms != 0 && s->timeout_ms % 86400000 == 0)
		fprintf(out, "\t\ttimeout %" PRIu64 "d\n", s->timeout_ms / 86400000);
	else if (s->timeout_ms != 0)
		fprintf(out, "\t\ttimeout %" PRIu64 "s\n", s->timeout_ms / 1000);
	if (s->gc_ms != 0)
		fprintf(out, "\t\tgc-interval %" PRIu32 "ms\n", s->gc_ms);
}

static void
print_element_value(const struct ruleset_set *s, const struct element *e, FILE *out)
{
	switch (s->kind) {
	case SET_PLAIN:
		break;
	case SET_VERDICT_MAP:
		fputs(" : goto ", out);
		if (e->target != NULL)
			print_name(e->target, out);
		break;
	case SET_MARK_MAP:
		fprintf(out, " : 0x%08" PRIx32, e->mark);
		break;
	case SET_COUNTER_MAP:
		fputs(" : \"", out);
		if (e->target != NULL)
			print_name(e->target, out);
		fputc('"', out);
		break;
	}
}

static void
print_set(const struct ruleset_set *s, FILE *out)
{
	fputs(s->kind == SET_PLAIN ? "\tset " : "\tmap ", out);
	print_name(&s->name, out);
	fputs(" {\n", out);
	print_set_type(s, out);
	for (size_t i = 0; i < s->n_elements && !s->dynamic; i++) {
		size_t at = i * s->key_length;

		fputs(i == 0 ? "\t\telements = { " : ",\n\t\t\t     ", out);
		ruleset_print_key(s, s->first + at, s->interval ? s->last + at : NULL,
		    out);
		print_element_value(s, &s->elements[i], out);
	}
	fputs(s->n_elements > 0 && !s->dynamic ? " }\n\t}\n\n" : "\t}\n\n", out);
}

static void
print_chain(const struct ruleset_chain *c, FILE *out)
{
	static const char *const hooks[] = {
		[HOOK_NONE] = "",
		[HOOK_PREROUTING] = "prerouting",
		[HOOK_INPUT] = "input",
		[HOOK_FORWARD] = "forward",
		[HOOK_OUTPUT] = "output",
		[HOOK_POSTROUTING] = "postrouting",
	};

	fputs("\tchain ", out);
	print_name(&c->name, out);
	fputs(" {\n", out);
	if (c->hook != HOOK_NONE)
		fprintf(out, "\t\ttype filter hook %s priority %" PRId32 "; policy %s;\n",
		    hooks[c->hook], c->priority, c->policy_drop ? "drop" : "accept");
	for (size_t i = 0; i < c->n_rules; i++) {
		fputs("\t\t", out);
		ruleset_print_rule(&c->rules[i], out);
		fputc('\n', out);
	}
	fputs("\t}\n\n", out);
}

void
ruleset_print(const struct ruleset *r, FILE *out)
{
	fputs("table inet " RULESET_TABLE " {\n", out);
	if (r->comment[0] != '\0') {
		fputs("\tcomment ", out);
		print_quoted(r->comment, out);
		fputs("\n\n", out);
	}
	for (size_t i = 0; i < r->n_counters; i++)
		print_counter(&r->counters[i], out);
	for (size_t i = 0; i < r->n_sets; i++)
		print_set(&r->sets[i], out);
	for (size_t i = 0; i < r->n_chains; i++)
		print_chain(&r->chains[i], out);
	fputs("}\n", out);
}
