/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every policy that was put in force, kept in the state folder: NUMBER.policy is its
 * printed text, NUMBER.json who, when, why and what became of it; "boot" beside the folder
 * names the one that a start loads. Only a confirmed one can be that. Knows no kernel
 * and no socket.
 */
#ifndef AGENT_CONTROL_CONTROL_VERSIONS_H
#define AGENT_CONTROL_CONTROL_VERSIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many are kept in any case that their bytes allow. */
#define VERSIONS_KEPT	50u
/* Their texts together: 50 policies of 10,000 permits are 200 MB. Older ones go first. */
#define VERSIONS_BYTES	((uint64_t)512 << 20)
/* The text of one: LIMIT_POLICY_BYTES and the origins that printing adds. */
#define VERSION_BYTES	((size_t)128 << 20)

/* Zero: nobody knows how it ended. */
enum version_result {
	VERSION_APPLYING = 0,	/* begun; left so by a crash: VERSION_INTERRUPTED */
	VERSION_APPLIED,	/* was or is in force */
	VERSION_FAILED,		/* the kernel refused it */
	VERSION_INTERRUPTED,	/* a crash came; whether it ever ran is not known */
	VERSION_REVERTED,	/* was in force, never confirmed, and taken back */
	VERSION_RESULT_COUNT
};

enum version_origin {
	VERSION_OF_START = 0,	/* the first start, from the policy file */
	VERSION_OF_RELOAD,	/* SIGHUP */
	VERSION_OF_APPLY,
	VERSION_OF_ROLLBACK,	/* see "of" */
	VERSION_ORIGIN_COUNT
};

struct version {
	uint32_t serial;	/* 1.. */
	uint8_t result, origin;
	bool confirmed;
	bool has_uid;
	uint32_t uid;		/* as the kernel says */
	uint32_t of;		/* the serial whose text this is again; 0: none */
	int64_t at, confirmed_at;	/* seconds since the epoch; 0: never */
	uint64_t bytes;		/* of the text */
	char digest[65];	/* of struct checked */
	char sum[65];		/* SHA-256 of the text, which has origins in it */
	char person[64];	/* as they called themselves */
	char reason[128];	/* as they gave it */
	char file[256];		/* where it was read from */
};

struct versions {
	int state, folder;	/* descriptors of paths.state and of versions/ in it */
	struct version *list;	/* ascending */
	size_t n;
	uint32_t boot;		/* 0: none, or it cannot be read: */
	int boot_error;		/* negative errno; -ENOENT: never written */
	uint32_t last;		/* no version ever had a higher number */
	uint32_t damaged;	/* whose meta data could not be read */
};

/*
 * Read what is kept. 0; or a negative errno, with v ready for versions_close() alone.
 * Damaged ones are left out and counted, never taken away.
 */
int versions_open(struct versions *v, const char *state);
void versions_close(struct versions *v);
/* The same for one who only reads, root or whoever may: nothing is made or put right. */
int versions_look(struct versions *v, const char *state);

/* NULL: no such one is kept. Valid until the next change. */
struct version *versions_find(struct versions *v, uint32_t serial);

/*
 * Keep one more, on the disk when this returns. w gets its serial, bytes and sum; what
 * is too old to be kept beside it goes, never the boot one nor "also". 0 or a negative
 * errno, nothing kept then.
 */
int versions_add(struct versions *v, struct version *w, const char *text, size_t length,
    uint32_t also);

/* Write what was changed in a version of versions_find(). 0 or a negative errno. */
int versions_save(struct versions *v, const struct version *w);

/* The text, as it was kept: -EBADMSG when it is not that any more. Caller frees. */
int versions_text(const struct versions *v, const struct version *w, char **text,
    size_t *length);

/*
 * A start loads this one from now on; it is marked as confirmed. 0, or a negative errno
 * with the old one in place.
 */
int versions_confirm(struct versions *v, uint32_t serial, int64_t now);

/*
 * The newest confirmed one older than "below" (0: any): where to fall back to when
 * the boot one is damaged. NULL: none.
 */
struct version *versions_newest_confirmed(struct versions *v, uint32_t below);

/* The one that was in force before this one; NULL: none. */
struct version *versions_before(struct versions *v, uint32_t serial);

const char *version_result_name(enum version_result result);	/* "applied" */
const char *version_origin_name(enum version_origin origin);	/* "rollback" */

/* One version as an object of history's answer, and back from a file. */
json_t *version_json(const struct version *w);
/* False when anything in it is not as version_json() writes it. */
bool version_from_json(const json_t *o, struct version *w);

#endif /* AGENT_CONTROL_CONTROL_VERSIONS_H */
