/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records that hold the others together: files, checkpoints, heartbeats. */
#include "agent/record/recorder_write.h"

#include "agent/clock.h"
#include "agent/record/log_names.h"
#include "agent/record/seal_line.h"
#include "rules/violation_class.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NS_PER_SECOND	(int64_t)1000000000
#define CHECKPOINTS_MODE 0640

static json_t *
hex_value(const uint8_t bytes[SEAL_SIZE])
{
	char hex[SEAL_HEX];

	seal_hex(bytes, hex);
	return json_stringn(hex, SEAL_HEX);
}

static const char *
broken_word(const struct recorder_writer *w)
{
	return seal_why_name(w->broken_why);
}

/* What a file says of itself; "previous" is what it goes on from. */
static json_t *
file_members(struct recorder_writer *w)
{
	const struct seal_state *s = w->seal;
	uint8_t signer[SEAL_SIZE], next[SEAL_SIZE];
	json_t *file, *previous;

	/* An Ed25519 secret key of libsodium ends in the public one. */
	memcpy(signer, s->secret + SEAL_SECRET - SEAL_SIZE, SEAL_SIZE);
	seal_signer(s->next_epoch, next, NULL);
	previous = json_pack("{s:o,s:I,s:I}", "hash", hex_value(s->last_hash), "sequence",
	    (json_int_t)s->last_sequence, "size", (json_int_t)s->last_size);
	if (w->closed[0] != '\0')
		json_object_set_new(previous, "name", json_string(w->closed));
	file = json_pack("{s:I,s:s,s:I,s:o,s:o,s:o}", "number", (json_int_t)s->file, "series",
	    s->series, "epoch", (json_int_t)s->epoch, "signer", hex_value(signer),
	    "next_signer", hex_value(next), "previous", previous);
	if (w->broken_why != SEAL_WHY_NONE)
		json_object_set_new(file, "broken", json_string(broken_word(w)));
	return json_pack("{s:o}", "file", file);
}

int
recorder_append_file(struct recorder_writer *w)
{
	struct own_record own = { .kind = EVENT_FILE, .members = file_members(w) };
	const unsigned long long number = w->seal->file, before = w->seal->last_sequence;
	int r;

	own.severity = w->broken_why != SEAL_WHY_NONE ? SEVERITY_CRITICAL : 0;
	if (w->broken_why == SEAL_WHY_NONE)
		r = recorder_append(w, &own, MSG_RECORD_FILE, number, before);
	else
		r = recorder_append(w, &own, w->broken == SEAL_CUT ? MSG_RECORD_FILE_CUT :
		    MSG_RECORD_FILE_KEYS, number, before, broken_word(w));
	if (r == 0) {
		w->broken_why = SEAL_WHY_NONE;
		w->next_checkpoint_ns = clock_ns(CLOCK_BOOTTIME) + NS_PER_SECOND *
		    (w->checkpoint_s != 0 ? w->checkpoint_s : RECORDER_CHECKPOINT_S);
	}
	return r;
}

/* A copy that a person, a mail program or a printer can take away. */
static void
save_checkpoint(struct recorder_writer *w, const struct checkpoint *c)
{
	char line[CHECKPOINT_MAX + 2];
	size_t n = strlen(c->text);
	int fd = openat(w->directory, LOG_CHECKPOINTS_NAME, O_WRONLY | O_APPEND | O_CREAT |
	    O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, CHECKPOINTS_MODE);

	if (fd < 0)
		return;
	memcpy(line, c->text, n);
	line[n++] = '\n';
	/* Also in the record itself, which is what counts. */
	if (fchmod(fd, CHECKPOINTS_MODE) < 0 || write(fd, line, n) != (ssize_t)n)
		w->sync_error = errno;
	close(fd);
}

