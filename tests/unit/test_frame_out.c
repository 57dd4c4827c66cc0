/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-helpers/frame_out.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SKIPPED 77

static int fd;

static bool
run(const char *command)
{
	return system(command) == 0;	/* NOLINT(cert-env33-c): words of our own */
}

static void
only_a_line_of_ethernet_that_is_up_is_one(void)
{
	struct frame_line line;

	CU_ASSERT_TRUE_FATAL(run("ip link add fo0 address 02:00:00:00:00:07 type veth peer name fo1"));
	CU_ASSERT_EQUAL(frame_out_line(fd, "fo0", &line), -ENETDOWN);
	CU_ASSERT_TRUE_FATAL(run("ip link set fo0 up"));
	/* no carrier */
	CU_ASSERT_EQUAL(frame_out_line(fd, "fo0", &line), -ENETDOWN);
	CU_ASSERT_TRUE_FATAL(run("ip link set fo1 up"));
	CU_ASSERT_EQUAL_FATAL(frame_out_line(fd, "fo0", &line), 0);
	CU_ASSERT_EQUAL(memcmp(line.mac, "\2\0\0\0\0\7", 6), 0);
	CU_ASSERT_TRUE(line.ifindex > 1);
	CU_ASSERT_EQUAL(frame_out_line(fd, "none", &line), -ENODEV);
	CU_ASSERT_TRUE_FATAL(run("ip link set lo up"));
	CU_ASSERT_EQUAL(frame_out_line(fd, "lo", &line), -EAFNOSUPPORT);
}

static void
frames_leave_and_no_others_are_heard(void)
{
	uint8_t frame[60] = { 0x01, 0x80, 0xc2, 0, 0, 0x0e, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };
	struct frame_line line;
	uint8_t byte;

	CU_ASSERT_EQUAL_FATAL(frame_out_line(fd, "fo0", &line), 0);
	CU_ASSERT_EQUAL(frame_out_send(fd, &line, frame, sizeof(frame)), 0);
	CU_ASSERT_EQUAL(frame_out_send(fd, &line, frame, 13), -EINVAL);
	CU_ASSERT_EQUAL_FATAL(frame_out_line(fd, "fo1", &line), 0);
	CU_ASSERT_EQUAL(frame_out_send(fd, &line, frame, sizeof(frame)), 0);
	CU_ASSERT_EQUAL(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	CU_ASSERT_TRUE_FATAL(run("ip link del fo0"));
	CU_ASSERT_TRUE(frame_out_send(fd, &line, frame, sizeof(frame)) < 0);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "only a line of Ethernet that is up is one",
		  only_a_line_of_ethernet_that_is_up_is_one },
		{ "frames leave, and no others are heard", frames_leave_and_no_others_are_heard },
		CU_TEST_INFO_NULL,
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0 || (fd = frame_out_open()) < 0) {
		puts("needs a network namespace of its own");
		return SKIPPED;
	}
	return unit_main("frame_out", tests);
}
