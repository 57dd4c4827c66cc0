/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may read and who may change, by what the kernel says of a socket and nothing else. */
#include "agent/control/control.h"
#include "agent/control/control_requester.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define AUDIT	4711u
#define ADMIN	4712u
#define SOMEBODY 4799u

enum { NOTHING = 0, READS = 1, CHANGES = 2, FAILED = 64 };

/* Both ends of a pair belong to whoever made it. */
static int
open_socket(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	close(pair[1]);
	return pair[0];
}

static bool
become(uid_t uid, gid_t gid, const gid_t *groups, size_t n)
{
	return setgroups(n, groups) == 0 && setresgid(gid, gid, gid) == 0 &&
	    setresuid(uid, uid, uid) == 0;
}

static int
rights(int fd, gid_t audit, gid_t admin)
{
	const struct control_setup setup = { .audit_gid = audit, .admin_gid = admin };
	struct requester who;

	if (control_requester(&setup, fd, &who) != 0)
		return FAILED;
	return (who.may_read ? READS : 0) | (who.may_change ? CHANGES : 0);
}

/* What somebody with these groups may, who connects as that. */
static int
rights_of(uid_t uid, gid_t gid, const gid_t *groups, size_t n, gid_t audit, gid_t admin)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(become(uid, gid, groups, n) ? rights(open_socket(), audit, admin) :
		    FAILED);
	CU_ASSERT_FATAL(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool
is_root(void)
{
	return geteuid() == 0;
}

static void
by_groups(void)
{
	const gid_t audit = AUDIT, admin = ADMIN, both[] = { AUDIT, ADMIN };

	if (!is_root())
		return;
	CU_ASSERT_EQUAL(rights_of(SOMEBODY, SOMEBODY, NULL, 0, AUDIT, ADMIN), NOTHING);
	CU_ASSERT_EQUAL(rights_of(SOMEBODY, AUDIT, NULL, 0, AUDIT, ADMIN), READS);
	CU_ASSERT_EQUAL(rights_of(SOMEBODY, ADMIN, NULL, 0, AUDIT, ADMIN), READS | CHANGES);
	CU_ASSERT_EQUAL(rights_of(SOMEBODY, SOMEBODY, &audit, 1, AUDIT, ADMIN), READS);
	CU_ASSERT_EQUAL(rights_of(SOMEBODY, SOMEBODY, &admin, 1, AUDIT, ADMIN),
	    READS | CHANGES);
	CU_ASSERT_EQUAL(rights_of(SOMEBODY, SOMEBODY, both, 2, AUDIT, ADMIN),
	    READS | CHANGES);
	CU_ASSERT_EQUAL(rights_of(0, 0, NULL, 0, AUDIT, ADMIN), READS | CHANGES);
}

/* More groups than there is room for are none; one less is all of them. */
static void
by_the_last_of_many_groups(void)
{
	static gid_t groups[1025];

	if (!is_root())
		return;
	for (unsigned int i = 0; i < 1025; i++)
		groups[i] = 10000 + i;
	CU_ASSERT_EQUAL(rights_of(SOMEBODY, SOMEBODY, groups, 1024, AUDIT, 11023),
	    READS | CHANGES);
	CU_ASSERT_EQUAL(rights_of(SOMEBODY, SOMEBODY, groups, 1025, AUDIT, 11023), NOTHING);
}

/* A machine without these groups: nobody is in them, nor in the number that stands for that. */
static void
without_groups(void)
{
	const gid_t none = (gid_t)-1;

	if (!is_root())
		return;
	CU_ASSERT_EQUAL(rights_of(SOMEBODY, SOMEBODY, NULL, 0, none, none), NOTHING);
	CU_ASSERT_EQUAL(rights_of(SOMEBODY, 0, NULL, 0, none, none), NOTHING);
	CU_ASSERT_EQUAL(rights_of(0, 0, NULL, 0, none, none), READS | CHANGES);
}

/* Whatever its owner becomes, and whoever it is handed to. */
static void
it_speaks_for_the_one_who_connected(void)
{
	int status = -1, fd = open_socket();
	pid_t pid;

	if (!is_root()) {
		close(fd);
		return;
	}
	pid = fork();
	if (pid == 0)
		_exit(become(SOMEBODY, SOMEBODY, NULL, 0) ? rights(fd, AUDIT, ADMIN) : FAILED);
	CU_ASSERT_FATAL(pid > 0 && waitpid(pid, &status, 0) == pid);
	CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == (READS | CHANGES));
	close(fd);
}

static void
it_says_who(void)
{
	const struct control_setup setup = { .audit_gid = AUDIT, .admin_gid = ADMIN };
	struct requester who;
	char name[32];
	int fd = open_socket();

	memset(&who, 0xff, sizeof(who));
	CU_ASSERT_EQUAL(control_requester(&setup, fd, &who), 0);
	snprintf(name, sizeof(name), "uid %u", (unsigned int)geteuid());
	CU_ASSERT_STRING_EQUAL(who.name, name);
	CU_ASSERT_EQUAL(who.uid, geteuid());
	CU_ASSERT_EQUAL(who.gid, getegid());
	CU_ASSERT_EQUAL(who.pid, getpid());
	CU_ASSERT_EQUAL(who.connection, 0);
	close(fd);
}

static void
what_is_no_socket_is_nobody(void)
{
	const struct control_setup setup = { .audit_gid = 0, .admin_gid = 0 };
	struct requester who;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	CU_ASSERT_EQUAL(control_requester(&setup, fd, &who), -ENOTSOCK);
	close(fd);
	CU_ASSERT_EQUAL(control_requester(&setup, -1, &who), -EBADF);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "by groups", by_groups },
		{ "by the last of many groups", by_the_last_of_many_groups },
		{ "without groups", without_groups },
		{ "it speaks for the one who connected", it_speaks_for_the_one_who_connected },
		{ "it says who", it_says_who },
		{ "what is no socket is nobody", what_is_no_socket_is_nobody },
		CU_TEST_INFO_NULL,
	};

	return unit_main("control_requester", tests);
}
