/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/evidence/evidence_check.h"

#include "agent/evidence/bundle.h"
#include "agent/evidence/evidence_lines.h"
#include "agent/evidence/line_walk.h"
#include "agent/record/log_names.h"
#include "agent/record/log_verify_files.h"
#include "agent/record/seal_line.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUM_DIGITS	64u
#define SEPARATOR	"  "
#define COPY_BYTES	65536u

struct checking {
	int folder;
	struct evidence_checked *out;
	struct log_verify *verify;
	const char *name;		/* of the chain's file at hand */
};

static int
sum_of(int folder, const char *name, uint8_t sum[32])
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	crypto_hash_sha256_state state;
	char bytes[COPY_BYTES];
	struct stat st;
	ssize_t n = -1;

	if (fd < 0)
		return -errno;
	crypto_hash_sha256_init(&state);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		while ((n = read(fd, bytes, sizeof(bytes))) > 0)
			crypto_hash_sha256_update(&state, (const uint8_t *)bytes, (size_t)n);
	close(fd);
	crypto_hash_sha256_final(&state, sum);
	return n == 0 ? 0 : -EIO;
}

/* Nothing outside of the bundle is looked at, whatever its list says. */
static bool
stays_inside(const char *name)
{
	const char *slash = strchr(name, '/');

	return name[0] != '\0' && name[0] != '/' && strstr(name, "..") == NULL &&
	    (slash == NULL || strchr(slash + 1, '/') == NULL);
}

static int
check_line(void *arg, const char *line, size_t length)
{
	struct checking *k = arg;
	char name[BUNDLE_NAME_SIZE] = "", digits[SUM_DIGITS + 1];
	uint8_t sum[32];
	bool good = length > SUM_DIGITS + 2 && length - SUM_DIGITS - 2 < sizeof(name) &&
	    memcmp(line + SUM_DIGITS, SEPARATOR, 2) == 0 && memchr(line, '\0', length) == NULL;

	k->out->files++;
	if (good) {
		memcpy(name, line + SUM_DIGITS + 2, length - SUM_DIGITS - 2);
		good = stays_inside(name) && sum_of(k->folder, name, sum) == 0;
	}
	if (good) {
		sodium_bin2hex(digits, sizeof(digits), sum, sizeof(sum));
		good = memcmp(digits, line, SUM_DIGITS) == 0;
	}
	if (!good && k->out->bad_files++ == 0)
		snprintf(k->out->bad_file, sizeof(k->out->bad_file), "%s",
		    name[0] != '\0' ? name : BUNDLE_MANIFEST);
	return 0;
}

/* ---- the chain ------------------------------------------------------------------- */

static int
check_checkpoint(void *arg, const char *line, size_t length)
{
	struct checking *k = arg;
	struct checkpoint c;

	return checkpoint_parse(line, length, &c) ?
	    log_verify_add_checkpoint(k->verify, &c) : -EBADMSG;
}

/* Who signs by the word of a file's first record, and who will sign in the next one. */
static int
look_at_signer(void *arg, const char *line, size_t length)
{
	struct checking *k = arg;
	struct evidence_checked *out = k->out;
	uint64_t number = 0;
	uint8_t key[SEAL_SIZE];
	const char *text;
	size_t n;

	if (!seal_line_number(line, length, "\"file\":{\"number\":", &number))
		return 1;
	if (!seal_line_text(line, length, out->signed_by.file == number ? "\"signer\":" :
	    "\"next_signer\":", &text, &n) || n != SEAL_HEX || !seal_unhex(text, key) ||
	    (out->signed_by.file != number && out->signed_by.file != number + 1))
		return 1;
	out->signature = checkpoint_holds(&out->signed_by, key) ? SIGNATURE_GOOD : SIGNATURE_BAD;
	return 1;
}

static int
check_chain(struct checking *k)
{
	struct log_names names = { 0 };
	int chain = openat(k->folder, "chain", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = chain < 0 ? -errno : log_names_list_packed(chain, &names);

	if (r == 0) {
		log_verify_some(k->verify);
		r = line_walk(chain, LOG_CHECKPOINTS_NAME, check_checkpoint, k);
	}
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		log_verify_file(k->verify, chain, names.names[i]);
		/* The one that says most comes last. */
		if (k->out->signature == SIGNATURE_FOREIGN)
			(void)line_walk(chain, names.names[i], look_at_signer, k);
	}
	if (r == 0) {
		log_verify_finish(k->verify, &k->out->chain);
		r = evidence_lines_missing(k->folder, EVIDENCE_RECORDS, chain,
		    &k->out->made_up);
	}
	log_names_free(&names);
	if (chain >= 0)
		close(chain);
	return r;
}

/* ---- the signature --------------------------------------------------------------- */

static int
take_signature(void *arg, const char *line, size_t length)
{
	struct evidence_checked *out = arg;

	out->signature = checkpoint_parse_manifest(line, length, &out->signed_by) ?
	    SIGNATURE_FOREIGN : SIGNATURE_BAD;
	return 1;
}

static int
read_signature(struct checking *k)
{
	uint8_t sum[32];
	int r = sum_of(k->folder, BUNDLE_MANIFEST, sum);

	if (r < 0)
		return r;
	r = line_walk(k->folder, EVIDENCE_SIGNATURE, take_signature, k->out);
	if (r < 0 && r != -ENOENT)
		return r;
	if (k->out->signature == SIGNATURE_FOREIGN &&
	    memcmp(sum, k->out->signed_by.hash, sizeof(sum)) != 0)
		k->out->signature = SIGNATURE_BAD;
	return 0;
}

int
evidence_check(const char *path, struct evidence_checked *out)
{
	struct checking k = { .out = out };
	int r;

	memset(out, 0, sizeof(*out));
	k.verify = log_verify_new();
	k.folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = k.verify == NULL ? -ENOMEM : k.folder < 0 ? -errno : 0;
	if (r == 0)
		r = read_signature(&k);
	if (r == 0)
		r = line_walk(k.folder, BUNDLE_MANIFEST, check_line, &k);
	if (r == 0)
		r = check_chain(&k);
	log_verify_free(k.verify);
	if (k.folder >= 0)
		close(k.folder);
	return r;
}
