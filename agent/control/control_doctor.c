/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_doctor.h"

#include "agent/control/control_drift.h"
#include "agent/control/control_guard.h"
#include "agent/control/control_internal.h"
#include "agent/drift/drift_findings.h"

#include <errno.h>
#include <string.h>

/* The table itself, as a finding: what the guard says of it now. */
static void
add_table(struct control *c, struct drift_list *list)
{
	const char *table = "table inet " RULESET_TABLE;
	int r;

	if (control_guard_holds(c)) {
		drift_add(list, DRIFT_STORM, table, c->problem);
		return;
	}
	r = c->known.ruleset == NULL ? -ENOENT : control_guard_verify(c);
	if (r == 0)
		drift_add(list, DRIFT_TABLE_DIFFERS, table, "-");
	else if (r < 0)
		drift_add(list, DRIFT_TABLE_GONE, table, c->problem[0] != '\0' ? c->problem :
		    strerror(-r));
}

json_t *
control_doctor(struct control *c, enum message_language language)
{
	static struct drift_list list;
	const struct drift_list *around = control_drift_look(c);

	memset(&list, 0, sizeof(list));
	add_table(c, &list);
	for (size_t i = 0; around != NULL && i < around->n; i++)
		drift_add(&list, around->all[i].id, around->all[i].subject,
		    around->all[i].detail);
	list.more += around != NULL ? around->more : 0;
	return json_pack("{s:b, s:s, s:o, s:I}", "ok", 1, "severity",
	    drift_severity_name(drift_worst(&list)), "findings", drift_json(&list, language),
	    "more", (json_int_t)list.more);
}
