/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket. A client is who the kernel says it was when it connected
 * (SO_PEERCRED, SO_PEERGROUPS: unix(7)); root and the group sekisho-admin may
 * change, sekisho-audit may read. Clients are few, a request is one message,
 * and whoever sits idle is put out. The rest of the machine may knock and is told
 * why not, but can neither take all places nor fill the record.
 *
 * What a descriptor may do is settled when it connects: whoever it is handed to, and
 * whatever its owner becomes, it speaks for the one who connected.
 */
#include "agent/control/control_drift.h"
#include "agent/control/control_internal.h"
#include "agent/control/control_open.h"
#include "agent/control/control_keep.h"
#include "agent/control/control_refusals.h"
#include "agent/log.h"

#include "rules/policy_parse.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CLIENTS		32
/* Places that those without any right leave free, and those that only read. */
#define RESERVED_READERS	16
#define RESERVED_CHANGERS	4
/* No user but root takes more places than this. */
#define PLACES_OF_ONE		8
/* A connection lasts so long; a request that waits behind a long one is answered first. */
#define CLIENT_IDLE_US		10000000
/* Twice the queue of those who wait to be accepted (keeper_setup.c). */
#define CONNECTIONS_A_TURN	64
/* Without descriptors to accept with, clients wait. */
#define ACCEPT_PAUSE_US		100000
#define MAX_GROUPS		1024

struct server;

struct client {
	struct server *server;
	struct control *control;
	int fd;
	sd_event_source *io, *idle;
	struct requester who;
	bool waited;			/* its request lies here since another was changing */
	bool served;			/* its request is being worked off */
};

struct server {
	struct control *control;
	struct client clients[MAX_CLIENTS];
	uint64_t connections;		/* so far */
	sd_event_source *listening, *pause;
	struct refusals refusals;
	bool urgent;			/* inside control_urgent() */
};

static bool
in_group(int fd, const struct ucred *cred, gid_t wanted)
{
	static gid_t groups[MAX_GROUPS];
	socklen_t size = sizeof(groups);

	if (wanted == (gid_t)-1)
		return false;
	if (cred->gid == wanted)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (size_t i = 0; i < size / sizeof(groups[0]); i++)
		if (groups[i] == wanted)
			return true;
	return false;
}

static int
identify(struct control *c, int fd, struct requester *who)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -errno;
	*who = (struct requester){ .uid = cred.uid, .gid = cred.gid, .pid = cred.pid };
	who->may_change = cred.uid == 0 || in_group(fd, &cred, c->setup->admin_gid);
	who->may_read = who->may_change || in_group(fd, &cred, c->setup->audit_gid);
	snprintf(who->name, sizeof(who->name), "uid %u", (unsigned int)cred.uid);
	return 0;
}

static json_t *
answer_error(const char *text)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", text);
}

/* The policy a client sent along; *error gets the answer when it is none. */
static struct policy *
policy_of(struct ipc_message *m, const char *file, json_t **error)
{
	struct diag *diag = diag_new();
	struct policy *policy = NULL;
	void *text = NULL;
	size_t length = 0;
	int r = m->fd < 0 ? -EBADF : ipc_map(m->fd, LIMIT_POLICY_BYTES, &text, &length);

	if (r == 0 && text != NULL && diag != NULL)
		policy = policy_parse_text(text, length, file, diag);
	if (policy == NULL || diag_count(diag, DIAG_ERROR) > 0) {
		*error = answer_error("the policy that was sent cannot be read");
		policy_free(policy);
		policy = NULL;
	}
	if (text != NULL)
		munmap(text, length);
	diag_free(diag);
	return policy;
}

static json_t *
do_apply(struct client *cl, const json_t *request, struct ipc_message *m)
{
	struct change_request q;
	struct policy *policy;
	json_t *answer = NULL;

	control_change_request(request, &cl->who, "apply", &q);
	policy = policy_of(m, q.file, &answer);
	control_urgent(cl->control);
	if (policy != NULL)
		control_apply(cl->control, policy, &q, &answer);
	return answer;
}

/* The number a client names, or 0; false when it is none. */
static bool
take_serial(const json_t *request, uint32_t *serial)
{
	const json_t *value = json_object_get(request, "serial");
	json_int_t n = json_integer_value(value);

	*serial = (uint32_t)n;
	return value == NULL || (json_is_integer(value) && n > 0 && n < UINT32_MAX);
}

