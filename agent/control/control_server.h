/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket. While a change is at work nobody is served but those who must not
 * wait for its end.
 */
#ifndef AGENT_CONTROL_CONTROL_SERVER_H
#define AGENT_CONTROL_CONTROL_SERVER_H

struct control;

/* Serve from now on. 0 or negative errno. */
int control_serve(struct control *c);

/*
 * Between two steps of a long change, where all of *c fits together: cut-offs that are
 * asked for meanwhile do not wait for its end.
 */
void control_urgent(struct control *c);

/*
 * Wherever a long change waits or has come a step further: who asks for the status
 * meanwhile, and may read it, gets it now. As ipc_ask_meanwhile() calls it; arg is
 * struct control.
 */
void control_meanwhile(void *arg);

#endif /* AGENT_CONTROL_CONTROL_SERVER_H */
