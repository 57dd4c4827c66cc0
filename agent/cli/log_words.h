/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verifier of the record found, as a sentence. */
#ifndef AGENT_CLI_LOG_WORDS_H
#define AGENT_CLI_LOG_WORDS_H

#include "agent/record/log_verify.h"
#include "rules/message.h"

/* Takes the finding's "other" as its argument (unsigned long long). */
enum message_id log_fault_words(enum verify_fault fault);

#endif /* AGENT_CLI_LOG_WORDS_H */
