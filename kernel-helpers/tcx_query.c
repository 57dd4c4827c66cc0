/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/tcx_query.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/bpf.h since 6.6, newer than the headers this may be built with. */
#define PROG_QUERY	16
#define TCX_INGRESS	46u
#define TCX_EGRESS	47u

int
tcx_query(uint32_t interface, bool leaving, uint32_t programs[TCX_MOST])
{
	/* union bpf_attr, its member "query"; the rest must be 0 */
	struct {
		uint32_t interface, type, flags, attach_flags;
		uint64_t programs;
		uint32_t count, zero;
		uint64_t program_flags, links, link_flags, revision;
	} attr;

	memset(&attr, 0, sizeof(attr));
	attr.interface = interface;
	attr.type = leaving ? TCX_EGRESS : TCX_INGRESS;
	attr.programs = (uint64_t)(uintptr_t)programs;
	attr.count = TCX_MOST;
	if (syscall(SYS_bpf, PROG_QUERY, &attr, sizeof(attr)) < 0)
		return -errno;
	return (int)(attr.count < TCX_MOST ? attr.count : TCX_MOST);
}
