#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""REV-02: what a permit loses it loses in the middle of its flows, and nothing beside it.

Addresses, ports, protocols and pairs taken from permits of exact tuples and of ranges; a
flow that another permit holds now runs on under its number; a wider permit ends nothing.
"""
import re

from sekisho_lab import case, frames, policy, running
from sekisho_lab.gate import Gate, check
from sekisho_lab.running import Datagrams, Stream

SERVICES = [policy.service("one", "udp", ports=["5000"]),
            policy.service("two", "udp", ports=["5000", "5001"]),
            policy.service("range", "udp", ports=["6000-6999"]),
            policy.service("lower", "udp", ports=["6000-6499"]),
            policy.service("upper", "udp", ports=["6500-6999"]),
            policy.service("web", "tcp", ports=["80", "81"]),
            policy.service("web80", "tcp", ports=["80"]),
            policy.service("from", "udp", ports=["7000"], source_ports=["100-200"]),
            policy.service("fromless", "udp", ports=["7000"], source_ports=["100-150"]),
            policy.service("ping", "icmp", types=["echo-request", "timestamp-request"]),
            policy.service("ping6", "icmpv6", types=["echo-request"])]
BEFORE = policy.build([policy.permit("ADDR", ["a", "a2"], ["b"], ["two"]),
                       policy.permit("RANGE", ["za"], ["zb"], ["range"]),
                       policy.permit("WEB", ["a"], ["b", "c"], ["web"]),
                       policy.permit("FROM", ["za"], ["b"], ["from"]),
                       policy.permit("PING", ["za"], ["zb"], ["ping", "ping6"])], SERVICES)
AFTER = policy.build([policy.permit("ADDR", ["a"], ["b"], ["one"]),
                      policy.permit("RANGE", ["za"], ["zb"], ["lower"]),
                      policy.permit("OTHER", ["a"], ["zb"], ["upper"]),
                      policy.permit("WEB", ["a"], ["b"], ["web80"]),
                      policy.permit("FROM", ["za"], ["b"], ["fromless"]),
                      policy.permit("PING", ["a"], ["zb"], ["ping", "ping6"])], SERVICES)
UDP = frames.UDP
A, A2, B, B2, C = ("za", 2), ("za", 3), ("zb", 2), ("zb", 3), ("zc", 2)


def flows(gate, family):
    """(flows that end, flows that run on)"""
    icmp, echo = (frames.ICMP, 8 << 8) if family == 4 else (frames.ICMPV6, 128 << 8)

    def udp(dport, sport, src=A, dst=B):
        return Datagrams(gate, family, UDP, dport, sport, src, dst).open()

    ends = [udp(5000, 40001, A2), udp(5001, 40002), udp(6700, 40003, A2),
            udp(7000, 180), Stream(gate, family, 40004, 81).open(),
            Datagrams(gate, family, icmp, 4005, echo, A2, B2).open()]
    stays = [udp(5000, 40011), udp(6100, 40012, A2, B2), udp(6700, 40013, A, B2),
             udp(7000, 120, A2), Stream(gate, family, 40014).open(),
             Datagrams(gate, family, icmp, 4015, echo, A, B2).open()]
    return ends, stays


def number(gate, id_):
    """The number of a permit in the marks."""
    listed = gate.nft("list", "map", "inet", "sekisho", "permits").stdout
    return int(re.search(r'0x([0-9a-f]{8}) : "permit_%s"' % id_, listed).group(1), 16)


def run():
    with Gate(BEFORE) as gate:
        ends, stays = [], []
        for family in case.FAMILIES:
            e, s = flows(gate, family)
            ends, stays = ends + e, stays + s
        # says nothing while the kernel judges: the daemon gives it its new number
        third = Datagrams(gate, 6, UDP, 6800, 40021, A, B).open()
        counters = {id_: gate.permit_counter(id_) for id_ in ("ADDR", "RANGE", "FROM")}
        under = [f for f in ends + stays if isinstance(f, Datagrams)]
        result, answer = running.apply_under(gate, AFTER, under)
        for f, (first, lost, later) in result.items():
            check(f in ends or lost == 0, "%s: lost %d of its packets" % (f.name, lost))
            check(f in stays or (lost > 0 and later == 0), "%s: %d came, then %d lost, then "
                  "%d came" % (f.name, first, lost, later))
        case.equal(answer["flows_cut"], len(ends), "flows cut")
        running.stopped(ends, "after its permit was narrowed")
        running.runs([*stays, third], "though it is permitted")
        for id_, packets in counters.items():
            case.equal(gate.permit_counter(id_), packets, "counter of " + id_)
        marks = {int(re.search(r"mark=(\d+)", e).group(1)) & 0xffff
                 for port in (6700, 6800) for e in running.entries(gate, "udp", port)}
        case.equal(marks, {number(gate, "OTHER")}, "permits of the flows to 6700 and 6800")
        wider = running.apply(gate, BEFORE)
        case.equal(wider["flows_cut"], 0, "flows cut by a wider policy")
        running.runs(stays, "after its permit was widened")
        check(running.settled(gate), "flows are still being judged again")
    return "%d flows ended, %d ran on" % (len(ends), len(stays))


case.main("REV-02", run)
