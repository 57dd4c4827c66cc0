#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""REV-04: a permit ends at its second for running flows too, with the daemon or without.

Flows of the same pair whose permit does not end lose nothing, and a flow that another
permit holds from then on runs on.

Runs alone.
"""
import os
import time

from sekisho_lab import case, frames, policy, running
from sekisho_lab.gate import Gate, check
from sekisho_lab.running import Datagrams, Inward, Stream

SERVICES = [policy.service("web", "tcp", ports=["80"]),
            policy.service("first", "udp", ports=["5000-5099"]),
            policy.service("second", "udp", ports=["5100-5199"]),
            policy.service("keep", "udp", ports=["5200", "5150"])]
FIRST, SECOND = 4.0, 7.0        # seconds from the policy that names them
EARLY, LATE = 0.6, 0.1          # what the clocks and the sender may be off


def stamp(when):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))


def text(one, two):
    return policy.build([
        policy.permit("FIRST", ["za"], ["zb"], ["first", "web"], valid_until=stamp(one)),
        policy.permit("SECOND", ["za"], ["zb", "self"], ["second"], valid_until=stamp(two)),
        policy.permit("KEEP", ["za"], ["zb"], ["keep"])], SERVICES)


def udp(gate, dport, sport):
    return [Datagrams(gate, family, frames.UDP, dport, sport).open()
            for family in case.FAMILIES]


def check_end(result, ending, staying, when, who):
    for f in ending:
        first, lost, later = running.cut(result[f])
        check(lost > 0 and later == 0, "%s %s: %d came, %d lost, then %d came"
              % (f.name, who, first, lost, later))
        last = result[f][first - 1][0]
        check(when - EARLY <= last <= when + LATE, "%s %s: the last packet that passed was "
              "sent %.3f s after the end of its permit" % (f.name, who, last - when))
    for f in staying:
        case.equal(running.cut(result[f])[1], 0, "%s %s: packets lost" % (f.name, who))


def run():
    day = time.time() + 86400
    with Gate(text(day, day)) as gate:
        start = int(time.time())
        one, two = start + FIRST, start + SECOND
        gate.apply(text(one, two), os.path.basename(gate.path))
        first, second, keep = udp(gate, 5001, 1), udp(gate, 5101, 2), udp(gate, 5200, 3)
        other, web = udp(gate, 5150, 4), [Stream(gate, f, 45).open() for f in case.FAMILIES]
        inward = [Inward(gate, f, 5102, 46).open() for f in case.FAMILIES]
        check(time.time() < one - 1, "this machine is too slow for the times of the test")
        before = gate.permit_counter("KEEP")
        result = running.stream(gate, first + second + keep + other,
                                lambda: time.time() < one + 0.5)
        check_end(result, first, second + keep + other, one, "with the daemon")
        running.stopped(web, "after its permit ended")
        case.equal(running.entries(gate, "udp", 5001) + running.entries(gate, "tcp", 80), [],
                   "entries left")
        told = [r["event"]["reason"] for r in gate.records()
                if "permits ended (FIRST); 4 running" in r["event"].get("reason", "")]
        case.equal(len(told), 1, "records of the end")
        check(time.time() < two - 1, "this machine is too slow for the times of the test")
        running.kill(gate, running.processes(gate))
        result = running.stream(gate, second + keep + other, lambda: time.time() < two + 0.5)
        check_end(result, second, keep + other, two, "without a daemon")
        running.stopped(inward, "after its permit ended, without a daemon")
        check(running.entries(gate, "udp", 5101), "entries went without a daemon")
        gate.start()
        case.equal(running.entries(gate, "udp", 5101), [], "entries left by the start")
        running.runs(keep + other, "after the start")
        case.equal(gate.permit_counter("KEEP"), before, "openings counted for KEEP")
    return "%d flows ended at their second" % len(first + web + second + inward)


case.main("REV-04", run)
