/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every unit test shares: one suite, one process, one exit status. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <CUnit/Basic.h>

/* Run "tests" (ends with CU_TEST_INFO_NULL); the result is main()'s. */
int unit_main(const char *suite_name, CU_TestInfo *tests);

#endif /* TESTS_UNIT_H */
