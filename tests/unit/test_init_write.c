/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first policy of every model is one: it parses, checks, and permits nothing yet. */
#include "agent/cli/init_model.h"
#include "rules/checked.h"
#include "rules/policy_parse.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1790000000

static char *text;

static void
write_it(const struct init_policy *p)
{
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	init_write(p, out);
	fclose(out);
}

static void
add_segment(struct init_policy *p, const char *zone, const char *interface, uint8_t net)
{
	struct init_segment *s = &p->segments[p->n_segments++];

	memset(s, 0, sizeof(*s));
	snprintf(s->zone, sizeof(s->zone), "%s", zone);
	snprintf(s->interface, sizeof(s->interface), "%s", interface);
	s->networks[0] = (struct ip_prefix){ .base = { .family = IP_V4,
	    .value = 10u << 24 | (unsigned int)net << 16 }, .length = 16 };
	s->own[0] = s->networks[0].base;
	s->own[0].value++;
	s->n_networks = 1;
}

static void
every_model_is_a_policy(void)
{
	static const char *const models[] = { "alpha", "alpha_prime", "alpha-prime", "beta",
		"beta_prime", "beta-prime" };

	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		struct diag *diag = diag_new();
		struct init_policy p = { .n_segments = 0 };
		struct checked *c;

		CU_ASSERT_TRUE_FATAL(init_model_parse(models[i], &p));
		add_segment(&p, "mynumber", "eth1", 10);
		add_segment(&p, "lgwan", "eth2", 20);
		add_segment(&p, "internet", "eth3", 30);
		write_it(&p);
		c = checked_new(policy_parse_text(text, strlen(text), "init", diag), NOW, diag);
		if (c == NULL)
			diag_print(diag, stderr, MESSAGE_ENGLISH);
		CU_ASSERT_EQUAL(diag_count(diag, DIAG_ERROR), 0);
		CU_ASSERT_PTR_NOT_NULL(c);
		if (c != NULL) {
			CU_ASSERT_EQUAL(c->n_zones, 3);
			CU_ASSERT_EQUAL(c->n_boxes, 0);
			CU_ASSERT_STRING_EQUAL(c->segments[1].interface, "eth2");
		}
		checked_free(c);
		diag_free(diag);
		free(text);
	}
}

static void
what_is_no_model(void)
{
	static const char *const words[] = { "", "gamma", "ALPHA", "alpha ", "alph", "alpha__prime" };
	struct init_policy p = { .n_segments = 0 };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		CU_ASSERT_FALSE(init_model_parse(words[i], &p));
}

static void
zones_have_classes(void)
{
	const char *class = NULL, *label = NULL;

	CU_ASSERT_TRUE(init_zone("mynumber", &class, &label));
	CU_ASSERT_STRING_EQUAL(class, "mynumber");
	CU_ASSERT_TRUE(init_zone("ext_gcc", &class, &label));
	CU_ASSERT_STRING_EQUAL(class, "external");
	CU_ASSERT_PTR_NOT_NULL(label);
	CU_ASSERT_FALSE(init_zone("nowhere", &class, &label));
	CU_ASSERT_FALSE(init_zone("", &class, &label));
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "every model is a policy", every_model_is_a_policy },
		{ "what is no model", what_is_no_model },
		{ "zones have classes", zones_have_classes },
		CU_TEST_INFO_NULL,
	};

	return unit_main("init_write", tests);
}
