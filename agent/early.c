/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/early.h"

#include "agent/log.h"
#include "kernel-helpers/nft_commit.h"
#include "kernel-helpers/sysctl.h"
#include "rules/checked.h"
#include "rules/compile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { EARLY_SHUT = 0, EARLY_FAILED, EARLY_BAD_CONF };

/* The way to the gateway, from a network of the management and from nowhere else. */
static bool
is_management(const struct checked *c, const struct box *b)
{
	int zone = b->in != SEGMENT_SELF ? checked_zone_of(c, b->in) : -1;

	return b->out == SEGMENT_SELF && zone >= 0 && c->zones[zone].zone_class == ZONE_CLASS_MGMT;
}

/* "0.0.0.0/0" would be everybody behind that wire. */
static bool
is_everybody(const struct ip_prefix *n)
{
	return n->length == 0;
}

static void
check_networks(const struct checked *c, struct diag *diag)
{
	for (size_t i = 0; i < c->n_segments; i++)
		for (size_t n = 0; n < c->segments[i].n_networks; n++)
			if (is_everybody(&c->segments[i].networks[n]))
				diag_add(diag, c->segments[i].origin, DIAG_ERROR,
				    MSG_EARLY_EVERYBODY, c->segments[i].interface);
}

static void
check_permits(const struct checked *c, struct diag *diag)
{
	for (size_t i = 0; i < c->n_permits; i++) {
		const struct checked_permit *p = &c->permits[i];
		bool good = true;

		for (size_t b = 0; b < p->n_boxes; b++)
			good &= is_management(c, &c->boxes[p->first_box + b]);
		if (!good)
			diag_add(diag, p->origin, DIAG_ERROR, MSG_EARLY_PERMIT, p->id);
	}
}

/* NULL: nobody is let in, by the file or because of it. */
static struct checked *
read_conf(const char *conf, int64_t now, struct diag *diag)
{
	struct checked *c;

	if (conf == NULL || (access(conf, F_OK) < 0 && errno == ENOENT))
		return NULL;
	c = checked_from_file(conf, now, diag);
	if (c == NULL)
		return NULL;
	check_networks(c, diag);
	check_permits(c, diag);
	if (diag_count(diag, DIAG_ERROR) == 0)
		return c;
	checked_free(c);
	return NULL;
}

static bool
mark(struct ruleset *r, bool management)
{
	struct ruleset_counter *c = ruleset_add_counter(r, EARLY_COUNTER);

	if (c == NULL)
		return false;
	snprintf(r->comment, sizeof(r->comment), "made at boot, before any policy");
	snprintf(c->comment, sizeof(c->comment), "until a policy takes over: no forwarding, %s",
	    management ? "management as early.conf says" : "no management");
	return true;
}

struct ruleset *
early_ruleset(const char *conf, int64_t now, struct diag *diag)
{
	const struct checked nothing = { .site_name = "", .site_gateway = "", .site_model = "" };
	struct checked *management = read_conf(conf, now, diag);
	struct ruleset *r = compile(management != NULL ? management : &nothing, diag);

	if (r != NULL && !mark(r, management != NULL)) {
		ruleset_free(r);
		r = NULL;
	}
	checked_free(management);
	return r;
}

bool
early_is_boot(const struct ruleset *running)
{
	return running != NULL && ruleset_find_counter(running, EARLY_COUNTER) != NULL;
}

bool
early_is_gate(const struct ruleset *running)
{
	if (running == NULL || early_is_boot(running))
		return false;
	for (size_t i = 0; i < running->n_chains; i++)
		if (running->chains[i].hook == HOOK_FORWARD && running->chains[i].policy_drop)
			return true;
	return false;
}

static bool
gate_stands(struct nft_channel *nft)
{
	struct nft_refusal refusal = { 0 };
	struct ruleset *running = NULL;
	uint32_t generation;
	bool stands = nft_read_back(nft, &running, &generation, &refusal) == 0 &&
	    early_is_gate(running);

	ruleset_free(running);
	return stands;
}

/* Both, whatever becomes of the first. */
static int
stop_forwarding(void)
{
	int r4 = sysctl_set(SYSCTL_IPV4_FORWARD, 0);
	int r6 = sysctl_set(SYSCTL_IPV6_FORWARD, 0);

	/* A kernel without IPv6 forwards none. */
	if (r6 == -ENOENT)
		r6 = 0;
	return r4 < 0 ? r4 : r6;
}

static int
put_table(struct nft_channel *nft, struct ruleset *shut)
{
	struct nft_refusal refusal = { 0 };
	uint32_t generation;
	bool changed;
	int r = nft_apply(nft, shut, false, &changed, &generation, &refusal);

	if (r < 0)
		log_warnx("early: the kernel refuses %s: %s",
		    refusal.what[0] != '\0' ? refusal.what : "the table", strerror(-r));
	return r;
}

static int
shut(struct nft_channel *nft, const char *conf)
{
	struct diag *diag = diag_new();
	struct ruleset *table = diag != NULL ?
	    early_ruleset(conf, (int64_t)time(NULL), diag) : NULL;
	int status = EARLY_FAILED;

	if (table != NULL && put_table(nft, table) == 0)
		status = diag_count(diag, DIAG_ERROR) > 0 ? EARLY_BAD_CONF : EARLY_SHUT;
	if (diag != NULL)
		diag_print(diag, stderr, message_language_of_locale());
	if (status == EARLY_BAD_CONF)
		log_warnx("early: %s has errors: nobody reaches the gateway before the policy",
		    conf);
	if (status != EARLY_FAILED)
		log_info("early: the gateway is shut until the policy is in force");
	ruleset_free(table);
	diag_free(diag);
	return status;
}

int
early_run(const char *conf)
{
	struct nft_channel *nft = nft_channel_open();
	int status, r;

	if (nft != NULL && gate_stands(nft)) {
		log_info("early: the gate of a policy stands; nothing was changed");
		nft_channel_close(nft);
		return EARLY_SHUT;
	}
	/* First: it holds without any table. */
	r = stop_forwarding();
	if (r < 0)
		log_warnx("early: forwarding is not off: %s", strerror(-r));
	if (nft == NULL)
		log_warn("early: cannot open nf_tables");
	status = nft != NULL ? shut(nft, conf) : EARLY_FAILED;
	nft_channel_close(nft);
	return r < 0 ? EARLY_FAILED : status;
}
