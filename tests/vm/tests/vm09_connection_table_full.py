#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-27: the connection table is full. Nothing denied passes, nothing new opens, what runs
goes on; the alarm is on record once, with numbers, and all is well when there is room again.
"""
from sekisho_lab import case, drifting, frames, policy
from sekisho_lab.gate import Gate, check
from sekisho_lab.tcpflow import Flow

MAX = "/proc/sys/net/netfilter/nf_conntrack_max"
ROOM = 40               # entries; the table is one for all namespaces, its limit too


def limit(value=None):
    with open(MAX, "r+" if value else "r", encoding="ascii") as f:
        if value:
            f.write(str(value))
        return int(f.read() or 0) if not value else value


def fill(gate):
    """Complete connections, which the kernel throws out for nobody."""
    flows = []
    for n in range(ROOM + 5):
        flow = Flow(gate, 4 + 2 * (n % 2), 42000 + n)
        try:
            flows.append(flow.open())
        except Exception:       # the lab's own word for a segment that did not arrive
            break
    return flows


def full(gate, flows):
    gate.wire.drain()
    denied, new = [], []
    for family in case.FAMILIES:
        for n in range(50):
            denied.append(gate.opening(family, ("za", 2), ("zb", 2), frames.UDP, 5001, 43000 + n))
            denied.append(gate.opening(family, ("zb", 2), ("za", 2), frames.TCP, 80, 43000 + n, 1))
            new.append(gate.opening(family, ("za", 2), ("zb", 2), frames.UDP,
                                    policy.CONTROL_PORT, 44000 + n))
    gate.fire(denied + new, pause=0.001)
    came = [s for s in gate.wire.receive(0.5) if gate.crossed(s)]
    case.equal(len(came), 0, "packets that crossed a full table")
    for flow in flows:
        flow.data()


def run():
    text = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])],
                        [policy.service("web", "tcp", ports=["80"])])
    with Gate(text) as gate:
        usual = limit()         # there once conntrack is
        try:
            limit(ROOM)
            flows = fill(gate)
            check(ROOM // 2 < len(flows) <= ROOM + 1, "%d connections with room for %d"
                  % (len(flows), ROOM))
            full(gate, flows)
            told = drifting.wait_drift(gate, "table is full", 1, 5.0)
            table = gate.status()["gate"]["connections"]
        finally:
            limit(usual)
        case.equal(len(told), 1, "records of a full table")
        check(" of %d entries" % ROOM in told[0]["event"]["reason"], told[0]["event"]["reason"])
        check(table["max"] == ROOM and table["dropped"] > 0, table)
        for family in case.FAMILIES:
            gate.exchange(family, frames.UDP, policy.CONTROL_PORT, 45000)
        drifting.wait_drift(gate, "is over: the connection table", 1, 8.0)
        case.equal(len(drifting.drifts(gate, "table is full")), 1, "records of it afterwards")
    return "%d connections go on, %d openings dropped" % (len(flows), table["dropped"])


case.main("PF-27", run)
