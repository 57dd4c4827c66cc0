#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ISO-03: a cut-off outlives another policy, a rollback, a killed daemon and a reboot.

A policy without the zone that was cut leaves its interface cut; one that gives it another
name or more interfaces opens nothing.
"""
import os
import signal
import time

from sekisho_lab import case, cutoff, policy, watching
from sekisho_lab.gate import Gate, check

EXTRA = (policy.permit("NEW", ["zb"], ["za"], ["dns"]),)


def kill_all(gate):
    """SIGKILL for keeper and children, as if the machine had lost them."""
    found = watching.pids(gate)
    gate.daemon.kill()
    gate.daemon.wait()
    for pid in found.values():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    gate.daemon = None
    gate.stderr.close()
    time.sleep(0.2)


def run():
    with Gate(cutoff.text()) as gate:
        streams = cutoff.streams(gate, 4, 43000)
        cutoff.isolate(gate, "za")
        cut = cutoff.zone("za")
        cutoff.check_streams(gate, streams, cut, "at once")
        gate.apply(cutoff.text(EXTRA))
        cutoff.check_openings(gate, 43100, cut, "another policy")
        # the same interface, another zone: it stays cut, by its interface
        gate.apply(cutoff.text().replace('"za"', '"zx"'))
        cutoff.check_openings(gate, 43200, cut, "a policy without the zone")
        check(gate.sekisho("rollback").returncode == 0, "rollback failed")
        cutoff.check_openings(gate, 43300, cut, "a rollback")
        kill_all(gate)
        cutoff.check_openings(gate, 43400, cut, "no daemon")
        gate.start()
        cutoff.check_openings(gate, 43500, cut, "a killed daemon")
        check(gate.stop() is None, "the daemon did not stop well")
        gate.nft("delete", "table", "inet", "sekisho")
        gate.in_gateway(("ipv4/ip_forward", 0), ("ipv6/conf/all/forwarding", 0))
        gate.start()
        cutoff.check_openings(gate, 43600, cut, "a reboot")
        order, = cutoff.standing(gate)
        case.equal((order["kind"], order["what"], order["person"]), ("zone", "za", "Hanako"),
                   "what stands")
        cutoff.restore(gate)
        cutoff.check_openings(gate, 43700)
    return ""


case.main("ISO-03", run)
