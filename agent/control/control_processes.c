/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the processes are confined: a feature that is missing here is told, not silent. */
#include "agent/control/control_internal.h"
#include "agent/control/priv.h"

#include <string.h>

static json_t *
process_json(struct ipc_process *p)
{
	p->name[sizeof(p->name) - 1] = '\0';
	return json_pack("{s:s, s:i, s:I, s:I, s:b, s:b, s:i, s:b, s:I}", "name", p->name,
	    "pid", (int)p->pid, "uid", (json_int_t)p->uid,
	    "capabilities", (json_int_t)p->capabilities,
	    "seccomp", p->seccomp == 2, "no_new_privs", p->no_new_privs == 1,
	    "landlock", (int)p->landlock, "silent", p->silent != 0,
	    "restarts", (json_int_t)p->restarts);
}

json_t *
control_processes(struct control *c)
{
	struct ipc_processes all;
	json_t *list = json_array();

	if (priv_processes(c->setup->keeper_fd, &all) < 0)
		return list;
	for (uint32_t i = 0; i < all.n; i++)
		json_array_append_new(list, process_json(&all.processes[i]));
	return list;
}

json_t *
control_processes_problem(const json_t *processes)
{
	unsigned int starters = 0;
	const json_t *p;
	size_t i;

	json_array_foreach(processes, i, p) {
		const char *name = json_string_value(json_object_get(p, "name"));

		starters += json_integer_value(json_object_get(p, "pid")) != 0 &&
		    strstr(name, "starter") != NULL;
		if (json_integer_value(json_object_get(p, "pid")) == 0)
			continue;
		if (json_is_true(json_object_get(p, "silent")))
			return json_sprintf("the %s process gives no sign of life", name);
		if (!json_is_true(json_object_get(p, "seccomp")) ||
		    !json_is_true(json_object_get(p, "no_new_privs")))
			return json_sprintf("the %s process is not confined", name);
	}
	/* While one lives it starts the other. */
	if (starters == 0 && json_array_size(processes) > 0)
		return json_string("the processes that start the alerter were ended: "
		    "restart sekishod, or alerts may not be sent");
	return json_null();
}
