#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""WA-03: permitted traffic of every kind, both directions: 0 violation records.

The catalogue says an hour; here it is as many packets as a quiet hour has, in seconds.
"""
import os

from sekisho_lab import case, frames, policy
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


def run():
    with Gate(POLICY) as gate:
        for family in case.FAMILIES:
            for n in range(ROUNDS):
                round_(gate, family, n)
            check(gate.passed(big(family), family), "IPv%d: fragments did not pass" % family)
        wrong = gate.wait_for(lambda r: True, 1, seconds=1.5)
        check(not wrong, "%d violation records of permitted traffic, first: %s"
              % (len(wrong), wrong[0]["message"] if wrong else ""))
        frames_seen = gate.status()["watch"]["frames"]
    return "%d rounds, watcher saw %d frames in user space" % (2 * ROUNDS, frames_seen)


case.main("WA-03", run)
