/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a start puts in force: the version that was confirmed last, never what merely lies
 * in a file or waited to be confirmed. Only the very first start, or one that finds
 * nothing usable any more, takes the policy file, and says so.
 */
#include "agent/clock.h"
#include "agent/control/control_forwarding.h"
#include "agent/control/control_internal.h"
#include "agent/control/control_keep.h"
#include "agent/control/priv.h"
#include "agent/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void
tell(struct control *c, uint8_t subject, bool success, uint32_t serial, const char *what)
{
	struct change_request q = { .verb = "start", .actor = "start" };

	log_warnx("control: %s", what);
	control_change_record(c, &q, subject, success, serial, "", what);
}

static void
open_versions(struct control *c)
{
	int r = versions_open(&c->versions, c->setup->paths.state);
	char what[256];

	c->keeps = r == 0;
	if (r < 0) {
		versions_close(&c->versions);
		snprintf(what, sizeof(what), "the kept policies cannot be read: %s", strerror(-r));
		tell(c, SUBJECT_POLICY, false, 0, what);
	} else if (c->versions.damaged > 0) {
		snprintf(what, sizeof(what), "%u kept policies are damaged",
		    c->versions.damaged);
		tell(c, SUBJECT_POLICY, false, 0, what);
	}
}

/* What was begun and is neither what runs nor what waits: nobody knows how far it came. */
static void
note_interrupted(struct control *c, const struct pending *p)
{
	char what[256];

	for (size_t i = 0; i < c->versions.n; i++) {
		struct version *w = &c->versions.list[i];

		if (w->result != VERSION_APPLYING || (w->serial == p->serial && p->applied))
			continue;
		w->result = VERSION_INTERRUPTED;
		(void)versions_save(&c->versions, w);
		snprintf(what, sizeof(what), "serial %u was being applied when the daemon "
		    "ended: it is not in force", w->serial);
		tell(c, SUBJECT_POLICY, false, w->serial, what);
	}
}

/* 0: in force. -ENOENT: nothing kept can be read. Others: the kernel refused it. */
static int
load_confirmed(struct control *c)
{
	uint32_t serial = c->versions.boot;
	char why[512] = "", what[256];
	int r = serial != 0 ? control_put_version(c, serial, why, sizeof(why)) : -ENOENT;
	bool damaged = serial != 0 || c->versions.boot_error != -ENOENT;
	const struct version *w = NULL;

	while (r == -ENOENT || r == -EBADMSG) {
		w = versions_newest_confirmed(&c->versions, w != NULL ? w->serial : 0);
		if (w == NULL)
			break;
		if (w->serial == serial)
			continue;
		r = control_put_version(c, w->serial, why, sizeof(why));
		/* the list may have moved */
		w = versions_find(&c->versions, w->serial);
	}
	if (r == -ENOENT || r == -EBADMSG) {
		if (damaged)
			tell(c, SUBJECT_POLICY, false, serial, "the confirmed policy cannot be "
			    "read and no other one was kept: taking the policy file");
		return -ENOENT;
	}
	if (r < 0) {
		snprintf(c->problem, sizeof(c->problem), "no policy is in force: %.400s",
		    why[0] != '\0' ? why : strerror(-r));
		tell(c, SUBJECT_POLICY, false, serial, c->problem);
		return r;
	}
	if (c->serial != serial) {
		snprintf(what, sizeof(what), "the confirmed policy cannot be read: serial %u, "
		    "confirmed before it, is in force", c->serial);
		tell(c, SUBJECT_POLICY, false, c->serial, what);
		snprintf(c->problem, sizeof(c->problem), "%s", what);
	}
	return 0;
}

static void
started(struct control *c)
{
	struct change_request q = { .verb = "start", .actor = "start" };
	char what[256];

	snprintf(what, sizeof(what), "started with serial %u", c->serial);
	log_info("control: %s", what);
	control_change_record(c, &q, SUBJECT_POLICY, true, c->serial, "", what);
}

