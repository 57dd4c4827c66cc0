/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kept policies: numbers, bounds, damage, and which one a start loads. */
#include "agent/control/control_pending.h"
#include "agent/control/control_versions.h"
#include "agent/state_file.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char base[64];
static struct versions v;

static void
start(void)
{
	snprintf(base, sizeof(base), "/tmp/test_versions.XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(base));
	CU_ASSERT_EQUAL_FATAL(versions_open(&v, base), 0);
}

static void
end(void)
{
	char command[128];

	versions_close(&v);
	snprintf(command, sizeof(command), "rm -rf %s", base);
	/* NOLINTNEXTLINE(cert-env33-c): our own folder */
	CU_ASSERT_EQUAL(system(command), 0);
}

static void
again(void)
{
	versions_close(&v);
	CU_ASSERT_EQUAL_FATAL(versions_open(&v, base), 0);
}

static uint32_t
add(const char *text, uint8_t result)
{
	struct version w = { .result = result, .origin = VERSION_OF_APPLY, .has_uid = true,
	    .uid = 7, .at = 1000, .person = "田中", .reason = "年度更新", .file = "p.conf" };

	memset(w.digest, 'a', 64);
	CU_ASSERT_EQUAL(versions_add(&v, &w, text, strlen(text), 0), 0);
	return w.serial;
}

static void
has_text(uint32_t serial, const char *expected)
{
	const struct version *w = versions_find(&v, serial);
	char *text = NULL;
	size_t length;

	CU_ASSERT_PTR_NOT_NULL_FATAL(w);
	CU_ASSERT_EQUAL(versions_text(&v, w, &text, &length), 0);
	CU_ASSERT(text != NULL && strcmp(text, expected) == 0);
	free(text);
}

static void
test_round(void)
{
	const struct version *w;

	start();
	CU_ASSERT_EQUAL(v.boot_error, -ENOENT);
	CU_ASSERT_EQUAL(add("one", VERSION_APPLIED), 1);
	CU_ASSERT_EQUAL(add("two", VERSION_APPLYING), 2);
	CU_ASSERT_EQUAL(versions_confirm(&v, 1, 1234), 0);
	CU_ASSERT_EQUAL(versions_confirm(&v, 9, 1234), -ENOENT);
	/* a crash between "boot" and what the version itself says */
	versions_find(&v, 1)->result = VERSION_APPLYING;
	versions_find(&v, 1)->confirmed = false;
	CU_ASSERT_EQUAL(versions_save(&v, versions_find(&v, 1)), 0);
	again();
	CU_ASSERT_EQUAL(versions_find(&v, 1)->result, VERSION_APPLIED);
	CU_ASSERT_EQUAL(v.n, 2);
	CU_ASSERT_EQUAL(v.boot, 1);
	has_text(1, "one");
	has_text(2, "two");
	w = versions_find(&v, 1);
	CU_ASSERT(w->confirmed);
	CU_ASSERT_EQUAL(w->confirmed_at, 1234);
	CU_ASSERT_STRING_EQUAL(w->person, "田中");
	CU_ASSERT_STRING_EQUAL(w->reason, "年度更新");
	CU_ASSERT(w->has_uid && w->uid == 7);
	CU_ASSERT(!versions_find(&v, 2)->confirmed);
	CU_ASSERT_PTR_NULL(versions_find(&v, 3));
	CU_ASSERT_EQUAL(add("three", VERSION_APPLIED), 3);
	/* one that never ran is none that was before */
	CU_ASSERT_EQUAL(versions_before(&v, 3)->serial, 1);
	CU_ASSERT_PTR_NULL(versions_before(&v, 1));
	CU_ASSERT_EQUAL(versions_newest_confirmed(&v, 0)->serial, 1);
	end();
}

/* At least so many, the boot one beside them, and no more. */
static void
test_bound(void)
{
	start();
	for (uint32_t i = 1; i <= 3; i++)
		(void)add("old", VERSION_APPLIED);
	CU_ASSERT_EQUAL(versions_confirm(&v, 2, 1), 0);
	for (uint32_t i = 0; i < 2 * VERSIONS_KEPT; i++)
		(void)add("x", VERSION_APPLIED);
	again();
	CU_ASSERT(v.n >= VERSIONS_KEPT + 1 && v.n <= VERSIONS_KEPT + 2);
	CU_ASSERT_EQUAL(v.list[0].serial, 2);
	has_text(2, "old");
	CU_ASSERT_EQUAL(v.list[v.n - 1].serial, 3 + 2 * VERSIONS_KEPT);
	CU_ASSERT_EQUAL(v.list[v.n - VERSIONS_KEPT].serial, 4 + VERSIONS_KEPT);
	end();
}

static void
put(const char *name, const char *bytes)
{
	int fd = openat(v.folder, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
	close(fd);
}

static void
test_damage(void)
{
	char *text = NULL;
	size_t length;

	start();
	for (int i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(versions_confirm(&v, add("text", VERSION_APPLIED), 1), 0);
	put("0000000004.policy", "text of somebody else");
	put("0000000003.json", "{}");
	put("notes", "whatever");
	put("00000000005.json", "{}");
	again();
	CU_ASSERT_EQUAL(v.n, 3);
	CU_ASSERT_EQUAL(v.damaged, 1);
	CU_ASSERT_EQUAL(versions_text(&v, versions_find(&v, 4), &text, &length), -EBADMSG);
	CU_ASSERT_PTR_NULL(text);
	CU_ASSERT_EQUAL(versions_newest_confirmed(&v, 4)->serial, 2);
	/* a whole file, but another one's: its number does not fit, nor its sum */
	CU_ASSERT_EQUAL(renameat(v.folder, "0000000002.json", v.folder, "0000000003.json"), 0);
	CU_ASSERT_EQUAL(state_file_write(v.folder, "0000000001.policy", "other", 5), 0);
	again();
	CU_ASSERT_EQUAL(v.n, 2);
	CU_ASSERT_EQUAL(versions_text(&v, versions_find(&v, 1), &text, &length), -EBADMSG);
	/* the number of a damaged one is not given again */
	put("0000000009.json", "{}");
	CU_ASSERT_EQUAL(state_file_write(v.state, "boot", "{\"serial\": -4}", 14), 0);
	again();
	CU_ASSERT_EQUAL(v.boot, 0);
	CU_ASSERT_EQUAL(v.boot_error, -EBADMSG);
	CU_ASSERT_EQUAL(add("next", VERSION_APPLIED), 10);
	end();
}

/* Each value replaced by something that it is not. */
static void
test_hostile_meta(void)
{
	static const char *const bad[] = { "null", "-1", "99999999999", "\"x\"", "true", "[]",
	    "{}", "1.5", "\"\\u0000\"", "\"applied \"" };
	struct version w = { .serial = 3, .result = VERSION_APPLIED, .at = 5 }, read;
	json_t *good, *again_json;
	const char *key;
	json_t *value;
	void *next;
	unsigned int refused = 0;

	memset(w.digest, 'a', 64);
	memset(w.sum, '0', 64);
	good = version_json(&w);
	CU_ASSERT(version_from_json(good, &read));
	again_json = version_json(&read);
	CU_ASSERT(json_equal(good, again_json));
	json_decref(again_json);
	json_object_foreach_safe(good, next, key, value)
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			json_t *copy = json_copy(good);

			json_object_set_new(copy, key, json_loads(bad[i],
			    JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL));
			refused += !version_from_json(copy, &read);
			json_decref(copy);
		}
	CU_ASSERT(refused > 100);
	json_object_del(good, "sum");
	CU_ASSERT(!version_from_json(good, &read));
	json_decref(good);
	CU_ASSERT(!version_from_json(NULL, &read));
}

#define NS 1000000000ll
static const struct pending waiting = { .serial = 5, .target = 4, .seconds = 60,
    .applied = true, .deadline_ns = 1000 * NS, .boot_id = "boot-a", .actor = "uid 0" };

/* The clock is given, so no clock that somebody sets has a part in this. */
static void
test_fate(void)
{
	struct pending p = waiting;

	CU_ASSERT_EQUAL(pending_judge(&p, "boot-a", 1000 * NS - 1, 4), PENDING_WAIT);
	CU_ASSERT_EQUAL(pending_judge(&p, "boot-a", 940 * NS, 4), PENDING_WAIT);
	CU_ASSERT_EQUAL(pending_judge(&p, "boot-a", 1000 * NS, 4), PENDING_REVERT);
	CU_ASSERT_EQUAL(pending_judge(&p, "boot-a", INT64_MAX, 4), PENDING_REVERT);
	/* more time than it was given: another clock */
	CU_ASSERT_EQUAL(pending_judge(&p, "boot-a", 940 * NS - 1, 4), PENDING_REVERT);
	CU_ASSERT_EQUAL(pending_judge(&p, "boot-a", 0, 4), PENDING_REVERT);
	CU_ASSERT_EQUAL(pending_judge(&p, "boot-b", 990 * NS, 4), PENDING_REVERT);
	CU_ASSERT_EQUAL(pending_judge(&p, "", 990 * NS, 4), PENDING_REVERT);
	CU_ASSERT_EQUAL(pending_judge(&p, "boot-a", 990 * NS, 0), PENDING_WAIT);
	/* confirmed, and the file not yet taken away; or something newer was applied */
	CU_ASSERT_EQUAL(pending_judge(&p, "boot-b", 2000 * NS, 5), PENDING_SETTLED);
	CU_ASSERT_EQUAL(pending_judge(&p, "boot-a", 990 * NS, 6), PENDING_SETTLED);
	p.applied = false;
	CU_ASSERT_EQUAL(pending_judge(&p, "boot-a", 990 * NS, 4), PENDING_REVERT);
	p = (struct pending){ 0 };
	CU_ASSERT_EQUAL(pending_judge(&p, "", 0, 0), PENDING_REVERT);
}

static void
test_pending_file(void)
{
	static const char *const keys[] = { "serial", "target", "seconds", "deadline_ns",
	    "applied", "boot_id", "actor", "person", "reason" };
	struct pending p;
	json_t *good = pending_json(&waiting), *read;

	start();
	CU_ASSERT_EQUAL(pending_read(v.state, &p), -ENOENT);
	CU_ASSERT_EQUAL(pending_write(v.state, &waiting), 0);
	CU_ASSERT_EQUAL(pending_read(v.state, &p), 0);
	read = pending_json(&p);
	CU_ASSERT(json_equal(good, read));
	json_decref(read);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		json_t *copy = json_copy(good);

		json_object_del(copy, keys[i]);
		CU_ASSERT_EQUAL(state_file_write_json(v.state, "pending", copy), 0);
		CU_ASSERT_EQUAL(pending_read(v.state, &p), -EBADMSG);
		CU_ASSERT_EQUAL(p.serial, 0);
		json_object_set_new(copy, keys[i], json_integer(-3));
		CU_ASSERT(!pending_from_json(copy, &p));
		json_decref(copy);
	}
	CU_ASSERT_EQUAL(pending_remove(v.state), 0);
	CU_ASSERT_EQUAL(pending_read(v.state, &p), -ENOENT);
	json_decref(good);
	end();
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "kept and found again", test_round },
		{ "bounded, and the boot one stays", test_bound },
		{ "damage", test_damage },
		{ "hostile meta data", test_hostile_meta },
		{ "what a start makes of a pending one", test_fate },
		{ "the pending file", test_pending_file },
		CU_TEST_INFO_NULL,
	};

	return unit_main("versions", tests);
}
