/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forwarder's begin: folders made while the daemon could, and what it may after that. */
#include "agent/keeper/keeper_internal.h"

#include "agent/log.h"
#include "agent/record/views/forwarder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

static int
open_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		log_warn("keeper: cannot open %s; some views of the record will not work", path);
	return fd;
}

void
keeper_open_views(struct keeper *k)
{
	k->views_fd = open_folder(k->options->paths.views);
	k->metrics_fd = open_folder(k->options->paths.metrics);
}

int
keeper_run_forwarder(struct keeper *k)
{
	const struct paths *p = &k->options->paths;
	const struct privilege_needs needs = {
		.folders = { p->views, p->metrics }, .reads = p->log,
	};
	const struct forwarder_setup setup = {
		.folders = { .log = k->log_fd, .own = k->views_fd, .metrics = k->metrics_fd },
		.control_fd = k->view[1], .beat = k->beats[CHILD_FORWARDER],
	};

	if (keeper_become(ROLE_FORWARDER, &needs, setup.beat) < 0)
		return EXIT_FAILURE;
	return forwarder_run(&setup);
}
