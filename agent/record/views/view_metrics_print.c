/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text format of Prometheus, version 0.0.4. */
#include "agent/record/record_text.h"
#include "agent/record/views/view_metrics.h"
#include "agent/record/views/view_metrics_internal.h"
#include "agent/version.h"

#include <inttypes.h>

static void
head(struct view_text *out, const char *name, const char *type, const char *help)
{
	view_putf(out, "# HELP sekisho_%s %s\n", name, help);
	view_putf(out, "# TYPE sekisho_%s %s\n", name, type);
}

static void
print_series(const struct view_metrics *m, struct view_text *out)
{
	static const char other[] = "from=\"other\",to=\"other\",class=\"other\",action=\"other\"";

	head(out, "violation_cases_total", "counter",
	    "Violations that began, by zones, class and action.");
	for (size_t i = 0; i < m->n_series; i++)
		view_putf(out, "sekisho_violation_cases_total{%s} %" PRIu64 "\n",
		    m->series[i].labels, m->series[i].cases);
	view_putf(out, "sekisho_violation_cases_total{%s} %" PRIu64 "\n", other, m->others.cases);
	head(out, "violation_packets_total", "counter",
	    "Packets of violations that are over.");
	for (size_t i = 0; i < m->n_series; i++)
		view_putf(out, "sekisho_violation_packets_total{%s} %" PRIu64 "\n",
		    m->series[i].labels, m->series[i].packets);
	view_putf(out, "sekisho_violation_packets_total{%s} %" PRIu64 "\n", other,
	    m->others.packets);
}

static void
print_counters(const struct view_metrics *m, struct view_text *out)
{
	static const char *const outcomes[2] = { "success", "failure" };

	head(out, "records_total", "counter", "Records of the log, by kind.");
	for (int k = 0; k < EVENT_KIND_COUNT; k++)
		view_putf(out, "sekisho_records_total{kind=\"%s\"} %" PRIu64 "\n",
		    k == EVENT_NONE ? "other" : record_kind_name((enum event_kind)k),
		    m->records[k]);
	head(out, "changes_total", "counter", "Changes, by action and outcome.");
	for (int s = 0; s < SUBJECT_COUNT; s++)
		for (int failed = 0; failed < 2; failed++)
			view_putf(out, "sekisho_changes_total{action=\"%s\",outcome=\"%s\"} %"
			    PRIu64 "\n", record_subject_name((enum event_subject)s),
			    outcomes[failed], m->changes[s][failed]);
	head(out, "gap_lost_total", "counter",
	    "Packets and records that are missing by the records of gaps.");
	view_putf(out, "sekisho_gap_lost_total %" PRIu64 "\n", m->lost);
}

struct gauge {
	const char *name, *type, *help;
	double value;
};

static void
print_rows(const struct gauge *rows, size_t n, struct view_text *out)
{
	for (size_t i = 0; i < n; i++) {
		head(out, rows[i].name, rows[i].type, rows[i].help);
		view_putf(out, "sekisho_%s %.15g\n", rows[i].name, rows[i].value);
	}
}

/* What nobody has told yet is left out: 0 would be a lie. */
static void
print_gauges(const struct metric_gauges *g, struct view_text *out)
{
	const struct gauge latest[] = {
		{ "record_sequence", "gauge", "Number of the latest record.", g->sequence },
		{ "record_timestamp_seconds", "gauge", "Time of the latest record.", g->time },
	};
	const struct gauge told[] = {
		{ "heartbeat_timestamp_seconds", "gauge", "Time of the latest heartbeat.",
		    g->heartbeat },
		{ "log_lost_records_total", "counter",
		    "Records that could not be written, ever.", g->lost },
		{ "log_file_bytes", "gauge", "Size of the log in use.", g->bytes },
		{ "log_disk_free_bytes", "gauge", "Free on the disk of the log.", g->free_bytes },
		{ "log_disk_used_ratio", "gauge", "Used of the disk of the log.", g->used_ratio },
		{ "log_low_space", "gauge", "1: only the reserve is left.", g->low_space },
		{ "clock_synchronised", "gauge", "1: something keeps the time of day right.",
		    g->synchronised },
		{ "clock_offset_seconds", "gauge", "Of the time of day, still to be made good.",
		    g->offset },
	};

	if (g->sequence > 0)
		print_rows(latest, sizeof(latest) / sizeof(latest[0]), out);
	if (g->heartbeat > 0)
		print_rows(told, sizeof(told) / sizeof(told[0]), out);
}

static void
print_ledgers(const struct view_metrics *m, struct view_text *out)
{
	head(out, "ledger", "untyped", "Numbers of the latest heartbeat, by process and name.");
	for (size_t i = 0; i < m->n_ledgers; i++)
		view_putf(out, "sekisho_ledger{process=\"%s\",name=\"%s\"} %" PRId64 "\n",
		    m->ledgers[i].process, m->ledgers[i].name, m->ledgers[i].value);
}

static void
print_views(const struct view_state *views, size_t n, struct view_text *out)
{
	head(out, "view_sequence", "gauge", "Number of the last record that a view has.");
	for (size_t i = 0; i < n; i++)
		view_putf(out, "sekisho_view_sequence{view=\"%s\"} %" PRIu64 "\n",
		    views[i].name, views[i].sequence);
	head(out, "view_blocked", "gauge", "1: the view takes nothing now.");
	for (size_t i = 0; i < n; i++)
		view_putf(out, "sekisho_view_blocked{view=\"%s\"} %d\n", views[i].name,
		    views[i].blocked);
	head(out, "view_missed_records_total", "counter",
	    "Records that were gone from the log, or could not be told, before a view had them.");
	for (size_t i = 0; i < n; i++)
		view_putf(out, "sekisho_view_missed_records_total{view=\"%s\"} %" PRIu64 "\n",
		    views[i].name, views[i].missed + views[i].refused);
}

void
view_metrics_print(const struct view_metrics *m, const struct view_state *views, size_t n,
    struct view_text *out)
{
	head(out, "info", "gauge", "Version of Sekisho.");
	view_putf(out, "sekisho_info{version=\"%s\"} 1\n", SEKISHO_VERSION);
	print_gauges(&m->gauges, out);
	print_counters(m, out);
	print_series(m, out);
	print_ledgers(m, out);
	print_views(views, n, out);
}