int
recorder_append_checkpoint(struct recorder_writer *w)
{
	struct own_record own = { .kind = EVENT_CHECKPOINT };
	struct checkpoint c;
	int r;

	if (w->seal->records == 0)
		return 0;
	r = recorder_look_at_clock(w);
	if (r < 0)
		return r;
	seal_checkpoint(w->seal, w->hostname, recorder_now_ns(), &c);
	own.members = json_pack("{s:{s:s}}", "checkpoint", "line", c.text);
	r = recorder_append(w, &own, MSG_RECORD_CHECKPOINT, (unsigned long long)c.sequence);
	if (r == 0)
		save_checkpoint(w, &c);
	return r;
}

/* The long one has a record of its own: a line has 2 KiB. */
static int
append_watcher(struct recorder_writer *w)
{
	struct own_record own = { .kind = EVENT_HEARTBEAT };
	const struct record_ledgers *l = &w->ledgers;
	json_t *ledger = record_ledgers_json(l, LEDGER_OF_WATCHER);
	unsigned long long lost;

	if (json_is_null(ledger)) {
		json_decref(ledger);
		return 0;
	}
	lost = record_ledgers_number(l, LEDGER_OF_WATCHER, WATCHER_LOST_DRIVER) +
	    record_ledgers_number(l, LEDGER_OF_WATCHER, WATCHER_DROPPED) +
	    record_ledgers_number(l, LEDGER_OF_WATCHER, WATCHER_UNREAD);
	own.members = json_pack("{s:{s:o}}", "ledgers", "watcher", ledger);
	return recorder_append(w, &own, MSG_RECORD_LEDGER, (unsigned long long)
	    record_ledgers_number(l, LEDGER_OF_WATCHER, WATCHER_FRAMES),
	    lost);
}

/* Null: it was not heard of since the recorder's start. */
static json_t *
short_ledgers(const struct recorder_writer *w)
{
	json_t *o = json_object();

	for (unsigned int of = 0; of < LEDGER_OF_COUNT; of++) {
		json_t *ledger = record_ledgers_json(&w->ledgers, (enum ledger_of)of);

		if (of != LEDGER_OF_WATCHER || json_is_null(ledger))
			json_object_set_new(o, record_ledger_name((enum ledger_of)of), ledger);
		else
			json_decref(ledger);
	}
	return o;
}

static int
append_heartbeat(struct recorder_writer *w)
{
	struct own_record own = { .kind = EVENT_HEARTBEAT };
	json_t *heartbeat = json_pack("{s:I,s:I,s:I,s:I,s:I,s:b}",
	    "written", (json_int_t)w->written, "lost", (json_int_t)w->lost_total,
	    "lost_ever", (json_int_t)w->seal->lost, "bytes", (json_int_t)w->seal->size,
	    "free_bytes", (json_int_t)w->free_bytes, "low_space", w->low_space);
	struct clock_state clock;
	int r;

	clock_state_read(&clock);
	json_object_set_new(heartbeat, "used_percent", json_integer(w->used_percent));
	json_object_set_new(heartbeat, "clock", clock_state_json(&clock));
	if (w->packets != NULL)
		json_object_set_new(heartbeat, "packets", packet_ring_json(w->packets));
	own.members = json_pack("{s:o,s:o}", "heartbeat", heartbeat, "ledgers",
	    short_ledgers(w));
	r = recorder_append(w, &own, MSG_RECORD_HEARTBEAT, (unsigned long long)w->written,
	    (unsigned long long)w->lost_total);
	return r < 0 ? r : append_watcher(w);
}

