/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One view at work: it follows the log, tells what it reads, and keeps its place.
 *
 * A place moves on only when a record has arrived: a socket's reader has read it, a file
 * has it. What was told after the place that was saved last is told again after a kill
 * (sockets only: the numbers say so); nothing is ever left out.
 */
#ifndef AGENT_RECORD_VIEWS_VIEW_H
#define AGENT_RECORD_VIEWS_VIEW_H

#include "agent/record/views/view_adapter.h"
#include "agent/record/views/view_file.h"
#include "agent/record/views/view_follow.h"
#include "agent/record/views/view_format.h"
#include "agent/record/views/view_metrics.h"
#include "agent/record/views/view_socket.h"

#include <stdint.h>

struct view_folders {
	int log;			/* read only */
	int own;			/* places, and eve.json */
	int metrics;			/* sekisho.prom */
};

struct view {
	const struct view_adapter *how;
	const struct view_folders *folders;
	bool on;
	char target[RECORD_SOCKET_SIZE];
	struct view_follow follow;
	struct view_cursor arrived;	/* the last record that is surely there */
	struct view_cursor saved;
	uint64_t missed, refused;	/* struct view_state; over all runs */
	uint64_t missed_before;		/* of runs before this one */
	int error;			/* why it takes nothing; 0: it does */
	int64_t error_ns;		/* CLOCK_BOOTTIME, since then */
	bool blocked;			/* for so long that it was told */
	bool has_place;			/* .saved is on the disk */
	int64_t budget_ns;		/* until then its records are spent */
	int64_t next_ns;		/* next try, save or text: CLOCK_BOOTTIME */
	struct view_socket socket;
	struct view_file file;
	struct view_metrics *metrics;
	struct view_text message;	/* formatted, and not taken yet; .used 0: none */
	char bytes[VIEW_MESSAGE_MAX];
};

/* On, off, or to another place, as the policy says. */
void view_set(struct view *v, const struct record_outputs *outputs);
/* Save its place and let go. */
void view_close(struct view *v);

/* Tell what there is, for a few milliseconds at most. True: there is more. */
bool view_work(struct view *v, int64_t now_ns);

/* Of several views also the text of the numbers. */
void view_tick(struct view *v, const struct view_state *states, size_t n, int64_t now_ns);

/* A socket that is full: worth a look when it can be written to. -1: none. */
int view_waits_for(const struct view *v);

/* Told, and nobody has read it yet; a view that takes nothing is not behind but away. */
bool view_is_behind(const struct view *v);

void view_describe(const struct view *v, struct view_state *out);

#endif /* AGENT_RECORD_VIEWS_VIEW_H */
