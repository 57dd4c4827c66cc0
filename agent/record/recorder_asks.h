/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a trusted peer may ask of the recorder beside writing: holds, and a signature. */
#ifndef AGENT_RECORD_RECORDER_ASKS_H
#define AGENT_RECORD_RECORDER_ASKS_H

#include "agent/ipc.h"
#include "agent/record/recorder_write.h"

/* IPC_RECORD_HOLD. The answer (struct ipc_result) comes when it is on the disk. */
void recorder_ask_hold(int directory, int socket, const struct ipc_message *question);

/*
 * IPC_RECORD_SIGN. The answer is a line of checkpoint_sign_manifest(); without a sum the log
 * gets a checkpoint, and the answer is "".
 */
void recorder_ask_sign(struct recorder_writer *w, int socket,
    const struct ipc_message *question);

#endif /* AGENT_RECORD_RECORDER_ASKS_H */
