/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is a bundle still what was made? Sums, chain and signature; it believes nothing. */
#ifndef AGENT_EVIDENCE_EVIDENCE_CHECK_H
#define AGENT_EVIDENCE_EVIDENCE_CHECK_H

#include "agent/record/checkpoint.h"
#include "agent/record/log_verify.h"

#define EVIDENCE_SIGNATURE "manifest.sig"
#define EVIDENCE_RECORDS "records.jsonl"

enum evidence_signature {
	SIGNATURE_NONE = 0,
	SIGNATURE_BAD,			/* no signature, or of another manifest */
	SIGNATURE_FOREIGN,		/* by a file of the record that is not in the bundle */
	SIGNATURE_GOOD,
};

struct evidence_checked {
	char bad_file[128];		/* the first that is not as listed; "": none */
	uint64_t bad_files, files;
	struct verify_report chain;
	uint64_t made_up;		/* records shown that are not in the chain */
	enum evidence_signature signature;
	struct checkpoint signed_by;
};

/* 0, or negative errno when it cannot be checked at all. */
int evidence_check(const char *path, struct evidence_checked *out);

#endif /* AGENT_EVIDENCE_EVIDENCE_CHECK_H */
