/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What somebody who has taken over a process of ours would try. One a process. */
#ifndef TESTS_PRIVILEGE_TRY_H
#define TESTS_PRIVILEGE_TRY_H

#define ALLOWED 0	/* exit status of a try: an errno */
#define KILLED	200	/* ended by SIGSYS */
#define DIED	201	/* in another way */
#define NO_ROLE 202	/* the role could not be taken */

/* What a child works with that was opened before it gave up its rights. */
struct try_opened {
	int packet;		/* AF_PACKET, -1 where the machine does not permit */
	int file;		/* /proc/net/softnet_stat */
	int pair[2];
	char folder[64];	/* what the role may write to */
};

extern struct try_opened try_opened;

/* Before any try. 0, or -1 with errno. */
int try_open_things(void);

/* How it ended: ALLOWED, or the errno. */
typedef int attempt(void);

attempt try_execute, try_trace, try_read_others, try_namespace, try_mount, try_module,
    try_ring, try_clock, try_code, try_code_later, try_tcp, try_raw,
    try_unix_stream, try_audit_netlink, try_vsock, try_child_in_namespace, try_pin,
    try_terminal_input, try_dumpable, try_stop_parent, try_make_device,
    try_foreign_call, try_open_shadow, try_open_harmless, try_create,
    try_own_folder, try_unlink, try_netfilter, try_packet_socket, try_load_program,
    try_connect, try_duplicate, try_fork, try_thread, try_root_again,
    try_other_user, try_root_for_a_moment, try_watchers_user, try_other_groups,
    try_end_watcher, try_kill_child_of_root, try_allocate, try_message,
    try_read_open_file, try_canary, try_long_frame, try_frame_without_address,
    try_frame_as_message, try_frame_by_write, try_send_ring, try_attach_program;

#endif /* TESTS_PRIVILEGE_TRY_H */
