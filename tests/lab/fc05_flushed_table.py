#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FC-05: somebody flushes the ruleset: nothing denied passes for long, the table comes back."""
import time

from sekisho_lab import case, frames, netns, policy
from sekisho_lab.gate import Gate, check


def forwarding(gate):
    run = netns.run(netns.gateway(gate.prefix), "cat", "/proc/sys/net/ipv4/ip_forward")
    return run.stdout.strip() == "1"


def table(gate):
    return gate.nft("list", "table", "inet", "sekisho").returncode == 0


def wait_until(what, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.02)
    return False


def run():
    text = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])],
                        [policy.service("web", "tcp", ports=["80"])])
    with Gate(text) as gate:
        for n in range(3):
            check(gate.nft("flush", "ruleset").returncode == 0, "flush failed")
            check(wait_until(lambda: table(gate) and forwarding(gate), 2.0),
                  "table and forwarding are not back within two seconds")
            for family in case.FAMILIES:
                gate.exchange(family, frames.TCP, 80, 47000 + n)
                shot = gate.opening(family, ("za", 2), ("zb", 2), frames.TCP, 81, 47100 + n)
                case.nothing(gate, gate.passed([shot], family), "after the table came back")
        told = [r for r in gate.records() if r["sekisho"].get("kind") == "drift"
                and "table inet sekisho was taken away by nft" in r["event"].get("reason", "")]
        first = [r for r in told if not r["event"]["reason"].startswith("while ")]
        case.equal(len(first), 3, "records of 3 flushes, with the writer's name")
    return "3 flushes, %d records" % len(told)


case.main("FC-05", run)
