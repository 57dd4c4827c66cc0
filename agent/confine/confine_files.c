/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Landlock (landlock(7)): which files a process can reach, whoever it is and
 * whatever the file modes say. Raw system calls: Debian 12 has the header and no
 * wrapper. What a kernel's version does not know is left out, and shown by it.
 */
#include "agent/confine/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Younger than the header of Debian 12 (which ends with version 2). */
#define FS_TRUNCATE	(UINT64_C(1) << 14)	/* 3: Linux 6.2 */
#define FS_IOCTL_DEV	(UINT64_C(1) << 15)	/* 5: Linux 6.10 */
#define NET_BIND_TCP	(UINT64_C(1) << 0)	/* 4: Linux 6.7 */
#define NET_CONNECT_TCP	(UINT64_C(1) << 1)
#define SCOPE_ABSTRACT	(UINT64_C(1) << 0)	/* 6: Linux 6.12 */
#define SCOPE_SIGNAL	(UINT64_C(1) << 1)

/* struct landlock_ruleset_attr as of version 6; older kernels take a shorter one. */
struct ruleset_attr {
	uint64_t fs, net, scoped;
};

#define READ_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define CHANGE_FILES (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | \
	LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | FS_TRUNCATE)
/* What makes no sense for anything but a folder (security/landlock/fs.c). */
#define FILE_RIGHTS (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | \
	LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)

/* A path that a role may read or write, beside the folders it is given. */
static const struct path_rule {
	unsigned int roles;
	const char *path;
	uint64_t rights;
} path_rules[] = {
	/* A policy and what it includes may stand anywhere. */
	{ CONFINE_KEEPER | CONFINE_LOADER, "/", READ_FILES },
	{ CONFINE_KEEPER, "/proc/sys/net", LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE },
	/* The kernel's accounts, and how forwarding is switched. */
	{ CONFINE_CONTROL, "/proc", READ_FILES },
	{ CONFINE_RECORDER, "/proc/sys/kernel/random", READ_FILES },
	/* How people here count the hours. */
	{ CONFINE_CONTROL | CONFINE_RECORDER, "/etc/localtime", READ_FILES },
	{ CONFINE_CONTROL | CONFINE_RECORDER, "/usr/share/zoneinfo", READ_FILES },
};

static uint64_t
known_rights(int version)
{
	uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

	if (version >= 2)
		rights |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		rights |= FS_TRUNCATE;
	if (version >= 5)
		rights |= FS_IOCTL_DEV;
	return rights;
}

static int
new_ruleset(enum privilege_role role, int version)
{
	struct ruleset_attr attr = { .fs = known_rights(version) };
	size_t size = version >= 6 ? sizeof(attr) : version >= 4 ?
	    offsetof(struct ruleset_attr, scoped) : offsetof(struct ruleset_attr, net);

	if (version >= 4)
		attr.net = NET_BIND_TCP | NET_CONNECT_TCP;
	/* The keeper ends children that hang, and tells the service manager. */
	if (version >= 6 && role != ROLE_KEEPER)
		attr.scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL;
	return (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
}

/* What is not there needs no rule. */
static int
allow(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights };
	struct stat st;
	int r = 0;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= FILE_RIGHTS;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		r = -errno;
	close(rule.parent_fd);
	return r;
}

static int
allow_all(int ruleset, enum privilege_role role, const struct privilege_needs *needs,
    uint64_t known)
{
	const size_t n = needs != NULL ? sizeof(needs->folders) / sizeof(needs->folders[0]) : 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(path_rules) / sizeof(path_rules[0]); i++)
		if ((path_rules[i].roles & (1u << role)) != 0)
			r = allow(ruleset, path_rules[i].path, path_rules[i].rights & known);
	for (size_t i = 0; r == 0 && i < n && needs->folders[i] != NULL; i++)
		r = allow(ruleset, needs->folders[i], (READ_FILES | CHANGE_FILES) & known);
	return r;
}

int
confine_files(enum privilege_role role, const struct privilege_needs *needs)
{
	int version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	int ruleset, r;

	/* Not built in, or switched off at boot. */
	if (version < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
	ruleset = new_ruleset(role, version);
	if (ruleset < 0)
		return -errno;
	r = allow_all(ruleset, role, needs, known_rights(version));
	if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		r = -errno;
	close(ruleset);
	return r < 0 ? r : version;
}
