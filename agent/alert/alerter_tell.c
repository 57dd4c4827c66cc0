/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the alerter has to say for itself. */
#include "agent/alert/alerter_internal.h"

#include "agent/clock.h"
#include "agent/log.h"
#include "agent/record/event.h"

#include <stdio.h>
#include <string.h>

#define LEDGER_NS	(RECORD_LEDGER_S * INT64_C(1000000000))

int
alerter_record(struct alerter *a, const char *sentence)
{
	struct event e = { .kind = EVENT_LIFE, .severity = SEVERITY_WARNING };

	e.first_ns = e.last_ns = clock_ns(CLOCK_REALTIME);
	snprintf(e.reason, sizeof(e.reason), "%s", sentence);
	return ipc_send(a->setup->recorder_fd, IPC_RECORD_EVENT, &e, sizeof(e), -1);
}

void
alerter_tell_failures(struct alerter *a, bool last)
{
	const int64_t now = clock_ns(CLOCK_BOOTTIME);
	char sentence[256];

	for (uint32_t i = 0; i < a->rules.n; i++)
		if (alert_failure_due(&a->failures[i], a->rules.rules[i].name,
		    last ? INT64_MAX : now, sentence, sizeof(sentence)) &&
		    alerter_record(a, sentence) == 0)
			alert_failure_told(&a->failures[i], now);
}

void
alerter_fail(struct alerter *a, uint32_t rule, uint64_t n, const char *why)
{
	a->numbers[ALERTER_FAILED] += n;
	if (rule >= a->rules.n)
		return;
	alert_failure_add(&a->failures[rule], n, why);
	log_warnx("alerter: %s: %s", a->rules.rules[rule].name, why);
}

void
alerter_tell_ledger(struct alerter *a)
{
	struct record_ledger ledger = { { 0 } };
	const int64_t now = clock_ns(CLOCK_BOOTTIME);

	if (now < a->next_ledger_ns)
		return;
	a->next_ledger_ns = now + LEDGER_NS;
	memcpy(ledger.numbers, a->numbers, sizeof(a->numbers));
	ledger.numbers[ALERTER_RULES] = a->rules.n;
	ledger.numbers[ALERTER_WAITING] = a->n_waiting;
	for (uint32_t i = 0; i < a->rules.n; i++)
		ledger.numbers[ALERTER_KEPT] += alert_fold_kept(&a->states[i]);
	(void)ipc_send(a->setup->recorder_fd, IPC_RECORD_LEDGER, &ledger, sizeof(ledger), -1);
}

void
alerter_tell_forgotten(struct alerter *a, uint32_t rule, const char *why)
{
	const uint64_t n = alert_fold_kept(&a->states[rule]);
	char sentence[256];

	if (n == 0)
		return;
	snprintf(sentence, sizeof(sentence), "alert %s: %llu records that were folded or held "
	    "back are not told: %s", a->rules.rules[rule].name, (unsigned long long)n, why);
	(void)alerter_record(a, sentence);
}
