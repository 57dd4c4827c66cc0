/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/forwarded.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The second "Ip:" line holds the values; ForwDatagrams is the sixth of them. */
static int
add_v4(const char *line, int *ip_lines, uint64_t *packets)
{
	unsigned long long value;

	if (strncmp(line, "Ip:", 3) != 0 || ++*ip_lines != 2)
		return -ENOENT;
	/* NOLINTNEXTLINE(cert-err34-c): the kernel prints what fits */
	if (sscanf(line, "Ip: %*s %*s %*s %*s %*s %llu", &value) != 1)
		return -EPROTO;
	*packets += value;
	return 0;
}

static int
add_v6(const char *line, int *ip_lines, uint64_t *packets)
{
	char name[64];
	unsigned long long value;

	(void)ip_lines;
	/* NOLINTNEXTLINE(cert-err34-c): the kernel prints what fits */
	if (sscanf(line, "%63s %llu", name, &value) != 2 ||
	    strcmp(name, "Ip6OutForwDatagrams") != 0)
		return -ENOENT;
	*packets += value;
	return 0;
}

/* add() is asked line by line until it knows one. */
static int
read_file(const char *path, int (*add)(const char *line, int *ip_lines, uint64_t *packets),
    uint64_t *packets)
{
	char line[1024];
	FILE *f = fopen(path, "re");
	int ip_lines = 0, r = -ENOENT;

	if (f == NULL)
		return -errno;
	while (r == -ENOENT && fgets(line, sizeof(line), f) != NULL)
		r = add(line, &ip_lines, packets);
	fclose(f);
	return r;
}

int
forwarded_packets(uint64_t *packets)
{
	int r, r6;

	*packets = 0;
	r = read_file("/proc/self/net/snmp", add_v4, packets);
	r6 = read_file("/proc/self/net/snmp6", add_v6, packets);
	/* A machine without IPv6 forwards none of it. */
	return r < 0 ? r : r6 == -ENOENT ? 0 : r6;
}
