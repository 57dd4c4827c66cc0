/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the orders that stand come to: in a ruleset, and for the watcher. */
#include "agent/control/control_cutoff_internal.h"

#include "agent/policy_memfd.h"

#include "rules/cutoff_ruleset.h"
#include "rules/cutoff_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The watcher builds its filter anew: a fraction of a second with 100,000 boxes. */
#define WATCHER_TIMEOUT_MS 5000

int
control_cutoff_put(const struct control *c, const struct checked *checked,
    struct ruleset *target)
{
	struct cut_parts parts;
	int r = cutoffs_union(&c->cut.list, checked, &parts);

	if (r == 0)
		r = cutoff_write(target, &parts);
	cut_parts_free(&parts);
	return r;
}

static char *
parts_text(const struct control *c, const struct checked *checked)
{
	struct cut_parts parts;
	char *text = NULL;

	if (cutoffs_union(&c->cut.list, checked, &parts) == 0)
		text = cut_parts_string(&parts);
	cut_parts_free(&parts);
	return text;
}

int
control_cutoff_memfd(const struct control *c, const struct checked *checked)
{
	char *text = parts_text(c, checked);
	int fd = text == NULL ? -ENOMEM : policy_memfd_with(checked->policy, text);

	free(text);
	return fd;
}

int
cutoff_tell_watcher(struct control *c)
{
	char *text = c->checked == NULL ? NULL : parts_text(c, c->checked);
	int fd = text == NULL ? -ENOMEM : ipc_memfd("cutoffs", text, strlen(text));
	int r = fd;

	free(text);
	if (c->checked == NULL || !c->watching) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	if (fd >= 0) {
		r = ipc_ask(c->setup->watch_fd, IPC_WATCH_CUTOFFS, NULL, 0, fd, &c->answer,
		    WATCHER_TIMEOUT_MS);
		close(fd);
	}
	if (r == 0 && c->answer.fd >= 0)
		close(c->answer.fd);
	if (r == 0 && c->answer.length == sizeof(c->answer.payload.result))
		r = c->answer.payload.result.error;
	control_matrix_begin(c);
	return r < 0 ? r : 0;
}
