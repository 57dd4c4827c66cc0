/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/paths.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static int __attribute__((format(printf, 3, 4)))
put(char *out, size_t size, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(out, size, format, ap);
	va_end(ap);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int
paths_init(struct paths *p, const char *root)
{
	const size_t socket_size = sizeof(((struct sockaddr_un *)NULL)->sun_path);
	const char *base = root != NULL ? root : "";
	int r;

	/* ROOT/lib of an empty root would be the system's own /lib. */
	if (root != NULL && (*root == '\0' || strspn(root, "/") == strlen(root)))
		return -EINVAL;
	r = put(p->policy, sizeof(p->policy), "/etc/sekisho/policy.conf");

	r = r < 0 ? r : put(p->state, sizeof(p->state),
	    root != NULL ? "%s/lib" : "%s/var/lib/sekisho", base);
	r = r < 0 ? r : put(p->log, sizeof(p->log),
	    root != NULL ? "%s/log" : "%s/var/log/sekisho", base);
	r = r < 0 ? r : put(p->run, sizeof(p->run),
	    root != NULL ? "%s/run" : "%s/run/sekisho", base);
	r = r < 0 ? r : put(p->socket, socket_size, "%s/control.sock", p->run);
	r = r < 0 ? r : put(p->violations, sizeof(p->violations),
	    "%s/violations.jsonl", p->log);
	r = r < 0 ? r : put(p->units, sizeof(p->units),
	    root != NULL ? "%s/units" : "%s/etc/systemd/system", base);
	r = r < 0 ? r : put(p->cgroups, sizeof(p->cgroups),
	    root != NULL ? "%s/cgroups" : "%s/sys/fs/cgroup/system.slice", base);
	return r;
}
