/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's own words: to standard error, where the journal takes them
 * (sd-daemon(3) priorities). Never the record of violations.
 */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

/* With the text of errno behind it; errno is kept. */
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Without. */
void log_warnx(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* AGENT_LOG_H */
