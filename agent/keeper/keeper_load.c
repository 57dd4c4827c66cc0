/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy file belongs to the administrator and may be readable by root
 * alone, in a folder that control cannot enter. A child that may read files
 * and nothing else parses it; what comes back is one printed policy.
 */
#include "agent/keeper/keeper_internal.h"

#include "agent/findings.h"
#include "agent/log.h"
#include "agent/policy_memfd.h"
#include "agent/privilege.h"

#include "rules/policy_parse.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* A policy of 100,000 permits takes about a second. Below the service's watchdog. */
#define LOAD_TIMEOUT_MS 15000

static int
findings_memfd(struct diag *diag)
{
	json_t *findings = findings_json(diag, message_language_of_locale());
	char *text = json_dumps(findings, JSON_COMPACT);
	int fd = text != NULL ? ipc_memfd("findings", text, strlen(text)) : -ENOMEM;

	free(text);
	json_decref(findings);
	return fd;
}

static void __attribute__((noreturn))
load(const char *file, int socket)
{
	struct ipc_result result = { 0 };
	struct diag *diag = diag_new();
	struct policy *policy;
	int fd = -ENOMEM;

	if (diag != NULL && privilege_become(ROLE_LOADER, NULL) >= 0) {
		policy = policy_parse_file(file, diag);
		if (policy == NULL || diag_count(diag, DIAG_ERROR) > 0) {
			result.error = -EINVAL;
			fd = findings_memfd(diag);
		} else {
			fd = policy_memfd(policy);
		}
	}
	if (fd < 0)
		result.error = fd;
	(void)ipc_send(socket, IPC_PRIV_LOAD, &result, sizeof(result), fd);
	_exit(EXIT_SUCCESS);
}

static int
wait_for_load(int socket, int *fd)
{
	static struct ipc_message m;
	struct pollfd p = { .fd = socket, .events = POLLIN };
	int r = poll(&p, 1, LOAD_TIMEOUT_MS);

	if (r <= 0)
		return r == 0 ? -ETIMEDOUT : -errno;
	r = ipc_receive(socket, &m);
	if (r <= 0)
		return r == 0 ? -ECHILD : r;
	if (m.length != sizeof(m.payload.result) || m.fd < 0) {
		if (m.fd >= 0)
			close(m.fd);
		return m.length == sizeof(m.payload.result) && m.payload.result.error < 0 ?
		    m.payload.result.error : -EPROTO;
	}
	*fd = m.fd;
	return m.payload.result.error;
}

int
keeper_load_policy(struct keeper *k, int *fd)
{
	int pair[2];
	int r = ipc_pair(pair);
	pid_t pid;

	*fd = -1;
	if (r < 0)
		return r;
	pid = fork();
	if (pid == 0) {
		if (keeper_close_others(&pair[1], 1) < 0)
			_exit(EXIT_FAILURE);
		for (int child = 0; child < CHILD_COUNT; child++)
			beat_forget(k->beats[child]);
		keeper_canary_forget(k);
		load(k->options->policy, pair[1]);
	}
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return -EAGAIN;
	}
	/* Some of the watchdog's time may be gone already. */
	(void)sd_notify(0, "WATCHDOG=1");
	r = wait_for_load(pair[0], fd);
	close(pair[0]);
	if (r == -ETIMEDOUT)
		kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return r;
}
