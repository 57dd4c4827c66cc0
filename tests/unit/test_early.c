/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gate of the boot: what early.conf may open, and that nothing else does. */
#include "agent/early.h"
#include "rules/compile.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MGMT "{ name = \"mgmt\"; class = \"mgmt\"; segments = ( { interface = \"mg0\"; " \
	"networks = [ \"10.50.0.0/24\" ]; } ); }"
#define LAN "{ name = \"lan\"; class = \"intra\"; segments = ( { interface = \"la0\"; " \
	"networks = [ \"10.60.0.0/24\" ]; } ); }"
#define SSH "services = ( { name = \"ssh\"; protocol = \"tcp\"; ports = [ \"22\" ]; } );\n"
#define PERMIT(from, to) "permits = ( { id = \"M1\"; from = [ \"" from "\" ]; to = [ \"" to \
	"\" ]; services = [ \"ssh\" ]; purpose = \"p\"; request = \"r\"; approved_by = \"a\"; } );\n"
#define CONF(zones, from, to) \
	"schema = 1;\nzones = ( " zones " );\n" SSH PERMIT(from, to)

static const struct row {
	const char *name, *text;	/* NULL: no such file */
	bool good, opens;
} rows[] = {
	{ "no file", NULL, true, false },
	{ "management", CONF(MGMT, "mgmt", "self"), true, true },
	{ "no policy at all", "", false, false },
	{ "cut off", "schema = 1; zones = (", false, false },
	{ "another class", CONF(LAN, "lan", "self"), false, false },
	{ "between zones", CONF(MGMT ", " LAN, "mgmt", "lan"), false, false },
	{ "from the gateway", CONF(MGMT, "self", "mgmt"), false, false },
	{ "everybody", "schema = 1;\nzones = ( { name = \"mgmt\"; class = \"mgmt\"; segments = "
	  "( { interface = \"mg0\"; networks = [ \"0.0.0.0/0\" ]; } ); } );\n" SSH
	  PERMIT("mgmt", "self"), false, false },
};

/* Elements of one map: 0 where nothing is dispatched by it. */
static size_t
elements(const struct ruleset *r, const char *set)
{
	struct object_name name;

	CU_ASSERT_TRUE_FATAL(object_name_set(&name, set, 0));
	return ruleset_find_set(r, &name)->n_elements;
}

static void
check_row(const struct row *row)
{
	char path[] = "/tmp/sekisho-early-XXXXXX";
	int fd = mkstemp(path);
	struct diag *diag = diag_new();
	struct ruleset *r;
	size_t length = row->text != NULL ? strlen(row->text) : 0;

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, row->text != NULL ? row->text : "", length), (ssize_t)length);
	close(fd);
	if (row->text == NULL)
		unlink(path);
	r = early_ruleset(path, 1790000000, diag);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	if ((diag_count(diag, DIAG_ERROR) == 0) != row->good ||
	    (elements(r, "inputs") > 0) != row->opens)
		printf("\n%s", row->name);
	CU_ASSERT_EQUAL(diag_count(diag, DIAG_ERROR) == 0, row->good);
	CU_ASSERT_EQUAL(elements(r, "inputs") > 0, row->opens);
	/* Never, whatever the file says. */
	CU_ASSERT_EQUAL(elements(r, "pairs"), 0);
	CU_ASSERT_EQUAL(elements(r, "flows"), 0);
	CU_ASSERT_EQUAL(elements(r, "outputs"), 0);
	CU_ASSERT_TRUE(early_is_boot(r));
	CU_ASSERT_FALSE(early_is_gate(r));
	ruleset_free(r);
	diag_free(diag);
	unlink(path);
}

static void
only_the_management_is_let_in(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

static void
a_gate_is_known_by_its_chain(void)
{
	struct ruleset *r = ruleset_new();
	struct ruleset_chain *c;

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	CU_ASSERT_FALSE(early_is_gate(NULL));
	CU_ASSERT_FALSE(early_is_boot(NULL));
	/* An empty table of our name filters nothing. */
	CU_ASSERT_FALSE(early_is_gate(r));
	c = ruleset_add_chain(r, "forward", 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_FALSE(early_is_gate(r));
	c->hook = HOOK_FORWARD;
	CU_ASSERT_FALSE(early_is_gate(r));
	c->policy_drop = true;
	CU_ASSERT_TRUE(early_is_gate(r));
	ruleset_free(r);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "only the management is let in", only_the_management_is_let_in },
		{ "a gate is known by its chain", a_gate_is_known_by_its_chain },
		CU_TEST_INFO_NULL,
	};

	return unit_main("early", tests);
}
