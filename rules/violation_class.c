/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The catalogue of violations as one table; its words are in rules/message.def. */
#include "rules/violation_class.h"

#include <stdlib.h>
#include <string.h>

struct catalogue_row {
	const char *id;
	enum message_id name, record;
	int severity;
	bool mynumber_critical;	/* CRITICAL when the My Number zone is concerned */
};

#define ROW(nn, how, mynumber) \
	{ "ZV-" #nn, MSG_ZV_##nn##_NAME, MSG_ZV_##nn##_RECORD, how, mynumber }

static const struct catalogue_row catalogue[ZV_COUNT] = {
	[ZV_01_ZONE_CROSSING] = ROW(01, SEVERITY_HIGH, true),
	[ZV_02_NOT_PERMITTED] = ROW(02, SEVERITY_NOTICE, false),
	[ZV_03_SPOOFED] = ROW(03, SEVERITY_HIGH, false),
	[ZV_04_ZONE_HOPPING] = ROW(04, SEVERITY_CRITICAL, true),
	[ZV_05_BRIDGING] = ROW(05, SEVERITY_CRITICAL, true),
	[ZV_06_UNREGISTERED] = ROW(06, SEVERITY_WARNING, false),
	[ZV_07_ROGUE_SERVICE] = ROW(07, SEVERITY_HIGH, false),
	[ZV_08_INTERNET_BOUND] = ROW(08, SEVERITY_HIGH, false),
	[ZV_09_SANITISER_BYPASS] = ROW(09, SEVERITY_CRITICAL, true),
	[ZV_10_SCAN] = ROW(10, SEVERITY_HIGH, false),
	[ZV_11_BEACON] = ROW(11, SEVERITY_WARNING, false),
	[ZV_12_BULK_OUTFLOW] = ROW(12, SEVERITY_HIGH, false),
	[ZV_13_CLEAR_TEXT] = ROW(13, SEVERITY_WARNING, false),
	[ZV_14_WATCH_GAP] = ROW(14, SEVERITY_HIGH, false),
	[ZV_15_CONFIG_MISMATCH] = ROW(15, SEVERITY_CRITICAL, true),
	[ZV_16_EXPIRED] = ROW(16, SEVERITY_WARNING, false),
};

/* NULL for ZV_NONE and for numbers that came from elsewhere and are no class. */
static const struct catalogue_row *
row_of(enum violation_class c)
{
	if ((unsigned int)c >= ZV_COUNT || c == ZV_NONE)
		return NULL;
	return &catalogue[c];
}

const char *
violation_class_id(enum violation_class c)
{
	const struct catalogue_row *row = row_of(c);

	return row != NULL ? row->id : "";
}

enum violation_class
violation_class_parse(const char *id)
{
	for (int c = ZV_NONE + 1; c < ZV_COUNT; c++)
		if (strcmp(catalogue[c].id, id) == 0)
			return (enum violation_class)c;
	return ZV_NONE;
}

const char *
violation_class_name(enum violation_class c, enum message_language language)
{
	const struct catalogue_row *row = row_of(c);

	return row != NULL ? message_format(row->name, language) : "";
}

const char *
violation_action_name(enum violation_action a)
{
	switch (a) {
	case ACTION_ATTEMPT:
		return "attempt";
	case ACTION_LEAK:
		return "leak";
	case ACTION_SPOOFED_SOURCE:
		return "spoofed-source";
	case ACTION_WRONG_MAC:
		return "wrong-mac";
	case ACTION_ROGUE_SERVICE:
		return "rogue-service";
	case ACTION_TUNNEL:
		return "tunnel";
	case ACTION_UNCLASSIFIABLE:
		return "unclassifiable";
	case ACTION_GAP:
		return "gap";
	case ACTION_FOREIGN_STATION:
		return "foreign-station";
	case ACTION_BRIDGING:
		return "bridging";
	case ACTION_BEHAVIOUR:
		return "behaviour";
	case ACTION_COUNT:
		break;
	}
	return "unknown";
}

bool
violation_only_seen(enum violation_action a)
{
	return a == ACTION_ROGUE_SERVICE || a == ACTION_FOREIGN_STATION ||
	    a == ACTION_BRIDGING || a == ACTION_BEHAVIOUR;
}

static int
at_least(int severity, int floor)
{
	return severity > floor ? severity : floor;
}

int
violation_severity(enum violation_class c, enum violation_action a,
    enum zone_class from, enum zone_class to)
{
	const struct catalogue_row *row = row_of(c);
	bool mynumber = from == ZONE_CLASS_MYNUMBER || to == ZONE_CLASS_MYNUMBER;
	int severity = row != NULL ? row->severity : 0;

	if (row != NULL && row->mynumber_critical && mynumber)
		severity = SEVERITY_CRITICAL;
	switch (a) {
	case ACTION_LEAK:
		return at_least(severity, mynumber ? SEVERITY_CRITICAL : SEVERITY_HIGH);
	case ACTION_SPOOFED_SOURCE:
	case ACTION_WRONG_MAC:
	case ACTION_ROGUE_SERVICE:
	case ACTION_TUNNEL:
	case ACTION_GAP:
		return at_least(severity, SEVERITY_HIGH);
	case ACTION_UNCLASSIFIABLE:
		return at_least(severity, SEVERITY_WARNING);
	case ACTION_ATTEMPT:
	case ACTION_FOREIGN_STATION:
	case ACTION_BRIDGING:
	case ACTION_BEHAVIOUR:
	case ACTION_COUNT:
		break;
	}
	return severity;
}

static const struct severity_row {
	const char *word;
	int severity;
} severities[] = {
	{ "critical", SEVERITY_CRITICAL },
	{ "high", SEVERITY_HIGH },
	{ "warning", SEVERITY_WARNING },
	{ "notice", SEVERITY_NOTICE },
};

#define N_SEVERITIES (sizeof(severities) / sizeof(severities[0]))

int
violation_severity_parse(const char *word)
{
	for (size_t i = 0; i < N_SEVERITIES; i++)
		if (strcmp(severities[i].word, word) == 0)
			return severities[i].severity;
	return 0;
}

const char *
violation_severity_name(int severity)
{
	for (size_t i = 0; i < N_SEVERITIES; i++)
		if (severity >= severities[i].severity)
			return severities[i].word;
	return "";
}

static enum message_id
outcome_of(enum violation_action a)
{
	switch (a) {
	case ACTION_LEAK:
		return MSG_ZV_ACTION_LEAK;
	case ACTION_SPOOFED_SOURCE:
		return MSG_ZV_ACTION_SPOOFED_SOURCE;
	case ACTION_WRONG_MAC:
		return MSG_ZV_ACTION_WRONG_MAC;
	case ACTION_ROGUE_SERVICE:
		return MSG_ZV_ACTION_ROGUE_SERVICE;
	case ACTION_TUNNEL:
		return MSG_ZV_ACTION_TUNNEL;
	case ACTION_UNCLASSIFIABLE:
		return MSG_ZV_ACTION_UNCLASSIFIABLE;
	case ACTION_GAP:
		return MSG_ZV_ACTION_GAP;
	case ACTION_FOREIGN_STATION:
		return MSG_ZV_ACTION_FOREIGN_STATION;
	case ACTION_BRIDGING:
		return MSG_ZV_ACTION_BRIDGING;
	case ACTION_BEHAVIOUR:
		return MSG_ZV_ACTION_BEHAVIOUR;
	case ACTION_ATTEMPT:
	case ACTION_COUNT:
		break;
	}
	return MSG_ZV_ACTION_ATTEMPT;
}

static const char *
zone_or_unknown(const char *zone, enum message_language language)
{
	if (zone == NULL || zone[0] == '\0')
		return message_format(MSG_ZV_UNKNOWN_ZONE, language);
	return zone;
}

char *
violation_sentence(enum violation_class c, enum violation_action a,
    enum message_language language, const struct violation_words *words)
{
	const struct catalogue_row *row = row_of(c);
	char *what, *sentence;

	if (row == NULL)
		return NULL;

	what = message_text(row->record, language, zone_or_unknown(words->from, language),
	    words->source, zone_or_unknown(words->to, language), words->destination,
	    words->service);
	if (what == NULL)
		return NULL;
	sentence = message_text(outcome_of(a), language, what);
	free(what);
	return sentence;
}
