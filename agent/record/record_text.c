/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/record_text.h"

#include "agent/record/record_line.h"
#include "agent/record/text_clean.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_SECOND	INT64_C(1000000000)
#define NS_PER_DAY	(NS_PER_SECOND * 24 * 3600)

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void
take(const char *from, size_t n, const struct record_room *room, size_t keep, char *to,
    size_t size, bool *cut)
{
	/* One more than is kept, for the NUL. */
	size = smaller(size, keep + 1);
	if (room->ascii)
		text_clean_ascii(from, n, to, size, cut);
	else
		text_clean(from, n, to, size, cut);
}

#define TAKE_NAME(field)							\
	take(e->field, sizeof(e->field), room, room->name, out->field,		\
	    sizeof(out->field), &out->cut)

void
record_text_take(const struct event *e, const struct record_room *room,
    struct record_text *out)
{
	memset(out, 0, sizeof(*out));
	TAKE_NAME(from_zone);
	TAKE_NAME(to_zone);
	TAKE_NAME(in_interface);
	TAKE_NAME(out_interface);
	TAKE_NAME(permit);
	TAKE_NAME(actor);
	TAKE_NAME(person);
	take(e->note, sizeof(e->note), room, room->reason, out->note, sizeof(out->note),
	    &out->cut);
	take(e->reason, sizeof(e->reason), room, room->reason, out->reason,
	    sizeof(out->reason), &out->cut);
}

/* So many decimal digits of number, with zeros in front; returns what is behind them. */
static char *
put_digits(char *out, unsigned int number, int digits)
{
	for (int i = digits; i-- > 0; number /= 10)
		out[i] = (char)('0' + number % 10);
	return out + digits;
}

/*
 * Years are counted from March, so that the leap day is the last one, in cycles of 400 years
 * of 146,097 days. 64 bits of nanoseconds begin in 1677 and end in 2262: all is positive from
 * the year 0 on, and a year has four digits.
 */
static char *
put_date(char *at, int64_t days_of_1970)
{
	const unsigned int days = (unsigned int)(days_of_1970 + 719468);
	const unsigned int of_cycle = days % 146097;
	const unsigned int year = (of_cycle - of_cycle / 1460 + of_cycle / 36524 -
	    of_cycle / 146096) / 365;
	const unsigned int day = of_cycle - (365 * year + year / 4 - year / 100);
	const unsigned int month = (5 * day + 2) / 153;

	at = put_digits(at, days / 146097 * 400 + year + (month >= 10), 4);
	*at++ = '-';
	at = put_digits(at, month < 10 ? month + 3 : month - 9, 2);
	*at++ = '-';
	return put_digits(at, day - (153 * month + 2) / 5 + 1, 2);
}

/* By hand: strftime(3), snprintf(3) and gmtime(3) were a fifth of the cost of a record. */
const char *
record_time(int64_t ns, char *out)
{
	/* Downwards also before 1970. */
	int64_t rest = ns % NS_PER_DAY < 0 ? ns % NS_PER_DAY + NS_PER_DAY : ns % NS_PER_DAY;
	unsigned int seconds = (unsigned int)(rest / NS_PER_SECOND);
	char *at = put_date(out, (ns - rest) / NS_PER_DAY);

	*at++ = 'T';
	at = put_digits(at, seconds / 3600, 2);
	*at++ = ':';
	at = put_digits(at, seconds / 60 % 60, 2);
	*at++ = ':';
	at = put_digits(at, seconds % 60, 2);
	*at++ = '.';
	at = put_digits(at, (unsigned int)(rest % NS_PER_SECOND), 9);
	memcpy(at, "Z", sizeof("Z"));
	return out;
}

const char *
record_seconds(int64_t ns, char *out)
{
	char *fraction;

	record_time(ns, out);
	fraction = strchr(out, '.');
	if (fraction != NULL)
		memcpy(fraction, "Z", sizeof("Z"));
	return out;
}

/* ECS: "normalized to lowercase", IANA keywords. */
const char *
record_transport(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_IGMP:
		return "igmp";
	case IPPROTO_IPIP:
		return "ipv4";
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_IPV6:
		return "ipv6";
	case IPPROTO_GRE:
		return "gre";
	case IPPROTO_ESP:
		return "esp";
	case IPPROTO_AH:
		return "ah";
	case IPPROTO_ICMPV6:
		return "ipv6-icmp";
	case IPPROTO_SCTP:
		return "sctp";
	default:
		return NULL;
	}
}

static bool
is_icmp(const struct facts *f)
{
	return f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_ICMPV6;
}

const char *
record_service(const struct facts *f, char *out)
{
	const char *name = record_transport(f->protocol);
	char number[RECORD_NUMBER_SIZE], port[RECORD_NUMBER_SIZE];

	if ((f->flags & FACT_ARP) != 0)
		return memcpy(out, "arp", sizeof("arp"));
	if (f->src.family == IP_NONE && f->dst.family == IP_NONE) {
		snprintf(out, RECORD_SERVICE_SIZE, "0x%04x", f->ethertype);
		return out;
	}
	if (name == NULL)
		name = record_line_decimal(f->protocol, number);
	if ((f->flags & FACT_HAS_PORTS) == 0)
		(void)stpcpy(out, name);
	else if (is_icmp(f))
		snprintf(out, RECORD_SERVICE_SIZE, "%s/%u.%u", name, (unsigned int)f->sport >> 8,
		    f->sport & 0xffu);
	else
		(void)stpcpy(stpcpy(stpcpy(out, name), "/"),
		    record_line_decimal(f->dport, port));
	return out;
}

