/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder that is filled once and handed to somebody: every file new, owner-only, its
 * SHA-256 taken while it is written. At the end a list of the sums, as sha256sum(1) checks
 * them, and on request all of it in one tar file.
 */
#ifndef AGENT_EVIDENCE_BUNDLE_H
#define AGENT_EVIDENCE_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUNDLE_NAME_SIZE 100u		/* with its folder; ustar takes no longer one */
#define BUNDLE_MANIFEST	"manifest.sha256"

struct bundle;
struct bundle_file;

/* The folder must not exist: -EEXIST. NULL with errno. */
struct bundle *bundle_new(const char *path);
void bundle_free(struct bundle *b);		/* accepts NULL; what was written stays */

/*
 * Write one file: begin, write, end. The first error is kept and bundle_end() tells it. The
 * folder of the name is made. NULL with errno.
 */
struct bundle_file *bundle_begin(struct bundle *b, const char *name);
void bundle_write(struct bundle_file *f, const void *bytes, size_t length);
int bundle_end(struct bundle_file *f);
/* All at once. 0 or negative errno. */
int bundle_put(struct bundle *b, const char *name, const void *bytes, size_t length);

/* The folder itself; borrowed. */
int bundle_folder(const struct bundle *b);

/* The list of sums, in the order of writing; its own sum goes to "sum". 0 or negative errno. */
int bundle_manifest(struct bundle *b, uint8_t sum[32]);

/* Everything into a new file, under this folder name. 0 or negative errno. */
int bundle_tar(const struct bundle *b, const char *path, const char *folder);

/* Take it all away again. */
void bundle_remove(const struct bundle *b, const char *path);

#endif /* AGENT_EVIDENCE_BUNDLE_H */