static json_t *
do_rollback(struct client *cl, const json_t *request, struct ipc_message *m)
{
	struct change_request q;
	uint32_t serial;

	(void)m;
	control_change_request(request, &cl->who, "rollback", &q);
	return take_serial(request, &serial) ? control_rollback(cl->control, &q, serial) :
	    answer_error("the request is not understood");
}

static json_t *
do_confirm(struct client *cl, const json_t *request, struct ipc_message *m)
{
	struct change_request q;
	uint32_t serial;

	(void)m;
	control_change_request(request, &cl->who, "confirm", &q);
	return take_serial(request, &serial) ? control_confirm(cl->control, &q, serial) :
	    answer_error("the request is not understood");
}

static json_t *
do_open(struct client *cl, const json_t *request, struct ipc_message *m)
{
	struct change_request q;

	(void)m;
	control_change_request(request, &cl->who, "open", &q);
	return control_open(cl->control, &q);
}

static json_t *
do_history(struct client *cl, const json_t *request, struct ipc_message *m)
{
	(void)request;
	(void)m;
	return control_history(cl->control);
}

static json_t *
do_plan(struct client *cl, const json_t *request, struct ipc_message *m)
{
	json_t *answer = NULL;
	struct policy *policy = policy_of(m, "policy", &answer);

	(void)request;
	if (policy != NULL)
		control_plan(cl->control, policy, &answer);
	return answer;
}

static json_t *
do_status(struct client *cl, const json_t *request, struct ipc_message *m)
{
	(void)request;
	(void)m;
	return cl->server->urgent ? control_status_meanwhile(cl->control) :
	    control_status(cl->control);
}

static json_t *
do_matrix(struct client *cl, const json_t *request, struct ipc_message *m)
{
	(void)request;
	(void)m;
	return control_matrix(cl->control);
}

static json_t *
do_isolate(struct client *cl, const json_t *request, struct ipc_message *m)
{
	(void)m;
	return control_isolate(cl->control, &cl->who, request);
}

static json_t *
do_restore(struct client *cl, const json_t *request, struct ipc_message *m)
{
	(void)m;
	return control_cutoff_restore(cl->control, &cl->who, request);
}

static json_t *
do_cutoffs(struct client *cl, const json_t *request, struct ipc_message *m)
{
	(void)request;
	(void)m;
	return json_pack("{s:b, s:o}", "ok", 1, "cutoffs",
	    control_cutoffs_json(cl->control));
}

static json_t *
do_doctor(struct client *cl, const json_t *request, struct ipc_message *m)
{
	const char *language = json_string_value(json_object_get(request, "language"));

	(void)m;
	return control_doctor(cl->control, language != NULL && strcmp(language, "ja") == 0 ?
	    MESSAGE_JAPANESE : MESSAGE_ENGLISH);
}

static const struct request_row {
	const char *verb;
	bool changes;
	bool alone;			/* one at a time: who comes meanwhile is refused */
	bool slow;			/* others are served meanwhile */
	json_t *(*run)(struct client *cl, const json_t *request, struct ipc_message *m);
} rows[] = {
	{ "status", false, false, false, do_status },
	{ "matrix", false, false, false, do_matrix },
	{ "history", false, false, false, do_history },
	{ "doctor", false, false, false, do_doctor },
	{ "plan", false, false, true, do_plan },
	{ "apply", true, true, true, do_apply },
	{ "rollback", true, true, true, do_rollback },
	{ "confirm", true, false, false, do_confirm },
	{ "open", true, true, true, do_open },
	{ "isolate", true, false, false, do_isolate },
	{ "restore", true, false, false, do_restore },
	{ "cutoffs", false, false, false, do_cutoffs },
};

static const struct request_row *
find_row(const char *verb)
{
	for (size_t i = 0; verb != NULL && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].verb, verb) == 0)
			return &rows[i];
	return NULL;
}

static json_t *
refuse_rights(struct client *cl, const char *verb)
{
	control_refused(&cl->server->refusals, REFUSED_FOR_RIGHTS, &cl->who, verb);
	return answer_error("you may not do this: it takes root or the group sekisho-admin "
	    "(reading: sekisho-audit)");
}

/* Its request was written for what ran before the one it waited behind. */
static json_t *
refuse_late(struct client *cl, const json_t *request, const char *verb)
{
	struct change_request q;
	json_t *answer;

	control_change_request(request, &cl->who, verb, &q);
	answer = control_change_came_late(cl->control, q.language);
	control_change_record(cl->control, &q, SUBJECT_REQUEST, false, 0, "",
	    json_string_value(json_object_get(answer, "error")));
	return answer;
}

