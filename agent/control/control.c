/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control.h"

#include "agent/beat.h"
#include "agent/clock.h"
#include "agent/control/control_drift.h"
#include "agent/control/control_internal.h"
#include "agent/control/priv.h"
#include "agent/json_text.h"
#include "agent/log.h"
#include "agent/record/text_clean.h"
#include "agent/tick.h"
#include "rules/policy_parse.h"
#include "rules/policy_print.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Far below what the keeper waits for (keeper_health.c). */
#define BEAT_US 250000

void
control_record(struct control *c, struct event *e)
{
	int r;

	if (e->count == 0)
		e->count = 1;
	if (e->severity == 0)
		e->severity = e->outcome == 0 ? SEVERITY_NOTICE : SEVERITY_WARNING;
	if (e->last_ns == 0)
		e->last_ns = clock_ns(CLOCK_REALTIME);
	if (e->first_ns == 0)
		e->first_ns = e->last_ns;
	if (e->policy_digest[0] == '\0' && c->checked != NULL)
		snprintf(e->policy_digest, sizeof(e->policy_digest), "%s",
		    c->checked->digest);
	r = control_record_send(c, e);
	if (r < 0)
		log_warnx("control: cannot record \"%s\": %s", e->reason, strerror(-r));
}

void
control_record_change(struct control *c, const char *actor, bool success, const char *what)
{
	struct event e = { .kind = EVENT_CHANGE, .outcome = success ? 0 : 1 };

	snprintf(e.actor, sizeof(e.actor), "%s", actor);
	snprintf(e.reason, sizeof(e.reason), "%.*s", (int)sizeof(e.reason) - 1, what);
	control_record(c, &e);
}

/* The printed policy that the loader made; findings go to the journal. */
static struct policy *
read_loaded(int fd, const char *name)
{
	struct diag *diag = diag_new();
	struct policy *policy = NULL;
	void *text = NULL;
	size_t length = 0;

	if (diag != NULL && ipc_map(fd, LIMIT_POLICY_BYTES, &text, &length) == 0 && text != NULL)
		policy = policy_parse_text(text, length, name, diag);
	if (text != NULL)
		munmap(text, length);
	diag_free(diag);
	return policy;
}

/* The first one is also what status shows. */
static void
tell_findings(int fd, char *first, size_t size)
{
	void *text = NULL;
	size_t length = 0, i;
	json_t *list, *f;

	if (ipc_map(fd, LIMIT_POLICY_BYTES, &text, &length) < 0 || text == NULL)
		return;
	list = json_loadb(text, length, 0, NULL);
	f = json_array_get(list, 0);
	if (f != NULL)
		snprintf(first, size, "%s:%d: %s", json_text_or(f, "file", "-"),
		    (int)json_integer_value(json_object_get(f, "line")),
		    json_text_or(f, "message", "-"));
	json_array_foreach(list, i, f)
		log_warnx("%s:%d: %s: %s", json_text_or(f, "file", "-"),
		    (int)json_integer_value(json_object_get(f, "line")),
		    json_text_or(f, "severity", "-"), json_text_or(f, "message", "-"));
	json_decref(list);
	munmap(text, length);
}

/* NULL: why (size bytes) and the journal say what is wrong with it. */
static struct policy *
load_file(struct control *c, char *why, size_t size)
{
	struct policy *policy = NULL;
	int fd = -1;
	int r = priv_load(c->setup->keeper_fd, &fd, why, size);

	if (r == -EINVAL && fd >= 0)
		tell_findings(fd, why, size);
	if (r == 0 && fd >= 0)
		policy = read_loaded(fd, c->setup->policy);
	if (fd >= 0)
		close(fd);
	if (policy == NULL && why[0] == '\0')
		snprintf(why, size, "the policy cannot be loaded");
	return policy;
}

void
control_look_at_file(struct control *c)
{
	char why[512] = "";
	struct policy *policy = load_file(c, why, sizeof(why));

	c->file_digest[0] = '\0';
	if (policy == NULL || policy_digest(policy, c->file_digest) < 0)
		log_warnx("control: the policy file: %s", why[0] != '\0' ? why : "no memory");
	policy_free(policy);
}

void
control_reload(struct control *c, enum version_origin origin)
{
	struct change_request q = { .verb = version_origin_name(origin), .origin = origin,
	    .language = message_language_of_locale() };
	char why[512] = "";
	json_t *answer = NULL;
	struct policy *policy = load_file(c, why, sizeof(why));

	snprintf(q.actor, sizeof(q.actor), "%s", origin == VERSION_OF_RELOAD ? "SIGHUP" :
	    "start");
	(void)text_clean(c->setup->policy, strlen(c->setup->policy), q.file,
	    sizeof(q.file) - 1, NULL);
	c->file_digest[0] = '\0';
	if (policy == NULL) {
		snprintf(c->problem, sizeof(c->problem), "%s", why);
		log_warnx("control: %s", c->problem);
		control_record_change(c, q.actor, false, c->problem);
		return;
	}
	(void)policy_digest(policy, c->file_digest);
	control_busy(c, q.verb, q.actor);
	control_apply(c, policy, &q, &answer);
	if (origin == VERSION_OF_RELOAD)
		control_busy_over(c);
	json_decref(answer);
}

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
