/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services that are enabled or run, in folders made like systemd's. */
#include "agent/drift/drift_services.h"
#include "tests/unit/unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/sekisho-test-services-XXXXXX";
static struct drift_list list;

static const char *
at(const char *rest)
{
	static char path[4][256];
	static unsigned int turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", root, rest);
	return p;
}

/* The subjects of all findings, a space behind each. */
static const char *
found(void)
{
	static char text[512];

	memset(&list, 0, sizeof(list));
	drift_services(at("units"), at("cgroups"), &list);
	text[0] = '\0';
	for (size_t i = 0; i < list.n; i++) {
		CU_ASSERT_EQUAL(list.all[i].id, DRIFT_SERVICE);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ",
		    list.all[i].subject);
	}
	return text;
}

static void
nothing_there_is_nothing_found(void)
{
	CU_ASSERT_STRING_EQUAL(found(), "");
	CU_ASSERT_EQUAL(mkdir(at("units"), 0755), 0);
	CU_ASSERT_EQUAL(mkdir(at("cgroups"), 0755), 0);
	CU_ASSERT_STRING_EQUAL(found(), "");
}

static void
enabled_ones_are_found(void)
{
	CU_ASSERT_EQUAL(mkdir(at("units/sysinit.target.wants"), 0755), 0);
	CU_ASSERT_EQUAL(mkdir(at("units/multi-user.target.requires"), 0755), 0);
	CU_ASSERT_EQUAL(symlink("/nowhere/x",
	    at("units/sysinit.target.wants/nftables.service")), 0);
	CU_ASSERT_EQUAL(symlink("/nowhere/x",
	    at("units/multi-user.target.requires/firewalld.service")), 0);
	/* others, and what only looks alike */
	CU_ASSERT_EQUAL(symlink("/nowhere/x", at("units/sysinit.target.wants/ssh.service")), 0);
	CU_ASSERT_EQUAL(mkdir(at("units/ufw.service.d"), 0755), 0);
	CU_ASSERT_EQUAL(symlink("/nowhere/x", at("units/ufw.service")), 0);
	CU_ASSERT_STRING_EQUAL(found(), "nftables.service firewalld.service ");
	CU_ASSERT_STRING_EQUAL(list.all[0].detail, "enabled: flushes every table");
}

static void
masked_ones_are_not(void)
{
	CU_ASSERT_EQUAL(symlink("/dev/null", at("units/nftables.service")), 0);
	CU_ASSERT_STRING_EQUAL(found(), "firewalld.service ");
}

static void
running_ones_are_found(void)
{
	CU_ASSERT_EQUAL(mkdir(at("cgroups/docker.service"), 0755), 0);
	CU_ASSERT_EQUAL(mkdir(at("cgroups/firewalld.service"), 0755), 0);
	CU_ASSERT_STRING_EQUAL(found(), "firewalld.service docker.service ");
	CU_ASSERT_STRING_EQUAL(list.all[0].detail, "enabled, running: own tables, forwarding");
	CU_ASSERT_STRING_EQUAL(list.all[1].detail, "running: own rules, forwarding on");
	CU_ASSERT_EQUAL(drift_worst(&list), DRIFT_WARNING);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "nothing there is nothing found", nothing_there_is_nothing_found },
		{ "enabled ones are found", enabled_ones_are_found },
		{ "masked ones are not", masked_ones_are_not },
		{ "running ones are found", running_ones_are_found },
		CU_TEST_INFO_NULL,
	};
	int r;

	if (mkdtemp(root) == NULL)
		return 1;
	r = unit_main("drift_services", tests);
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return r;
}