static void take_connections(struct server *server);

/* A change took its time. Whatever lies in the queues now came meanwhile. */
static void
mark_waiting(struct server *server)
{
	take_connections(server);
	for (size_t i = 0; i < MAX_CLIENTS; i++) {
		struct client *cl = &server->clients[i];
		struct pollfd p = { .fd = cl->fd, .events = POLLIN };

		if (cl->fd >= 0)
			cl->waited = poll(&p, 1, 0) == 1 && (p.revents & POLLIN) != 0;
	}
}

static json_t *
run_row(struct client *cl, const struct request_row *row, const json_t *request,
    struct ipc_message *m)
{
	json_t *answer;

	if (row->slow)
		control_busy(cl->control, row->verb, cl->who.name);
	answer = row->run(cl, request, m);
	if (row->slow)
		control_busy_over(cl->control);
	return answer;
}

static json_t *
answer_request(struct client *cl, struct ipc_message *m)
{
	json_t *request = m->type != IPC_REQUEST ? NULL :
	    json_loadb((const char *)m->payload.bytes, m->length, JSON_REJECT_DUPLICATES, NULL);
	const struct request_row *row =
	    find_row(json_string_value(json_object_get(request, "verb")));
	json_t *answer;

	if (row == NULL) {
		control_refused(&cl->server->refusals, REFUSED_FOR_MALFORMED, &cl->who, "");
		answer = answer_error("the request is not understood");
	} else if (!(row->changes ? cl->who.may_change : cl->who.may_read))
		answer = refuse_rights(cl, row->verb);
	else if (row->alone && cl->waited)
		answer = refuse_late(cl, request, row->verb);
	else
		answer = run_row(cl, row, request, m);
	if (row != NULL && row->alone)
		mark_waiting(cl->server);
	json_decref(request);
	return answer;
}

static void
put_out(struct client *cl)
{
	sd_event_source_disable_unref(cl->io);
	sd_event_source_disable_unref(cl->idle);
	close(cl->fd);
	*cl = (struct client){ .fd = -1 };
}

static void
serve(struct client *cl, struct ipc_message *m)
{
	json_t *answer;
	int r = ipc_receive(cl->fd, m);

	if (r == -EAGAIN)
		return;
	if (r == -EPROTO)
		control_refused(&cl->server->refusals, REFUSED_FOR_MALFORMED, &cl->who, "");
	if (r != 1) {
		put_out(cl);
		return;
	}
	cl->served = true;
	answer = answer_request(cl, m);
	cl->served = false;
	if (m->fd >= 0)
		close(m->fd);
	r = answer == NULL ? -ENOMEM : ipc_answer_json(cl->fd, m, answer);
	json_decref(answer);
	if (r < 0)
		put_out(cl);
}

static int
on_client(sd_event_source *s, int fd, uint32_t events, void *arg)
{
	static struct ipc_message m;

	(void)s;
	(void)fd;
	(void)events;
	serve(arg, &m);
	return 0;
}

/* Is it a request that does not wait for the end of the one at work, and by whom it may? */
static bool
is_served_now(const struct client *cl, const struct ipc_message *m, bool cutoffs, bool status)
{
	json_t *request;
	const char *verb;
	bool wanted;

	if (m->type != IPC_REQUEST)
		return false;
	request = json_loadb((const char *)m->payload.bytes, m->length,
	    JSON_REJECT_DUPLICATES, NULL);
	verb = json_string_value(json_object_get(request, "verb"));
	wanted = verb != NULL &&
	    ((cutoffs && cl->who.may_change && strcmp(verb, "isolate") == 0) ||
	    (status && cl->who.may_read && strcmp(verb, "status") == 0));
	json_decref(request);
	return wanted;
}

static void
serve_waiting(struct control *c, bool cutoffs, bool status)
{
	static struct ipc_message m;
	struct server *server = c->server;

	if (server == NULL || server->urgent)
		return;
	server->urgent = true;
	take_connections(server);
	for (size_t i = 0; i < MAX_CLIENTS; i++) {
		struct client *cl = &server->clients[i];
		int r = cl->fd < 0 || cl->served ? -EBUSY : ipc_peek(cl->fd, &m);
		/* Whoever has gone leaves a place for the next one. */
		if (r == 0)
			put_out(cl);
		else if (r == 1 && is_served_now(cl, &m, cutoffs, status))
			serve(cl, &m);
	}
	server->urgent = false;
}

