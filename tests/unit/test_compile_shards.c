/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A large leaf in shards: one permit more or less loads the maps of its own shards and
 * no others, and the way from one ruleset to the next is one the kernel takes.
 */
#include "rules/compile_internal.h"
#include "rules/ruleset_compare.h"
#include "rules/ruleset_diff.h"
#include "tests/unit/check_text.h"
#include "tests/unit/ruleset_model.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTS 600u
#define SHARD_BOXES 32u

static const struct compile_sizes sizes = {
	.spread = LIMIT_HASH_TUPLES,
	.shard = { .boxes = SHARD_BOXES, .tuples = LIMIT_HASH_TUPLES,
	    .across = LIMIT_SHARD_ACROSS },
};

/* One change against the policy as it is. */
struct change_row {
	const char *what;
	int left_out;			/* this permit is switched off; -1: none */
	const char *extra;		/* one more permit, or "" */
	size_t shards;			/* that may be loaded anew: 2 a family, if it splits */
};

static const struct change_row rows[] = {
	{ "one permit less", 77, "", 2 },
	{ "one range more", -1, "{ id = \"X\"; from = [ \"a7\" ]; to = [ \"b300\" ];"
	    " services = [ \"more\" ]; purpose = \"x\"; }", 4 },
	{ "one tuple more", -1, "{ id = \"X\"; from = [ \"a7\" ]; to = [ \"b300\" ];"
	    " services = [ \"one\" ]; purpose = \"x\"; }", 0 },
	{ "far away", -1, "{ id = \"X\"; from = [ \"a7\" ]; to = [ \"far\" ];"
	    " services = [ \"more\" ]; purpose = \"x\"; }", 2 },
	{ "to all, one more", -1, "{ id = \"X\"; from = [ \"a7\" ]; to = [ \"all\" ];"
	    " services = [ \"more\" ]; purpose = \"x\"; }", SIZE_MAX },
};

static void
write_hosts(FILE *out)
{
	for (unsigned int i = 0; i < HOSTS; i++)
		fprintf(out, "{ name = \"a%u\"; zone = \"a\"; addresses = [ \"10.1.%u.%u\","
		    " \"2001:db8:1::%x\" ]; }, { name = \"b%u\"; zone = \"b\";"
		    " addresses = [ \"10.2.%u.%u\", \"2001:db8:2::%x:1\" ]; },\n", i,
		    i / 200, i % 200 + 1, i + 1, i, i * 7 % 250, i % 200 + 1, i + 1);
}

/* Permit i: from one host to another, a range of ports; and some tuples. */
static struct ruleset *
make(const struct change_row *row)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct diag *diag = diag_new();
	struct checked *c;
	struct ruleset *r;

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	CU_ASSERT_PTR_NOT_NULL_FATAL(diag);
	fputs("schema = 1; zones = ("
	    "{ name = \"a\"; class = \"other\"; segments = ( { interface = \"g0\";"
	    " networks = [ \"10.1.0.0/16\", \"2001:db8:1::/48\" ]; } ); },"
	    "{ name = \"b\"; class = \"other\"; segments = ( { interface = \"g1\";"
	    " networks = [ \"10.2.0.0/16\", \"10.66.0.0/16\", \"2001:db8:2::/48\" ]; } ); } );"
	    "services = ( { name = \"range\"; protocol = \"tcp\"; ports = [ \"100-199\","
	    " \"300\" ]; }, { name = \"more\"; protocol = \"udp\"; ports = [ \"100-199\" ]; },"
	    " { name = \"one\"; protocol = \"udp\"; ports = [ \"7\" ]; } );\nhosts = (\n", out);
	write_hosts(out);
	fputs("{ name = \"all\"; zone = \"b\"; addresses = [ \"10.2.0.0/16\" ]; },"
	    "{ name = \"far\"; zone = \"b\"; addresses = [ \"10.66.0.1\" ]; } );\n"
	    "permits = (\n", out);
	for (int i = 0; i < (int)HOSTS; i++)
		fprintf(out, "%s{ id = \"P%d\"; from = [ \"a%d\" ]; to = [ \"b%d\" ];"
		    " services = [ \"range\" ]; purpose = \"x\"; enabled = %s; }\n",
		    i == 0 ? "" : ",", i, i, i,
		    row != NULL && i == row->left_out ? "false" : "true");
	fprintf(out, "%s%s );\n", row != NULL && row->extra[0] != '\0' ? "," : "",
	    row != NULL ? row->extra : "");
	fclose(out);
	c = check_text(text);
	r = compile_sized(c, NULL, &sizes, diag);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	/* Origins are not looked at below; marks of what stays are its numbers. */
	checked_free(c);
	diag_free(diag);
	free(text);
	return r;
}

