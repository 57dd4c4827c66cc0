#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ZV-01: one zone to another without any permit between them. Silent: permitted traffic, its
answer, ARP and neighbour discovery on their own wire."""
from sekisho_lab import case, frames, policy, signs
from sekisho_lab.gate import Gate


def look_alikes(gate):
    for n, family in enumerate(case.FAMILIES):
        gate.exchange(family, frames.UDP, policy.CONTROL_PORT, 31000 + n)
    gate.fire([signs.arp(0, 1, policy.a4(1, 2), gate.model.segments[0].router_mac,
                         policy.a4(1, 9))])
    src, group = policy.a6(1, 2), signs.number("ff02::1:ff00:9")
    gate.fire([signs.icmp6(0, src, group, 135, bytes(4),
                           policy.a6(1, 9).to_bytes(16, "big"))])


def run():
    with Gate(signs.build()) as gate:
        look_alikes(gate)
        signs.silent(gate, "ZV-01", "permitted traffic and neighbours")
        for n, family in enumerate(case.FAMILIES):
            shots = [gate.opening(family, ("za", 2), ("zc", 2), frames.TCP, 8100 + n, 40000 + i)
                     for i in range(3)]
            case.nothing(gate, gate.passed(shots, family), "IPv%d" % family)
            r = signs.one(gate.wait_for(lambda r, p=8100 + n: r["destination"].get("port") == p),
                          "IPv%d" % family)
            case.equal((r["rule"]["id"], r["event"]["action"], r["event"]["severity"]),
                       ("ZV-01", "attempt", 9), "IPv%d: the record" % family)


case.main("ZV-01", run)
