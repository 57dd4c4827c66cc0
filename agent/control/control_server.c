/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: who has a place at it, who is served when, and who is put out (who
 * that is: control_requester.h; what can be asked: control_verbs.h). Clients are few, a
 * request is one message, and whoever sits idle is put out. The rest of the machine may
 * knock and is told why not, but can neither take all places nor fill the record.
 *
 * What a descriptor may do is settled when it connects: whoever it is handed to, and
 * whatever its owner becomes, it speaks for the one who connected.
 */
#include "agent/control/control_server.h"

#include "agent/control/control_answer.h"
#include "agent/control/control_internal.h"
#include "agent/control/control_refusals.h"
#include "agent/control/control_verbs.h"
#include "agent/log.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static json_t *
refuse_rights(struct client *cl, const char *verb)
{
	control_refused(&cl->server->refusals, REFUSED_FOR_RIGHTS, &cl->who, verb);
	return control_no("you may not do this: it takes root or the group sekisho-admin "
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
run_verb(const struct control_verb *verb, const struct control_ask *ask)
{
	json_t *answer;

	if (verb->slow)
		control_busy(ask->control, verb->name, ask->who->name);
	answer = verb->run(ask);
	if (verb->slow)
		control_busy_over(ask->control);
	return answer;
}

static json_t *
answer_request(struct client *cl, struct ipc_message *m)
{
	json_t *request = m->type != IPC_REQUEST ? NULL :
	    json_loadb((const char *)m->payload.bytes, m->length, JSON_REJECT_DUPLICATES, NULL);
	const struct control_verb *verb =
	    control_verb(json_string_value(json_object_get(request, "verb")));
	const struct control_ask ask = { .control = cl->control, .who = &cl->who,
	    .request = request, .message = m, .meanwhile = cl->server->urgent };
	json_t *answer;

	if (verb == NULL) {
		control_refused(&cl->server->refusals, REFUSED_FOR_MALFORMED, &cl->who, "");
		answer = control_no("the request is not understood");
	} else if (!(verb->changes ? cl->who.may_change : cl->who.may_read))
		answer = refuse_rights(cl, verb->name);
	else if (verb->alone && cl->waited)
		answer = refuse_late(cl, request, verb->name);
	else
		answer = run_verb(verb, &ask);
	if (verb != NULL && verb->alone)
		mark_waiting(cl->server);
	json_decref(request);
	/* cppcheck-suppress returnDanglingLifetime; what was asked is none of the answer */
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
control_meanwhile(void *arg)
{
	struct control *c = arg;

	if (control_busy_long(c))
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
	int r = control_requester(server->control->setup, fd, &who);

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
