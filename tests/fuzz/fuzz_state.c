/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state folder as somebody else left it, and the hints of a caller: whatever they hold,
 * no crash, and what is taken for good is written and read back as the same.
 */
#include "agent/control/control_pending.h"
#include "agent/control/control_preflight.h"
#include "agent/control/control_versions.h"
#include "agent/state_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
scratch(void)
{
	static char base[] = "/dev/shm/fuzz_state.XXXXXX";
	static int folder = -1;

	if (folder < 0 && mkdtemp(base) != NULL)
		folder = state_folder_open(base);
	return folder;
}

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
read_as_file(const uint8_t *data, size_t size)
{
	int fd = openat(scratch(), "file", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char *bytes = NULL;
	size_t length = 0;

	if (fd < 0)
		return;
	must(write(fd, data, size) == (ssize_t)size);
	close(fd);
	if (state_file_read(scratch(), "file", 4096, &bytes, &length) == 0) {
		must(length <= 4096 && length < size && bytes[length] == '\0');
		must(memcmp(bytes, data, length) == 0);
	} else {
		must(bytes == NULL && length == 0);
	}
	free(bytes);
}

static void
read_as_json(const json_t *o)
{
	struct version w, w2;
	struct pending p, p2;
	json_t *again;

	if (version_from_json(o, &w)) {
		again = version_json(&w);
		must(again != NULL && version_from_json(again, &w2) && w2.serial == w.serial &&
		    w2.result == w.result && strcmp(w2.reason, w.reason) == 0);
		json_decref(again);
	}
	if (pending_from_json(o, &p)) {
		must(p.serial != 0 && p.seconds >= CONFIRM_SECONDS_MIN &&
		    p.seconds <= CONFIRM_SECONDS_MAX);
		/* whatever it says, it never waits longer than a confirm may take */
		must(pending_judge(&p, p.boot_id, p.deadline_ns -
		    (int64_t)CONFIRM_SECONDS_MAX * 1000000000 - 1, 0) != PENDING_WAIT ||
		    p.deadline_ns < (int64_t)CONFIRM_SECONDS_MAX * 1000000000);
		again = pending_json(&p);
		must(again != NULL && pending_from_json(again, &p2) &&
		    p2.deadline_ns == p.deadline_ns);
		json_decref(again);
	}
}

static void
read_as_hints(const uint8_t *data, size_t size)
{
	static struct preflight_flow flows[64];
	char *text = strndup((const char *)data, size);
	FILE *in = size > 0 ? fmemopen(text, strlen(text) + 1, "r") : NULL;

	if (text != NULL && preflight_parse_session(text, &flows[0]))
		must(flows[0].sport != 0 && flows[0].src.family == flows[0].dst.family);
	if (in != NULL) {
		must(preflight_read_tcp(in, flows, 64) <= 64);
		fclose(in);
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *o = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);

	read_as_file(data, size);
	read_as_json(o);
	read_as_hints(data, size);
	json_decref(o);
	return 0;
}
