/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is left of the kernel for a process that has become its role: the system
 * calls of the lists in confine_lists.c (seccomp) and the files of
 * confine_files.c (Landlock). Only privilege.c calls these.
 */
#ifndef AGENT_CONFINE_H
#define AGENT_CONFINE_H

#include "agent/privilege.h"

#include <seccomp.h>
#include <stddef.h>

/*
 * From now on only the calls of the role's list, for this process and all that
 * it starts. 0 or a negative errno.
 */
int confine_calls(enum privilege_role role, const struct privilege_needs *needs);

/*
 * From now on only the role's files. Needs no_new_privs. The version of Landlock's
 * interface that did it, 0 where the kernel has none, or a negative errno.
 */
int confine_files(enum privilege_role role, const struct privilege_needs *needs);

/* ---- the lists -------------------------------------------------------------------- */

#define CONFINE_KEEPER		(1u << ROLE_KEEPER)
#define CONFINE_LOADER		(1u << ROLE_LOADER)
#define CONFINE_CONTROL		(1u << ROLE_CONTROL)
#define CONFINE_WATCHER		(1u << ROLE_WATCHER)
#define CONFINE_RECORDER	(1u << ROLE_RECORDER)
#define CONFINE_ALL		((1u << ROLE_COUNT) - 1)

#define CONFINE_MAX_ARGS 3

/* One call that roles may make, with these arguments or (none given) any. */
struct confine_call {
	int call;
	unsigned int roles;		/* CONFINE_*; the keeper may what any of them may */
	unsigned int n_args;
	struct scmp_arg_cmp args[CONFINE_MAX_ARGS];
};

/* What may be called; several rows of one call: any of them. */
const struct confine_call *confine_allowed(size_t *n);
/* What no library of ours ever tries: whoever does is not ours any more. */
const int *confine_deadly(size_t *n);
/* What libraries try first and do without when the kernel lacks it: ENOSYS. */
const int *confine_unknown(size_t *n);

#endif /* AGENT_CONFINE_H */
