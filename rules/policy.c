/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving back the memory of a policy as written. */
#include "rules/policy.h"

#include <stdlib.h>

static void
words_free(struct policy_words *w)
{
	for (size_t i = 0; i < w->count; i++)
		free(w->items[i].text);
	free(w->items);
}

static void
zone_free(struct policy_zone *z)
{
	for (size_t i = 0; i < z->n_segments; i++) {
		free(z->segments[i].interface);
		free(z->segments[i].stations);
		words_free(&z->segments[i].networks);
		words_free(&z->segments[i].gateway);
	}
	free(z->segments);
	free(z->name);
	free(z->zone_class);
	free(z->label);
}

static void
host_free(struct policy_host *h)
{
	free(h->name);
	free(h->zone);
	free(h->mac);
	free(h->label);
	words_free(&h->addresses);
	words_free(&h->roles);
}

static void
group_free(struct policy_group *g)
{
	free(g->name);
	free(g->label);
	words_free(&g->members);
	words_free(&g->except);
}

static void
service_free(struct policy_service *s)
{
	free(s->name);
	free(s->protocol);
	words_free(&s->ports);
	words_free(&s->source_ports);
	words_free(&s->types);
}

static void
permit_free(struct policy_permit *p)
{
	free(p->id);
	free(p->purpose);
	free(p->request);
	free(p->approved_by);
	free(p->valid_from);
	free(p->valid_until);
	free(p->note);
	words_free(&p->from);
	words_free(&p->to);
	words_free(&p->services);
}

static void
refusal_free(struct policy_refusal *r)
{
	free(r->from);
	free(r->to);
	free(r->action);
}

static void
detector_free(struct policy_detector *d)
{
	free(d->severity);
	free(d->seconds);
	free(d->limit);
	free(d->jitter);
}

static void
detect_free(struct policy_detect *d)
{
	detector_free(&d->scan_hosts);
	detector_free(&d->scan_ports);
	detector_free(&d->lateral);
	detector_free(&d->beacon);
	detector_free(&d->dns_tunnel);
	detector_free(&d->bulk);
	detector_free(&d->clear_text);
	detector_free(&d->roaming);
}

static void
alert_free(struct policy_alert *a)
{
	free(a->name);
	words_free(&a->classes);
	words_free(&a->actions);
	free(a->min_severity);
	free(a->threshold.count);
	free(a->threshold.seconds);
	free(a->quiet.from);
	free(a->quiet.to);
	words_free(&a->quiet.days);
	free(a->quiet.below);
	free(a->fold_seconds);
	free(a->timeout);
	free(a->hook);
}

static void
record_free(struct policy_record *r)
{
	for (size_t i = 0; i < r->n_severities; i++) {
		free(r->severities[i].zv);
		free(r->severities[i].severity);
	}
	free(r->severities);
	for (size_t i = 0; i < r->n_alerts; i++)
		alert_free(&r->alerts[i]);
	free(r->alerts);
	free(r->checkpoint_interval);
	free(r->evidence.packets);
	free(r->evidence.snap);
	free(r->evidence.ring_mb);
	free(r->heartbeat);
	free(r->outputs.syslog);
	free(r->outputs.cef);
	free(r->log_failure);
	free(r->rotate_size);
	words_free(&r->warn_at);
	for (size_t i = 0; i < r->n_retention; i++) {
		free(r->retention[i].kind);
		free(r->retention[i].days);
	}
	free(r->retention);
}

static void
site_free(struct policy_site *s)
{
	free(s->name);
	free(s->gateway);
	free(s->model);
}

void
policy_free(struct policy *p)
{
	if (p == NULL)
		return;

	site_free(&p->site);
	for (size_t i = 0; i < p->n_zones; i++)
		zone_free(&p->zones[i]);
	for (size_t i = 0; i < p->n_hosts; i++)
		host_free(&p->hosts[i]);
	for (size_t i = 0; i < p->n_groups; i++)
		group_free(&p->groups[i]);
	for (size_t i = 0; i < p->n_services; i++)
		service_free(&p->services[i]);
	for (size_t i = 0; i < p->n_permits; i++)
		permit_free(&p->permits[i]);
	for (size_t i = 0; i < p->n_refusals; i++)
		refusal_free(&p->refusals[i]);
	free(p->limits.half_open);
	free(p->limits.half_open_seconds);
	detect_free(&p->detect);
	record_free(&p->record);
	for (size_t i = 0; i < p->n_files; i++)
		free(p->files[i]);
	free(p->zones);
	free(p->hosts);
	free(p->groups);
	free(p->services);
	free(p->permits);
	free(p->refusals);
	free(p->files);
	free(p);
}
