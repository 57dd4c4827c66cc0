/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/cli/log_words.h"

#include <errno.h>
#include <string.h>

/* They take the finding's "other" as their argument (unsigned long long). */
static enum message_id
words_of(enum verify_fault fault)
{
	static const enum message_id ids[VERIFY_FAULT_COUNT] = {
		[VERIFY_NONE] = MSG_LOG_VERIFY_ALTERED,
		[VERIFY_EMPTY] = MSG_LOG_VERIFY_EMPTY,
		[VERIFY_UNREADABLE] = MSG_LOG_VERIFY_UNREADABLE,
		[VERIFY_UNSEALED] = MSG_LOG_VERIFY_UNSEALED,
		[VERIFY_ALTERED] = MSG_LOG_VERIFY_ALTERED,
		[VERIFY_MISSING] = MSG_LOG_VERIFY_MISSING,
		[VERIFY_INSERTED] = MSG_LOG_VERIFY_INSERTED,
		[VERIFY_REPEATED] = MSG_LOG_VERIFY_REPEATED,
		[VERIFY_SWAPPED] = MSG_LOG_VERIFY_SWAPPED,
		[VERIFY_TORN] = MSG_LOG_VERIFY_TORN,
		[VERIFY_NUMBER] = MSG_LOG_VERIFY_NUMBER,
		[VERIFY_MAC] = MSG_LOG_VERIFY_MAC,
		[VERIFY_WRONG_KEY] = MSG_LOG_VERIFY_WRONG_KEY,
		[VERIFY_TIME] = MSG_LOG_VERIFY_TIME,
		[VERIFY_NO_FILE_RECORD] = MSG_LOG_VERIFY_NO_FILE_RECORD,
		[VERIFY_MERGED] = MSG_LOG_VERIFY_MERGED,
		[VERIFY_FILE_MISSING] = MSG_LOG_VERIFY_FILE_MISSING,
		[VERIFY_FILE_ORDER] = MSG_LOG_VERIFY_FILE_ORDER,
		[VERIFY_FILE_NAME] = MSG_LOG_VERIFY_FILE_NAME,
		[VERIFY_FILE_CUT] = MSG_LOG_VERIFY_FILE_CUT,
		[VERIFY_FILE_END] = MSG_LOG_VERIFY_FILE_END,
		[VERIFY_BROKEN] = MSG_LOG_VERIFY_BROKEN,
		[VERIFY_NEW_KEYS] = MSG_LOG_VERIFY_NEW_KEYS,
		[VERIFY_SIGNER] = MSG_LOG_VERIFY_SIGNER,
		[VERIFY_CHECKPOINT] = MSG_LOG_VERIFY_CHECKPOINT,
		[VERIFY_OUTSIDE] = MSG_LOG_VERIFY_OUTSIDE,
		[VERIFY_OUTSIDE_FORGED] = MSG_LOG_VERIFY_OUTSIDE_FORGED,
		[VERIFY_OUTSIDE_BEYOND] = MSG_LOG_VERIFY_OUTSIDE_BEYOND,
	};

	return ids[fault];
}

char *
log_fault_text(const struct verify_finding *f, enum message_language language)
{
	if (f->fault != VERIFY_UNREADABLE)
		return message_text(words_of(f->fault), language, (unsigned long long)f->other);
	if (f->other == EOPNOTSUPP)
		return message_text(MSG_LOG_VERIFY_FOREIGN, language);
	if (f->other == EBADMSG)
		return message_text(MSG_LOG_VERIFY_PACK, language);
	return message_text(MSG_LOG_VERIFY_UNREADABLE, language, strerror((int)f->other));
}
