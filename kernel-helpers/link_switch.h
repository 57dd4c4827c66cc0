/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Take an interface down, and bring it up as it was: the kernel forgets the routes
 * over an interface that goes down, and its IPv6 addresses, so they are kept here.
 */
#ifndef KERNEL_HELPERS_LINK_SWITCH_H
#define KERNEL_HELPERS_LINK_SWITCH_H

#include <stddef.h>

/* What a line takes with it. */
struct link_kept;

/*
 * Down. 0: it was up, and *kept is the caller's; -EALREADY: it was down; other negative
 * errno. Needs CAP_NET_ADMIN.
 */
int link_take_down(const char *name, struct link_kept **kept);

/*
 * Up, with what was kept (may be NULL; released). 0, also when it is up already; -EUCLEAN:
 * up, but some route did not come back; other negative errno: it is down.
 */
int link_bring_up(const char *name, struct link_kept *kept);

void link_kept_free(struct link_kept *kept);	/* accepts NULL */

#endif /* KERNEL_HELPERS_LINK_SWITCH_H */
