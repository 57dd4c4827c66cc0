#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""WA-03: permitted traffic of every kind, both directions: 0 violation records.

The catalogue says an hour; here it is as many packets as a quiet hour has, in seconds.
Then the watcher is killed: to the new one answers are permitted whose question it cannot
have seen, and those that nobody asked for are on record from the first one on.
"""
import os
import signal
import time

from sekisho_lab import case, frames, policy, watching
from sekisho_lab.gate import Gate, Shot, check
from sekisho_lab.tcpflow import Flow

ROUNDS = int(os.environ.get("SEKISHO_ROUNDS", "60"))
POLICY = policy.build(
    [policy.permit("T1", ["a"], ["b"], ["web", "dns", "ping", "ping6", "sctp", "gre"]),
     policy.permit("T2", ["zb"], ["c"], ["web", "dns"])],
    [policy.service("web", "tcp", ports=["80"]), policy.service("dns", "udp", ports=["53"]),
     policy.service("ping", "icmp", types=["echo-request"]),
     policy.service("ping6", "icmpv6", types=["echo-request"]),
     policy.service("sctp", "sctp", ports=["5060"]), policy.service("gre", "47")])
# What the daemon starts with; the keeper starts a watcher anew with this one.
FIRST = policy.build([policy.permit("T2", ["zb"], ["c"], ["web"])],
                     [policy.service("web", "tcp", ports=["80"])])


def big(family):
    """A permitted datagram in three fragments."""
    src, dst = policy.addr(family, "za", 2), policy.addr(family, "zb", 2)
    body = frames.udp(family, src, dst, 50999, 53, bytes(1400))
    return [Shot(0, family, p)
            for p in frames.fragments(family, src, dst, frames.UDP, body, 512, 0x7100)]


def round_(gate, family, n):
    icmp, echo = (frames.ICMP, 8) if family == 4 else (frames.ICMPV6, 128)
    gate.exchange(family, frames.UDP, 53, 51000 + n)
    gate.exchange(family, icmp, 300 + n, echo << 8)
    gate.exchange(family, frames.SCTP, 5060, 51000 + n)
    gate.exchange(family, frames.TCP, 80, 51000 + n, ("zb", 2), ("zc", 2), (1, 2))
    flow = Flow(gate, family, 52000 + n).open()
    for _ in range(5):
        flow.data(b"x" * 200)
    flow.close()


# ---- across a new start of the watcher ----------------------------------------------

LONG_UDP, LONG_PING, UNASKED = 53001, 0x5300, 53900


def long_flows(family):
    """Protocol, its port at b, and the other one (ICMP: identifier, and type)."""
    icmp, echo = (frames.ICMP, 8) if family == 4 else (frames.ICMPV6, 128)
    return (frames.UDP, 53, LONG_UDP), (icmp, LONG_PING, echo << 8)


def answers(gate, family):
    """One more answer of each long flow, through the gate."""
    s, d = policy.addr(family, "za", 2), policy.addr(family, "zb", 2)
    for protocol, dport, sport in long_flows(family):
        tag = gate.tag()
        packet = frames.answer(family, s, d, protocol, sport, dport, 0, tag)
        gate.wire.drain()
        gate.fire([Shot(1, family, packet)])
        check(came(gate, packet, 0), "IPv%d protocol %d: the gate let no answer through"
              % (family, protocol))


def came(gate, packet, segment):
    """True when this packet came out there: what follows its IP header did."""
    want, until = frames.transport(packet)[1:], time.monotonic() + 1
    while time.monotonic() < until:
        if any(seen.segment == segment and frames.transport(seen.frame[14:]) is not None
               and frames.transport(seen.frame[14:])[1:] == want
               for seen in gate.wire.receive(0.01)):
            return True
    return False


def new_watcher(gate):
    time.sleep(2.2)         # a process that dies young is started again with a pause
    old = watching.pids(gate)["watcher"]
    os.kill(old, signal.SIGKILL)
    check(watching.wait_until(lambda: watching.pids(gate)["watcher"] != old
                              and gate.sekisho("status").returncode == 0, 5),
          "no new watcher: " + gate.log_tail())
    watch = gate.status()["watch"]
    case.equal(watch["unseeded"], "", "why flows are not known")
    return watch


def unasked(gate, family, port):
    """An answer to nothing; it must cross, and be told as a leak by the watcher of now."""
    s, d = policy.addr(family, "zb", 2), policy.addr(family, "za", 2)
    packet = frames.opening(family, s, d, frames.UDP, 53, port, gate.tag())
    leaks = gate.status()["watch"]["leaks"]
    gate.wire.drain()
    with gate.opened():
        gate.fire([Shot(1, family, packet)])
        check(came(gate, packet, 0), "IPv%d: the unasked answer did not cross" % family)
    check(watching.wait_until(lambda: gate.status()["watch"]["leaks"] == leaks + 1, 2),
          "IPv%d: an answer nobody asked for is no leak right after the start" % family)
    found = [r for r in gate.violations() if r.get("destination", {}).get("port") == port]
    check(found and found[-1]["event"]["action"] == "leak", "IPv%d: and no record" % family)
    return len(found)


def restarts(gate):
    for family in case.FAMILIES:
        for protocol, dport, sport in long_flows(family):
            s, d = policy.addr(family, "za", 2), policy.addr(family, "zb", 2)
            gate.wire.drain()
            packet = frames.opening(family, s, d, protocol, sport, dport, gate.tag())
            gate.fire([Shot(0, family, packet)])
            check(came(gate, packet, 1), "IPv%d protocol %d: no opening" % (family, protocol))
        answers(gate, family)
    check(new_watcher(gate)["seeded"] > 0, "the connection table holds no flow")
    for family in case.FAMILIES:
        for _ in range(3):
            answers(gate, family)
    time.sleep(1.2)         # longer than an answer waits for its question
    watch = gate.status()["watch"]
    case.equal((watch["violations"], watch["assumed"]), (0, 0), "answers of flows of before")
    wrong = [r for r in gate.violations() if r["event"]["action"] != "gap"]
    check(not wrong, "records of answers of flows of before, first: %s"
          % (wrong[0]["message"] if wrong else ""))

    for n in range(2):      # the second time the wrong flow is in the connection table too
        new_watcher(gate)
        for family in case.FAMILIES:
            case.equal(unasked(gate, family, UNASKED + family), n + 1,
                       "IPv%d: records after %d new starts" % (family, n + 1))


def run():
    with Gate(FIRST) as gate:
        gate.apply(POLICY)
        for family in case.FAMILIES:
            for n in range(ROUNDS):
                round_(gate, family, n)
            check(gate.passed(big(family), family), "IPv%d: fragments did not pass" % family)
        wrong = gate.wait_for(lambda r: True, 1, seconds=1.5)
        check(not wrong, "%d violation records of permitted traffic, first: %s"
              % (len(wrong), wrong[0]["message"] if wrong else ""))
        frames_seen = gate.status()["watch"]["frames"]
        restarts(gate)
    return "%d rounds, watcher saw %d frames in user space, 3 new watchers" % (2 * ROUNDS, frames_seen)


case.main("WA-03", run)
