/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pieces of a large leaf, split by addresses into shards of bounded size.
 *
 * An interval map does not change in place: one box more, and all of it is loaded
 * anew under a new version (ruleset_diff.h). So a change shall only ever meet a
 * small map, and small ones are looked up faster too.
 *
 * A shard is one prefix of sources by one of destinations. It is halved where the
 * addresses of its pieces first differ, so its borders are prefixes whatever else
 * the policy holds: a box more or less changes the shards that it lies in, and may
 * split or join those, and no others. A piece that lies across a border is cut in
 * two; where more than a few would be, the shard stays whole and large.
 *
 * Only addresses, since every table looks at both: packets without ports have
 * their shard too.
 */
#ifndef RULES_COMPILE_SHARDS_H
#define RULES_COMPILE_SHARDS_H

#include "rules/compile_boxes.h"

/* When a shard is too large. */
struct shard_limits {
	size_t boxes;		/* of interval maps */
	size_t tuples;		/* of hash maps */
	unsigned int across;	/* at most one piece in so many lies across a border */
};

struct shard {
	struct cube_list pieces;
	/* Its prefixes; [CUBE_SOURCE] and [CUBE_DESTINATION] alone. */
	ip_value first[CUBE_DIMS], last[CUBE_DIMS];
	uint32_t name;		/* another one for each shard of a leaf */
};

struct shards {
	struct shard *items;	/* by address */
	size_t count, capacity;
};

/*
 * Split pieces of one family, those of up to "spread" tuples told by single ones.
 * Takes the pieces out of the list. One shard that is everything: not split. 0 or
 * -ENOMEM; shards_free() in any case.
 */
int shards_split(struct cube_list *pieces, enum ip_family family, size_t spread,
    const struct shard_limits *limits, struct shards *out);
void shards_free(struct shards *shards);

#endif /* RULES_COMPILE_SHARDS_H */
