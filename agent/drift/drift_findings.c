/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/drift/drift_findings.h"

#include "agent/drift/drift_routes.h"

#include <linux/netfilter.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct drift_row rows[DRIFT_ID_COUNT] = {
#define ROW(id, number, severity) \
	[DRIFT_##id] = { "DR-" number, DRIFT_##severity, MSG_DRIFT_##id, MSG_DRIFT_##id##_DO }
	ROW(TABLE_DIFFERS, "01", ERROR),
	ROW(TABLE_GONE, "02", ERROR),
	ROW(STORM, "03", ERROR),
	ROW(NO_DAEMON, "04", ERROR),
	ROW(TABLE_FILTERS, "05", NOTE),
	ROW(TABLE_REWRITES, "06", WARNING),
	ROW(TABLE_MOVES, "07", ERROR),
	ROW(FLOWTABLE, "08", ERROR),
	ROW(LEGACY, "09", WARNING),
	ROW(BRIDGE, "10", ERROR),
	ROW(MASTER, "11", WARNING),
	ROW(XDP, "12", ERROR),
	ROW(TC_MOVES, "13", ERROR),
	ROW(TC, "14", WARNING),
	ROW(TCX, "15", ERROR),
	ROW(TCX_BEHIND, "16", ERROR),
	ROW(NO_SEGMENT, "17", WARNING),
	ROW(NO_INTERFACE, "18", WARNING),
	ROW(ROUTE, "19", WARNING),
	ROW(RULE, "20", WARNING),
	ROW(SWITCH, "21", ERROR),
	ROW(PROXY, "22", WARNING),
	ROW(NOT_SEEN, "23", WARNING),
	ROW(SERVICE, "24", WARNING),
#undef ROW
};

const struct drift_row *
drift_row(enum drift_id id)
{
	return &rows[id];
}

const char *
drift_severity_name(enum drift_severity severity)
{
	switch (severity) {
	case DRIFT_NOTE:
		return "note";
	case DRIFT_WARNING:
		return "warning";
	case DRIFT_ERROR:
		return "error";
	}
	return "note";
}

/* ---- the list ------------------------------------------------------------------------- */

/* Names come from whoever may make interfaces and tables. */
static void
clean(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || (unsigned char)*text >= 0x7f)
			*text = '?';
}

bool
drift_same(const struct drift_finding *a, const struct drift_finding *b)
{
	return a->id == b->id && strcmp(a->subject, b->subject) == 0 &&
	    strcmp(a->detail, b->detail) == 0;
}

const struct drift_finding *
drift_find(const struct drift_list *list, const struct drift_finding *f)
{
	for (size_t i = 0; i < list->n; i++)
		if (drift_same(&list->all[i], f))
			return &list->all[i];
	return NULL;
}

void
drift_add(struct drift_list *list, enum drift_id id, const char *subject, const char *detail)
{
	struct drift_finding f = { .id = id };

	snprintf(f.subject, sizeof(f.subject), "%s", subject);
	snprintf(f.detail, sizeof(f.detail), "%s", detail);
	clean(f.subject);
	clean(f.detail);
	if (drift_find(list, &f) != NULL)
		return;
	if (list->n == DRIFT_FINDINGS_MOST)
		list->more++;
	else
		list->all[list->n++] = f;
}

static void __attribute__((format(printf, 4, 5)))
found(struct drift_list *list, enum drift_id id, const char *subject, const char *format, ...)
{
	char detail[160];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(detail, sizeof(detail), format, ap);
	va_end(ap);
	drift_add(list, id, subject, detail);
}

enum drift_severity
drift_worst(const struct drift_list *list)
{
	enum drift_severity worst = DRIFT_NOTE;

	for (size_t i = 0; i < list->n; i++)
		if (rows[list->all[i].id].severity > worst)
			worst = rows[list->all[i].id].severity;
	return worst;
}

