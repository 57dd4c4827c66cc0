/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the processes, over SOCK_SEQPACKET socket pairs: a
 * fixed head, a payload of checked length, at most one descriptor. A question
 * has a number and its answer carries it back: what comes too late for a
 * question, or was meant for a process that died, answers no other one.
 */
#ifndef AGENT_IPC_H
#define AGENT_IPC_H

#include "kernel-helpers/conntrack.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer things travel as a memfd. */
#define IPC_MAX_PAYLOAD 65000u

enum ipc_type {
	IPC_NONE = 0,
	/* control asks the keeper; the answer has the same type */
	IPC_PRIV_NFT,			/* fd: memfd of the batch; answer: struct ipc_result, fd: replies */
	IPC_PRIV_FORWARDING,		/* u32: 0 off, 1 on; answer: struct ipc_result */
	IPC_PRIV_WATCH,			/* struct ipc_watch, fd: printed policy; answer: struct ipc_result */
	IPC_PRIV_READY,			/* text: what the service manager shows; answer: struct ipc_result */
	IPC_PRIV_FLOWS,			/* fd: marks, ascending; answer: struct ipc_result, fd: struct running_flow */
	IPC_PRIV_FLOWS_CHANGE,		/* fd: struct running_flow; answer: struct ipc_result, fd: struct flow_changes */
	IPC_PRIV_LOAD,			/* answer: struct ipc_result, fd: printed policy or findings */
	IPC_PRIV_CUT_FLOWS,		/* fd: struct ipc_cut_flows; answer: struct ipc_result, how many */
	IPC_PRIV_LINK,			/* struct ipc_link; answer: struct ipc_result */
	IPC_PRIV_LOOK,			/* u32: enum drift_look; answer: struct ipc_result, fd: what is there */
	IPC_PRIV_RELEASE,		/* text: interface of a segment; answer: struct ipc_result */
	IPC_PRIV_PROCESSES,		/* answer: struct ipc_result, fd: struct ipc_processes */
	/* control tells or asks the watcher */
	IPC_WATCH_POLICY,		/* fd: printed policy; answer: struct ipc_result */
	IPC_WATCH_STATUS,		/* answer: JSON text */
	IPC_WATCH_CUTOFFS,		/* fd: rules/cutoff_text.h; answer: struct ipc_result */
	/* anybody to the recorder */
	IPC_RECORD_EVENT,		/* struct event */
	IPC_RECORD_STATUS,		/* answer: JSON text */
	IPC_RECORD_REOPEN,		/* after rotation */
	IPC_RECORD_POLICY,		/* struct record_rules of the policy in force; also to the forwarder */
	IPC_RECORD_PACKET,		/* struct packet, by a socket of its own */
	IPC_RECORD_HOLD,		/* struct hold_order; answer: struct ipc_result */
	IPC_RECORD_SIGN,		/* SHA-256 of a manifest; answer: its signature, text.
					 * Nothing: a checkpoint now; answer: "" */
	IPC_RECORD_LEDGER,		/* struct record_ledger: what the sender has counted */
	/* recorder and alerter: agent/alert/alert_message.h */
	IPC_ALERT_RULES,		/* struct alert_rules of the policy in force */
	IPC_ALERT_RECORD,		/* struct alert_record */
	IPC_ALERT_COUNTS,		/* struct alert_counts */
	IPC_ALERT_BEGUN,		/* the alerter has: it knows no rules */
	/* control asks the forwarder */
	IPC_VIEW_STATUS,		/* answer: JSON text */
	/* the watcher to the keeper, by a socket of its own */
	IPC_CANARY,			/* now; agent/watch/canary.h */
	/* keeper tells control */
	IPC_CHILD_DIED,			/* struct ipc_child */
	IPC_RELOAD,			/* SIGHUP came */
	IPC_STOP,			/* finish and exit */
	IPC_NFT_SEEN,			/* struct ipc_nft_seen: somebody else wrote to nf_tables */
	/* a client of the control socket asks; JSON text, fd: printed policy */
	IPC_REQUEST,			/* answer: JSON text, or a memfd of it when it is long */
	IPC_TYPE_COUNT
};

struct ipc_result {
	int32_t error;			/* 0 or negative errno */
	char text[256];			/* sentence, English, NUL terminated */
};

/* One connection as the keeper sees it, and what is to become of it. */
struct running_flow {
	struct conntrack_flow flow;
	bool own_source;		/* its source is an address of this machine */
	uint32_t new_mark;		/* IPC_PRIV_FLOWS_CHANGE; 0: it ends */
};

#define IPC_MAX_FLOWS (1u << 20)	/* four times the kernel's usual nf_conntrack_max */

struct flow_changes {
	uint64_t deleted, marked;
	bool again;			/* some may have been passed over */
};

#define IPC_MAX_INTERFACES 256u

struct ipc_watch {
	uint32_t n_interfaces;
	char interfaces[IPC_MAX_INTERFACES][16];	/* in the order of the segments */
};

/* In a memfd; n_pairs uint32_t and n_ranges struct ip_range follow, each ascending. */
struct ipc_cut_flows {
	uint32_t all;			/* 1: of every pair of segments */
	uint32_t n_pairs;		/* numbers of pairs, as in the ct mark */
	uint32_t n_ranges;		/* disjoint: one end in one of them */
	uint32_t zero;
};

