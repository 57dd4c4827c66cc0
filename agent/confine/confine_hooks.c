/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the alerter and its hooks never call. Nobody knows which calls an
 * administrator's program makes, so their list is the other way round: it names what
 * leads out of a sandbox, at other processes, at the kernel's depths or at raw packets.
 * The rest is held by a user that owns nothing, no_new_privs, no capability, Landlock.
 */
#include "agent/confine/confine.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/prctl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Families that socket(2) knows; what comes later is refused, too. */
#define FAMILIES	64

static const int never[] = {
	SCMP_SYS(bpf), SCMP_SYS(mknod), SCMP_SYS(mknodat), SCMP_SYS(vhangup), SCMP_SYS(nfsservctl),
	SCMP_SYS(lookup_dcookie), SCMP_SYS(name_to_handle_at), SCMP_SYS(fanotify_init),
	SCMP_SYS(mount_setattr), SCMP_SYS(fsconfig), SCMP_SYS(fspick), SCMP_SYS(pidfd_open),
	SCMP_SYS(pidfd_send_signal), SCMP_SYS(move_pages), SCMP_SYS(migrate_pages),
	SCMP_SYS(mbind), SCMP_SYS(set_mempolicy), SCMP_SYS(io_uring_register),
};

static const unsigned long namespaces[] = {
	CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID,
	CLONE_NEWNET,
};

#define REFUSE SCMP_ACT_ERRNO(EPERM)
#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

bool
confine_is_open(enum privilege_role role)
{
	return role == ROLE_ALERTER || role == ROLE_STARTER;
}

static int
refuse(scmp_filter_ctx filter, uint32_t action, int call)
{
	int r = seccomp_rule_add(filter, action, call, 0);

	/* This machine has no such call. */
	return r == -EDOM ? 0 : r;
}

/* All but executing, of what ends other processes. */
static int
refuse_calls(scmp_filter_ctx filter)
{
	size_t n;
	const int *deadly = confine_deadly(&n);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (deadly[i] != SCMP_SYS(execve))
			r = refuse(filter, REFUSE, deadly[i]);
	for (size_t i = 0; r == 0 && i < N_OF(never); i++)
		r = refuse(filter, REFUSE, never[i]);
	/* Flags in memory, out of a filter's sight: libc then uses clone. */
	if (r == 0)
		r = refuse(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
	for (size_t i = 0; r == 0 && i < N_OF(namespaces); i++)
		r = seccomp_rule_add(filter, REFUSE, SCMP_SYS(clone), 1,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]));
	return r;
}

static int
refuse_arguments(scmp_filter_ctx filter)
{
	static const unsigned int typing[] = { TIOCSTI, TIOCLINUX };
	int r = seccomp_rule_add(filter, REFUSE, SCMP_SYS(prctl), 1,
	    SCMP_A0_32(SCMP_CMP_EQ, PR_SET_DUMPABLE));

	for (size_t i = 0; r == 0 && i < N_OF(typing); i++)
		r = seccomp_rule_add(filter, REFUSE, SCMP_SYS(ioctl), 1,
		    SCMP_A1_32(SCMP_CMP_EQ, typing[i]));
	return r;
}

/* A hook may connect as every program; names are looked up with the help of NETLINK_ROUTE. */
static int
refuse_sockets(scmp_filter_ctx filter)
{
	int r = seccomp_rule_add(filter, REFUSE, SCMP_SYS(socket), 2,
	    SCMP_A0_32(SCMP_CMP_EQ, AF_NETLINK), SCMP_A2_32(SCMP_CMP_NE, NETLINK_ROUTE));

	for (unsigned int family = 0; r == 0 && family < FAMILIES; family++)
		if (family != AF_UNIX && family != AF_INET && family != AF_INET6 &&
		    family != AF_NETLINK)
			r = seccomp_rule_add(filter, REFUSE, SCMP_SYS(socket), 1,
			    SCMP_A0_32(SCMP_CMP_EQ, family));
	return r != 0 ? r : seccomp_rule_add(filter, REFUSE, SCMP_SYS(socket), 1,
	    SCMP_A0_32(SCMP_CMP_GE, FAMILIES));
}

/* Every call that changes one of these to anything else than "id". */
static int
refuse_other(scmp_filter_ctx filter, int call, unsigned int n_args, uint32_t id)
{
	int r = 0;

	for (unsigned int arg = 0; r == 0 && arg < n_args; arg++) {
		const struct scmp_arg_cmp other = { arg, SCMP_CMP_NE, id, 0 };

		r = seccomp_rule_add_array(filter, REFUSE, call, 1, &other);
	}
	return r;
}

/* Who starts alerters could be anybody else's user: it may be the alerter's. */
static int
refuse_identities(scmp_filter_ctx filter)
{
	static const int others[] = {
		SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid), SCMP_SYS(setregid),
		SCMP_SYS(setfsuid), SCMP_SYS(setfsgid),
	};
	const struct privilege_user u = privilege_user_of(ROLE_ALERTER);
	int r = refuse_other(filter, SCMP_SYS(setresuid), 3, u.uid);

	if (r == 0)
		r = refuse_other(filter, SCMP_SYS(setresgid), 3, u.gid);
	if (r == 0)
		r = refuse_other(filter, SCMP_SYS(setgroups), 1, 0);
	for (size_t i = 0; r == 0 && i < N_OF(others); i++)
		r = refuse(filter, REFUSE, others[i]);
	return r;
}

int
confine_never(scmp_filter_ctx filter)
{
	int r = refuse_calls(filter);

	if (r == 0)
		r = refuse_arguments(filter);
	if (r == 0)
		r = refuse_identities(filter);
	return r != 0 ? r : refuse_sockets(filter);
}
