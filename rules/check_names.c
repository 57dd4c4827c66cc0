/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names: what they may look like, and the tables that resolve them. Zones,
 * hosts and groups share one table because a permit names all three alike.
 */
#include "rules/check_internal.h"

#include "rules/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
names_init(struct names *n, size_t n_names)
{
	size_t size = 16;

	while (size < n_names * 2)
		size *= 2;
	n->slots = calloc(size, sizeof(n->slots[0]));
	n->mask = size - 1;
	return n->slots == NULL ? -ENOMEM : 0;
}

void
names_free(struct names *n)
{
	free(n->slots);
	n->slots = NULL;
}

/* FNV-1a, 64 bits. */
static size_t
hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *text != '\0'; text++)
		h = (h ^ (uint8_t)*text) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32);
}

/* The slot that has the name, or the free one where it belongs. */
static struct name_ref *
slot_of(const struct names *n, const char *name)
{
	size_t i = hash(name) & n->mask;

	while (n->slots[i].name != NULL && strcmp(n->slots[i].name, name) != 0)
		i = (i + 1) & n->mask;
	return &n->slots[i];
}

struct name_ref *
names_add(struct names *n, enum name_kind kind, const char *name, uint32_t index,
    struct origin origin)
{
	struct name_ref *slot = slot_of(n, name);

	if (slot->name != NULL)
		return slot;
	slot->name = name;
	slot->kind = kind;
	slot->index = index;
	slot->origin = origin;
	return NULL;
}

struct name_ref *
names_find(const struct names *n, const char *name)
{
	struct name_ref *slot = slot_of(n, name);

	return slot->name != NULL ? slot : NULL;
}

/* The id becomes the name of an nft counter. */
static bool
permit_id_usable(const char *id)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t length = strlen(id);

	return length > 0 && length <= LIMIT_PERMIT_ID && id[0] != '_' && id[0] != '-' &&
	    strspn(id, letters) == length;
}

/* What the kinds of names are called in the policy, and when one comes twice. */
static const struct kind_words {
	const char *list, *key;
	enum message_id duplicate;
} kind_words[] = {
	[NAME_ZONE] = { "zones", "name", MSG_CHECK_ZONE_DUPLICATE },
	[NAME_HOST] = { "hosts", "name", MSG_CHECK_HOST_DUPLICATE },
	[NAME_GROUP] = { "groups", "name", MSG_CHECK_GROUP_DUPLICATE },
	[NAME_SERVICE] = { "services", "name", MSG_CHECK_SERVICE_DUPLICATE },
	[NAME_PERMIT] = { "permits", "id", MSG_CHECK_PERMIT_DUPLICATE },
};

static void
add_name(struct check *ck, struct names *table, enum name_kind kind, const char *name,
    size_t index, struct origin origin)
{
	const struct kind_words *words = &kind_words[kind];
	const struct name_ref *other;

	if (name == NULL) {
		check_missing(ck, origin, words->list, words->key);
		return;
	}
	if (kind == NAME_PERMIT && !permit_id_usable(name))
		check_error(ck, origin, MSG_CHECK_PERMIT_ID_BAD, name, LIMIT_PERMIT_ID);
	if (table == &ck->names && strcmp(name, "self") == 0) {
		check_error(ck, origin, MSG_CHECK_NAME_RESERVED, name);
		return;
	}

	other = names_add(table, kind, name, (uint32_t)index, origin);
	if (other == NULL)
		return;
	if (other->kind == kind)
		check_error(ck, origin, words->duplicate, name, AT(other->origin));
	else
		check_error(ck, origin, MSG_CHECK_NAME_TAKEN, name, AT(other->origin));
}

int
check_names(struct check *ck)
{
	const struct policy *p = ck->policy;

	if (names_init(&ck->names, p->n_zones + p->n_hosts + p->n_groups) != 0 ||
	    names_init(&ck->services, p->n_services) != 0 ||
	    names_init(&ck->permits, p->n_permits) != 0)
		return -ENOMEM;

	for (size_t i = 0; i < p->n_zones; i++)
		add_name(
		    ck, &ck->names, NAME_ZONE, p->zones[i].name, i, p->zones[i].origin);
	for (size_t i = 0; i < p->n_hosts; i++)
		add_name(
		    ck, &ck->names, NAME_HOST, p->hosts[i].name, i, p->hosts[i].origin);
	for (size_t i = 0; i < p->n_groups; i++)
		add_name(ck, &ck->names, NAME_GROUP, p->groups[i].name, i,
		    p->groups[i].origin);
	for (size_t i = 0; i < p->n_services; i++)
		add_name(ck, &ck->services, NAME_SERVICE, p->services[i].name, i,
		    p->services[i].origin);
	for (size_t i = 0; i < p->n_permits; i++)
		add_name(ck, &ck->permits, NAME_PERMIT, p->permits[i].id, i,
		    p->permits[i].origin);
	return 0;
}
