/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/control/control_pending.h"

#include "agent/control/control_take.h"
#include "agent/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME	"pending"
#define FILE_BYTES	4096u
#define NS		1000000000ll

json_t *
pending_json(const struct pending *p)
{
	return json_pack("{s:I, s:I, s:I, s:b, s:I, s:s, s:s, s:s, s:s}",
	    "serial", (json_int_t)p->serial, "target", (json_int_t)p->target,
	    "seconds", (json_int_t)p->seconds, "applied", p->applied,
	    "deadline_ns", (json_int_t)p->deadline_ns, "boot_id", p->boot_id,
	    "actor", p->actor, "person", p->person, "reason", p->reason);
}

bool
pending_from_json(const json_t *o, struct pending *p)
{
	json_int_t serial, target, seconds, deadline;

	memset(p, 0, sizeof(*p));
	if (!control_take_number(o, "serial", 1, UINT32_MAX - 1, &serial) ||
	    !control_take_number(o, "target", 1, UINT32_MAX - 1, &target) ||
	    !control_take_number(o, "seconds", CONFIRM_SECONDS_MIN, CONFIRM_SECONDS_MAX, &seconds) ||
	    !control_take_number(o, "deadline_ns", 0, INT64_MAX, &deadline) ||
	    !json_is_boolean(json_object_get(o, "applied")) ||
	    !control_take_text(o, "boot_id", p->boot_id, sizeof(p->boot_id)) ||
	    !control_take_text(o, "actor", p->actor, sizeof(p->actor)) ||
	    !control_take_text(o, "person", p->person, sizeof(p->person)) ||
	    !control_take_text(o, "reason", p->reason, sizeof(p->reason)))
		return false;
	p->serial = (uint32_t)serial;
	p->target = (uint32_t)target;
	p->seconds = (uint32_t)seconds;
	p->deadline_ns = deadline;
	p->applied = json_is_true(json_object_get(o, "applied"));
	return true;
}

enum pending_fate
pending_judge(const struct pending *p, const char *boot_id, int64_t now_ns, uint32_t boot)
{
	/* A boot serial that is not what ran before it was written later than this. */
	if (boot != 0 && boot != p->target)
		return PENDING_SETTLED;
	if (!p->applied || boot_id[0] == '\0' || strcmp(p->boot_id, boot_id) != 0)
		return PENDING_REVERT;
	/* More time left than there ever was: not this clock's number. */
	if (now_ns >= p->deadline_ns || p->deadline_ns - now_ns > (int64_t)p->seconds * NS)
		return PENDING_REVERT;
	return PENDING_WAIT;
}

int
pending_read(int state, struct pending *p)
{
	json_t *o = NULL;
	int r = state_file_read_json(state, FILE_NAME, FILE_BYTES, &o);

	memset(p, 0, sizeof(*p));
	if (r == 0 && !pending_from_json(o, p))
		r = -EBADMSG;
	if (r < 0)
		memset(p, 0, sizeof(*p));
	json_decref(o);
	return r;
}

int
pending_write(int state, const struct pending *p)
{
	json_t *o = pending_json(p);
	int r = o == NULL ? -EINVAL : state_file_write_json(state, FILE_NAME, o);

	json_decref(o);
	return r;
}

int
pending_remove(int state)
{
	return state_file_remove(state, FILE_NAME);
}

int
pending_boot_id(char out[BOOT_ID_SIZE])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	memset(out, 0, BOOT_ID_SIZE);
	if (fd < 0)
		return -errno;
	n = read(fd, out, BOOT_ID_SIZE - 1);
	close(fd);
	out[BOOT_ID_SIZE - 1] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return n == BOOT_ID_SIZE - 1 ? 0 : -EIO;
}
