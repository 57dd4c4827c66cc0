/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/alert_rules.h"

#include "rules/violation_class.h"

#include <string.h>

/* What event.action of records that are no violation can be: docs/violations.schema.json. */
static const char *const others[] = {
	"policy-change", "policy-confirm", "policy-rollback", "permit-expiry", "cut-off",
	"cut-off-restore", "forwarding", "enforcement-open", "request-refused", "legal-hold",
	"legal-hold-release", "evidence-export", "drift", "life", "file", "checkpoint",
	"heartbeat", "recovery", "clock", "disposal",
};

#define N_OTHERS (sizeof(others) / sizeof(others[0]))

_Static_assert((int)ACTION_COUNT + N_OTHERS <= 64, "a bit for each word");
_Static_assert((int)ZV_COUNT <= 32, "a bit for each class");

const char *
alert_action_name(unsigned int number)
{
	if (number < ACTION_COUNT)
		return violation_action_name((enum violation_action)number);
	return number - ACTION_COUNT < N_OTHERS ? others[number - ACTION_COUNT] : NULL;
}

int
alert_action_parse(const char *word)
{
	const char *name;

	for (unsigned int i = 0; (name = alert_action_name(i)) != NULL; i++)
		if (strcmp(name, word) == 0)
			return (int)i;
	return -1;
}

static bool
digits(const char *text)
{
	return text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9';
}

int
alert_time_parse(const char *text)
{
	int hours, minutes;

	if (strlen(text) != 5 || text[2] != ':' || !digits(text) || !digits(text + 3))
		return -1;
	hours = (text[0] - '0') * 10 + text[1] - '0';
	minutes = (text[3] - '0') * 10 + text[4] - '0';
	if (minutes > 59 || hours > 24 || (hours == 24 && minutes > 0))
		return -1;
	return hours * 60 + minutes;
}

int
alert_day_parse(const char *text)
{
	static const char *const days[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };

	for (int i = 0; i < 7; i++)
		if (strcmp(days[i], text) == 0)
			return i;
	return -1;
}

bool
alert_is_quiet(const struct alert_rule *r, int weekday, unsigned int minute)
{
	const bool today = (r->quiet_days & (1u << weekday)) != 0;
	const bool yesterday = (r->quiet_days & (1u << ((weekday + 6) % 7))) != 0;

	if (r->quiet_from < r->quiet_to)
		return today && minute >= r->quiet_from && minute < r->quiet_to;
	return (today && minute >= r->quiet_from) || (yesterday && minute < r->quiet_to);
}

static bool
part_fits(const char *part, size_t length)
{
	if (length == 0 || (length == 1 && part[0] == '.') ||
	    (length == 2 && part[0] == '.' && part[1] == '.'))
		return false;
	for (size_t i = 0; i < length; i++)
		if (part[i] <= ' ' || part[i] > '~')
			return false;
	return true;
}

bool
alert_hook_path(const char *path)
{
	if (path[0] != '/' || strlen(path) >= ALERT_HOOK_SIZE)
		return false;
	while (*path == '/') {
		size_t length = strcspn(++path, "/");

		if (!part_fits(path, length))
			return false;
		path += length;
	}
	return true;
}