json_t *
drift_json(const struct drift_list *list, enum message_language language)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++) {
		const struct drift_finding *f = &list->all[i];
		const struct drift_row *row = &rows[f->id];
		char *text = message_text(row->what, language, f->subject, f->detail);

		json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:s, s:s}", "id",
		    row->code, "severity", drift_severity_name(row->severity), "subject",
		    f->subject, "detail", f->detail, "message", text != NULL ? text : ""));
		free(text);
	}
	return array;
}

/* ---- interfaces ----------------------------------------------------------------------- */

void
drift_bridged(const struct drift_picture *p, const struct checked *c,
    void (*each)(void *arg, const char *interface, const char *bridge), void *arg)
{
	for (size_t i = 0; i < c->n_segments; i++) {
		const struct link_entry *l =
		    link_picture_by_name(&p->links, c->segments[i].interface);
		const struct link_entry *master = l == NULL || l->master == 0 ? NULL :
		    link_picture_by_index(&p->links, l->master);

		if (link_is_bridge(master))
			each(arg, l->name, master->name);
	}
}

static void
find_port(const struct drift_picture *p, const struct link_entry *l, struct drift_list *out)
{
	const struct link_entry *master = link_picture_by_index(&p->links, l->master);

	if (l->master == 0)
		return;
	found(out, link_is_bridge(master) ? DRIFT_BRIDGE : DRIFT_MASTER, l->name, "%s",
	    master != NULL ? master->name : "?");
}

/* A list that could not be had whole says nothing of what is not in it. */
static void
find_segments(const struct drift_picture *p, const struct checked *c, struct drift_list *out)
{
	for (size_t i = 0; i < c->n_segments; i++) {
		const char *name = c->segments[i].interface;
		const struct link_entry *l = link_picture_by_name(&p->links, name);

		if (l == NULL) {
			if ((p->failed & DRIFT_PART_LINKS) == 0)
				found(out, DRIFT_NO_INTERFACE, name, "%s",
				    c->zones[c->segments[i].zone].name);
			continue;
		}
		find_port(p, l, out);
		if (l->xdp)
			found(out, DRIFT_XDP, name, "%u", l->xdp_program);
	}
}

static void
find_strangers(const struct drift_picture *p, const struct checked *c, struct drift_list *out)
{
	for (size_t i = 0; i < p->links.n; i++) {
		const struct link_entry *l = &p->links.links[i];

		if (l->up && l->has_address && !l->loopback &&
		    checked_segment_by_interface(c, l->name) < 0)
			found(out, DRIFT_NO_SEGMENT, l->name, "%s",
			    l->kind[0] != '\0' ? l->kind : "-");
	}
}

static void
find_tc(const struct drift_picture *p, struct drift_list *out)
{
	for (size_t i = 0; i < p->tc.n; i++) {
		const struct tc_filter *f = &p->tc.filters[i];
		const struct link_entry *l = link_picture_by_index(&p->links, f->interface);
		const char *name = l != NULL ? l->name : "?";

		switch (f->place) {
		case TC_COMING:
		case TC_LEAVING:
			found(out, f->moves ? DRIFT_TC_MOVES : DRIFT_TC, name, "%s %s", f->kind,
			    f->place == TC_COMING ? "ingress" : "egress");
			break;
		case TC_SHARED:
			found(out, DRIFT_TC, name, "shared block");
			break;
		}
	}
}

/* Ours, where it stands, stands before all others. */
static void
find_programs(const struct drift_picture *p, struct drift_list *out)
{
	for (size_t i = 0; i < p->n_tcx; i++) {
		const struct drift_tcx *t = &p->tcx[i];
		const char *side = t->leaving != 0 ? "egress" : "ingress";
		uint32_t own = p->own_programs[t->leaving != 0];

		for (uint32_t n = 0; n < t->n; n++)
			if (own == 0 || t->programs[n] != own)
				found(out, DRIFT_TCX, t->interface, "%u %s", t->programs[n], side);
		if (own != 0 && t->n > 0 && t->programs[0] != own)
			found(out, DRIFT_TCX_BEHIND, t->interface, "%u", t->programs[0]);
	}
}

