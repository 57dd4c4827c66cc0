/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forwarding off, and whether it may be on: never without our table. Who wants it on asks
 * control_forward() (control_record_watch.h), for the record may have to close it.
 */
#ifndef AGENT_CONTROL_CONTROL_FORWARDING_H
#define AGENT_CONTROL_CONTROL_FORWARDING_H

#include <stdbool.h>

struct control;

/* As the kernel has it: somebody else may have switched it. */
bool control_is_forwarding(void);

/* Off for all that control knows; where the keeper fails to, the journal says why. */
void control_forwarding_off(struct control *c);

/* Our table is in the kernel; false too when that cannot be found out. */
bool control_table_stands(struct control *c);

/* Off where the table is not there: true when it was not. */
bool control_shut_without_table(struct control *c);

#endif /* AGENT_CONTROL_CONTROL_FORWARDING_H */
