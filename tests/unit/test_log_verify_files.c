/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are named: plain or compressed, under any name, damaged, foreign. */
#include "agent/record/log_verify_files.h"

#include "agent/record/log_names.h"
#include "agent/record/log_pack.h"
#include "tests/unit/sealed_log.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static struct verify_report
verify(const struct sealed_log *l, const char *name)
{
	struct log_verify *v = log_verify_new();
	struct verify_report r;

	CU_ASSERT_PTR_NOT_NULL_FATAL(v);
	log_verify_some(v);
	log_verify_file(v, l->directory, name);
	log_verify_finish(v, &r);
	log_verify_free(v);
	return r;
}

static void
holds(const struct sealed_log *l, const char *name, uint64_t records)
{
	struct verify_report r = verify(l, name);

	CU_ASSERT_EQUAL(r.faults, 0);
	CU_ASSERT_EQUAL(r.records, records);
}

static void
cannot_be_read(const struct sealed_log *l, const char *name, int error)
{
	struct verify_report r = verify(l, name);

	CU_ASSERT_EQUAL_FATAL(r.n_findings > 0, true);
	CU_ASSERT_EQUAL(r.findings[0].fault, VERIFY_UNREADABLE);
	CU_ASSERT_EQUAL(r.findings[0].other, (uint64_t)error);
	CU_ASSERT_STRING_EQUAL(r.findings[0].file, name);
}

static void
put_gzip(const struct sealed_log *l, const char *name, const char *bytes, size_t length)
{
	char path[128];
	gzFile out;

	snprintf(path, sizeof(path), "%s/%s", l->path, name);
	out = gzopen(path, "wb");
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	CU_ASSERT_EQUAL(gzwrite(out, bytes, (unsigned int)length), (int)length);
	CU_ASSERT_EQUAL(gzclose(out), Z_OK);
}

static void
compressed_files_are_read_under_any_name(void)
{
	size_t length, packed_length;
	struct sealed_log l;
	char *bytes, *packed;
	uint64_t records;

	sealed_log_make(&l);
	sealed_log_start(&l);
	sealed_log_write(&l, 50);
	sealed_log_stop(&l);
	records = verify(&l, LOG_NAME).records;
	CU_ASSERT_TRUE(records > 50);
	bytes = sealed_log_read(&l, LOG_NAME, &length);
	put_gzip(&l, "by-hand.gz", bytes, length);
	put_gzip(&l, "of-no-name", bytes, length);
	CU_ASSERT_EQUAL(log_pack(l.directory, LOG_NAME), 0);
	/* The original has gone: its name leads to what became of it. */
	holds(&l, LOG_NAME, records);
	holds(&l, LOG_NAME LOG_PACK_END, records);
	holds(&l, "by-hand.gz", records);
	holds(&l, "of-no-name", records);
	packed = sealed_log_read(&l, LOG_NAME LOG_PACK_END, &packed_length);
	sealed_log_put(&l, "copy", packed, packed_length);
	holds(&l, "copy", records);
	sealed_log_put(&l, "cut", packed, packed_length - 9);
	cannot_be_read(&l, "cut", EBADMSG);
	sealed_log_put(&l, "other.bz2", "BZh91AY&SY", 10);
	cannot_be_read(&l, "other.bz2", EOPNOTSUPP);
	cannot_be_read(&l, "nowhere", ENOENT);
	/* A name says nothing. */
	sealed_log_put(&l, "plain.zst", bytes, length);
	holds(&l, "plain.zst", records);
	free(bytes);
	free(packed);
	sealed_log_remove(&l);
}

/* What logrotate(8) has packed is part of the record too. */
static void
a_folder_may_hold_gzip(void)
{
	struct sealed_log l;
	struct log_names names;
	struct verify_report r;
	char *bytes, name[LOG_NAME_SIZE + 4], path[128];
	size_t length;

	sealed_log_make(&l);
	sealed_log_start(&l);
	sealed_log_write(&l, 20);
	recorder_rotate(&l.writer);
	sealed_log_write(&l, 20);
	sealed_log_stop(&l);
	CU_ASSERT_EQUAL_FATAL(log_names_list_packed(l.directory, &names), 0);
	bytes = sealed_log_read(&l, names.names[0], &length);
	snprintf(name, sizeof(name), "%s.gz", names.names[0]);
	put_gzip(&l, name, bytes, length);
	snprintf(path, sizeof(path), "%s/%s", l.path, names.names[0]);
	CU_ASSERT_EQUAL(remove(path), 0);
	r = sealed_log_verify(&l, true, NULL, 0);
	CU_ASSERT_EQUAL(r.faults, 0);
	CU_ASSERT_EQUAL(r.files, 2);
	CU_ASSERT_EQUAL(r.macs, r.records);
	free(bytes);
	log_names_free(&names);
	sealed_log_remove(&l);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "compressed files are read under any name",
		    compressed_files_are_read_under_any_name },
		{ "a folder may hold gzip", a_folder_may_hold_gzip },
		CU_TEST_INFO_NULL,
	};

	return unit_main("log_verify_files", tests);
}
