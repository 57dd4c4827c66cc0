/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records for the tests of the views, as docs/violations.schema.json has them. */
#ifndef TESTS_UNIT_VIEW_SAMPLE_H
#define TESTS_UNIT_VIEW_SAMPLE_H

#include "agent/record/views/view_record.h"

/* A violation with every member; the texts that others choose are "text" each. */
json_t *view_sample(uint64_t sequence, const char *text);

/* What an attacker would try; NULL behind the last. One has 64 KiB. */
extern const char *const view_hostile[];
const char *view_hostile_long(void);

#endif /* TESTS_UNIT_VIEW_SAMPLE_H */
