/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verifier of the record found, as a sentence. */
#ifndef AGENT_CLI_LOG_WORDS_H
#define AGENT_CLI_LOG_WORDS_H

#include "agent/record/log_verify.h"
#include "rules/message.h"

/* NULL: no memory. The caller frees it. */
char *log_fault_text(const struct verify_finding *f, enum message_language language);

#endif /* AGENT_CLI_LOG_WORDS_H */
