/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One record as every view gets it: the line of the log as it stands there, and what
 * can be told of it, taken apart once. What is in a line is not believed: any member may
 * be missing, of another type, or hold any text.
 *
 * Stage: line of the log -[record]-> format -> socket or file.
 */
#ifndef AGENT_RECORD_VIEWS_VIEW_RECORD_H
#define AGENT_RECORD_VIEWS_VIEW_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Texts are valid UTF-8 without NUL, of any length; "" when there is none. */
struct view_record {
	const char *line;		/* as in the file, without its newline; borrowed */
	size_t length;
	json_t *root;
	uint64_t sequence, severity, count, bytes, lost;	/* 0: none */
	uint64_t source_port, destination_port;
	const char *time, *start, *end;
	const char *kind, *action, *phase, *outcome, *id;
	const char *class, *class_name;
	const char *message, *message_ja, *reason;
	const char *source, *destination, *source_mac, *destination_mac;
	const char *transport, *protocol, *key;
	const char *from, *to, *in_interface, *out_interface, *permit;
	const char *actor, *person, *note;
	const char *hostname, *version, *hash;
};

/* Takes root over in any case. False: it is no object, or has no sequence. */
bool view_record_make(struct view_record *r, json_t *root, const char *line, size_t length);
void view_record_free(struct view_record *r);

/* Something that packets did, or that came to harm; not the daemon's own course. */
bool view_record_is_violation(const struct view_record *r);

/*
 * Seconds and nanoseconds since the epoch of a time as records write it; false for what
 * is none, or of other years than 1970 to 9999.
 */
bool view_record_time(const char *time, int64_t *seconds, long *nanoseconds);

/* 0 to 7 as syslog(3) counts. */
int view_record_priority(const struct view_record *r);

#endif /* AGENT_RECORD_VIEWS_VIEW_RECORD_H */