/* ---- tables --------------------------------------------------------------------------- */

static const char *
family_name(uint8_t family)
{
	switch (family) {	/* NFPROTO_*, no enum of ours */
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	case NFPROTO_NETDEV:
		return "netdev";
	case NFPROTO_BRIDGE:
		return "bridge";
	case NFPROTO_ARP:
		return "arp";
	default:
		return "?";
	}
}

static void
words_of(unsigned int does, char *out, size_t size)
{
	static const struct { unsigned int bit; const char *word; } words[] = {
		{ NFT_FOREIGN_REWRITES, "rewrite" }, { NFT_FOREIGN_QUEUES, "queue" },
		{ NFT_FOREIGN_UNTRACKS, "notrack" }, { NFT_FOREIGN_MARKS, "mark" },
	};
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if ((does & words[i].bit) != 0 && n < size)
			n += (size_t)snprintf(out + n, size - n, "%s%s", n > 0 ? ", " : "",
			    words[i].word);
}

static void
find_tables(const struct drift_picture *p, struct drift_list *out)
{
	const unsigned int changes = NFT_FOREIGN_REWRITES | NFT_FOREIGN_QUEUES |
	    NFT_FOREIGN_UNTRACKS | NFT_FOREIGN_MARKS;

	for (size_t i = 0; i < p->tables.n; i++) {
		const struct nft_foreign_table *t = &p->tables.tables[i];
		char subject[96], words[64];

		snprintf(subject, sizeof(subject), "%s %s", family_name(t->family), t->name);
		words_of(t->does, words, sizeof(words));
		/* A flowtable works by hooks of its own. */
		if ((t->does & NFT_FOREIGN_OFFLOADS) != 0)
			found(out, DRIFT_FLOWTABLE, subject, "-");
		if (!t->hooked)
			continue;
		if ((t->does & NFT_FOREIGN_MOVES) != 0)
			found(out, DRIFT_TABLE_MOVES, subject, "-");
		if ((t->does & changes) != 0)
			found(out, DRIFT_TABLE_REWRITES, subject, "%s", words);
		if (t->does == 0)
			found(out, DRIFT_TABLE_FILTERS, subject, "-");
	}
	if (p->legacy[0] != '\0')
		found(out, DRIFT_LEGACY, "iptables-legacy", "%s", p->legacy);
}

/* ---- switches and the rest ------------------------------------------------------------ */

static void
find_switches(const struct drift_picture *p, struct drift_list *out)
{
	for (size_t i = 0; i < p->n_switches; i++) {
		const struct drift_switch *s = &p->switches[i];
		const char *name = sysctl_name(s->id), *place = strstr(name, "%s");
		char subject[96];

		if (place == NULL)
			snprintf(subject, sizeof(subject), "%s", name);
		else
			snprintf(subject, sizeof(subject), "%.*s%s%s", (int)(place - name), name,
			    s->interface, place + 2);
		found(out, s->kept ? DRIFT_SWITCH : DRIFT_PROXY, subject, "%d, not %d", s->have,
		    s->want);
	}
}

static void
find_failures(const struct drift_picture *p, struct drift_list *out)
{
	static const char *const parts[] = { "interfaces", "routes", "tc", "nftables", "tcx",
	    "sysctl" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if ((p->failed & 1u << i) != 0)
			found(out, DRIFT_NOT_SEEN, parts[i], "-");
}

void
drift_findings(const struct drift_picture *p, const struct checked *c, struct drift_list *out)
{
	find_tables(p, out);
	find_switches(p, out);
	find_programs(p, out);
	find_tc(p, out);
	find_failures(p, out);
	if (c == NULL)
		return;
	find_segments(p, c, out);
	find_strangers(p, c, out);
	drift_find_routes(p, c, out);
}
