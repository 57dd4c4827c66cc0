#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""REV-03: SIGKILL of everything right behind the flip: what was revoked stays stopped.

The kernel alone goes on judging. The next start is one under the old policy, for the new
one was never kept, and lets all flows of it run; where nothing was kept and it loads the
file, it ends what is left.
"""
import itertools
import os
import shutil
import socket
import threading

from sekisho_lab import case, frames, netns, policy, running
from sekisho_lab.gate import Gate, check
from sekisho_lab.running import Datagrams, Stream

SERVICES = [policy.service("web", "tcp", ports=["80"]),
            policy.service("some", "udp", ports=["5000-5999"]),
            policy.service("fewer", "udp", ports=["5000-5499"])]
WHOLE = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"]),
                      policy.permit("SOME", ["za"], ["zb"], ["some"])], SERVICES)
LESS = policy.build([policy.permit("SOME", ["za"], ["zb"], ["fewer"])], SERVICES)
NFNLGRP_NFTABLES = 7
TRIES = 6
NUMBERS = itertools.count()


def flows(gate, n):
    gone, kept = [], []
    for family in case.FAMILIES:
        gone += [Stream(gate, family, 41000 + n).open(),
                 Datagrams(gate, family, frames.UDP, 5700, 41000 + n).open()]
        kept += [Datagrams(gate, family, frames.UDP, 5100, 41000 + n).open()]
    return gone, kept


def kill_at_flip(gate):
    """Apply, and kill when the kernel tells of new rules in "forward"."""
    with netns.inside(netns.gateway(gate.prefix)):
        events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
        events.bind((0, 1 << (NFNLGRP_NFTABLES - 1)))
    pids, path = running.processes(gate), gate.write("less.conf", LESS)
    events.settimeout(10)
    client = threading.Thread(target=gate.sekisho, args=("apply", "-f", path))
    client.start()
    while b"forward\0" not in events.recv(1 << 16):
        pass
    running.kill(gate, pids)
    client.join()
    events.close()


def killed_in_time(gate):
    for _ in range(TRIES):
        gone, kept = flows(gate, next(NUMBERS))
        kill_at_flip(gate)
        if running.judging(gate):
            return gone, kept
        gate.start()
        gate.apply(WHOLE)
    raise case.Skipped("the daemon was always faster than its death")


def run():
    with Gate(WHOLE) as gate:
        gone, kept = killed_in_time(gate)
        running.stopped(gone, "after the flip, with the daemon dead")
        running.runs(kept, "with the daemon dead")
        # what stands in between can be listed, kept and read like any table
        listed = gate.nft("-s", "list", "table", "inet", "sekisho").stdout
        read = gate.nft("-c", "-f", "-", text=listed)
        check("rejudge-za0-zb0" in listed and read.returncode == 0,
              "nft(8) does not read its own listing: " + read.stderr[:500])
        check(running.entries(gate, "udp", 5700), "the entries went; the test shows nothing")
        gate.start()
        check(running.settled(gate), "the old policy did not finish the revocation")
        running.runs(kept + gone, "under the old policy again")
        gone, kept = killed_in_time(gate)
        running.stopped(gone, "after another flip")
        gate.write("policy.conf", LESS)
        shutil.rmtree(os.path.join(gate.root, "lib"))
        gate.start()
        check(running.settled(gate), "the start did not finish the revocation")
        case.equal(running.entries(gate, "udp", 5700) + running.entries(gate, "tcp", 80), [],
                   "entries left by the start")
        running.stopped(gone, "after the start")
        running.runs(kept, "after the start")
    return "%d flows stopped without a daemon" % len(gone)


case.main("REV-03", run)