void
control_urgent(struct control *c)
{
	serve_waiting(c, true, control_busy_long(c));
}

void
control_readers(struct control *c)
{
	serve_waiting(c, false, true);
}

static int
on_idle(sd_event_source *s, uint64_t usec, void *arg)
{
	struct client *cl = arg;

	(void)s;
	(void)usec;
	control_refused(&cl->server->refusals, REFUSED_FOR_IDLE, &cl->who, "");
	put_out(cl);
	return 0;
}

static struct client *
free_client(struct server *server, const struct requester *who)
{
	size_t n = who->may_change ? MAX_CLIENTS : MAX_CLIENTS - RESERVED_CHANGERS;
	size_t same = 0;
	struct client *found = NULL;

	if (!who->may_read)
		n = MAX_CLIENTS - RESERVED_READERS;
	for (size_t i = 0; i < MAX_CLIENTS; i++) {
		if (server->clients[i].fd >= 0)
			same += server->clients[i].who.uid == who->uid;
		else if (found == NULL && i < n)
			found = &server->clients[i];
	}
	return who->uid == 0 || same < PLACES_OF_ONE ? found : NULL;
}

static int
add_client(struct server *server, int fd)
{
	sd_event *event = server->control->event;
	struct requester who = { 0 };
	struct client *cl;
	uint64_t now;
	int r = identify(server->control, fd, &who);

	if (r < 0)
		return r;
	who.connection = ++server->connections;
	cl = free_client(server, &who);
	if (cl == NULL) {
		control_refused(&server->refusals, REFUSED_FOR_FULL, &who, "");
		return -EUSERS;
	}
	*cl = (struct client){ .server = server, .control = server->control, .fd = fd,
	    .who = who };
	if (r >= 0)
		r = sd_event_now(event, CLOCK_MONOTONIC, &now);
	if (r >= 0)
		r = sd_event_add_io(event, &cl->io, fd, EPOLLIN, on_client, cl);
	if (r >= 0)
		r = sd_event_add_time(event, &cl->idle, CLOCK_MONOTONIC, now + CLIENT_IDLE_US,
		    0, on_idle, cl);
	/* Whose request waited behind a long one is answered first. */
	if (r >= 0)
		r = sd_event_source_set_priority(cl->idle, SD_EVENT_PRIORITY_IDLE);
	if (r < 0) {
		sd_event_source_disable_unref(cl->io);
		sd_event_source_disable_unref(cl->idle);
		*cl = (struct client){ .fd = -1 };
	}
	return r < 0 ? r : 0;
}

static int
on_pause_over(sd_event_source *s, uint64_t usec, void *arg)
{
	struct server *server = arg;

	(void)s;
	(void)usec;
	server->pause = sd_event_source_unref(server->pause);
	return sd_event_source_set_enabled(server->listening, SD_EVENT_ON);
}

/* The one who knocks would wake the loop again and again. */
static void
pause_listening(struct server *server, int error)
{
	if (server->pause != NULL || sd_event_add_time_relative(server->control->event,
	    &server->pause, CLOCK_MONOTONIC, ACCEPT_PAUSE_US, 0, on_pause_over, server) < 0)
		return;
	log_warnx("control: no client can be accepted: %s", strerror(error));
	(void)sd_event_source_set_enabled(server->listening, SD_EVENT_OFF);
}

/* All that knocked, as long as others can be served meanwhile. */
static void
take_connections(struct server *server)
{
	for (int i = 0; i < CONNECTIONS_A_TURN; i++) {
		int fd = accept4(server->control->setup->listen_fd, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
				pause_listening(server, errno);
			return;
		}
		if (add_client(server, fd) < 0)
			close(fd);
	}
}

static int
on_connection(sd_event_source *s, int listen_fd, uint32_t events, void *arg)
{
	(void)s;
	(void)listen_fd;
	(void)events;
	take_connections(arg);
	return 0;
}

int
control_serve(struct control *c)
{
	static struct server server;
	int r;

	server.control = server.refusals.control = c;
	c->server = &server;
	for (size_t i = 0; i < MAX_CLIENTS; i++)
		server.clients[i].fd = -1;
	r = sd_event_add_io(c->event, &server.listening, c->setup->listen_fd, EPOLLIN,
	    on_connection, &server);
	return r < 0 ? r : 0;
}
