/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The views there are: what each wants, in which words, and where it goes. */
#ifndef AGENT_RECORD_VIEWS_VIEW_ADAPTER_H
#define AGENT_RECORD_VIEWS_VIEW_ADAPTER_H

#include "agent/record/views/view_record.h"
#include "agent/record/views/view_text.h"
#include "rules/record_rules.h"

#include <stdbool.h>

enum view_way {
	VIEW_TO_SOCKET = 0,		/* datagrams: view_socket.h */
	VIEW_TO_FILE,			/* lines: view_file.h */
	VIEW_TO_METRICS,		/* numbers: view_metrics.h */
};

struct view_adapter {
	const char *name;
	enum view_way way;
	unsigned int per_second;	/* records, at most */
	/* Path of the socket, name of the file; NULL: the policy does not want it. */
	const char *(*target)(const struct record_outputs *outputs);
	bool (*wants)(const struct view_record *r);
	/* Into VIEW_MESSAGE_MAX bytes; NULL: nothing but counted. */
	void (*format)(const struct view_record *r, struct view_text *out);
	const char *sequence_word;	/* VIEW_TO_FILE: names the sequence in a line */
};

#define VIEW_ADAPTERS 5u

const struct view_adapter *view_adapters(void);		/* VIEW_ADAPTERS of them */

#endif /* AGENT_RECORD_VIEWS_VIEW_ADAPTER_H */