#define IPC_MAX_CUT_RANGES	65536u
#define IPC_MAX_CUT_BYTES	((size_t)8 << 20)

struct ipc_link {
	char name[16];			/* NUL terminated */
	uint32_t up;			/* 0: down, 1: up */
};

struct ipc_child {
	char name[16];			/* "watcher", "recorder" */
	int32_t status;			/* of waitpid(2) */
	int64_t since_ns, until_ns;	/* CLOCK_REALTIME: gap in its work */
};

/* How a process is confined: what the kernel tells in /proc/PID/status. */
struct ipc_process {
	char name[16];			/* "keeper", "watcher" */
	int32_t pid;			/* 0: not running */
	uint32_t uid;
	uint64_t capabilities;		/* effective */
	uint8_t seccomp;		/* 2: a filter of system calls */
	uint8_t no_new_privs;
	uint8_t silent;			/* gives no sign of life */
	int32_t landlock;		/* version; 0: none, this by its own word */
	uint32_t restarts;
};

#define IPC_MAX_PROCESSES 8u

struct ipc_processes {
	uint32_t n;
	struct ipc_process processes[IPC_MAX_PROCESSES];
};

/* What others did to nf_tables since it was last told, and what the keeper did then. */
struct ipc_nft_seen {
	uint32_t transactions, changed, gone;	/* as struct nft_events_seen */
	uint32_t generation;
	uint32_t pid;			/* who; 0: not known */
	char name[16];			/* any bytes but NUL */
	bool lost;
	bool shut;			/* forwarding was on, and is off */
	int64_t noticed_ns;		/* CLOCK_REALTIME */
	int64_t shut_ns;		/* it took so long */
	uint64_t forwarded;		/* packets of this machine until then: forwarded.h */
};

struct ipc_message {
	enum ipc_type type;
	size_t length;
	int fd;				/* -1: none; the receiver owns it */
	uint64_t number;		/* of a question; 0: it is none */
	union {
		uint8_t bytes[IPC_MAX_PAYLOAD];
		struct ipc_result result;
		struct ipc_watch watch;
		struct ipc_child child;
		struct ipc_link link;
		struct ipc_nft_seen seen;
		uint32_t number;
		uint64_t align_;
	} payload;
};

/* A connected pair, close-on-exec, with 1 MiB buffers. 0 or negative errno. */
int ipc_pair(int fds[2]);

/* fd -1: none. The fd stays the caller's. 0 or negative errno (-EAGAIN: queue full). */
int ipc_send(int socket, enum ipc_type type, const void *payload, size_t length, int fd);

/*
 * Receive one message. 1: *m is filled; 0: the other side closed, or sent an empty
 * packet; negative errno, -EPROTO for a message that breaks the format (it is
 * dropped). m->fd is -1 unless 1 is returned: all other descriptors are closed.
 */
int ipc_receive(int socket, struct ipc_message *m);

/* As ipc_receive(), without waiting; the message stays in the queue. m->fd is -1. */
int ipc_peek(int socket, struct ipc_message *m);

/* Send a question and wait for its answer, at most timeout_ms; others are dropped. */
int ipc_ask(int socket, enum ipc_type type, const void *payload, size_t length, int fd,
    struct ipc_message *answer, int timeout_ms);

/*
 * The same; while the answer is long in coming, meanwhile(arg) is called some times a
 * second. It may do anything but ask through this socket. NULL: as ipc_ask().
 */
int ipc_ask_meanwhile(int socket, enum ipc_type type, const void *payload, size_t length,
    int fd, struct ipc_message *answer, int timeout_ms, void (*meanwhile)(void *arg),
    void *arg);

/* The answer to a message that was received: its type, its number. As ipc_send(). */
int ipc_answer(int socket, const struct ipc_message *question, const void *payload,
    size_t length, int fd);

/*
 * Whoever waits at the other end for an answer of this one's process waits no longer:
 * its ipc_ask() returns -ECONNRESET. A question that is asked later is not meant.
 */
int ipc_tell_death(int socket);

/* Throw away what is queued for this end, descriptors included. Does not wait. */
void ipc_drop_queued(int socket);

/* A sealed memfd holding these bytes; negative errno. The caller closes it. */
int ipc_memfd(const char *name, const void *bytes, size_t length);

/*
 * What is in a memfd that another process sent: it must be sealed against shrinking
 * and writing (so it is no pipe, no device, no file of a disk) and at most max bytes.
 * *bytes is unmapped with munmap(2), may be NULL when empty. 0 or negative errno.
 */
int ipc_map(int memfd, size_t max, void **bytes, size_t *length);

/*
 * JSON both ways: a value is answered as text, through a memfd when it is longer
 * than a message. Receiving parses the payload or the memfd (closed then).
 * 0 or negative errno, -EPROTO for what is not JSON.
 */
int ipc_answer_json(int socket, const struct ipc_message *question, const json_t *value);
int ipc_json(struct ipc_message *m, json_t **value);

#endif /* AGENT_IPC_H */
