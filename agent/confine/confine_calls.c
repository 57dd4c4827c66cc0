/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A filter of system calls from the lists: what stands in them is allowed, a few
 * calls end the process, the rest is EPERM. A child inherits its parent's filter
 * and adds its own, so the keeper's list holds what a child needs until then.
 */
#include "agent/confine/confine.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

/*
 * Calls that are younger than our lists (asm-generic/unistd.h counts on from 451 for
 * all machines): "this kernel has none" makes a library do as it did before.
 */
#define FIRST_YOUNG	451
#define LAST_YOUNG	511

/*
 * A sanitizer's run time makes calls of its own: told, it goes on. EPERM is what all
 * others get already, and libseccomp takes no row that says the same (-EACCES).
 */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
#define DEADLY SCMP_ACT_ERRNO(EACCES)
#else
#define DEADLY SCMP_ACT_KILL_PROCESS
#endif

/*
 * libseccomp 2.5 takes 350 KiB in 5,000 pieces for the longest list, and one piece that
 * it does not get may make it crash. What it will take is got here in larger ones, from
 * the heap (malloc(3): below M_MMAP_THRESHOLD), and given back for it to find; the last
 * one, at the heap's end, keeps the rest from going back to the kernel.
 */
#define RESERVE_PIECES	16u
#define RESERVE_PIECE	65536u

static void *
reserve_memory(void)
{
	void *pieces[RESERVE_PIECES];
	size_t n = 0;
	bool all;

	while (n < RESERVE_PIECES && (pieces[n] = malloc(RESERVE_PIECE)) != NULL)
		n++;
	all = n == RESERVE_PIECES;
	for (size_t i = 0; i < n - (all ? 1 : 0); i++)
		free(pieces[i]);
	return all ? pieces[n - 1] : NULL;
}

/* 0 also where this machine has no such call: -EDOM. */
static int
add(scmp_filter_ctx filter, uint32_t action, int call, unsigned int n,
    const struct scmp_arg_cmp *args)
{
	int r = seccomp_rule_add_array(filter, action, call, n, args);

	return r == -EDOM ? 0 : r;
}

/* What the keeper may not, no child that it starts later could. */
static bool
is_for(const struct confine_call *row, enum privilege_role role)
{
	return role == ROLE_KEEPER || (row->roles & (1u << role)) != 0;
}

static int
add_allowed(scmp_filter_ctx filter, enum privilege_role role)
{
	size_t n;
	const struct confine_call *rows = confine_allowed(&n);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (is_for(&rows[i], role))
			r = add(filter, SCMP_ACT_ALLOW, rows[i].call, rows[i].n_args,
			    rows[i].args);
	return r;
}

static bool
is_allowed(enum privilege_role role, int call)
{
	size_t n;
	const struct confine_call *rows = confine_allowed(&n);

	for (size_t i = 0; i < n; i++)
		if (rows[i].call == call && is_for(&rows[i], role))
			return true;
	return false;
}

static int
add_deadly(scmp_filter_ctx filter, enum privilege_role role)
{
	size_t n;
	const int *calls = confine_deadly(&n);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (!is_allowed(role, calls[i]))
			r = add(filter, DEADLY, calls[i], 0, NULL);
	return r;
}

static int
add_unknown(scmp_filter_ctx filter, enum privilege_role role)
{
	size_t n;
	const int *calls = confine_unknown(&n);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (!is_allowed(role, calls[i]))
			r = add(filter, SCMP_ACT_ERRNO(ENOSYS), calls[i], 0, NULL);
	for (int call = FIRST_YOUNG; r == 0 && call <= LAST_YOUNG; call++)
		if (!is_allowed(role, call))
			r = add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 0, NULL);
	return r;
}

/*
 * The watcher reads hostile bytes with packet sockets in its hands, and any of them would
 * send: what it sends goes to its partners, or as a question to the kernel. Descriptors
 * cannot be given another number: it may neither duplicate nor open any.
 */
static int
add_sends(scmp_filter_ctx filter, enum privilege_role role, const struct privilege_needs *needs)
{
	int r = 0;

	if (role != ROLE_WATCHER || needs == NULL)
		return 0;
	for (size_t i = 0; r == 0 && i < needs->n_send_fds; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), 1,
		    SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)needs->send_fds[i]));
	if (r == 0 && needs->ask_fd > 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 2,
		    SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)needs->ask_fd),
		    SCMP_A4(SCMP_CMP_EQ, 0));
	return r;
}

/* A rule that stands already (two roles of one user) is as good as a new one. */
static int
add_identity(scmp_filter_ctx filter, int call, uint32_t real, uint32_t effective, uint32_t saved)
{
	int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 3,
	    SCMP_A0_32(SCMP_CMP_EQ, real), SCMP_A1_32(SCMP_CMP_EQ, effective),
	    SCMP_A2_32(SCMP_CMP_EQ, saved));

	return r == -EEXIST ? 0 : r;
}

/*
 * With CAP_SETUID the keeper could be anybody. It may be the users of the roles: for
 * good, in a child, and for the moment in which it ends one (privilege_signal()).
 */
static int
add_identities(scmp_filter_ctx filter, enum privilege_role role)
{
	const uint32_t same = (uint32_t)-1;
	int r = 0;

	if (role != ROLE_KEEPER)
		return 0;
	for (int of = 0; r == 0 && of < ROLE_COUNT; of++) {
		struct privilege_user u = privilege_user_of((enum privilege_role)of);

		r = add_identity(filter, SCMP_SYS(setresuid), u.uid, u.uid, u.uid);
		if (r == 0)
			r = add_identity(filter, SCMP_SYS(setresuid), same, u.uid, same);
		if (r == 0)
			r = add_identity(filter, SCMP_SYS(setresgid), u.gid, u.gid, u.gid);
	}
	return r;
}

static int
fill(scmp_filter_ctx filter, enum privilege_role role, const struct privilege_needs *needs)
{
	int r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (r == 0 && confine_is_open(role))
		return confine_never(filter);
	if (r == 0)
		r = add_allowed(filter, role);
	if (r == 0)
		r = add_deadly(filter, role);
	if (r == 0)
		r = add_unknown(filter, role);
	if (r == 0)
		r = add_sends(filter, role, needs);
	if (r == 0)
		r = add_identities(filter, role);
	/* A binary tree: a list of a hundred calls costs the packet path (libseccomp 2.5). */
	if (r == 0)
		(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return r;
}

int
confine_calls(enum privilege_role role, const struct privilege_needs *needs)
{
	void *reserve = reserve_memory();
	const uint32_t rest = confine_is_open(role) ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM);
	scmp_filter_ctx filter = reserve != NULL ? seccomp_init(rest) : NULL;
	int r = filter != NULL ? fill(filter, role, needs) : -ENOMEM;

	if (r == 0)
		r = seccomp_load(filter);
	if (filter != NULL)
		seccomp_release(filter);
	free(reserve);
	return r;
}
