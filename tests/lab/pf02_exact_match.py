#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-02: of each match only the exact value passes, and the permit's id is counted."""
from sekisho_lab import case, frames, policy
from sekisho_lab.gate import Gate

POLICY = policy.build(
    [policy.permit("TICMP", ["a"], ["b"], ["mask", "mask6"]),
     policy.permit("TPORT", ["a"], ["b"], ["narrow"]),
     policy.permit("TRANGE", ["a"], ["b"], ["range"]),
     policy.permit("TPROTO", ["a"], ["b"], ["p200"])],
    [policy.service("mask", "icmp", types=["8/3"]),
     policy.service("mask6", "icmpv6", types=["128/3"]),
     policy.service("narrow", "tcp", ports=["80"], source_ports=["5000"]),
     policy.service("range", "udp", ports=["1000-1009"]),
     policy.service("p200", "200")])


def exact(gate, family):
    """(permit id, shot) that must pass."""
    icmp, echo = (frames.ICMP, 8) if family == 4 else (frames.ICMPV6, 128)
    a, b = ("za", 2), ("zb", 2)
    return [("TICMP", gate.opening(family, a, b, icmp, 11, echo << 8 | 3)),
            ("TPORT", gate.opening(family, a, b, frames.TCP, 80, 5000)),
            ("TRANGE", gate.opening(family, a, b, frames.UDP, 1000)),
            ("TRANGE", gate.opening(family, a, b, frames.UDP, 1009)),
            ("TPROTO", gate.opening(family, a, b, 200, 0))]


def beside(gate, family):
    """Every value next to an exact one."""
    icmp, echo, other = (frames.ICMP, 8, 13) if family == 4 else (frames.ICMPV6, 128, 139)
    a, b = ("za", 2), ("zb", 2)
    for kind in (echo << 8 | 2, echo << 8 | 4, other << 8 | 3):
        yield gate.opening(family, a, b, icmp, 20 + (kind & 255), kind)
    for src, dst in ((("za", 3), b), (a, ("zb", 3))):
        yield gate.opening(family, src, dst, icmp, 31, echo << 8 | 3)
        yield gate.opening(family, src, dst, frames.TCP, 80, 5000)
        yield gate.opening(family, src, dst, frames.UDP, 1000)
        yield gate.opening(family, src, dst, 200, 0)
    for sport, dport in ((4999, 80), (5001, 80), (5000, 79), (5000, 81)):
        yield gate.opening(family, a, b, frames.TCP, dport, sport)
    for dport in (999, 1010):
        yield gate.opening(family, a, b, frames.UDP, dport)
    yield gate.opening(family, a, b, frames.UDP, 80, 5000)
    yield gate.opening(family, a, b, frames.TCP, 1000)
    for protocol in (199, 201):
        yield gate.opening(family, a, b, protocol, 0)
    for protocol, dport in ((frames.TCP, 80), (frames.UDP, 1000), (200, 0)):
        yield gate.opening(family, a, b, protocol, dport, 5000, segment=2)    # interface
        yield gate.opening(family, a, ("zc", 2), protocol, dport, 5000)
        yield gate.opening(family, b, a, protocol, dport, 5000, segment=1)    # direction


def run():
    neighbours = 0
    with Gate(POLICY) as gate:
        for family in case.FAMILIES:
            shots = list(beside(gate, family))
            neighbours += len(shots)
            case.nothing(gate, gate.passed(shots, family), "IPv%d neighbour" % family)
            for id_, shot in exact(gate, family):
                before = gate.permit_counter(id_)
                came = gate.passed([shot], family)
                case.equal([s.segment for s in came], [1],
                           "IPv%d %s came out at" % (family, id_))
                case.equal(gate.permit_counter(id_) - before, 1, "counter of " + id_)
        found = gate.wait_for(lambda r: r["rule"]["id"] == "ZV-02", 20)
        case.equal(all(r["source"]["ip"] for r in found) and len(found) >= 20, True,
                   "records with the rule's id")
    return "%d neighbours stopped" % neighbours


case.main("PF-02", run)