static bool
key_is_gone(const struct recorder_writer *w)
{
	struct stat st;

	return fstatat(w->directory, SEAL_KEY_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno == ENOENT;
}

/* "sekisho log key" takes the file away when somebody has written it down. */
static void
look_at_key(struct recorder_writer *w)
{
	if (w->key_shown || !key_is_gone(w))
		return;
	w->key_shown = true;
	recorder_writer_own(w, EVENT_LIFE, 0, 0, MSG_RECORD_KEY_TAKEN);
}

void
recorder_seal_tick(struct recorder_writer *w)
{
	const int64_t now = clock_ns(CLOCK_BOOTTIME);

	look_at_key(w);
	/* While the disk is stuck the file in use grows beyond its size. */
	if (log_rotate_due(&w->rotate, w->seal->size, recorder_now_ns()) &&
	    w->seal->records > 1 && log_sync_has_room(w->sync))
		recorder_rotate(w);
	if (w->next_heartbeat_ns == 0)
		w->next_heartbeat_ns = now + NS_PER_SECOND *
		    (w->heartbeat_s != 0 ? w->heartbeat_s : RECORDER_HEARTBEAT_S);
	if (now >= w->next_heartbeat_ns && append_heartbeat(w) == 0)
		w->next_heartbeat_ns = 0;
	if (now >= w->next_checkpoint_ns && recorder_append_checkpoint(w) == 0)
		w->next_checkpoint_ns = now + NS_PER_SECOND *
		    (w->checkpoint_s != 0 ? w->checkpoint_s : RECORDER_CHECKPOINT_S);
}

/* The file in use gets its closed name; a new one is opened. "old" as log_file_reopen(). */
static int
close_current(struct recorder_writer *w, int *old)
{
	int r = log_rotate_close(w->directory, recorder_now_ns(), w->closed);

	if (r < 0) {
		w->closed[0] = '\0';
		*old = -1;
		return r;
	}
	w->rotate.day = log_rotate_day(recorder_now_ns());
	return log_file_reopen(&w->file, old);
}

void
recorder_rotate(struct recorder_writer *w)
{
	int old;

	/* A file that cannot take its last record does not end yet. */
	if (recorder_append_checkpoint(w) < 0)
		return;
	if (recorder_takes_file(w, close_current(w, &old))) {
		(void)recorder_append_file(w);
		log_packer_wake(w->packer);
	}
	if (old >= 0)
		close(old);
}

/* A file that is not ours to go on with is put away under the name of a closed one. */
static int
begin_other(struct recorder_writer *w)
{
	struct stat st;
	int old = -1, r = 0;

	if (fstat(w->file.fd, &st) < 0)
		return -errno;
	if (st.st_size > 0)
		r = close_current(w, &old);
	if (old >= 0)
		close(old);
	return r < 0 ? r : 0;
}

int
recorder_seal_open(struct recorder_writer *w, const struct recorder_state *before,
    uint64_t tail_sequence, const uint8_t tail_hash[SEAL_SIZE], struct seal_recovery *found)
{
	struct seal_state *s = w->seal;
	int r = seal_recover(w->directory, &w->file, s, found);

	w->rotate.day = log_rotate_day(recorder_now_ns());
	if (r < 0)
		return r;
	w->key_shown = key_is_gone(w);
	w->broken = found->found;
	w->broken_why = found->found == SEAL_BROKEN || found->found == SEAL_CUT ? found->why :
	    SEAL_WHY_NONE;
	switch (found->found) {
	case SEAL_GOOD:
		return 0;
	case SEAL_CLOSED:
		break;
	case SEAL_CUT:
		r = begin_other(w);
		if (before->sequence > s->sequence)
			s->sequence = before->sequence;
		break;
	case SEAL_BROKEN:
		r = begin_other(w);
		s->file = found->last_file > before->file ? found->last_file : before->file;
		s->sequence = before->sequence > tail_sequence ? before->sequence :
		    tail_sequence;
		memcpy(s->hash, tail_hash, SEAL_SIZE);
		if (r == 0)
			r = seal_new_series(w->directory, s);
		break;
	case SEAL_FIRST:
		r = seal_new_series(w->directory, s);
		break;
	}
	if (r == 0) {
		w->key_shown = key_is_gone(w);
		seal_next_file(s);
		memcpy(s->boot, w->boot, sizeof(s->boot));
		s->monotonic_ns = (uint64_t)clock_ns(CLOCK_BOOTTIME);
		/* Before the first record, so that there is always a state to go on from. */
		r = seal_state_save(w->directory, s);
		/* With the old keys the old state leads here too. */
		if (r == -EUCLEAN || found->found == SEAL_CUT || found->found == SEAL_CLOSED)
			r = 0;
	}
	return r;
}
