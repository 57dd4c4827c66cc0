/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The alerter process: hears from the recorder which records rules pick, and runs the
 * hooks. It alone may execute, as a user that owns nothing; whatever it does or does not
 * do, no record waits for it.
 */
#ifndef AGENT_ALERT_ALERTER_H
#define AGENT_ALERT_ALERTER_H

struct beat;

/* Hooks at the same time, and alarms that wait for one. */
#define ALERT_HOOKS	4u
#define ALERT_QUEUE	64u

struct alerter_setup {
	int recorder_fd;		/* of ipc_pair(); both ways */
	const char *folder;		/* the hooks' own, to work in */
	struct beat *beat;		/* NULL: nobody waits for a sign of life */
};

/* Work until SIGTERM or until the recorder is gone. Returns the exit status. */
int alerter_run(const struct alerter_setup *setup);

#endif /* AGENT_ALERT_ALERTER_H */
