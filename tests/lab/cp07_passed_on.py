#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""CP-07: a client that becomes somebody else, or hands its descriptor to somebody else.

Who connected decides, by user and group; the process that did may be gone.
"""
import os
import socket

from sekisho_lab import case, clients, policy
from sekisho_lab.gate import Gate, check

TEXT = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])],
                    [policy.service("web", "tcp", ports=["80"])])


def connected_by(gate, who):
    """A descriptor that somebody else connected, in a process that has ended since."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def connect():
        with clients.connect(gate) as s:
            socket.send_fds(theirs, [b"x"], [s.fileno()])
        return True

    check(who.call(connect) is True, "the descriptor was not handed over")
    _, fds, _, _ = socket.recv_fds(ours, 1, 1)
    ours.close()
    theirs.close()
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, fds[0])
    s.settimeout(5)
    return s


def run():
    root, nobody = clients.Somebody(0, 0), clients.Somebody(clients.NOBODY, clients.NOBODY)
    audit = next(who for name, who, _, _ in clients.people() if name == "auditor")
    with Gate(TEXT) as gate:

        def drops():
            s = clients.connect(gate)
            nobody.become()
            return clients.ask(s, "apply")

        answer = root.call(drops)
        check(answer and not clients.refused(answer), "root that became nobody: %s" % answer)

        with connected_by(gate, nobody) as s:       # and we are root
            check(os.geteuid() == 0, "this test is not root")
            answer = clients.ask(s, "status")
            check(clients.refused(answer), "nobody's descriptor in root's hands: %s" % answer)
        with connected_by(gate, audit) as s:
            check(not clients.refused(clients.ask(s, "status")), "the auditor's may not read")
            check(clients.refused(clients.ask(s, "apply")), "the auditor's may change")
            answer = nobody.call(lambda: clients.ask(s, "status"))
            check(answer and answer.get("ok"), "the auditor's in nobody's hands: %s" % answer)
            answer = nobody.call(lambda: clients.ask(s, "apply"))
            check(clients.refused(answer), "and it may change: %s" % answer)
    return "who connected decides"


case.main("CP-07", run)