const char *
record_kind_name(enum event_kind kind)
{
	switch (kind) {
	case EVENT_NONE:
	case EVENT_KIND_COUNT:
		break;
	case EVENT_VIOLATION:
		return "violation";
	case EVENT_GAP:
		return "gap";
	case EVENT_CHANGE:
		return "change";
	case EVENT_LIFE:
		return "life";
	case EVENT_DRIFT:
		return "drift";
	case EVENT_FILE:
		return "file";
	case EVENT_CHECKPOINT:
		return "checkpoint";
	case EVENT_HEARTBEAT:
		return "heartbeat";
	case EVENT_RECOVERY:
		return "recovery";
	case EVENT_CLOCK:
		return "clock";
	case EVENT_DISPOSAL:
		return "disposal";
	}
	return "none";
}

static const struct {
	const char *name;
	enum message_id label;
} subjects[SUBJECT_COUNT] = {
	[SUBJECT_POLICY] = { "policy-change", MSG_RECORD_POLICY },
	[SUBJECT_CONFIRM] = { "policy-confirm", MSG_RECORD_CONFIRM },
	[SUBJECT_ROLLBACK] = { "policy-rollback", MSG_RECORD_ROLLBACK },
	[SUBJECT_EXPIRY] = { "permit-expiry", MSG_RECORD_EXPIRY },
	[SUBJECT_CUTOFF] = { "cut-off", MSG_RECORD_CUTOFF },
	[SUBJECT_RESTORE] = { "cut-off-restore", MSG_RECORD_RESTORE },
	[SUBJECT_FORWARDING] = { "forwarding", MSG_RECORD_FORWARDING },
	[SUBJECT_OPEN] = { "enforcement-open", MSG_RECORD_OPEN },
	[SUBJECT_REQUEST] = { "request-refused", MSG_RECORD_REQUEST },
	[SUBJECT_HOLD] = { "legal-hold", MSG_RECORD_HOLD },
	[SUBJECT_RELEASE] = { "legal-hold-release", MSG_RECORD_RELEASE },
	[SUBJECT_EVIDENCE] = { "evidence-export", MSG_RECORD_EVIDENCE },
};

const char *
record_subject_name(enum event_subject subject)
{
	return subjects[subject].name;
}

static char *
change_sentence(const struct event *e, const struct record_text *text,
    enum message_language language)
{
	return message_text(e->outcome == 0 ? MSG_RECORD_CHANGE : MSG_RECORD_CHANGE_FAILED,
	    language, message_format(subjects[e->subject].label, language), text->reason);
}

const char *
record_phase_name(enum event_phase phase)
{
	switch (phase) {
	case PHASE_COUNT:
		break;
	case PHASE_FIRST:
		return "first";
	case PHASE_UPDATE:
		return "update";
	case PHASE_FINAL:
		return "final";
	}
	return "none";
}

/* "-" when there is none. */
static const char *
address_or_dash(const struct ip_addr *a, char *out)
{
	return a->family != IP_NONE ? address_print(a, out) : "-";
}

/* "ZV-01 direct traffic between zones: ..." */
static char *
class_sentence(const struct event *e, const struct record_text *text,
    enum message_language language)
{
	char source[IP_RANGE_TEXT_SIZE], destination[IP_RANGE_TEXT_SIZE];
	char service[RECORD_SERVICE_SIZE];
	const enum violation_class zv = (enum violation_class)e->zv;
	const struct violation_words words = {
	    .from = text->from_zone,
	    .source = address_or_dash(&e->facts.src, source),
	    .to = text->to_zone,
	    .destination = address_or_dash(&e->facts.dst, destination),
	    .service = record_service(&e->facts, service),
	};
	char *sentence =
	    violation_sentence(zv, (enum violation_action)e->action, language, &words);
	const char *id = violation_class_id(zv);
	const size_t size = sentence != NULL ? strlen(id) + strlen(sentence) + 2 : 0;
	char *whole = sentence != NULL ? malloc(size) : NULL;

	if (whole != NULL)
		stpcpy(stpcpy(stpcpy(whole, id), " "), sentence);
	free(sentence);
	return whole;
}

char *
record_sentence(const struct event *e, const struct record_text *text,
    enum message_language language)
{
	char from[RECORD_TIME_SIZE], to[RECORD_TIME_SIZE];

	switch ((enum event_kind)e->kind) {
	case EVENT_NONE:
	case EVENT_KIND_COUNT:
		break;
	case EVENT_VIOLATION:
		return class_sentence(e, text, language);
	case EVENT_GAP:
		return message_text(MSG_RECORD_GAP, language,
		    record_seconds(e->first_ns, from), record_seconds(e->last_ns, to),
		    text->reason);
	case EVENT_CHANGE:
		return change_sentence(e, text, language);
	case EVENT_DRIFT:
		return message_text(e->outcome == 0 ? MSG_RECORD_DRIFT_MENDED :
		    MSG_RECORD_DRIFT, language, text->reason);
	case EVENT_LIFE:
	case EVENT_FILE:
	case EVENT_CHECKPOINT:
	case EVENT_HEARTBEAT:
	case EVENT_RECOVERY:
	case EVENT_CLOCK:
	case EVENT_DISPOSAL:
		return message_text(MSG_RECORD_LIFE, language, text->reason);
	}
	return strdup("");
}
