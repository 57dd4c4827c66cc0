/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the report says of the record itself. */
#include "agent/cli/log_wanted.h"
#include "agent/cli/log_words.h"
#include "agent/report/report_build.h"
#include "agent/report/report_words.h"
#include "agent/record/log_names.h"
#include "agent/record/log_verify_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static json_t *
finding_json(const struct verify_finding *f, enum message_language language)
{
	json_t *file = json_string(f->file);

	return json_pack("{s:o, s:I, s:I, s:o}", "file", file != NULL ? file : json_string("?"),
	    "line", (json_int_t)f->line, "sequence", (json_int_t)f->sequence,
	    "text", report_words_take(log_fault_text(f, language)));
}

json_t *
report_verify_json(const struct cli *cli, const struct report_request *q)
{
	struct verify_report v;
	json_t *findings;
	int r = q->verify ? log_verify_folder(cli->paths.log, log_wanted_prepare, q->wanted, &v) :
	    -ECANCELED;

	if (r < 0)
		return json_pack("{s:b, s:b, s:s}", "done", 0, "good", 0, "error",
		    q->verify ? strerror(-r) : "");
	findings = json_array();
	for (size_t i = 0; i < v.n_findings; i++)
		json_array_append_new(findings, finding_json(&v.findings[i], q->language));
	return json_pack("{s:b, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
	    "done", 1, "good", v.faults == 0, "macs_checked", v.records > 0 &&
	    v.macs == v.records, "outside", (json_int_t)v.outside + (json_int_t)v.outside_older, "faults", (json_int_t)v.faults,
	    "more", (json_int_t)(v.faults - v.n_findings), "files", (json_int_t)v.files,
	    "records", (json_int_t)v.records, "first", (json_int_t)v.first,
	    "last", (json_int_t)v.last, "checkpoints", (json_int_t)v.checkpoints,
	    "disposed", (json_int_t)v.disposed, "findings", findings);
}

/* Files of the record and their bytes as they lie on the disk. */
static void
measure(const char *path, uint64_t *files, uint64_t *bytes)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct log_names names = { 0 };
	struct stat st;

	*files = *bytes = 0;
	if (folder >= 0 && log_names_list_packed(folder, &names) == 0)
		for (size_t i = 0; i < names.count; i++)
			if (fstatat(folder, names.names[i], &st, AT_SYMLINK_NOFOLLOW) == 0) {
				++*files;
				*bytes += (uint64_t)st.st_size;
			}
	log_names_free(&names);
	if (folder >= 0)
		close(folder);
}

json_t *
report_retention_json(const struct cli *cli, const struct report_policies *p,
    enum message_language language)
{
	static const enum message_id names[RECORD_CLASS_COUNT] = {
		[RECORD_VIOLATION] = MSG_REPORT_KEEP_VIOLATION,
		[RECORD_CHANGE] = MSG_REPORT_KEEP_CHANGE, [RECORD_GAP] = MSG_REPORT_KEEP_GAP,
		[RECORD_LIFE] = MSG_REPORT_KEEP_LIFE,
	};
	json_t *rows = json_array();
	uint64_t files, bytes;

	for (int i = 0; p->after != NULL && i < RECORD_CLASS_COUNT; i++)
		json_array_append_new(rows, json_pack("{s:s, s:I, s:b}", "what",
		    message_format(names[i], language), "days",
		    (json_int_t)p->after->record.days[i], "for_ever",
		    p->after->record.days[i] == 0));
	measure(cli->paths.log, &files, &bytes);
	return json_pack("{s:o, s:I, s:o}", "rows", rows, "files", (json_int_t)files,
	    "size", json_sprintf("%.1f MiB", (double)bytes / 1048576.0));
}
