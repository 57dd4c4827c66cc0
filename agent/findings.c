/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/findings.h"

json_t *
findings_json(struct diag *diag, enum message_language language)
{
	json_t *list = json_array();

	diag_sort(diag);
	for (size_t i = 0; i < diag_kept(diag); i++) {
		const struct finding *f = diag_at(diag, i);

		json_array_append_new(list, json_pack("{s:s?, s:i, s:s, s:s, s:s?}",
		    "file", f->origin.file, "line", (int)f->origin.line,
		    "severity", f->severity == DIAG_ERROR ? "error" : "warning",
		    "code", message_slug(f->message), "message", f->text[language]));
	}
	return list;
}
