/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bundle made of a real log, and what its check finds when somebody changed it. */
#include "agent/evidence/evidence_check.h"

#include "agent/evidence/evidence_case.h"
#include "agent/evidence/fact_sheet.h"
#include "tests/unit/sealed_log.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct bed {
	struct sealed_log log;
	struct evidence_case *c;
	char path[64];
	struct bundle *b;
};

/* All of the time, of a log of so many violations. */
static void
make(struct bed *d, unsigned int n)
{
	uint8_t sum[32];

	memset(d, 0, sizeof(*d));
	sealed_log_make(&d->log);
	sealed_log_start(&d->log);
	sealed_log_write(&d->log, n);
	sealed_log_stop(&d->log);
	d->c = calloc(1, sizeof(*d->c));
	CU_ASSERT_PTR_NOT_NULL_FATAL(d->c);
	snprintf(d->c->name, sizeof(d->c->name), "R8-<1>");
	snprintf(d->c->since, sizeof(d->c->since), "1970-01-01T00:00:00.000000000Z");
	snprintf(d->path, sizeof(d->path), "%s.bundle", d->log.path);
	d->b = bundle_new(d->path);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d->b);
	CU_ASSERT_EQUAL(evidence_records(d->c, d->log.path, d->b), 0);
	CU_ASSERT_EQUAL(evidence_packets(d->c, d->log.path, d->b), 0);
	CU_ASSERT_EQUAL(evidence_policy(d->c, d->log.path, d->b), 0);
	CU_ASSERT_EQUAL(bundle_manifest(d->b, sum), 0);
}

static void
unmake(struct bed *d)
{
	bundle_remove(d->b, d->path);
	bundle_free(d->b);
	evidence_case_free(d->c);
	free(d->c);
	sealed_log_remove(&d->log);
}

static void
a_bundle_holds(void)
{
	struct evidence_checked k;
	struct bed d;

	make(&d, 50);
	CU_ASSERT_EQUAL(d.c->verify.faults, 0);
	CU_ASSERT(d.c->records >= 50);
	CU_ASSERT_EQUAL(evidence_check(d.path, &k), 0);
	CU_ASSERT_EQUAL(k.bad_files, 0);
	CU_ASSERT_EQUAL(k.chain.faults, 0);
	CU_ASSERT(k.chain.records >= 50);
	CU_ASSERT_EQUAL(k.made_up, 0);
	CU_ASSERT_EQUAL(k.signature, SIGNATURE_NONE);
	/* A folder that is there is never written into. */
	CU_ASSERT_PTR_NULL(bundle_new(d.path));
	CU_ASSERT_EQUAL(errno, EEXIST);
	unmake(&d);
}

/* Write one byte somewhere in a file of the bundle. */
static void
turn_over(const struct bed *d, const char *name, off_t at)
{
	char byte = 0;
	int fd = openat(bundle_folder(d->b), name, O_RDWR | O_CLOEXEC);

	CU_ASSERT(fd >= 0 && pread(fd, &byte, 1, at) == 1);
	byte ^= 1;
	CU_ASSERT_EQUAL(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void
a_change_is_found(void)
{
	struct evidence_checked k;
	struct bed d;

	make(&d, 20);
	turn_over(&d, "records.jsonl", 100);
	CU_ASSERT_EQUAL(evidence_check(d.path, &k), 0);
	CU_ASSERT_EQUAL(k.bad_files, 1);
	CU_ASSERT_STRING_EQUAL(k.bad_file, "records.jsonl");
	CU_ASSERT_EQUAL(k.made_up, 1);
	turn_over(&d, "records.jsonl", 100);
	turn_over(&d, "chain/violations.jsonl", 3000);
	CU_ASSERT_EQUAL(evidence_check(d.path, &k), 0);
	CU_ASSERT_EQUAL(k.bad_files, 1);
	CU_ASSERT(k.chain.faults > 0);
	turn_over(&d, "chain/violations.jsonl", 3000);
	turn_over(&d, "manifest.sha256", 3);
	CU_ASSERT_EQUAL(evidence_check(d.path, &k), 0);
	CU_ASSERT_EQUAL(k.bad_files, 1);
	turn_over(&d, "manifest.sha256", 3);
	CU_ASSERT_EQUAL(evidence_check(d.path, &k), 0);
	CU_ASSERT_EQUAL(k.bad_files, 0);
	unmake(&d);
}

/* A list that names what lies outside is an ordinary fault. */
static void
nothing_outside_is_read(void)
{
	static const char line[] = "0000000000000000000000000000000000000000000000000000000000000000"
	    "  ../../etc/passwd\n";
	struct evidence_checked k;
	struct bed d;
	int fd;

	make(&d, 3);
	fd = openat(bundle_folder(d.b), "manifest.sha256", O_WRONLY | O_TRUNC | O_CLOEXEC);
	CU_ASSERT_EQUAL(write(fd, line, sizeof(line) - 1), (ssize_t)sizeof(line) - 1);
	close(fd);
	CU_ASSERT_EQUAL(evidence_check(d.path, &k), 0);
	CU_ASSERT_EQUAL(k.bad_files, 1);
	unmake(&d);
}

static void
nothing_of_that_time(void)
{
	struct bed d;

	make(&d, 3);
	bundle_remove(d.b, d.path);
	bundle_free(d.b);
	d.b = bundle_new(d.path);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d.b);
	snprintf(d.c->until, sizeof(d.c->until), "1971-01-01T00:00:00.000000000Z");
	CU_ASSERT_EQUAL(evidence_records(d.c, d.log.path, d.b), -ENOENT);
	d.c->until[0] = '\0';
	d.c->has_key = true;
	d.c->key = 1;
	unmake(&d);
}

static void
the_sheet_is_text_only(void)
{
	struct bed d;
	char *html;
	size_t length;

	make(&d, 3);
	for (int language = 0; language < 2; language++) {
		CU_ASSERT_EQUAL(fact_sheet(d.c, (enum message_language)language, 1, &html,
		    &length), 0);
		CU_ASSERT_PTR_NOT_NULL(strstr(html, "R8-&lt;1&gt;"));
		CU_ASSERT_PTR_NULL(strstr(html, "R8-<1>"));
		CU_ASSERT_PTR_NULL(strstr(html, "http"));
		CU_ASSERT_PTR_NULL(strstr(html, "<script"));
		CU_ASSERT_PTR_NOT_NULL(strstr(html, "</html>"));
		free(html);
	}
	unmake(&d);
}

static void
a_tar_file_of_it(void)
{
	char path[80], command[256];
	struct bed d;

	make(&d, 10);
	snprintf(path, sizeof(path), "%s.tar", d.path);
	CU_ASSERT_EQUAL(bundle_tar(d.b, path, "case"), 0);
	CU_ASSERT_EQUAL(bundle_tar(d.b, path, "case"), -EEXIST);
	snprintf(command, sizeof(command), "tar -xOf %s case/records.jsonl | cmp -s - %s/records.jsonl",
	    path, d.path);
	/* NOLINTNEXTLINE(cert-env33-c): a test, with names of its own */
	CU_ASSERT_EQUAL(system(command), 0);
	CU_ASSERT_EQUAL(unlink(path), 0);
	unmake(&d);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "a bundle holds", a_bundle_holds },
		{ "a change is found", a_change_is_found },
		{ "nothing outside is read", nothing_outside_is_read },
		{ "nothing of that time", nothing_of_that_time },
		{ "the sheet is text only", the_sheet_is_text_only },
		{ "a tar file of it", a_tar_file_of_it },
		CU_TEST_INFO_NULL,
	};

	return unit_main("evidence_check", tests);
}
