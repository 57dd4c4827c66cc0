/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control.h"

#include "agent/beat.h"
#include "agent/control/control_drift.h"
#include "agent/control/control_guard.h"
#include "agent/control/control_internal.h"
#include "agent/control/control_server.h"
#include "agent/control/priv.h"
#include "agent/log.h"
#include "agent/tick.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Far below what the keeper waits for (keeper_health.c). */
#define BEAT_US 250000

static void
on_child_died(struct control *c, const struct ipc_message *m)
{
	struct ipc_child child = m->payload.child;

	if (m->length != sizeof(child))
		return;
	child.name[sizeof(child.name) - 1] = '\0';
	/* The keeper gave the new watcher the policy it was first started with. */
	if (strcmp(child.name, "watcher") == 0 && c->checked != NULL &&
	    control_watch(c, c->checked) < 0)
		log_warnx("control: the new watcher did not take the policy");
	if (strcmp(child.name, "recorder") == 0)
		control_record_restarted(c);
	if (strcmp(child.name, "forwarder") == 0)
		control_record_views(c);
}

static int
on_told(sd_event_source *s, int fd, uint32_t events, void *arg)
{
	struct control *c = arg;
	int r = ipc_receive(fd, &c->answer);

	(void)s;
	(void)events;
	if (r == 0)
		return sd_event_exit(c->event, EXIT_SUCCESS);
	if (r < 0)
		return 0;
	if (c->answer.fd >= 0)
		close(c->answer.fd);
	if (c->answer.type == IPC_RELOAD)
		control_reload(c, VERSION_OF_RELOAD);
	else if (c->answer.type == IPC_CHILD_DIED)
		on_child_died(c, &c->answer);
	else if (c->answer.type == IPC_NFT_SEEN)
		control_guard_seen(c, &c->answer);
	else if (c->answer.type == IPC_STOP)
		return sd_event_exit(c->event, EXIT_SUCCESS);
	return 0;
}

/* The keeper sees by it that this loop turns. */
static uint64_t
beat(void *arg)
{
	struct control *c = arg;

	beat_strike(c->setup->beat);
	return BEAT_US;
}

int
control_run(const struct control_setup *setup)
{
	static struct control c;
	int r;

	c.setup = setup;
	c.asker = (struct priv_asker){ setup->keeper_fd, control_meanwhile, &c };
	c.nft = priv_nft_channel(&c.asker);
	r = c.nft == NULL ? -ENOMEM : sd_event_new(&c.event);
	if (r >= 0)
		r = sd_event_add_io(c.event, NULL, setup->tell_fd, EPOLLIN, on_told, &c);
	if (r >= 0)
		r = control_serve(&c);
	if (r >= 0)
		r = control_guard(&c);
	if (r >= 0)
		r = control_record_watch(&c);
	if (r >= 0)
		r = control_hits(&c);
	if (r >= 0)
		r = control_drift(&c);
	if (r >= 0)
		r = tick_begin(c.event, &(struct tick){ .first_us = BEAT_US, .act = beat,
		    .arg = &c });
	if (r < 0) {
		log_warnx("control: cannot start: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	control_busy(&c, "start", "sekishod");
	control_start(&c);
	control_busy_over(&c);
	r = sd_event_loop(c.event);
	control_record_change(&c, "keeper", true, "control stopped; the rules stay");
	control_hits_end(&c);
	control_matrix_end(&c);
	control_cutoff_end(&c);
	control_drift_end(&c);
	control_guard_end(&c);
	json_decref(c.busy.numbers);
	control_settle_end(&c);
	nft_known_forget(&c.known);
	nft_channel_close(c.nft);
	checked_free(c.checked);
	versions_close(&c.versions);
	return r == EXIT_SUCCESS ? EXIT_SUCCESS : EXIT_FAILURE;
}
