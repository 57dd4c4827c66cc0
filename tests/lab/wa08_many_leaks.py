#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""WA-08: 100,000 distinct leaks: memory stays bounded, totals exact to the packet.

The table has 65,536 places, so many of them find none and are counted for their pair of
zones. A second flood of as many others must not take more memory than the first.
Some of the ports are those of tunnels, and so many look like a scan: what is found beside
the packets is counted apart, once, and told to the last one too.

Runs alone.
"""
import collections
import os
import time

from sekisho_lab import case, frames, policy, watching
from sekisho_lab.gate import Gate, check

LEAKS = int(os.environ.get("SEKISHO_LEAKS", "100000"))
TABLE_KB = 96 << 10     # 65,536 entries of less than 1 KiB, and room for the rest
GROWTH_KB = 2 << 10
PORTS = 50000
BATCH = 200


def anonymous(gate):
    """KiB of the watcher's own memory: without the rings, which are the kernel's."""
    return int(watching.process(watching.pids(gate)["watcher"], "RssAnon").split()[0])


def flood(gate, first_host):
    """LEAKS packets, each to another host and port; none twice."""
    s = gate.model.segments[0]
    for n in range(LEAKS):
        src = policy.addr(4, "za", 2)
        dst = policy.addr(4, "zc", first_host + n // PORTS)
        packet = frames.ipv4(src, dst, frames.UDP,
                             frames.udp(4, src, dst, 40000, 1 + n % PORTS, b"leak"))
        gate.wire.send(0, packet, s.router_mac)
        if n % BATCH == 0:      # what the wires behind cannot take would be lost
            time.sleep(0.004)


def pair(gate):
    rows = gate.status()["watch"]["matrix"]
    found = [r for r in rows if (r["from"], r["to"]) == ("za", "zc")]
    return found[0] if found else {"attempts": 0, "leaks": 0, "beside": 0}


def leaks(gate):
    return pair(gate)["leaks"]


def told(gate):
    """Action -> packets of all final records from za to zc."""
    sums = collections.Counter()
    for r in gate.records():
        ends = [r["observer"].get(side, {}).get("zone") for side in ("ingress", "egress")]
        if r["sekisho"].get("agg") == "final" and ends == ["za", "zc"]:
            sums[r["event"]["action"]] += r["sekisho"]["count"]
    return sums


def total(gate, want, what):
    watching.wait_until(lambda: leaks(gate) >= want, 10)
    case.equal(leaks(gate), want, what)


def run():
    with Gate(policy.build()) as gate:
        before = anonymous(gate)
        with gate.opened():
            flood(gate, 2)
            time.sleep(1)   # for the last of them to cross
        total(gate, LEAKS, "leaks counted after the first flood")
        first = anonymous(gate)
        with gate.opened():
            flood(gate, 2 + LEAKS // PORTS)
            time.sleep(1)
        total(gate, 2 * LEAKS, "leaks counted after the second flood")
        second = anonymous(gate)
        remark = "memory %d, %d, %d MiB" % (before >> 10, first >> 10, second >> 10)
        check(first - before <= TABLE_KB, "the first flood took too much: " + remark)
        check(second - first <= GROWTH_KB, "memory is not flat: " + remark)
        status = watching.settled(gate)
        check(status["table"]["overflowed"] > 0, "the table did not overflow")
        case.equal(sum(t["dropped"] + t["unread"] for t in status["taps"]), 0, "frames lost")
        time.sleep(1)       # for what waits whether it leaves
        row = pair(gate)
        check(row["beside"] > 0, "neither a tunnel nor a scan was found")
        case.equal(row["attempts"], 0, "attempts, although all of it left")
        trouble = gate.stop()
        check(trouble is None, trouble)
        sums = told(gate)
        case.equal(sum(sums.values()), 2 * LEAKS + row["beside"], "in final records: %s" % sums)
        check(sums["leak"] >= 2 * LEAKS, "leaks in final records: %s" % sums)
    return remark + ", %d found no place of their own" % status["table"]["overflowed"]


case.main("WA-08", run)