/* It waits on, under the rest of its time; or it cannot, and goes back. */
static void
go_on_waiting(struct control *c, const struct pending *p)
{
	char why[512] = "";
	int r = control_put_version(c, p->serial, why, sizeof(why));

	c->confirm.pending = *p;
	if (r == 0)
		r = control_confirm_rearm(c, p);
	if (r == 0) {
		started(c);
		return;
	}
	snprintf(why, sizeof(why), "serial %u waited to be confirmed and cannot be read",
	    p->serial);
	(void)control_confirm_revert(c, &(struct change_request){ .verb = "start",
	    .actor = "start" }, why);
}

static void
go_back(struct control *c, const struct pending *p, const char *boot_id)
{
	struct change_request q = { .verb = "start", .origin = VERSION_OF_ROLLBACK };
	char what[128];

	snprintf(q.actor, sizeof(q.actor), "start");
	snprintf(q.person, sizeof(q.person), "%s", p->person);
	snprintf(q.reason, sizeof(q.reason), "%s", p->reason);
	snprintf(what, sizeof(what), !p->applied ? "serial %u was being applied when the daemon "
	    "ended" : strcmp(p->boot_id, boot_id) != 0 ? "serial %u was not confirmed before "
	    "the restart of the gateway" : "serial %u was not confirmed within %u s",
	    p->serial, p->seconds);
	c->confirm.pending = *p;
	(void)control_confirm_revert(c, &q, what);
}

/* True: what was pending decided what is in force. */
static bool
settle_pending(struct control *c, const struct pending *p, int error)
{
	char boot_id[BOOT_ID_SIZE];

	if (error == -ENOENT)
		return false;
	if (error < 0) {
		tell(c, SUBJECT_CONFIRM, false, 0, "what waited to be confirmed cannot be read: "
		    "it is not in force");
		(void)pending_remove(c->versions.state);
		return false;
	}
	(void)pending_boot_id(boot_id);
	switch (pending_judge(p, boot_id, clock_ns(CLOCK_BOOTTIME), c->versions.boot)) {
	case PENDING_REVERT:
		go_back(c, p, boot_id);
		return true;
	case PENDING_WAIT:
		go_on_waiting(c, p);
		return true;
	case PENDING_SETTLED:
		(void)pending_remove(c->versions.state);
		return false;
	}
	return false;
}

/*
 * Nothing was confirmed yet, so nothing of it is lost: nor where the start before this one
 * broke off, or the kernel refused what it began with.
 */
static bool
is_first_start(const struct control *c)
{
	for (size_t i = 0; i < c->versions.n; i++)
		if (c->versions.list[i].confirmed)
			return false;
	return c->keeps && c->versions.boot_error == -ENOENT && c->versions.damaged == 0;
}

/* Where it is no first start the status says so until the next change. */
static void
take_file(struct control *c)
{
	bool first = is_first_start(c);

	control_reload(c, VERSION_OF_START);
	if (!first && c->checked != NULL && c->problem[0] == '\0')
		snprintf(c->problem, sizeof(c->problem), "the kept policies cannot be read: "
		    "the policy file is in force");
}

/*
 * With no table there forwarding is off, whoever had it on. A policy that cannot
 * be applied at the start leaves what the kernel has.
 */
void
control_start(struct control *c)
{
	struct pending p = { 0 };
	bool settled = false;
	int r = -ENOENT;

	(void)control_shut_without_table(c);
	/* Before any policy: what was cut off is, whichever comes. */
	control_cutoff_start(c);
	open_versions(c);
	if (c->keeps) {
		r = pending_read(c->versions.state, &p);
		note_interrupted(c, &p);
		settled = settle_pending(c, &p, r);
		r = settled ? 0 : load_confirmed(c);
		if (!settled && r == 0)
			started(c);
	}
	if (r == -ENOENT)
		take_file(c);
	else
		control_look_at_file(c);
	control_keep_boot_gate(c);
	c->gone = control_shut_without_table(c);
	c->started = true;
	(void)priv_ready(c->setup->keeper_fd, c->problem[0] != '\0' ? c->problem :
	    "gate, tap and record are at work");
}
