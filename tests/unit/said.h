/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a part of the command writes to standard output and standard error. */
#ifndef TESTS_SAID_H
#define TESTS_SAID_H

/* From now on both go aside. */
void said_begin(void);
/* They are back; what was said meanwhile, valid until the next call. */
const char *said_end(void);

#endif /* TESTS_SAID_H */