static bool
of_shard(const struct ruleset_set *s, char family)
{
	const char *at = strstr(s->name.base, "-h");

	return at != NULL && at[2] == family;
}

static void
shards_are_bounded(void)
{
	struct ruleset *r = make(NULL);
	size_t maps[2] = { 0, 0 }, boxes[2] = { 0, 0 };

	for (size_t i = 0; i < r->n_sets; i++)
		for (size_t f = 0; f < 2; f++) {
			if (!of_shard(&r->sets[i], "46"[f]) || !r->sets[i].interval)
				continue;
			CU_ASSERT_TRUE(r->sets[i].n_elements <= SHARD_BOXES);
			maps[f]++;
			boxes[f] += r->sets[i].n_elements;
		}
	for (size_t f = 0; f < 2; f++) {
		CU_ASSERT_TRUE(maps[f] >= HOSTS / SHARD_BOXES);
		CU_ASSERT_TRUE(maps[f] < 4 * HOSTS / SHARD_BOXES);
		CU_ASSERT_EQUAL(boxes[f], HOSTS);
	}
	ruleset_free(r);
}

/* Interval maps of marks that a change loads. */
static size_t
maps_loaded(const struct ruleset_change *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->stage.count; i++)
		n += c->stage.items[i].kind == CHANGE_ADD_SET
		    && c->stage.items[i].set->interval
		    && c->stage.items[i].set->kind == SET_MARK_MAP;
	return n;
}

static void
go(const struct change_row *row, const struct ruleset *running, struct ruleset *target)
{
	struct ruleset *model = model_new(running);
	struct ruleset_change *c;
	const char *why;

	ruleset_settle(target, running);
	c = ruleset_diff(running, target);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	if (maps_loaded(c) > row->shards)
		printf("%s: %zu maps\n", row->what, maps_loaded(c));
	CU_ASSERT_TRUE(maps_loaded(c) <= row->shards);
	why = model_take(model, &c->stage, running);
	if (why == NULL && model_whole(model))
		why = model_take(model, &c->flip, NULL);
	if (why == NULL)
		why = model_take(model, &c->sweep, NULL);
	if (why != NULL)
		printf("%s: %s\n", row->what, why);
	CU_ASSERT_PTR_NULL(why);
	CU_ASSERT_TRUE(ruleset_equal(target, model, NULL));
	ruleset_change_free(c);
	ruleset_free(model);
}

/* There and back: the way back is a change of the same size. */
static void
a_change_loads_its_own_shards(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ruleset *before = make(NULL), *after = make(&rows[i]);
		struct ruleset *again = make(NULL);

		ruleset_settle(before, NULL);
		go(&rows[i], before, after);
		go(&rows[i], after, again);
		ruleset_free(before);
		ruleset_free(after);
		ruleset_free(again);
	}
}

/* From one whole leaf to shards and back: nothing but whole maps goes and comes. */
static void
a_leaf_grows_into_shards(void)
{
	static const struct change_row any = { "grows", -1, "", SIZE_MAX };
	struct checked *c;
	struct diag *diag = diag_new();
	struct ruleset *small, *large = make(NULL), *again;
	static const char text[] = "schema = 1; zones = ("
	    "{ name = \"a\"; class = \"other\"; segments = ( { interface = \"g0\";"
	    " networks = [ \"10.1.0.0/16\" ]; } ); }, { name = \"b\"; class = \"other\";"
	    " segments = ( { interface = \"g1\"; networks = [ \"10.2.0.0/16\" ]; } ); } );"
	    "hosts = ( { name = \"x\"; zone = \"a\"; addresses = [ \"10.1.0.0/24\" ]; },"
	    " { name = \"y\"; zone = \"b\"; addresses = [ \"10.2.0.0/24\" ]; } );"
	    "services = ( { name = \"s\"; protocol = \"tcp\"; ports = [ \"80\" ]; } );"
	    "permits = ( { id = \"P0\"; from = [ \"x\" ]; to = [ \"y\" ];"
	    " services = [ \"s\" ]; purpose = \"x\"; } );";

	c = check_text(text);
	small = compile_sized(c, NULL, &sizes, diag);
	again = compile_sized(c, NULL, &sizes, diag);
	ruleset_settle(small, NULL);
	go(&any, small, large);
	go(&any, large, again);
	ruleset_free(small);
	ruleset_free(large);
	ruleset_free(again);
	checked_free(c);
	diag_free(diag);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "shards are bounded", shards_are_bounded },
		{ "a change loads its own shards", a_change_loads_its_own_shards },
		{ "a leaf grows into shards", a_leaf_grows_into_shards },
		CU_TEST_INFO_NULL,
	};

	return unit_main("compile_shards", tests);
}
